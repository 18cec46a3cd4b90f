"""Greatest common divisors of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole, digit_counts

TRIES = 3
"""So often numbers are drawn until they have a divisor in common; six of ten pairs have none but 1."""


@dataclass(frozen=True)
class GreatestCommonDivisor(WholeNumberRows):
    """Questions for the greatest common divisor of 2 to `count` numbers.

    Inputs are ``numbers`` (int64, shape (n, 2 * count): 0 behind the last) and ``other_name`` (bool: whether the text
    calls it factor). Targets are int64. Labels, known to no solver: ``steps`` (divisions of Euclid's algorithm, number
    after number), ``numbers``, ``digits`` (of the largest).

    Parameters
    ----------
    largest : int
        Largest number in training, 20 to 10 million; those of ``longer:digits`` are up to a thousand times as large.
    count : int
        Most numbers in training, 2 to 10.

    Examples
    --------
    >>> problem = GreatestCommonDivisor(largest=99)
    >>> examples = problem.sample("shifted:large-divisors", 1000)
    >>> bool(np.median(examples.targets) > np.median(problem.sample("iid", 1000).targets))
    True
    """

    largest: int = 1000
    count: int = 2

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.79),
        "iid": (0.79, 0.86),
        "perturbed:words": (0.86, 0.93),
        "shifted:large-divisors": (0.93, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("largest", self.largest, 20, 10**7)
        checked_whole("count", self.count, 2, 10)

    @property
    def name(self) -> str:
        """``greatest-common-divisor``."""
        return "greatest-common-divisor"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, two longer ones, ``perturbed:words`` and ``shifted:large-divisors``."""
        kind = f"2 to {self.count} numbers from 1 to {self.largest}" if self.count > 2 else f"1 to {self.largest}, two"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}, not in train in any order"),
            "longer:digits": Split("longer", f"numbers from {self.largest + 1} to {1000 * self.largest}"),
            "longer:numbers": Split("longer", f"{self.count + 1} to {2 * self.count} numbers"),
            "perturbed:words": Split("perturbed", f"{kind}, with factor in place of divisor"),
            "shifted:large-divisors": Split("shifted", f"{kind}, with a common divisor drawn first, not by chance"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Numbers of one range; those without a common divisor are mostly drawn again."""
        fewest, most = (self.count + 1, 2 * self.count) if split == "longer:numbers" else (2, self.count)
        lengths = generator.integers(fewest, most + 1, size=count)
        outside = np.arange(most) >= lengths[:, None]
        if split == "shifted:large-divisors":
            # Divisors of all sizes: their logarithm is uniform, and they are at most half the largest number.
            divisor = np.exp(generator.random((count, 1)) * np.log(self.largest // 2)).astype(np.int64)
            factors = 1 + (generator.random((count, most)) * (self.largest // divisor)).astype(np.int64)
            return np.where(outside, 0, divisor * factors)
        low, high = (self.largest + 1, 1000 * self.largest) if split == "longer:digits" else (1, self.largest)
        rows = np.zeros((count, most), dtype=np.int32 if high < 2**31 else np.int64)
        left = np.arange(count)
        for _ in range(TRIES):
            numbers = generator.integers(low, high + 1, size=(len(left), most), dtype=rows.dtype)
            numbers[outside[left]] = 0
            rows[left] = numbers
            left = left[_common(numbers) == 1]
        return rows.astype(np.int64)

    def ordered(self, rows: Rows) -> Rows:
        """The numbers in ascending order."""
        return np.sort(rows, axis=1)

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``numbers`` and ``other_name``."""
        numbers = np.pad(rows, ((0, 0), (0, 2 * self.count - rows.shape[1])))
        return {"numbers": numbers, "other_name": np.full(len(rows), split == "perturbed:words")}

    def rows(self, examples: Examples) -> Rows:
        """The column ``numbers``."""
        return examples.inputs["numbers"]

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The greatest common divisors."""
        return _common(_narrow(rows)).astype(np.int64)

    def reckoned(self, row: list[int]) -> int:
        """Python's own `math.gcd`."""
        return gcd(*row)

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``steps``, ``numbers`` and ``digits``."""
        steps = np.zeros(len(rows), dtype=np.int64)
        narrow = _narrow(rows)
        found = narrow[:, 0]
        for column in narrow.T[1:]:
            found = _divided(found, column, steps)
        return {"steps": steps, "numbers": (rows != 0).sum(axis=1), "digits": digit_counts(rows.max(axis=1))}

    def text(self, examples: Examples) -> list[str]:
        """``"What is the greatest common divisor of 12 and 18?"``, numbers before the last two with commas."""
        numbers, other = examples.inputs["numbers"], examples.inputs["other_name"]
        last = (numbers != 0).sum(axis=1) - 1
        names = ["divisor", "factor"]
        parts: list[Any] = ["What is the greatest common ", chosen(names, other), " of ", numerals(numbers[:, 0])]
        for place in range(1, int(last.max(initial=1)) + 1):
            between = np.where(place > last, 0, np.where(place == last, 2, 1))
            parts += [chosen(["", ", ", " and "], between), numerals(numbers[:, place], zero=False)]
        return lines([*parts, "?"])


def _narrow(rows: Rows) -> Any:
    """The numbers in 32 bits where they fit: their division takes half the time."""
    return rows.astype(np.int32) if rows.max(initial=0) < 2**31 else rows


def _common(numbers: NDArray[Any]) -> NDArray[Any]:
    found = numbers[:, 0]
    for column in numbers.T[1:]:
        found = np.gcd(found, column)
    return found


def _divided(left: NDArray[Any], right: NDArray[Any], steps: NDArray[np.int64]) -> NDArray[Any]:
    """The greatest common divisors of pairs by Euclid's algorithm; its divisions are added to `steps`."""
    left, right = np.maximum(left, right), np.minimum(left, right)
    found, at = left.copy(), np.flatnonzero(right)
    left, right = left[at], right[at]
    while len(at):
        left, right = right, left % right
        steps[at] += 1
        found[at] = left
        going = right > 0
        at, left, right = at[going], left[going], right[going]
    return found
