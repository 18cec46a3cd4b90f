"""Arms of study 005: strategies for blocks of hats, finite stacks, and hats that are black with another probability."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from unseen.contracts.study import Outcome
from unseen.solvers.hats.alternating import (
    FoundStrategy,
    finite_values,
    search_fixed_skips,
    search_free_skips,
)
from unseen.solvers.hats.enumeration import MOST_HATS, best_by_enumeration

CONJECTURED = Fraction(7, 20)
"""The conjectured optimum for two players with endless stacks."""


def white_and_black(size: int) -> tuple[int, ...]:
    """The words on which block strategies skip in the paper: no hat black, all hats black."""
    return 0, 2**size - 1


def blocks(size: int, seed: int, *, starts: int, height: int, improve: bool = True) -> Outcome:
    """The best strategy found for blocks of a size, its exact value, and what it gives for finite stacks."""
    found = search_fixed_skips(size, white_and_black(size), starts=starts, seed=seed, improve=improve)
    shortest = [best_finite(h, seed, starts) for h in range(1, size + 1)]
    values = finite_values(found.worth, shortest, height)
    errors = [CONJECTURED - value for value in values]
    heights = np.arange(1, height + 1)
    rate = np.nan
    if min(errors) > 0:
        rate = float(np.exp(np.polyfit(heights, np.log([float(error) for error in errors]), 1)[0]))
    return Outcome(
        {
            "value": float(found.value),
            "excess": float(found.value - CONJECTURED),
            "decided": float(found.worth.decided * 4**size),
            "repeated": float(found.worth.repeated * 4**size),
            "rate": rate,
        },
        {"error": {"height": heights.tolist(), "error": [float(error) for error in errors]}},
    )


def best_finite(height: int, seed: int, starts: int) -> Fraction:
    """The best value for finite stacks: proved up to three hats, above that the best found."""
    if height <= MOST_HATS:
        return best_by_enumeration(height).value
    return search_fixed_skips(height, starts=starts, seed=seed).value


def finite(heights: int, seed: int, starts: int) -> Outcome:
    """Winning pairs of 4^h for stacks of h hats, and how far the best is below the conjectured optimum."""
    values = [best_finite(height, seed, starts) for height in range(1, heights + 1)]
    wins = {f"wins_{height}": float(value * 4**height) for height, value in enumerate(values, start=1)}
    return Outcome({**wins, "excess": float(max(values) - CONJECTURED)})


def biased(sizes: tuple[int, ...], seed: int, *, percents: tuple[int, ...], starts: int) -> Outcome:
    """The best values found for hats that are black with p percent, over block sizes.

    ``free_p`` is for strategies that may skip on any word, ``fixed_p`` for those that skip where all hats are alike, of
    the largest size.
    """
    metrics = {}
    for percent in percents:
        p = Fraction(percent, 100)
        free: list[FoundStrategy] = [search_free_skips(size, p=p, starts=starts, seed=seed) for size in sizes]
        fixed = search_fixed_skips(sizes[-1], white_and_black(sizes[-1]), p=p, starts=starts, seed=seed)
        metrics[f"free_{percent}"] = float(max(found.value for found in free))
        metrics[f"fixed_{percent}"] = float(fixed.value)
    return Outcome(metrics)
