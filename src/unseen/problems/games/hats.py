"""Levine's hat game for two players: exact values of strategies for finite stacks and for blocks of endless ones.

Each player sees the other's stack of hats, not the own one, and both name a place of their own stack at once. They win
together if both places hold a black hat. A stack of height h is a word, the whole number whose bit i is 1 where hat i
is black, each independently with probability p. A strategy is an array of 2^h places: what its player says on seeing
each word. In a block strategy `SKIP` means: go on to the next block of hats.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Strategy = NDArray[np.int64]

SKIP = -1
"""In place of a hat: say nothing about this block, go on to the next."""

HIGHEST = 10
"""Largest height: a million pairs of stacks."""

HALF = Fraction(1, 2)


def stacks(height: int) -> NDArray[np.bool_]:
    """All stacks of a height, bool of shape (2^height, height); hat i of word x is bit i of x.

    Raises
    ------
    ValueError
        If the height is no whole number from 1 to 10.

    Examples
    --------
    >>> stacks(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    if isinstance(height, bool) or not isinstance(height, (int, np.integer)) or not 1 <= height <= HIGHEST:
        raise ValueError(f"a stack has 1 to {HIGHEST} hats, not {height!r}")
    return (np.arange(2**height)[:, None] >> np.arange(height) & 1).astype(bool)


def as_strategy(places: ArrayLike, *, skipping: bool = False) -> Strategy:
    """A strategy as an array, checked.

    Parameters
    ----------
    places : array_like of int, shape (2^h,)
        A place from 0 to h - 1 for every word that may be seen.
    skipping : bool
        Whether `SKIP` is allowed too.

    Raises
    ------
    ValueError
        If the number of places is no power of two from 2 up, or a place lies outside the stack.
    """
    strategy = np.asarray(places)
    height = strategy.size.bit_length() - 1
    if strategy.ndim != 1 or strategy.dtype.kind not in "iu" or height < 1 or strategy.size != 2**height:
        raise ValueError(f"a strategy is a place for each of the 2^h words, not {strategy.dtype} {strategy.shape}")
    lowest = SKIP if skipping else 0
    if ((strategy < lowest) | (strategy >= height)).any():
        allowed = f"0 to {height - 1}" + (f" or {SKIP} to skip" if skipping else "")
        raise ValueError(f"places for {height} hats are {allowed}, not {np.unique(strategy).tolist()}")
    return strategy.astype(np.int64)


@dataclass(frozen=True)
class BlockValue:
    """What a block strategy is worth.

    Parameters
    ----------
    decided : Fraction
        Probability w of a win whose last word is said in this block by at least one player.
    repeated : Fraction
        Probability r that both skip and the game begins again with the next block.
    """

    decided: Fraction
    repeated: Fraction

    @property
    def value(self) -> Fraction:
        """Probability of winning with endless stacks, w / (1 - r); 0 if nothing is ever decided."""
        return self.decided / (1 - self.repeated) if self.repeated != 1 else Fraction(0)

    def after(self, rest: Fraction) -> Fraction:
        """Probability of winning if stacks behind the block are won with probability `rest`, w + r rest."""
        return self.decided + self.repeated * rest


def value(f: ArrayLike, g: ArrayLike, p: Fraction = HALF) -> Fraction:
    """Probability that two players win, exactly.

    Parameters
    ----------
    f, g : array_like of int, shape (2^h,)
        The players' strategies: what each says on seeing the other's stack.
    p : Fraction
        Probability that a hat is black, in [0, 1].

    Raises
    ------
    ValueError
        If a strategy is none, the two are for different heights, or `p` lies outside [0, 1].

    Examples
    --------
    Both name the other's first black hat, the best that there is for two hats:

    >>> value([0, 0, 1, 0], [0, 0, 1, 0])
    Fraction(5, 16)
    """
    first, second = as_strategy(f), as_strategy(g)
    return block_recursion(first, second, p).decided


def block_recursion(f: ArrayLike, g: ArrayLike, p: Fraction = HALF) -> BlockValue:
    """The exact worth of a pair of block strategies, which may skip.

    A player who skips moves on to the next block of both stacks. If both do, the game begins again; if one does, the
    other's guess stands and the skipping player is right later with probability p, whatever that player says.

    Parameters
    ----------
    f, g : array_like of int, shape (2^k,)
        For each word seen in the other's block a place of the own block, or `SKIP`.
    p : Fraction
        Probability that a hat is black, in [0, 1].

    Raises
    ------
    ValueError
        As for `value`.

    Examples
    --------
    One hat, and both skip unless they see a black one: won if both are black, tried again if both are white. With one
    of each, the player who sees white skips, and the other's own hat is that white one.

    >>> found = block_recursion([SKIP, 0], [SKIP, 0])
    >>> found.decided, found.repeated, found.value
    (Fraction(1, 4), Fraction(1, 4), Fraction(1, 3))
    """
    first, second = as_strategy(f, skipping=True), as_strategy(g, skipping=True)
    if first.size != second.size:
        raise ValueError(f"strategies for {first.size} and {second.size} words do not meet")
    if not 0 <= p <= 1:
        raise ValueError(f"a probability lies in [0, 1], not {p}")
    chance = Fraction(p)
    own, other, skips, others_skip = outcomes(first, second)
    counts = stacks(first.size.bit_length() - 1).sum(axis=1)
    both, one, again = own & other & ~skips & ~others_skip, own & other & (skips != others_skip), skips & others_skip
    classes = [_by_black_hats(pairs, counts) for pairs in (both, one, again)]
    won, half_won, repeated = (_probability(table, chance) for table in classes)
    return BlockValue(won + chance * half_won, repeated)


def outcomes(f: Strategy, g: Strategy) -> tuple[NDArray[np.bool_], ...]:
    """Is the first player right or skipping, is the second, does the first skip, does the second?

    Each is bool of shape (2^k, 2^k): for every pair of the first player's word x and the second's word y.
    """
    words = stacks(f.size.bit_length() - 1)
    skips, others_skip = np.broadcast_arrays((f == SKIP)[None, :], (g == SKIP)[:, None])
    # Rows are x, the first player's stack; the first player sees y.
    own = words[:, np.maximum(f, 0)] | skips
    other = words[:, np.maximum(g, 0)].T | others_skip
    return own, other, skips, others_skip


def best_response(f: ArrayLike, p: Fraction = HALF) -> tuple[Strategy, Fraction]:
    """A strategy of the second player that wins most often with a given one of the first, and how often it does.

    For every word x the place c with the largest total weight of words y with x[f(y)] = y[c] = 1; of equal ones the
    lowest.

    Parameters
    ----------
    f : array_like of int, shape (2^h,)
        The first player's strategy.
    p : Fraction
        Probability that a hat is black, in [0, 1].

    Raises
    ------
    ValueError
        As for `value`.

    Examples
    --------
    >>> best_response([0, 0, 1, 0])
    (array([0, 0, 1, 0]), Fraction(5, 16))
    """
    first = as_strategy(f)
    words = stacks(first.size.bit_length() - 1)
    chance = Fraction(p)
    black = words.sum(axis=1).tolist()
    height = words.shape[1]
    # Whole numbers of any size: weights of words with the common denominator left out.
    weight = [chance.numerator**k * (chance.denominator - chance.numerator) ** (height - k) for k in black]
    right = words[:, first].astype(object)
    totals: NDArray[Any] = right @ (np.array(weight, dtype=object)[:, None] * words.astype(object))
    second = np.asarray(totals.astype(object).argmax(axis=1), dtype=np.int64)
    return second, value(first, second, chance)


def _by_black_hats(pairs: NDArray[np.bool_], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many marked pairs there are with i black hats in one stack and j in the other, shape (k + 1, k + 1)."""
    size = int(counts.max()) + 1
    places = counts[:, None] * size + counts[None, :]
    return np.bincount(places[pairs], minlength=size * size).reshape(size, size)


def _probability(table: NDArray[np.int64], p: Fraction) -> Fraction:
    height = len(table) - 1
    weight = [p**k * (1 - p) ** (height - k) for k in range(height + 1)]
    terms = (int(table[i, j]) * weight[i] * weight[j] for i, j in np.argwhere(table))
    return sum(terms, Fraction(0))
