"""What families share whose question is a row of whole numbers and whose answer is one: how splits are drawn."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import astuple
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, draw_in_blocks, random_stream
from unseen.problems.partition import drawn_where, hashed_share
from unseen.problems.whole_number_problem import WholeNumberProblem

Rows = NDArray[np.int64]


class WholeNumberRows(WholeNumberProblem):
    """A problem whose questions are rows of whole numbers, drawn many at once.

    A concrete family is a frozen dataclass that says how rows of a split are drawn, what is the same question, what
    solvers see and what is known besides. Splits that draw from the same rows are told apart by a hash of the canonical
    row, in the `shares` that the family states; a split that is not named there differs from the others in size.
    """

    shares: ClassVar[Mapping[str, tuple[float, float]]]
    """Split -> which hashes of canonical rows, from and below, belong to it."""

    @abstractmethod
    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """About `count` rows of a split before they are divided by hash, int64 of shape (any, k)."""

    @abstractmethod
    def ordered(self, rows: Rows) -> Rows:
        """The canonical form of each row, int64 of any width."""

    @abstractmethod
    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """The columns that solvers see."""

    @abstractmethod
    def rows(self, examples: Examples) -> Rows:
        """The rows back from what is seen."""

    @abstractmethod
    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The answers, int64 of shape (n,)."""

    @abstractmethod
    def reckoned(self, row: list[int]) -> int:
        """The answer to one row by Python's own integers: slow, without limit, and another way than `solved`."""

    @abstractmethod
    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """The labels."""

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` questions of a split.

        Raises
        ------
        ValueError
            If the split is unknown, `n` is negative or missing.
        """
        n = self.checked_size(split, n, seed)
        settings = astuple(self)  # type: ignore[call-overload]
        low, high = self.shares.get(split, (0.0, 1.0))

        def keep(rows: Rows) -> NDArray[np.bool_]:
            if high - low == 1:
                return np.ones(len(rows), dtype=bool)
            share = hashed_share(self.ordered(rows), self.name, settings, int(seed))
            return np.asarray((share >= low) & (share < high))

        def draw(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
            found = drawn_where(lambda more: self.drawn(generator, more, split), keep, count, share=high - low)
            return {"rows": found}

        rows = draw_in_blocks(n, draw, self.name, settings, split, int(seed))["rows"]
        return Examples(
            inputs=self.shown(rows, split),
            targets=self.solved(rows),
            labels=self.known(rows),
            problem=self.name,
            split=split,
            seed=int(seed),
        )

    def truth(self, examples: Examples) -> NDArray[np.int64]:
        """The right answers, int64 of shape (n,)."""
        return self.solved(self.rows(examples))

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The row in canonical order."""
        return [tuple(row) for row in self.ordered(self.rows(examples)).tolist()]

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Neighbours, a digit changed or more, the other sign, and things that are no number."""
        truth = self.truth(examples)
        stream = random_stream(self.name, "near misses", seed)
        shift = stream.integers(1, 10, size=len(truth))
        places = stream.integers(0, 18, size=len(truth)) % digit_counts(truth)
        digit = np.abs(truth) // 10**places % 10
        sign = np.where(truth < 0, -1, 1)
        return {
            **self.no_numbers(truth),
            "another digit": truth + sign * ((digit + shift) % 10 - digit) * 10**places,
            "a digit more": [f"{t}{s}" if t else f"{s}" for t, s in zip(truth.tolist(), shift.tolist(), strict=True)],
            "the other sign": np.where(truth == 0, 1, -truth),
        }

    def classical(self) -> Reckoner:
        """Python's own integers, one question at a time."""
        return Reckoner(self)


class Reckoner:
    """Answers by Python's own integers, one question at a time.

    Parameters
    ----------
    problem : WholeNumberRows
        The family that is asked.
    """

    def __init__(self, problem: WholeNumberRows) -> None:
        self.problem = problem

    def solve(self, examples: Examples) -> list[int]:
        """The answers, as Python integers."""
        return [self.problem.reckoned(row) for row in self.problem.rows(examples).tolist()]


def checked_whole(name: str, value: Any, low: int, high: int) -> None:
    """Raise ValueError unless a parameter is a whole number in a range."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")


def digit_counts(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Digits of each number without its sign, int64 of the same shape; 0 has one.

    Examples
    --------
    >>> digit_counts(np.array([0, 9, -10, 123456])).tolist()
    [1, 1, 2, 6]
    """
    powers = 10 ** np.arange(1, 19, dtype=np.int64)
    return np.asarray(np.searchsorted(powers, np.abs(numbers), side="right") + 1, dtype=np.int64)
