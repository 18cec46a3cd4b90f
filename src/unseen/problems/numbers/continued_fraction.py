"""Limits of continued fractions with polynomial terms, to the last digit asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole, digit_counts

STEPS = 120
"""Steps taken in floating point: enough for all but rows that the bounds then give to exact integers."""

FEWER_STEPS = 48
"""The same where b is of degree 1: convergence is then faster than geometric."""

MOST_STEPS = 400
"""Exact steps after which bounds that are not on the same side of a whole number are taken to meet in it."""

DOUBT = 1e-14
"""Relative error that a limit in floating point is trusted to: some forty roundings."""


@dataclass(frozen=True)
class ContinuedFractionLimit(WholeNumberRows):
    """Questions such as: which whole number is the limit of a(0) + b(1) / (a(1) + b(2) / ...) times 10^6, rounded down?

    a(n) = u n + v and b(n) = w n^2 + x n + y have coefficients for which all terms from n = 1 on are positive. The
    convergents then enclose the limit from both sides, so that digits are certain once both bounds agree. Inputs are
    ``terms`` (int64, shape (n, 5): u, v, w, x, y), ``digits`` (decimal places) and ``index`` (bool: whether the text
    calls the index k). Targets are int64. Labels, known to no solver: ``steps`` (convergents that differ
    from the one before by more than the last digit, at most 120, or 48 where b is of degree
    1), ``length`` (digits of the answer).

    Parameters
    ----------
    largest : int
        Largest coefficient in training, 4 to 100; those of ``shifted:large`` are up to ten times as large.
    digits : int
        Decimal places, 1 to 6; in ``longer:digits`` there are twice as many.

    Examples
    --------
    >>> problem = ContinuedFractionLimit()
    >>> examples = problem.sample("train", 3, seed=1)
    >>> problem.text(examples)[0].startswith("Let a(n) = ")
    True
    """

    largest: int = 9
    digits: int = 6

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.55),
        "iid": (0.55, 0.7),
        "perturbed:index": (0.7, 0.85),
        "longer:digits": (0.85, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("largest", self.largest, 4, 100)
        checked_whole("digits", self.digits, 1, 6)

    @property
    def name(self) -> str:
        """``continued-fraction-limit``."""
        return "continued-fraction-limit"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, and one split each that is longer, transformed, perturbed and shifted."""
        kind = f"a and b of degree 1, coefficients of up to {self.largest}, {self.digits} places"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}; fractions that are not in train"),
            "longer:digits": Split("longer", f"{kind.rsplit(',', 1)[0]}, {2 * self.digits} places"),
            "transformed:quadratic": Split(
                "transformed", f"b of degree 2: digits come at a constant rate, not ever faster; {self.digits} places"
            ),
            "perturbed:index": Split("perturbed", f"{kind}, with k for the index"),
            "shifted:large": Split(
                "shifted", f"coefficients from {self.largest + 1} to {10 * self.largest}, {self.digits} places"
            ),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Every coefficient is as likely as every other; constants of b may be 0.

        Fractions whose limit seems to be a decimal number of up to six places itself are left out: no bounds decide
        whether it is a little less.
        """
        low, high = (self.largest + 1, 10 * self.largest) if split == "shifted:large" else (1, self.largest)
        rows = np.zeros((count, 7), dtype=np.int64)
        rows[:, [0, 1, 3]] = generator.integers(low, high + 1, size=(count, 3))
        rows[:, 4] = generator.integers(0 if low == 1 else low, high + 1, size=count)
        if split == "transformed:quadratic":
            rows[:, 2] = generator.integers(low, high + 1, size=count)
        rows[:, 5] = self.digits * (2 if split == "longer:digits" else 1)
        rows[:, 6] = split == "perturbed:index"
        return rows[~_undecided(rows)]

    def ordered(self, rows: Rows) -> Rows:
        """The five coefficients, however many digits are asked for."""
        return rows[:, :5]

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``terms``, ``digits`` and ``index``."""
        return {"terms": rows[:, :5], "digits": rows[:, 5], "index": rows[:, 6].astype(bool)}

    def rows(self, examples: Examples) -> Rows:
        """The columns side by side."""
        columns = [examples.inputs["terms"], examples.inputs["digits"][:, None], examples.inputs["index"][:, None]]
        return np.concatenate(columns, axis=1).astype(np.int64)

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """Backwards in floating point; by exact integers where rounding or a slow limit leaves the last digit open."""
        low, high = _bounds(rows)
        found = np.floor(low).astype(np.int64)
        for place in np.flatnonzero(found != np.floor(high)):
            found[place] = self.reckoned(rows[place].tolist())
        return found

    def reckoned(self, row: list[int]) -> int:
        """Exact convergents until two in a row, which enclose the limit, have the same digits.

        Bounds that do not agree within 400 steps enclose one whole number, and the limit counts as that number.
        """
        u, v, w, x, y, digits, _ = row
        power = 10**digits
        p, before_p, q, before_q = v, 1, 1, 0
        found = before = -1
        for n in range(1, MOST_STEPS + 1):
            a, b = u * n + v, (w * n + x) * n + y
            p, before_p = a * p + b * before_p, p
            q, before_q = a * q + b * before_q, q
            found, before = power * p // q, found
            if found == before:
                return int(found)
        return int(max(found, before))

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``steps`` and ``length``."""
        goal = 10.0 ** -rows[:, 5].astype(np.float64)
        steps = np.zeros(len(rows), dtype=np.int64)
        # With r_n = q_(n-1) / q_n convergents differ by D_1 = b(1) r_1 and D_n = b(n) r_(n-1) r_n D_(n-1).
        ratio, difference = np.zeros(len(rows)), np.ones(len(rows))
        for n in range(1, STEPS + 1 if rows[:, 2].any() else FEWER_STEPS + 1):
            a, b = _terms(rows, n)
            before, ratio = ratio, 1 / (a + b * ratio)
            difference = difference * b * ratio * (before if n > 1 else 1)
            steps += difference > goal
        return {"steps": steps, "length": digit_counts(self.solved(rows))}

    def text(self, examples: Examples) -> list[str]:
        """``"Let a(n) = 2*n + 1 and b(n) = 3*n + 4. ... rounded down?"``."""
        rows = examples.inputs["terms"].tolist()
        digits, names = examples.inputs["digits"].tolist(), examples.inputs["index"].tolist()
        return [
            _text(row, places, "k" if other else "n") for row, places, other in zip(rows, digits, names, strict=True)
        ]


def _terms(rows: Rows, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The values a(n) and b(n), each of shape (rows,)."""
    u, v, w, x, y = rows.T[:5]
    return u * n + v, (w * n + x) * n + y


def _backwards(rows: Rows, steps: int) -> NDArray[np.float64]:
    """The convergent of so many steps; all terms are positive, so that rounding errors do not grow."""
    u, v, w, x, y = rows.T[:5].astype(np.float64)
    value = u * steps + v
    for n in range(steps, 0, -1):
        value = (u * (n - 1) + v) + ((w * n + x) * n + y) / value
    return np.asarray(value)


def _bounds(rows: Rows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Below and above the limits times the power of ten, each of shape (rows,)."""
    steps = STEPS if rows[:, 2].any() else FEWER_STEPS
    found = [_backwards(rows, count) * 10.0 ** rows[:, 5] for count in (steps, steps + 1)]
    return np.minimum(*found) * (1 - DOUBT), np.maximum(*found) * (1 + DOUBT)


def _undecided(rows: Rows) -> NDArray[np.bool_]:
    """Whether the limit is a decimal number of six places, as far as double precision can tell."""
    low, high = _bounds(np.concatenate([rows[:, :5], np.full((len(rows), 1), 6), rows[:, 6:]], axis=1))
    return np.asarray(np.floor(low) != np.floor(high))


def _text(row: list[int], digits: int, index: str) -> str:
    a = _polynomial([row[1], row[0]], index)
    b = _polynomial([row[4], row[3], row[2]], index)
    return (
        f"Let a({index}) = {a} and b({index}) = {b}. Multiply the limit of the continued fraction a(0) + b(1)/(a(1) + "
        f"b(2)/(a(2) + ...)) by 10^{digits} and round it down to a whole number: which one?"
    )


def _polynomial(coefficients: list[int], index: str) -> str:
    """A polynomial with coefficients from 0 up, constant first, written from the highest power down."""
    powers = ["", index, f"{index}^2"]
    terms = []
    for coefficient, power in zip(coefficients[::-1], powers[: len(coefficients)][::-1], strict=True):
        if coefficient:
            factor = str(coefficient) if coefficient != 1 or not power else ""
            terms.append("*".join(part for part in (factor, power) if part))
    return " + ".join(terms)
