"""Chains of additions and subtractions of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals, parts_of
from unseen.problems.numbers.whole_number_rows import (
    Rows,
    WholeNumberRows,
    checked_whole,
    digit_counts,
)

MOST_TERMS, MOST_DIGITS = 50, 7
"""Twice as many terms of twice as many digits still have a sum of 64 bits."""


@dataclass(frozen=True)
class ChainSum(WholeNumberRows):
    """Questions such as ``412 - 305 + 27``: 2 to `terms` numbers, all of as many digits, added and subtracted.

    Inputs are ``terms`` (int64, shape (n, 2 * terms): the numbers with their signs, 0 behind the last) and ``in_words``
    (bool). Targets are int64. Labels, known to no solver: ``steps`` (operations), ``digits`` (of each number).
    In all splits but ``composed:subtractions`` a subtraction is followed by an addition. Numbers are at least 1.

    Parameters
    ----------
    terms : int
        Most numbers in a chain in training, 3 to 50.
    digits : int
        Most digits of a number in training, 1 to 7.

    Examples
    --------
    >>> problem = ChainSum(terms=4, digits=2)
    >>> examples = problem.sample("longer:terms", 1000)
    >>> sorted(set(examples.labels["steps"].tolist()))
    [4, 5, 6, 7]
    """

    terms: int = 6
    digits: int = 4

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.79),
        "iid": (0.79, 0.86),
        "composed:subtractions": (0.86, 0.93),
        "perturbed:words": (0.93, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("terms", self.terms, 3, MOST_TERMS)
        checked_whole("digits", self.digits, 1, MOST_DIGITS)

    @property
    def name(self) -> str:
        """``chain-sum``."""
        return "chain-sum"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, two longer ones, ``composed:subtractions`` and ``perturbed:words``."""
        kind = f"2 to {self.terms} numbers of 1 to {self.digits} digits"
        return {
            "train": Split(None, f"{kind}; no subtraction directly after another"),
            "iid": Split("iid", f"{kind}, not in train in any order of terms"),
            "longer:terms": Split("longer", f"{self.terms + 1} to {2 * self.terms} numbers"),
            "longer:digits": Split("longer", f"numbers of {self.digits + 1} to {2 * self.digits} digits"),
            "composed:subtractions": Split("composed", f"{kind}, somewhere two subtractions in a row"),
            "perturbed:words": Split("perturbed", f"{kind}, with plus and minus in words"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Numbers of one length per row; signs so that subtractions stand alone, or that two do not."""
        fewest, most = (self.terms + 1, 2 * self.terms) if split == "longer:terms" else (2, self.terms)
        shortest, longest = (self.digits + 1, 2 * self.digits) if split == "longer:digits" else (1, self.digits)
        composed = split == "composed:subtractions"
        lengths = generator.integers(3 if composed else fewest, most + 1, size=count)
        digits = generator.integers(shortest, longest + 1, size=count)
        # One random number gives the sign by its half and the digits by its place in that half.
        drawn = 2 * generator.random((most, count))
        minus = drawn >= 1
        drawn -= minus
        minus[0] = False
        if composed:
            first = (1 + generator.random(count) * (lengths - 2)).astype(np.int64)
            minus[first, np.arange(count)] = minus[first + 1, np.arange(count)] = True
        else:
            for place in range(2, most):
                minus[place] &= ~minus[place - 1]
        low = 10 ** (digits - 1)
        numbers = low + (drawn * (9 * low)).astype(np.int64)
        numbers[np.arange(most)[:, None] >= lengths] = 0
        np.negative(numbers, out=numbers, where=minus)
        return np.ascontiguousarray(numbers.T)

    def ordered(self, rows: Rows) -> Rows:
        """The terms in ascending order."""
        return np.sort(rows, axis=1)

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``terms`` and ``in_words``."""
        terms = np.pad(rows, ((0, 0), (0, 2 * self.terms - rows.shape[1])))
        return {"terms": terms, "in_words": np.full(len(rows), split == "perturbed:words")}

    def rows(self, examples: Examples) -> Rows:
        """The column ``terms``."""
        return examples.inputs["terms"]

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The sums."""
        return np.asarray(rows.sum(axis=1), dtype=np.int64)

    def reckoned(self, row: list[int]) -> int:
        """The sum."""
        return sum(row)

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``steps`` and ``digits``."""
        return {"steps": (rows != 0).sum(axis=1) - 1, "digits": digit_counts(rows[:, 0])}

    def text(self, examples: Examples) -> list[str]:
        """``"What is 412 - 305 + 27?"``, or in words ``"What is 412 minus 305 plus 27?"``."""
        terms, words = examples.inputs["terms"], examples.inputs["in_words"]
        return [text for part in parts_of(len(terms)) for text in _written(terms[part], words[part])]


def _written(terms: Rows, words: NDArray[np.bool_]) -> list[str]:
    used = int((terms != 0).any(axis=0).sum())
    rest = np.ascontiguousarray(terms[:, 1:used])
    which = np.sign(rest) + 1
    if words.any():
        which += 3 * words[:, None]
    sign = chosen([" - ", "", " + ", " minus ", "", " plus "][: 3 + 3 * int(words.any())], which.ravel())
    number = numerals(np.abs(rest.ravel()), zero=False)
    parts: list[Any] = ["What is ", numerals(terms[:, 0])]
    for place in range(used - 1):
        parts += [column.reshape(*rest.shape, -1)[:, place] for column in (sign, number)]
    return lines([*parts, "?"])
