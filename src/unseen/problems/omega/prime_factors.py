"""Prime factors of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions

CLOSE = 10
"""The two primes of a transformed question are at most so many primes apart."""


@dataclass(frozen=True)
class PrimeFactors(TemplatedQuestions):
    """The largest prime factor of a number with few small ones.

    Transformed: products of two close primes near a million. Dividing by one prime after the other takes 78,000 steps;
    Fermat's method, which writes the number as a difference of two squares, takes a few.

    Parameters
    ----------
    size : int
        Most prime factors in training, with multiplicity, 3 to 5.
    magnitude : int
        Largest prime in training, 10 to 100.
    """

    size: int = 4
    magnitude: int = 30

    family: ClassVar[str] = "prime-factors"
    about: ClassVar[str] = "products of {size} primes, the largest of them {magnitude}"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (3, 5)
    magnitudes: ClassVar[tuple[int, int]] = (10, 100)
    others: ClassVar[Mapping[str, str]] = {"transformed": "products of two close primes near a million"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """How many factors there are, and their product."""
        if kind == TRANSFORMED:
            pool = primes_between(900_000, 1_100_000)
            first = generator.integers(len(pool) - CLOSE, size=len(size))
            second = first + generator.integers(1, CLOSE + 1, size=len(size))
            return np.column_stack([np.full_like(size, 2), pool[first] * pool[second]])
        low, high = levels.magnitudes
        pool, large = primes_between(2, high), primes_between(low, high)
        factors = generator.choice(pool, size=(len(size), self.largest))
        factors[:, 0] = generator.choice(large, size=len(size))
        factors[np.arange(factors.shape[1]) >= size[:, None]] = 1
        return np.column_stack([size, factors.prod(axis=1)])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By trial division, or by Fermat's method."""
        number = rows[:, 2]
        if kind == TRANSFORMED:
            root = np.sqrt(number.astype(np.float64)).astype(np.int64)
            found = np.zeros_like(number)
            for half in range(4):
                square = (root + half) ** 2 - number
                side = np.sqrt(np.maximum(square, 0).astype(np.float64)).round().astype(np.int64)
                found = np.where((found == 0) & (square >= 0) & (side**2 == square), root + half + side, found)
            return found
        found = np.ones_like(number)
        for prime in primes_between(2, self.magnitude * self.times_up).tolist():
            found[number % prime == 0] = prime
        return found

    def reckoned(self, row: list[int]) -> int:
        """By dividing as long as that goes, or by Pollard's rho."""
        number, prime = row[2], 2
        if row[0] == TRANSFORMED:
            factor = _pollard(number)
            return max(factor, number // factor)
        while number > 1:
            if number % prime:
                prime += 1
            else:
                number //= prime
        return prime

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"What is the largest prime factor of 1309?"``."""
        return ["What is the largest prime factor of ", numerals(rows[:, 2]), "?"]


def primes_between(low: int, high: int) -> NDArray[np.int64]:
    """The primes from `low` to `high`, both included, in ascending order.

    Examples
    --------
    >>> primes_between(10, 30).tolist()
    [11, 13, 17, 19, 23, 29]
    """
    sieve = np.ones(high + 1, dtype=bool)
    sieve[:2] = False
    for number in range(2, int(high**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = False
    found = np.flatnonzero(sieve).astype(np.int64)
    return found[found >= low]


def _pollard(number: int) -> int:
    """A proper factor of a product of two different primes (Pollard 1975)."""
    for shift in range(1, 50):
        slow = fast = 2
        factor = 1
        while factor == 1:
            slow = (slow * slow + shift) % number
            fast = (fast * fast + shift) % number
            fast = (fast * fast + shift) % number
            factor = gcd(abs(slow - fast), number)
        if factor != number:
            return factor
    raise ArithmeticError(f"no factor of {number} was found")
