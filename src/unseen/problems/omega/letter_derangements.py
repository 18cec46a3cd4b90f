"""Shuffled letters of which none stands where the same letter stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb, factorial, prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, composition, each, padded

LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class LetterDerangements(TemplatedQuestions):
    """In how many different orders of the letters of AABBC none stands where an equal one stood.

    Transformed: so many letters that their orders cannot be listed; inclusion and exclusion counts them.

    Parameters
    ----------
    size : int
        Most letters in training, 5 to 8.
    magnitude : int
        Most different letters in training, 3 or 4.
    """

    size: int = 8
    magnitude: int = 4

    family: ClassVar[str] = "letter-derangements"
    about: ClassVar[str] = "{size} letters, {magnitude} of them different"
    smallest: ClassVar[int] = 4
    sizes: ClassVar[tuple[int, int]] = (5, 8)
    magnitudes: ClassVar[tuple[int, int]] = (3, 4)
    times_up: ClassVar[int] = 2
    others: ClassVar[Mapping[str, str]] = {"transformed": "14 to 17 letters, too many to list their orders"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """How many of each letter there are, none more than half of all."""
        if kind == TRANSFORMED:
            size = generator.integers(14, 18, size=len(size))
        low, high = levels.magnitudes
        counts = composition(generator, size, generator.integers(max(2, low), high + 1, size=len(size)), high)
        rows = np.column_stack([size, padded(counts, self.magnitude * self.times_up)])
        return np.asarray(rows[(2 * counts.max(axis=1) <= size) & (counts.sum(axis=1) == size)])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By inclusion and exclusion."""
        return each(_by_rooks, rows[:, 2:])

    def reckoned(self, row: list[int]) -> int:
        """By the integral of a product of Laguerre polynomials (Even and Gillis 1976)."""
        product = [Fraction(1)]
        for count in filter(None, row[2:]):
            laguerre = [Fraction((-1) ** k * comb(count, k), factorial(k)) for k in range(count + 1)]
            longer = [Fraction(0)] * (len(product) + count)
            for i, a in enumerate(product):
                for j, b in enumerate(laguerre):
                    longer[i + j] += a * b
            product = longer
        return abs(sum((c * factorial(k) for k, c in enumerate(product)), Fraction(0))).numerator

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"The letters of AABBC are put into another order ..."``."""
        parts: list[str | NDArray[np.uint8]] = ["The letters of "]
        for place in range(rows.shape[1] - 2):
            most = int(rows[:, 2 + place].max(initial=0))
            parts.append(chosen([LETTERS[place] * count for count in range(most + 1)], rows[:, 2 + place]))
        return [
            *parts,
            " are shuffled. In how many of their different orders does no place hold the letter that it held before?",
        ]


def _by_rooks(*counts: int) -> int:
    hits: list[int] = [1]
    for count in filter(None, counts):
        rooks = [comb(count, k) ** 2 * factorial(k) for k in range(count + 1)]
        hits = [
            sum(hits[i] * rooks[k - i] for i in range(max(0, k - count), min(k, len(hits) - 1) + 1))
            for k in range(len(hits) + count)
        ]
    total = sum(counts)
    orders = sum((-1) ** k * hit * factorial(total - k) for k, hit in enumerate(hits))
    return int(orders // prod(factorial(count) for count in counts))


def derangements(count: NDArray[np.int64]) -> NDArray[np.int64]:
    """Permutations without a fixed point of 0 to 20 things, int64 of the same shape.

    Examples
    --------
    >>> derangements(np.arange(6)).tolist()
    [1, 0, 1, 2, 9, 44]
    """
    known = [1, 0]
    for step in range(2, 21):
        known.append((step - 1) * (known[-1] + known[-2]))
    return np.array(known, dtype=np.int64)[count]
