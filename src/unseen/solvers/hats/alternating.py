"""Search for hat strategies: both players answer the other's strategy best, in turn, from many random starts."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.problems.games.hats import HALF, SKIP, BlockValue, Strategy, block_recursion, stacks

Floats = NDArray[np.float64]

ROUNDS = 200
"""Responses after which a start is given up; a few dozen are enough, since every one raises the value or ends."""

BELOW = 1e-4
"""How far below the value reached skipping counts: at that value itself skipping always would be a best response."""


@dataclass(frozen=True)
class FoundStrategy:
    """The best pair of strategies of a search, and its exact worth.

    Parameters
    ----------
    first, second : int64 array, shape (2^k,)
        Places, or `SKIP`.
    worth : BlockValue
        Recomputed in fractions: what a search in floating point says is not relied on.
    """

    first: Strategy
    second: Strategy
    worth: BlockValue

    @property
    def value(self) -> Fraction:
        """Probability of winning, with endless stacks if words are skipped."""
        return self.worth.value


def search_fixed_skips(
    size: int,
    skips: tuple[int, ...] = (),
    *,
    p: Fraction = HALF,
    starts: int = 1000,
    seed: int = 0,
    improve: bool = True,
) -> FoundStrategy:
    """Alternating best responses on blocks, where both players skip on a given set of words and on no others.

    With this set fixed, the probability r of a second try is fixed too and the search maximizes w. Without skips it is
    the game with finite stacks.

    Parameters
    ----------
    size : int
        Hats per block, 1 to 10.
    skips : tuple of int
        Words on which a player who sees them skips.
    p : Fraction
        Probability that a hat is black.
    starts : int
        Random strategies begun with.
    seed : int
        Seed of the starts, hashed.
    improve : bool
        Whether players answer each other; without, the starts are only compared, for both players at random.

    Returns
    -------
    FoundStrategy

    Raises
    ------
    ValueError
        If there are no starts, or a word to skip is none of the block's.

    Examples
    --------
    Seven of twenty, the best known for two players, by blocks of three hats:

    >>> search_fixed_skips(3, (0b000, 0b111), starts=100).value
    Fraction(7, 20)
    """
    words = stacks(size).astype(np.float64)
    if any(word not in range(2**size) for word in skips):
        raise ValueError(f"words of {size} hats are 0 to {2**size - 1}, not {list(skips)}")
    skipping = np.isin(np.arange(2**size), skips)
    first, second = (np.where(skipping, SKIP, drawn) for drawn in _starts(size, starts, seed, p, skips))
    if not improve:
        return _best(first, second, words, p)
    for _ in range(ROUNDS):
        before = second
        second = np.where(skipping, SKIP, _gains(first, words, p).argmax(axis=2))
        first = np.where(skipping, SKIP, _gains(second, words, p).argmax(axis=2))
        if (before == second).all():
            break
    return _best(first, second, words, p)


def search_free_skips(
    size: int, *, p: Fraction = HALF, starts: int = 1000, seed: int = 0, rounds: int = 12
) -> FoundStrategy:
    """Alternating best responses on blocks, where skipping is a response like any other.

    Skipping is rarely learned by a start that does not skip. Each start therefore first has a random set of words on
    which both skip, the white stack among them, and half of them with every word its opposite; then both are free. A
    second try is valued a little below what the start has reached, because at that value itself skipping always is
    worth as much as anything else.

    Parameters
    ----------
    size, p, starts, seed
        As for `search_fixed_skips`.
    rounds : int
        Pairs of responses per start in each of the two phases.

    Examples
    --------
    >>> search_free_skips(2, p=Fraction(1, 4), starts=200).value >= Fraction(1, 7)
    True
    """
    words = stacks(size).astype(np.float64)
    weights = _weights(words, p)
    first, second = _starts(size, starts, seed, p, ())
    forced = _random_skips(size, starts, seed, p)
    best: FoundStrategy | None = None
    for number in range(2 * rounds):
        if number < rounds:
            second = np.where(forced, SKIP, _gains(first, words, p).argmax(axis=2))
            first = np.where(forced, SKIP, _gains(second, words, p).argmax(axis=2))
        else:
            reached = _values(first, second, words, p) - BELOW
            second = _respond(first, reached, words, weights, p)
            first = _respond(second, reached, words, weights, p)
        found = _best(first, second, words, p)
        if best is None or found.value > best.value:
            best = found
    assert best is not None
    return best


def finite_values(worth: BlockValue, first: list[Fraction], height: int) -> list[Fraction]:
    """Probabilities of winning with finite stacks of 1 to `height` hats, by blocks.

    ``V(h) = w + r V(h - k)``: with more than k hats the block strategy is played and the rest is a shorter game.

    Parameters
    ----------
    worth : BlockValue
        Of a block of k hats.
    first : list of Fraction
        V(1), ..., V(k), by other means.
    height : int
        Largest stack.

    Examples
    --------
    >>> three = search_fixed_skips(3, (0, 7), starts=100).worth
    >>> [str(v) for v in finite_values(three, [Fraction(1, 4), Fraction(5, 16), Fraction(22, 64)], 5)]
    ['1/4', '5/16', '11/32', '11/32', '89/256']
    """
    values = list(first[:height])
    for h in range(len(values), height):
        values.append(worth.after(values[h - len(first)]))
    return values


def _starts(size: int, starts: int, seed: int, p: Fraction, skips: tuple[int, ...]) -> NDArray[np.int64]:
    """Random strategies of both players, int64 of shape (2, starts, 2^size)."""
    if starts < 1:
        raise ValueError(f"a search needs at least one start, not {starts}")
    return random_stream("hat strategies", size, skips, str(p), seed).integers(size, size=(2, starts, 2**size))


def _random_skips(size: int, starts: int, seed: int, p: Fraction) -> NDArray[np.bool_]:
    """Words on which both players skip, bool of shape (starts, 2^size): few or up to half of them."""
    stream = random_stream("hat skips", size, str(p), seed)
    skips = stream.random((starts, 2**size)) < stream.random((starts, 1)) ** 2 / 2
    skips[:, 0] = True
    # The opposite of word x is 2^size - 1 - x.
    skips[::2] |= skips[::2, ::-1]
    return skips


def _weights(words: Floats, p: Fraction) -> Floats:
    return np.asarray(np.where(words > 0, float(p), 1 - float(p)).prod(axis=1))


def _gains(strategy: Strategy, words: Floats, p: Fraction) -> Floats:
    """What every answer to every word wins for the partner of `strategy`, (starts, words) -> (starts, words, places).

    The weight of the partner's stacks with which both are right; where `strategy` skips, times its chance later.
    """
    right = np.where(strategy[:, None, :] == SKIP, float(p), words.T[np.maximum(strategy, 0)].transpose(0, 2, 1))
    return np.asarray(right @ (_weights(words, p)[:, None] * words))


def _respond(strategy: Strategy, reached: Floats, words: Floats, weights: Floats, p: Fraction) -> Strategy:
    gains = _gains(strategy, words, p)
    skipped = strategy == SKIP
    right = np.where(skipped[:, None, :], 0.0, words.T[np.maximum(strategy, 0)].transpose(0, 2, 1))
    skip = float(p) * (right @ weights) + (reached * (skipped @ weights))[:, None]
    return np.where(skip > gains.max(axis=2), SKIP, gains.argmax(axis=2))


def _values(first: Strategy, second: Strategy, words: Floats, p: Fraction) -> Floats:
    """The value w / (1 - r) of every start, in floating point."""
    weights = _weights(words, p)
    chance = float(p)
    skips, others = (first == SKIP)[:, None, :], (second == SKIP)[:, :, None]
    own = np.where(skips, chance, words.T[np.maximum(first, 0)].transpose(0, 2, 1))
    other = np.where(others, chance, words.T[np.maximum(second, 0)])
    again = skips & others
    decided = np.where(again, 0.0, own * other)
    pairs = weights[:, None] * weights
    w, r = (decided * pairs).sum(axis=(1, 2)), (again * pairs).sum(axis=(1, 2))
    return np.asarray(w / np.maximum(1 - r, 1e-12))


def _best(first: Strategy, second: Strategy, words: Floats, p: Fraction) -> FoundStrategy:
    at = int(_values(first, second, words, p).argmax())
    return FoundStrategy(first[at], second[at], block_recursion(first[at], second[at], p))
