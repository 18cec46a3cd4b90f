"""What attention has computed for the tokens so far, so that each new token costs one position, not all of them."""

from __future__ import annotations

import torch
from torch import Tensor

ROOM = 16
"""Positions set aside at least: PyTorch's softmax over fewer numbers than a vector register holds is several times
slower (versions 2.6 to 2.13, AVX-512), so that short sequences are better filled up."""


class KeyValueCache:
    """Keys and values of every layer, in memory that is set aside once.

    All sequences of a batch end at the same slot at any time; shorter ones begin later, behind padding.

    Parameters
    ----------
    capacity : int
        Slots of the longest sequence.
    padding : int64 Tensor of shape (n,), optional
        Slots before each sequence's first token, which nothing attends to; by default there are none.

    Attributes
    ----------
    length : int
        Slots filled so far.
    padding : Tensor or None
        As given, for the sequences kept.
    hidden : Tensor or None
        What is added to the scores of the first slots, float of shape (n, 1, most padding): minus infinity in padding.
    """

    def __init__(self, capacity: int, padding: Tensor | None = None):
        if capacity < 1:
            raise ValueError(f"the capacity of a cache is a whole number from 1 up, not {capacity}")
        self.capacity = capacity
        self.length = 0
        self.padding, self.hidden = padding, None
        if padding is not None:
            padded = torch.arange(int(padding.max()), device=padding.device) < padding[:, None]
            self.hidden = torch.where(padded, -torch.inf, 0.0)[:, None]
        self._layers: list[Tensor] = []

    def extended(self, layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Write a layer's keys and values of the newest tokens behind the older ones.

        Parameters
        ----------
        layer : int
            Layers come in order at the first call.
        key, value : Tensor, shape (n, heads, new, size)

        Returns
        -------
        tuple of Tensor
            Keys and values of all tokens, each (n, heads, length + new, size): views, valid until the next call.
        """
        end = self.length + key.shape[2]
        if end > self.capacity:
            raise ValueError(f"{end} tokens do not fit into a cache of {self.capacity}")
        if layer == len(self._layers):
            room = max(self.capacity, ROOM)
            self._layers.append(key.new_zeros((2, key.shape[0], key.shape[1], room, key.shape[3])))
        both = self._layers[layer]
        both[0, :, :, self.length : end] = key
        both[1, :, :, self.length : end] = value
        return both[0, :, :, :end], both[1, :, :, :end]

    def layer(self, layer: int) -> Tensor:
        """Keys and values of a layer that has been written to.

        Returns
        -------
        Tensor, shape (2, n, heads, capacity or more, size)
            The memory itself; 0 behind the tokens held.
        """
        return self._layers[layer]

    def advance(self, tokens: int) -> None:
        """Count tokens as held, once all layers have written them."""
        self.length += tokens

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the sequences only (int64 positions in the batch)."""
        self._layers = [torch.index_select(both, 1, rows) for both in self._layers]
        if self.padding is not None and self.hidden is not None:
            self.padding, self.hidden = self.padding[rows], self.hidden[rows]
