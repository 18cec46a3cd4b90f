"""How many numbers have a given power modulo a prime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.prime_factors import primes_between
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, each


@dataclass(frozen=True)
class PowerResidues(TemplatedQuestions):
    """For how many x from 0 to p - 1 the difference of x^k and c is divisible by p.

    Transformed: primes of six digits, so that x cannot be tried one by one; Euler's criterion answers at once.

    Parameters
    ----------
    size : int
        Highest power in training, 3 to 12.
    magnitude : int
        Largest prime in training, 20 to 100.
    """

    size: int = 6
    magnitude: int = 30

    family: ClassVar[str] = "power-residues"
    about: ClassVar[str] = "powers of {size} modulo primes of {magnitude}"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (3, 12)
    magnitudes: ClassVar[tuple[int, int]] = (20, 100)
    steps_up: ClassVar[int] = 4
    others: ClassVar[Mapping[str, str]] = {"transformed": "primes of six digits"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Power, prime and remainder; half of the remainders are powers."""
        low, high = (100_000, 200_000) if kind == TRANSFORMED else levels.magnitudes
        prime = generator.choice(primes_between(max(low, 5), high), size=len(size))
        other = 1 + (generator.random(len(size)) * (prime - 1)).astype(np.int64)
        power = np.ones_like(prime)
        for step in range(int(size.max(initial=0))):
            power = np.where(step < size, power * other % prime, power)
        return np.column_stack([size, prime, np.where(generator.random(len(size)) < 0.5, other, power)])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By Euler's criterion: the k-th powers are those whose (p-1)/g-th power is 1, g being gcd(k, p - 1)."""
        return each(_solutions, rows[:, 1:])

    def reckoned(self, row: list[int]) -> int:
        """By trying every x, all at once."""
        _, power, prime, rest = row
        every, found = np.arange(prime), np.ones(prime, dtype=np.int64)
        for _ in range(power):
            found = found * every % prime
        return int((found == rest).sum())

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"For how many whole numbers x with 0 <= x < 13 is x^3 - 5 divisible by 13?"``."""
        power, prime, rest = (numerals(column) for column in rows[:, 1:].T)
        return [
            "For how many whole numbers x with 0 <= x < ",
            prime,
            " is x^",
            power,
            " - ",
            rest,
            " divisible by ",
            prime,
            "?",
        ]


def _solutions(power: int, prime: int, rest: int) -> int:
    common = gcd(power, prime - 1)
    return common if pow(rest, (prime - 1) // common, prime) == 1 else 0
