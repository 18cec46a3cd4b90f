"""Products of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole, digit_counts

MOST_DIGITS = 18
"""Products of so many digits fit into 64 bits."""


@dataclass(frozen=True)
class ChainProduct(WholeNumberRows):
    """Questions such as ``34 * 7``: 2 to `factors` numbers, all of as many digits, multiplied.

    Inputs are ``factors`` (int64, shape (n, most factors): 0 behind the last) and ``in_words`` (bool). Targets are
    int64. Labels, known to no solver: ``steps`` (products of two digits in the schoolbook method, one factor after the
    other), ``factors``, ``digits`` (of each factor). Factors are at least 1 but for ``shifted:negative``.

    Parameters
    ----------
    factors : int
        Most factors in training, 2 to 9.
    digits : int
        Most digits of a factor in training, 1 to 9. The numbers of longer splits follow from 64 bits:
        ``(factors + 1) * digits`` and ``factors * (digits + 1)`` are at most 18.

    Examples
    --------
    >>> examples = ChainProduct(digits=3).sample("longer:digits", 100)
    >>> sorted(set(examples.labels["digits"].tolist()))
    [4, 5, 6]
    """

    factors: int = 2
    digits: int = 5

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.8),
        "iid": (0.8, 0.9),
        "perturbed:words": (0.9, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("factors", self.factors, 2, 9)
        checked_whole("digits", self.digits, 1, 9)
        if max((self.factors + 1) * self.digits, self.factors * (self.digits + 1)) > MOST_DIGITS:
            raise ValueError(
                f"{self.factors} factors of {self.digits} digits leave no room for longer ones: products have "
                f"up to {MOST_DIGITS} digits"
            )

    @property
    def name(self) -> str:
        """``chain-product``."""
        return "chain-product"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:factors``, ``longer:digits``, ``perturbed:words`` and ``shifted:negative``."""
        kind = f"2 to {self.factors} factors of 1 to {self.digits} digits"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}, not in train in any order of factors"),
            "longer:factors": Split("longer", f"{self.factors + 1} to {self._most_factors} factors"),
            "longer:digits": Split("longer", f"factors of {self.digits + 1} to {self._most_digits} digits"),
            "perturbed:words": Split("perturbed", f"{kind}, with times in words"),
            "shifted:negative": Split("shifted", f"{kind}, at least one of them negative"),
        }

    @property
    def _most_factors(self) -> int:
        return min(2 * self.factors, MOST_DIGITS // self.digits)

    @property
    def _most_digits(self) -> int:
        return min(2 * self.digits, MOST_DIGITS // self.factors)

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Numbers of one length per row."""
        fewest, most = (self.factors + 1, self._most_factors) if split == "longer:factors" else (2, self.factors)
        shortest, longest = (self.digits + 1, self._most_digits) if split == "longer:digits" else (1, self.digits)
        lengths = generator.integers(fewest, most + 1, size=count)
        low = 10 ** (generator.integers(shortest, longest + 1, size=count) - 1)
        rows = low[:, None] + (generator.random((count, most)) * (9 * low[:, None])).astype(np.int64)
        rows[np.arange(most) >= lengths[:, None]] = 0
        if split == "shifted:negative":
            rows *= np.where(generator.random((count, most)) < 0.5, -1, 1)
            rows[:, 0] = np.where((rows < 0).any(axis=1), rows[:, 0], -rows[:, 0])
        return rows

    def ordered(self, rows: Rows) -> Rows:
        """The factors in ascending order."""
        return np.sort(rows, axis=1)

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``factors`` and ``in_words``."""
        factors = np.pad(rows, ((0, 0), (0, self._most_factors - rows.shape[1])))
        return {"factors": factors, "in_words": np.full(len(rows), split == "perturbed:words")}

    def rows(self, examples: Examples) -> Rows:
        """The column ``factors``."""
        return examples.inputs["factors"]

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The products."""
        return np.asarray(np.where(rows == 0, 1, rows).prod(axis=1), dtype=np.int64)

    def reckoned(self, row: list[int]) -> int:
        """The product of what is not 0."""
        return prod(factor for factor in row if factor)

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``steps``, ``factors`` and ``digits``."""
        steps = np.zeros(len(rows), dtype=np.int64)
        product = rows[:, 0]
        for column in rows.T[1:]:
            used = column != 0
            steps += used * digit_counts(product) * digit_counts(column)
            product = np.where(used, product * column, product)
        return {"steps": steps, "factors": (rows != 0).sum(axis=1), "digits": digit_counts(rows[:, 0])}

    def text(self, examples: Examples) -> list[str]:
        """``"What is 34 * (-7)?"``, or in words ``"What is 34 times 7?"``."""
        factors, words = examples.inputs["factors"], examples.inputs["in_words"]
        used = int((factors != 0).any(axis=0).sum())
        signs = ["", " * ", "", " times "] if words.any() else ["", " * "]
        parts: list[Any] = ["What is ", numerals(factors[:, 0])]
        for place in range(1, used):
            column = factors[:, place]
            parts += [chosen(signs, (column != 0) + 2 * words), chosen(["", "("], column < 0)]
            parts += [numerals(column, zero=False), chosen(["", ")"], column < 0)]
        return lines([*parts, "?"])
