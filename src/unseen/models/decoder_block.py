"""One block of a decoder: causal attention with a choice of positions, then a perceptron."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from unseen.models.key_value_cache import KeyValueCache
from unseen.models.positions import linear_bias, relative_bias, rotated

Positions = Literal["none", "learned", "rotary", "alibi", "relative"]

POSITIONS: tuple[Positions, ...] = ("none", "learned", "rotary", "alibi", "relative")
"""How a decoder can know the order of tokens."""


class Block(nn.Module):
    """Causal self-attention, then a two-layer perceptron, each added to the residual stream.

    Parameters
    ----------
    width, heads, positions, clip, log_attention
        See `unseen.models.decoder.Decoder`.
    """

    def __init__(
        self, width: int, heads: int, positions: Positions = "learned", clip: int = 16, log_attention: bool = False
    ):
        super().__init__()
        self.heads, self.kind, self.log_attention = heads, positions, log_attention
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.distances = nn.Parameter(torch.empty(clip + 1, width // heads)) if positions == "relative" else None
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 4 * width)
        self.mlp_out = nn.Linear(4 * width, width)

    def forward(
        self, stream: Tensor, *, cache: KeyValueCache | None = None, layer: int = 0, last: bool = False
    ) -> Tensor:
        """Map (n, length, width) to the same shape, or its last position alone to (n, 1, width)."""
        mixed = self.attend(self.attention_norm(stream), cache, layer, last)
        stream = (stream[:, -1:] if last else stream) + mixed
        hidden = functional.gelu(self.mlp_in(self.mlp_norm(stream)))
        added: Tensor = stream + self.mlp_out(hidden)
        return added

    def attend(self, stream: Tensor, cache: KeyValueCache | None = None, layer: int = 0, last: bool = False) -> Tensor:
        """Attention over each position and those before it, (n, length, width) to (n, length or 1, width)."""
        n, length, width = stream.shape
        projected = self.attention_in(stream).view(n, length, 3, self.heads, width // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)  # each (n, heads, length, width / heads)
        start = 0 if cache is None else cache.length
        slots = torch.arange(start, start + length, device=stream.device)
        if self.kind == "rotary":
            query, key = rotated(query, slots), rotated(key, slots)
        if cache is not None:
            key, value = cache.extended(layer, key, value)
        if last:
            query, slots = query[:, :, -1:], slots[-1:]
        queries, padding = len(slots), None if cache is None else cache.padding
        if self.log_attention:
            seen = slots + 1.0 if padding is None else (slots + 1.0 - padding[:, None, None]).clamp(min=1)
            query = query * torch.log(seen).to(query.dtype)[..., None]
        causal, bias = queries > 1 and start == 0, None
        if self.kind in ("alibi", "relative") or (queries > 1 and start > 0) or padding is not None:
            keys = torch.arange(start + length, device=slots.device)
            causal, bias = False, self.bias(query, slots[:, None] - keys)
            if padding is not None:
                # What stands in padding attends to itself: attention to nothing has no value.
                hidden = (keys < padding[:, None, None]) & (keys != slots[:, None])
                bias = bias.masked_fill(hidden[:, None], -torch.inf)
        if queries == 1:
            # One query sees all keys; the fused kernel is made for many queries and slower here.
            scores = query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5
            mixed = torch.softmax(scores if bias is None else scores + bias, dim=-1) @ value
        else:
            mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, is_causal=causal)
        out: Tensor = self.attention_out(mixed.transpose(1, 2).reshape(n, queries, width))
        return out

    def bias(self, query: Tensor, distances: Tensor) -> Tensor:
        """What is added to the scores, broadcastable to (n, heads, length, keys); distances are (length, keys)."""
        if self.distances is not None:
            bias = relative_bias(query, self.distances, distances)
        elif self.kind == "alibi":
            bias = linear_bias(self.heads, distances).to(query.dtype)
        else:
            bias = torch.zeros(distances.shape, dtype=query.dtype, device=query.device)
        return bias.masked_fill(distances < 0, -torch.inf)
