"""What changes from step to step: minibatches and dropout masks, drawn lane by lane from hashed streams."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from unseen.contracts.problem import random_stream

WORDS = 2**16
"""Values of the 16-bit words that decide what is dropped: four of them from each random number, for speed."""


class Minibatches:
    """Random minibatches: each epoch passes over a lane's examples once in a new order.

    What a lane sees at a step depends on its seed and the step alone. Pass it as `draw` to `unseen.training.train`.

    Parameters
    ----------
    tensors : sequence of Tensor
        Columns of the training set, each (S, n, ...).
    size : int
        Examples per minibatch, from 1 to n. The last ``n mod size`` examples of an epoch's order are left out.
    seeds : sequence of int
        One seed per lane.

    Raises
    ------
    ValueError
        If the tensors' first two axes differ, do not match the seeds, or `size` is out of range.

    Examples
    --------
    >>> column = torch.arange(6).expand(2, 6)
    >>> draw = Minibatches([column], size=3, seeds=(0, 1))
    >>> (first,), (second,) = draw(0, [0, 1]), draw(1, [0, 1])
    >>> sorted(torch.cat([first, second], dim=1)[1].tolist())
    [0, 1, 2, 3, 4, 5]
    """

    def __init__(self, tensors: Sequence[Tensor], *, size: int, seeds: Sequence[int]):
        leading = {tuple(tensor.shape[:2]) for tensor in tensors}
        if len(leading) != 1 or len(next(iter(leading))) != 2:
            raise ValueError(f"columns need one common shape (lanes, examples, ...), not {sorted(leading)}")
        lanes, self.count = next(iter(leading))
        if lanes != len(seeds):
            raise ValueError(f"the columns have {lanes} lanes for {len(seeds)} seeds")
        if not 1 <= size <= self.count:
            raise ValueError(f"a minibatch has 1 to {self.count} examples, not {size}")
        # Rows of one long table are gathered several times faster than by a pair of indices.
        self.tables = tuple(example_table(tensor) for tensor in tensors)
        self.size = size
        self.seeds = tuple(seeds)
        self.per_epoch = self.count // size
        self._epoch: tuple[int, tuple[int, ...]] = (-1, ())
        self._orders = torch.empty(0)
        self._offsets = torch.empty(0)

    def __call__(self, step: int, lanes: Sequence[int]) -> tuple[Tensor, ...]:
        """The minibatches of some lanes at a step, each (len(lanes), size, ...)."""
        epoch, within = divmod(step, self.per_epoch)
        if self._epoch != (epoch, tuple(lanes)):
            device = self.tables[0][0].device
            orders = [random_stream("minibatches", self.seeds[i], epoch).permutation(self.count) for i in lanes]
            self._orders = torch.from_numpy(np.stack(orders)).to(device)
            self._offsets = self.count * torch.tensor(list(lanes), device=device)[:, None]
            self._epoch = (epoch, tuple(lanes))
        chosen = self._orders[:, within * self.size : (within + 1) * self.size]
        rows = {False: (chosen + self._offsets).flatten(), True: chosen.flatten()}
        return tuple(
            table.index_select(0, rows[shared]).view(len(lanes), self.size, *table.shape[1:])
            for table, shared in self.tables
        )


def example_table(tensor: Tensor) -> tuple[Tensor, bool]:
    """All lanes' examples (S, n, ...) as rows of one table, and whether the lanes share them."""
    if tensor.stride(0) == 0:
        return tensor[0], True
    return tensor.flatten(0, 1), False


class DropoutMasks:
    """Dropout masks, new at each step: 0 with probability ``rate``, else ``1 / (1 - rate)``.

    A lane's mask depends on its seed and the step alone. Pass it as `draw` to `unseen.training.train`.

    Parameters
    ----------
    shape : tuple of int
        Shape of one lane's mask.
    rate : float
        Probability of dropping, in [0, 1); rounded to a multiple of 1 / 65536.
    seeds : sequence of int
        One seed per lane.
    device : str or torch.device
        Where masks live; they are drawn on the CPU so that they are the same everywhere.

    Examples
    --------
    >>> (mask,) = DropoutMasks((1000,), rate=0.25, seeds=(7,))(0, [0])
    >>> sorted(set(mask.flatten().tolist())), abs(mask.mean().item() - 1) < 0.1
    ([0.0, 1.3333333730697632], True)
    """

    def __init__(
        self, shape: tuple[int, ...], *, rate: float, seeds: Sequence[int], device: str | torch.device = "cpu"
    ):
        if not 0 <= rate < 1:
            raise ValueError(f"a dropout rate lies in [0, 1), not {rate}")
        self.shape = shape
        self.kept = max(1, round((1 - rate) * WORDS))
        self.seeds = tuple(seeds)
        self.device = torch.device(device)

    def __call__(self, step: int, lanes: Sequence[int]) -> tuple[Tensor]:
        """The masks of some lanes at a step, shape (len(lanes), *shape), float32."""
        count = math.prod(self.shape)
        masks = np.empty((len(lanes), *self.shape), np.float32)
        for mask, lane in zip(masks, lanes, strict=True):
            raw = random_stream("dropout", self.seeds[lane], step).bit_generator.random_raw(-(-count // 4))
            keep = (raw.view(np.uint16)[:count] < self.kept).reshape(self.shape)
            np.multiply(keep, np.float32(WORDS / self.kept), out=mask)
        return (torch.from_numpy(masks).to(self.device),)
