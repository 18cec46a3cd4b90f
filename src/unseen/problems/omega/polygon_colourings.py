"""Coloured vertices of polygons up to rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial, gcd, prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, composition, each, padded

COLOURS = ("red", "blue", "green", "white", "black", "grey")


@dataclass(frozen=True)
class PolygonColourings(TemplatedQuestions):
    """In how many ways the vertices of a regular polygon can be coloured, so many in each colour, up to rotation.

    Transformed: polygons whose colourings are too many to list; Burnside's lemma counts them.

    Parameters
    ----------
    size : int
        Most vertices in training, 6 to 10.
    magnitude : int
        Most colours in training, 3 only.
    """

    size: int = 9
    magnitude: int = 3

    family: ClassVar[str] = "polygon-colourings"
    about: ClassVar[str] = "{size} vertices and {magnitude} colours, but at least 2"
    smallest: ClassVar[int] = 4
    sizes: ClassVar[tuple[int, int]] = (6, 10)
    magnitudes: ClassVar[tuple[int, int]] = (3, 3)
    times_up: ClassVar[int] = 2
    others: ClassVar[Mapping[str, str]] = {"transformed": "18 to 24 vertices, too many to list their colourings"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """How many vertices have each colour."""
        if kind == TRANSFORMED:
            size = generator.integers(18, 25, size=len(size))
        low, high = levels.magnitudes
        counts = composition(generator, size, generator.integers(max(2, low), high + 1, size=len(size)), high)
        rows = np.column_stack([size, padded(counts, self.magnitude * self.times_up)])
        return np.asarray(rows[counts.sum(axis=1) == size])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By Burnside's lemma, rotation by rotation."""
        return each(_burnside, rows[:, 2:])

    def reckoned(self, row: list[int]) -> int:
        """By counting patterns of each period: those without a smaller one fall into classes of their length."""
        counts = [count for count in row[2:] if count]
        total, common = sum(counts), gcd(*counts)
        primitive: dict[int, int] = {}
        for fold in sorted((d for d in range(1, common + 1) if common % d == 0), reverse=True):
            patterns = factorial(total // fold) // prod(factorial(count // fold) for count in counts)
            primitive[fold] = patterns - sum(p for other, p in primitive.items() if other % fold == 0)
        return sum(patterns * fold // total for fold, patterns in primitive.items())

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"... a regular polygon with 5 vertices ... 2 vertices red, 3 blue ..."``."""
        parts: list[str | NDArray[np.uint8]] = [
            "In how many ways can the vertices of a regular polygon be coloured so that "
        ]
        for place, colour in enumerate(COLOURS[: rows.shape[1] - 2]):
            count = rows[:, 2 + place]
            parts += [chosen(["", ", "], (count > 0) & (place > 0)), numerals(count, zero=False)]
            parts.append(chosen(["", f" are {colour}"], count > 0))
        return [*parts, ", if colourings that become equal by a rotation count as one?"]


def _burnside(*counts: int) -> int:
    used = [count for count in counts if count]
    total, common = sum(used), gcd(*used)
    fixed = 0
    for turn in range(total):
        order = total // gcd(total, turn)
        if common % order == 0:
            fixed += factorial(total // order) // prod(factorial(count // order) for count in used)
    return fixed // total
