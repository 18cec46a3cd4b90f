"""How many members an ensemble needs: members are added one by one and the rounded average is checked each time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class EnsembleGrowth:
    """What an ensemble answers as it grows."""

    right: NDArray[np.float64]
    """Entry m - 1: share of questions with all outputs right after averaging m members and rounding."""

    first: float
    """Fewest members that reach the wanted share, infinite if none up to the limit does."""


def ensemble_growth(
    draw: Callable[[int], NDArray[Any]], truth: ArrayLike, *, size: int, limit: int, share: float = 1.0
) -> EnsembleGrowth:
    """Add members until there are `size` of them and the wanted share has been reached, or up to a limit.

    The average of the first m members is read as 1 where it is positive and as 0 elsewhere. The first m that reaches
    the share is a stopping time: a growing ensemble passes it, on average, well before the size at which an ensemble
    of fixed size is right with high probability.

    Parameters
    ----------
    draw : callable
        ``draw(index)`` gives the outputs of the next block of members, float of shape (members, n, outputs).
    truth : array_like of int
        The right bits, shape (n, outputs).
    size : int
        Fewest members to add, from 1 up.
    limit : int
        Most members to add, from `size` up.
    share : float
        Wanted share of questions, in (0, 1].

    Returns
    -------
    EnsembleGrowth
        `right` has at least `size` and at most `limit` entries.

    Raises
    ------
    ValueError
        If a parameter is out of range or a block has another shape.

    Examples
    --------
    >>> outputs = np.array([[[-0.3]], [[0.1]], [[0.4]]])
    >>> found = ensemble_growth(lambda index: outputs[index : index + 1], [[1]], size=1, limit=3)
    >>> found.right.tolist(), found.first
    ([0.0, 0.0, 1.0], 3.0)
    """
    ones = np.asarray(truth) == 1
    if not 1 <= size <= limit:
        raise ValueError(f"need 1 <= size <= limit, not size {size!r} and limit {limit!r}")
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], not {share!r}")
    total = np.zeros(ones.shape)
    right: list[NDArray[np.float64]] = []
    count, first = 0, math.inf
    while count < size or (first == math.inf and count < limit):
        block = draw(len(right))
        if block.shape[1:] != ones.shape:
            raise ValueError(f"a block of shape {block.shape} does not answer questions of shape {ones.shape}")
        # The sign of a sum is that of the average.
        sums = total + np.cumsum(block, axis=0, dtype=np.float64)
        found = ((sums > 0) == ones).all(axis=2).mean(axis=1)[: limit - count]
        reached = np.flatnonzero(found >= share)
        if first == math.inf and len(reached):
            first = float(count + reached[0] + 1)
        right.append(found)
        count += len(found)
        total = sums[-1]
    return EnsembleGrowth(np.concatenate(right), first)
