"""The best strategies for few hats, by trying all of one player's."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import NamedTuple

import numpy as np

from unseen.problems.games.hats import Strategy, stacks, value

MOST_HATS = 3
"""With three hats a player has 6,561 strategies, with four 4.3 billion."""

BATCH = 4096


class BestPair(NamedTuple):
    """Two strategies and the exact probability that they win."""

    value: Fraction
    first: Strategy
    second: Strategy


def best_by_enumeration(height: int) -> BestPair:
    """The best pair of strategies for fair hats: every strategy of one player with the best response to it.

    Parameters
    ----------
    height : int
        Hats per stack, 1 to 3.

    Raises
    ------
    ValueError
        If the height is out of range.

    Examples
    --------
    >>> [str(best_by_enumeration(height).value) for height in (1, 2, 3)]
    ['1/4', '5/16', '11/32']
    """
    if isinstance(height, bool) or height not in range(1, MOST_HATS + 1):
        raise ValueError(f"all strategies can be tried for 1 to {MOST_HATS} hats, not {height!r}")
    words = stacks(height).astype(np.int64)
    strategies = np.array(list(product(range(height), repeat=2**height)))
    best, found = -1, 0
    for start in range(0, len(strategies), BATCH):
        right = words.T[strategies[start : start + BATCH]].transpose(0, 2, 1)
        wins = (right @ words).max(axis=2).sum(axis=1)
        if wins.max() > best:
            best, found = int(wins.max()), start + int(wins.argmax())
    first = strategies[found]
    second = (words[:, first] @ words).argmax(axis=1)
    return BestPair(value(first, second), first, second)
