"""Linear equations in one unknown with a whole solution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole, digit_counts

LETTERS = "abcdefghijklm", "nopqrstuvwxyz"
"""Names of the unknown in all splits but ``perturbed:letters``, and in that one."""


@dataclass(frozen=True)
class LinearEquation(WholeNumberRows):
    """Questions such as ``7*x - 12 = 30``: which number is x?

    Inputs are ``equation`` (int64, shape (n, 4): factor and summand on the left, factor and summand on the right; the
    factor on the right is 0 but in ``composed:both-sides``) and ``letter`` (int64, place in the alphabet). Targets are
    the solutions, int64. Labels, known to no solver: ``steps`` (terms to be brought to the other side, and a division),
    ``digits`` (of the largest number in the equation).

    Parameters
    ----------
    largest : int
        Largest factor, summand on the left and solution in training, 9 to 100 million.

    Examples
    --------
    >>> problem = LinearEquation(largest=20)
    >>> examples = problem.sample("composed:both-sides", 3, seed=1)
    >>> a, b, c, d = examples.inputs["equation"].T
    >>> bool((a * examples.targets + b == c * examples.targets + d).all())
    True
    """

    largest: int = 100

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.8),
        "iid": (0.8, 0.9),
        "perturbed:letters": (0.9, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("largest", self.largest, 9, 10**8)

    @property
    def name(self) -> str:
        """``linear-equation``."""
        return "linear-equation"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, and one split each that is longer, composed, perturbed and shifted."""
        kind = f"factors, summands and solutions of up to {self.largest}"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}; equations that are not in train with any letter"),
            "longer:numbers": Split("longer", f"factors and summands from {self.largest + 1} to {10 * self.largest}"),
            "composed:both-sides": Split("composed", f"{kind}, with the unknown on both sides"),
            "perturbed:letters": Split("perturbed", f"{kind}, with letters that no other split has"),
            "shifted:negative": Split("shifted", f"{kind}; the solutions are negative"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Factors, summands and letters; the summand on the right follows from a solution."""
        low, high = (self.largest + 1, 10 * self.largest) if split == "longer:numbers" else (1, self.largest)
        factor, size = generator.integers(low, high + 1, size=(2, count))
        solution = generator.integers(1, self.largest + 1, size=count)
        if split == "shifted:negative":
            solution = -solution
        summand = np.where(generator.random(count) < 0.5, -size, size)
        other = np.zeros(count, dtype=np.int64)
        if split == "composed:both-sides":
            # From 1 up, leaving out the factor on the left, with which there would be no solution or any.
            other = generator.integers(1, high, size=count)
            other += other >= factor
        letters = LETTERS[split == "perturbed:letters"]
        letter = ord(letters[0]) - ord("a") + generator.integers(len(letters), size=count)
        return np.stack([factor, summand, other, (factor - other) * solution + summand, letter], axis=1)

    def ordered(self, rows: Rows) -> Rows:
        """The four numbers, whatever the letter."""
        return rows[:, :4]

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``equation`` and ``letter``."""
        return {"equation": rows[:, :4], "letter": rows[:, 4]}

    def rows(self, examples: Examples) -> Rows:
        """Both columns side by side."""
        return np.concatenate([examples.inputs["equation"], examples.inputs["letter"][:, None]], axis=1)

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The solutions."""
        factor, summand, other, right = rows[:, :4].T
        return np.asarray((right - summand) // (factor - other), dtype=np.int64)

    def reckoned(self, row: list[int]) -> int:
        """The solution."""
        factor, summand, other, right, _ = row
        return (right - summand) // (factor - other)

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``steps`` and ``digits``."""
        return {"steps": 2 + (rows[:, 2] != 0), "digits": digit_counts(np.abs(rows[:, :4]).max(axis=1))}

    def text(self, examples: Examples) -> list[str]:
        """``"Solve for x: 7*x - 12 = 30"``."""
        factor, summand, other, right = examples.inputs["equation"].T
        letter = (examples.inputs["letter"][:, None] + ord("a")).astype(np.uint8)
        both = other != 0
        star = chosen(["", "*"], both)
        signs = [" - ", " + ", ""]
        behind = np.where(both & (right == 0), 2, right > 0)
        return lines(
            [
                *("Solve for ", letter, ": ", numerals(factor), "*", letter, chosen(signs, summand > 0)),
                *(numerals(np.abs(summand)), " = ", numerals(other, zero=False), star, letter * both[:, None]),
                chosen(signs, np.where(both, behind, 2)),
                _right_side(right, both),
            ]
        )


def _right_side(right: NDArray[np.int64], both: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The summand on the right: with its sign where it stands alone, without where the sign has been written."""
    written = numerals(np.where(both, np.abs(right), right))
    written[both & (right == 0)] = 0
    return written
