"""Roots of polynomials: whole ones, their divisors, and power sums of roots that nobody finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd, isqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import COMPOSED, PLAIN, TRANSFORMED, Levels, TemplatedQuestions, whole_between

LARGEST_DIVISOR = 9
"""Common divisors of roots in composed questions are 2 to this."""


@dataclass(frozen=True)
class PolynomialRoots(TemplatedQuestions):
    """The largest root of a polynomial all of whose roots are whole, given its coefficients.

    Composed (with greatest common divisors, a pair of OMEGA's): the greatest common divisor of all roots. Transformed:
    the sum of high powers of two roots that are not whole, which no search for roots finds; it follows from the
    coefficients by Newton's identities.

    Parameters
    ----------
    size : int
        Highest degree in training, 2 or 3.
    magnitude : int
        Largest root in training, without its sign, 3 to 20.
    """

    size: int = 3
    magnitude: int = 9

    family: ClassVar[str] = "polynomial-roots"
    about: ClassVar[str] = "polynomials of degree {size}, the largest root {magnitude} without its sign"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (2, 3)
    magnitudes: ClassVar[tuple[int, int]] = (3, 20)
    others: ClassVar[Mapping[str, str]] = {
        "composed": "the greatest common divisor of all roots",
        "transformed": "the sum of equal high powers of two roots that are not whole",
    }

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Coefficients from the lowest up, and a power for transformed questions."""
        most = self.largest
        coefficients = np.zeros((len(size), most + 1), dtype=np.int64)
        power = np.zeros_like(size)
        if kind == TRANSFORMED:
            size = np.full_like(size, 2)
            total, product = generator.integers(1, 8, size=len(size)), generator.integers(1, 13, size=len(size))
            coefficients[:, :3] = np.column_stack([product, -total, np.ones_like(total)])
            power = generator.integers(6, 13, size=len(size))
            spread = total**2 - 4 * product
            roots = np.sqrt(np.maximum(spread, 0)).round().astype(np.int64)
            return np.asarray(np.column_stack([size, coefficients, power])[(spread < 0) | (roots**2 != spread)])
        roots = whole_between(generator, levels, size, most, signed=True)
        if kind == COMPOSED:
            roots *= generator.integers(2, LARGEST_DIVISOR + 1, size=(len(size), 1))
        coefficients[:, 0] = 1
        for place in range(most):
            longer = -roots[:, place, None] * coefficients
            longer[:, 1:] += coefficients[:, :-1]
            coefficients = np.where((place < size)[:, None], longer, coefficients)
        rows = np.column_stack([size, coefficients, power])
        if kind == COMPOSED:
            # Neither the largest root nor the divisor of what is written may be the answer.
            divisor = np.gcd.reduce(roots, axis=1)
            written = np.gcd.reduce(np.where(np.arange(most + 1) < size[:, None], coefficients, 0), axis=1)
            largest = np.where(np.arange(most) < size[:, None], roots, roots.min()).max(axis=1)
            rows = rows[(written != divisor) & (largest != divisor)]
        return rows

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By trying all whole numbers that can be roots, or by the recurrence of power sums."""
        coefficients = rows[:, 2:-1]
        if kind == TRANSFORMED:
            total, product = -coefficients[:, 1], coefficients[:, 0]
            before, now = np.full_like(total, 2), total
            for step in range(2, int(rows[:, -1].max()) + 1):
                following = total * now - product * before
                going = step <= rows[:, -1]
                before, now = np.where(going, now, before), np.where(going, following, now)
            return now
        bound = self.magnitude * max(self.times_up, LARGEST_DIVISOR if kind == COMPOSED else 1)
        found = np.zeros(len(rows), dtype=np.int64)
        for root in range(-bound, bound + 1):
            value = coefficients[:, -1].copy()
            for place in range(coefficients.shape[1] - 2, -1, -1):
                value *= root
                value += coefficients[:, place]
            is_root = value == 0
            found = np.where(is_root, root if kind == PLAIN else np.gcd(found, abs(root)), found)
        return found

    def reckoned(self, row: list[int]) -> int:
        """From the divisors of the constant term, or from powers of the companion matrix."""
        coefficients, degree = row[2:-1], row[1]
        if row[0] == TRANSFORMED:
            a, b, c, d = 0, 1, -coefficients[0], -coefficients[1]
            p, q, r, s = 1, 0, 0, 1
            for _ in range(row[-1]):
                p, q, r, s = p * a + q * c, p * b + q * d, r * a + s * c, r * b + s * d
            return p + s
        constant = abs(coefficients[0])
        small = [divisor for divisor in range(1, isqrt(constant) + 1) if constant % divisor == 0]
        candidates = {sign * part for divisor in small for part in (divisor, constant // divisor) for sign in (1, -1)}
        roots = [x for x in candidates if sum(c * x**power for power, c in enumerate(coefficients[: degree + 1])) == 0]
        return gcd(*roots) if row[0] == COMPOSED else max(roots)

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"All roots of x^2 - 3*x + 2 are whole numbers. Which one is the largest?"``."""
        first = "Let r and s be the roots of " if kind == TRANSFORMED else "All roots of "
        parts: list[str | NDArray[np.uint8]] = [first]
        for power in range(rows.shape[1] - 4, -1, -1):
            value = rows[:, 2 + power]
            there, leads = value != 0, rows[:, 1] == power
            parts.append(chosen(["", " + ", " - "], np.where(there & ~leads, np.where(value > 0, 1, 2), 0)))
            parts.append(numerals(np.where((np.abs(value) == 1) & (power > 0), 0, np.abs(value)), zero=False))
            if power:
                x = "x" if power == 1 else f"x^{power}"
                parts.append(chosen(["", x, f"*{x}"], np.where(there, 1 + (np.abs(value) != 1), 0)))
        if kind == TRANSFORMED:
            raised = numerals(rows[:, -1])
            return [*parts, ", real or not. What is r^", raised, " + s^", raised, "?"]
        asked = "What is the greatest common divisor of all roots?" if kind == COMPOSED else "Which one is the largest?"
        return [*parts, f" are whole numbers. {asked}"]
