"""Minibatches of sequences of like length, so that little is computed on padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseen.contracts.problem import random_stream
from unseen.training.draws import example_table


class LengthBuckets:
    """Random minibatches whose sequences come from one bucket of lengths each, cut to the longest of that bucket.

    Each lane's examples are sorted by length into buckets of equal number, anew in each epoch among equal lengths. An
    epoch passes over the minibatches of all buckets in random order, the same for all lanes, so that the lanes of a
    batch share shapes. What else a lane sees at a step depends on its seed and the step alone; only how far its rows
    are padded depends on the lanes beside it. Pass it as `draw` to `unseen.training.train`, which captures one step per
    shape.

    Parameters
    ----------
    sequences : sequence of Tensor
        Columns that are cut, each (S, n, length): the last holds weights, as `sequence_arrays` gives them, and what
        stands behind a row's last weight other than 0 is padding.
    others : sequence of Tensor
        Columns that are not cut, each (S, n, ...), drawn behind the sequences.
    size : int
        Examples per minibatch, from 1 to those of a bucket.
    seeds : sequence of int
        One seed per lane.
    buckets : int
        How many, at least 1; 1 is `Minibatches` with everything cut to the longest sequence.

    Raises
    ------
    ValueError
        If shapes do not match each other or the seeds, or `size` or `buckets` is out of range.

    Notes
    -----
    Sequences of like length in one minibatch make its gradient a little less like that of all. The loss of a row
    is what it is with padding, for networks that look back only (`Decoder`).

    Examples
    --------
    >>> weights = torch.tensor([[[0, 1, 0, 0], [0, 1, 1, 1], [0, 0, 1, 1], [0, 1, 0, 0]]])
    >>> draw = LengthBuckets([weights], size=2, seeds=(0,), buckets=2)
    >>> [tuple(draw(step, [0])[0].shape) for step in range(2)]
    [(1, 2, 4), (1, 2, 2)]
    """

    def __init__(
        self,
        sequences: Sequence[Tensor],
        *,
        size: int,
        seeds: Sequence[int],
        others: Sequence[Tensor] = (),
        buckets: int = 4,
    ):
        shapes = {tuple(column.shape[:3]) for column in sequences}
        if len(shapes) != 1 or sequences[-1].ndim != 3:
            raise ValueError(f"sequences need one common shape (lanes, examples, length), not {sorted(shapes)}")
        lanes, self.count, length = sequences[-1].shape
        if any(tuple(column.shape[:2]) != (lanes, self.count) for column in others):
            raise ValueError(f"the other columns begin with the axes {(lanes, self.count)} of the sequences")
        if lanes != len(seeds):
            raise ValueError(f"the columns have {lanes} lanes for {len(seeds)} seeds")
        if not 1 <= buckets <= self.count:
            raise ValueError(f"there are 1 to {self.count} buckets, not {buckets}")
        self.buckets, self.size, self.seeds = buckets, size, tuple(seeds)
        self.per_bucket = self.count // buckets
        if not 1 <= size <= self.per_bucket:
            raise ValueError(f"a minibatch has 1 to the {self.per_bucket} examples of a bucket, not {size}")
        self.batches = self.per_bucket // size
        places = torch.arange(1, length + 1, device=sequences[-1].device)
        self.lengths = ((sequences[-1] != 0) * places).amax(dim=2).cpu().numpy()
        self.cuts = self._cuts()
        tables = [example_table(column) for column in sequences]
        self.sequences = [[(table[:, :cut].contiguous(), shared) for table, shared in tables] for cut in self.cuts]
        self.others = [example_table(column) for column in others]
        self._epoch: tuple[int, tuple[int, ...]] = (-1, ())
        self._schedule: NDArray[np.int64] = np.empty(0, np.int64)
        self._orders = torch.empty(0)
        self._offsets = torch.empty(0)

    def _cuts(self) -> list[int]:
        """The longest that each bucket can hold: an epoch leaves out a few examples, which moves the others down."""
        ascending = np.sort(self.lengths, axis=1)
        left_out = self.count - self.buckets * self.per_bucket
        last = np.arange(1, self.buckets + 1) * self.per_bucket - 1 + left_out
        return [max(1, int(longest)) for longest in ascending[:, last].max(axis=0)]

    def __call__(self, step: int, lanes: Sequence[int]) -> tuple[Tensor, ...]:
        """The minibatches of some lanes at a step, each (len(lanes), size, ...)."""
        epoch, within = divmod(step, self.buckets * self.batches)
        if self._epoch != (epoch, tuple(lanes)):
            self._arrange(epoch, lanes)
        bucket, batch = divmod(int(self._schedule[within]), self.batches)
        chosen = self._orders[:, bucket, batch * self.size : (batch + 1) * self.size]
        rows = {False: (chosen + self._offsets).flatten(), True: chosen.flatten()}
        return tuple(
            table.index_select(0, rows[shared]).view(len(lanes), self.size, *table.shape[1:])
            for table, shared in (*self.sequences[bucket], *self.others)
        )

    def _arrange(self, epoch: int, lanes: Sequence[int]) -> None:
        device = self.sequences[0][0][0].device
        orders = []
        for lane in lanes:
            stream = random_stream("length buckets", self.seeds[lane], epoch)
            order = stream.permutation(self.count)[: self.buckets * self.per_bucket]
            by_length = order[np.argsort(self.lengths[lane, order], kind="stable")]
            orders.append(stream.permuted(by_length.reshape(self.buckets, self.per_bucket), axis=1))
        self._orders = torch.from_numpy(np.stack(orders)).to(device)
        self._offsets = self.count * torch.tensor(list(lanes), device=device)[:, None]
        self._schedule = random_stream("length buckets", "schedule", epoch).permutation(self.buckets * self.batches)
        if epoch == 0:
            # The memory that a step needs is judged by the first: it is one of the longest sequences.
            longest = int(np.flatnonzero(self._schedule >= (self.buckets - 1) * self.batches)[0])
            self._schedule[[0, longest]] = self._schedule[[longest, 0]]
        self._epoch = (epoch, tuple(lanes))
