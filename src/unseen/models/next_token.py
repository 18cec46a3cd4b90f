"""A decoder's logits for one more token of every sequence: its arithmetic alone, without modules."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from unseen.models.decoder import Decoder
from unseen.models.decoder_block import Block
from unseen.models.key_value_cache import ROOM, KeyValueCache
from unseen.models.positions import linear_bias, rotations, turned

FEWEST_PRODUCTS = 400
"""PyTorch multiplies batches of matrices by plain loops below so many products each, which is slower than filling up
with zeros (``bmm`` on a CPU, versions 2.6 to 2.13)."""


class Affine(NamedTuple):
    """``x @ weight + bias``."""

    bias: Tensor
    weight: Tensor


class NextToken:
    """Continue sequences whose keys and values a cache holds, one token each at a time.

    Parameters
    ----------
    model : Decoder
        Its weights must stay what they are.
    cache : KeyValueCache
        Filled by ``model(tokens, cache=cache)``; each call adds one token.
    offset : int
        Learned position of the sequences' first token; see `Decoder`.

    Raises
    ------
    ValueError
        If the model has blocks of another class, whose arithmetic this is not.

    Notes
    -----
    The same numbers as ``model(tokens[:, None], cache=cache, last=True)`` up to rounding, with less work around the
    products of matrices: no modules, no masks, terms of positions computed once for all. To be called in inference
    mode; there are no gradients.
    """

    def __init__(self, model: Decoder, cache: KeyValueCache, *, offset: int = 0):
        self._cache, self._tokens = cache, model.tokens.weight
        self._positions = None if model.positions is None else model.positions.weight[offset:]
        self._layers = []
        for block in model.blocks:
            if type(block) is not Block:
                kind = type(block).__name__
                raise ValueError(f"blocks are those of Decoder, not {kind}, which is continued with cached=False")
            self._layers.append(_Layer(block, cache.capacity))
        self._norm = model.norm
        self._head = model.head.weight.t()

    def __call__(self, tokens: Tensor) -> Tensor:
        """Logits after one more token.

        Parameters
        ----------
        tokens : int64 Tensor, shape (n,)

        Returns
        -------
        Tensor, shape (n, vocabulary)

        Raises
        ------
        ValueError
            If the cache is full.
        """
        slot = self._cache.length
        if slot >= self._cache.capacity:
            raise ValueError(f"{slot + 1} tokens do not fit into a cache of {self._cache.capacity}")
        stream = functional.embedding(tokens, self._tokens)
        padding = self._cache.padding
        if self._positions is not None:
            stream += self._positions[slot if padding is None else slot - padding]
        for number, layer in enumerate(self._layers):
            layer.add_to(stream, self._cache, number)
        self._cache.advance(1)
        norm = self._norm
        return torch.mm(torch.layer_norm(stream, norm.normalized_shape, norm.weight, norm.bias, norm.eps), self._head)


class _Layer:
    """A block's weights, and its terms of positions for all slots."""

    def __init__(self, block: Block, capacity: int):
        self.block, self.heads = block, block.heads
        linears = (block.attention_in, block.attention_out, block.mlp_in, block.mlp_out)
        self.attention_in, self.attention_out, self.mlp_in, self.mlp_out = (
            Affine(linear.bias, linear.weight.t()) for linear in linears
        )
        weight = block.attention_in.weight
        self.width = weight.shape[1]
        self.size = self.width // self.heads
        self.scale = self.size**-0.5
        self.fewest = max(ROOM, min(-(-FEWEST_PRODUCTS // self.size), capacity))
        # Entry i belongs to the distance capacity - 1 - i, so that every slot's terms are a slice.
        distances = torch.arange(capacity - 1, -1, -1, device=weight.device)
        slots = torch.arange(capacity, device=weight.device)
        self.far = capacity - 1
        self.logarithms = torch.log(slots + 1.0).to(weight.dtype) if block.log_attention else None
        self.turns = rotations(slots, self.size // 2, weight.dtype) if block.kind == "rotary" else None
        self.penalties = linear_bias(self.heads, distances[None]).to(weight.dtype) if block.kind == "alibi" else None
        self.table = None if block.distances is None else block.distances.t()
        self.entries = None if block.distances is None else distances.clamp(max=len(block.distances) - 1)

    def add_to(self, stream: Tensor, cache: KeyValueCache, layer: int) -> None:
        """Add attention, then the perceptron, to the stream (n, width)."""
        norm = self.block.attention_norm
        normed = torch.layer_norm(stream, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
        stream += torch.addmm(self.attention_out.bias, self.mixed(normed, cache, layer), self.attention_out.weight)
        norm = self.block.mlp_norm
        normed = torch.layer_norm(stream, norm.normalized_shape, norm.weight, norm.bias, norm.eps)
        hidden = functional.gelu(torch.addmm(self.mlp_in.bias, normed, self.mlp_in.weight))
        stream += torch.addmm(self.mlp_out.bias, hidden, self.mlp_out.weight)

    def mixed(self, normed: Tensor, cache: KeyValueCache, layer: int) -> Tensor:
        """Values of the tokens so far, mixed by attention, (n, width); writes the newest keys and values."""
        n, width = normed.shape
        memory, slot = cache.layer(layer), cache.length  # memory is (2, n, heads, capacity, size)
        scale: float | Tensor = self.scale
        if self.logarithms is not None:
            seen_by_each = slot if cache.padding is None else slot - cache.padding[:, None]
            scale = self.scale * self.logarithms[seen_by_each]
        projected = torch.addmm(self.attention_in.bias, normed, self.attention_in.weight)
        vectors = projected.view(n, 3, self.heads, self.size)
        if self.turns is None:
            query = torch.mul(projected[:, :width], scale)
            memory[:, :, :, slot] = vectors[:, 1:].transpose(0, 1)
        else:
            both = turned(vectors[:, :2], self.turns[0][slot], self.turns[1][slot])
            query = torch.mul(both[:, 0].reshape(n, width), scale)
            memory[0, :, :, slot] = both[:, 1]
            memory[1, :, :, slot] = vectors[:, 2]
        query = query.view(n * self.heads, 1, self.size)
        seen = slot + 1
        taken = max(seen, self.fewest)
        keys, values = memory.flatten(1, 2)[:, :, :taken].unbind(0)
        scores = torch.bmm(query, keys.transpose(1, 2))
        if self.penalties is not None:
            scores.view(n, self.heads, taken)[..., :seen] += self.penalties[:, 0, self.far - slot :]
        if self.table is not None and self.entries is not None:
            products = query.view(-1, self.size) @ self.table
            scores[:, 0, :seen] += products.index_select(1, self.entries[self.far - slot :])
        if taken > seen:
            scores[:, :, seen:] = -torch.inf
        if cache.hidden is not None:
            scores.view(n, self.heads, taken)[..., : cache.hidden.shape[2]] += cache.hidden
        return torch.bmm(torch.softmax(scores, dim=-1), values).view(n, width)
