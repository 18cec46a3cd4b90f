"""Perpendicular chords of regular polygons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions


@dataclass(frozen=True)
class PolygonChords(TemplatedQuestions):
    """How many pairs of the chords listed, between vertices of a regular polygon, are perpendicular.

    Two chords are perpendicular if the sums of their ends' numbers differ by half the number of vertices.
    Transformed: all chords of a polygon with hundreds of vertices, whose pairs can be counted by directions alone.

    Parameters
    ----------
    size : int
        Most chords in training, 3 to 8.
    magnitude : int
        Half the largest number of vertices in training, 4 to 100.
    """

    size: int = 4
    magnitude: int = 6

    family: ClassVar[str] = "polygon-chords"
    about: ClassVar[str] = "{size} chords of polygons with twice {magnitude} vertices, but at least 6"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (3, 8)
    magnitudes: ClassVar[tuple[int, int]] = (4, 100)
    others: ClassVar[Mapping[str, str]] = {"transformed": "all chords of polygons with 100 to 2000 vertices"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Vertices, then the two ends of each chord, the smaller number first; no chord comes twice."""
        most, count = self.largest, len(size)
        low, high = (50, 1000) if kind == TRANSFORMED else levels.magnitudes
        vertices = 2 * generator.integers(max(3, low), high + 1, size=count)
        if kind == TRANSFORMED:
            size = np.zeros_like(size)
        first = 1 + (generator.random((count, most)) * vertices[:, None]).astype(np.int64)
        step = 1 + (generator.random((count, most)) * (vertices[:, None] - 1)).astype(np.int64)
        second = (first + step - 1) % vertices[:, None] + 1
        used = np.arange(most) < size[:, None]
        low_end, high_end = np.minimum(first, second) * used, np.maximum(first, second) * used
        codes = np.sort(np.where(used, low_end * 10_000 + high_end, -np.arange(most)), axis=1)
        ends = np.stack([low_end, high_end], axis=2).reshape(count, 2 * most)
        return np.column_stack([size, vertices, ends])[(np.diff(codes, axis=1) > 0).all(axis=1)]

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By the sums of ends modulo the number of vertices."""
        half = rows[:, 2] // 2
        if kind == TRANSFORMED:
            # Of the sums, even ones belong to half - 1 chords each and odd ones to half.
            even = half // 2 * ((half - 1) ** 2 + half**2)
            return np.where(half % 2 == 0, even, half * half * (half - 1))
        sums = (rows[:, 3::2] + rows[:, 4::2]) % rows[:, 2, None]
        used = np.arange(sums.shape[1]) < rows[:, 1, None]
        apart = (sums[:, :, None] - sums[:, None, :]) % rows[:, 2, None, None] == half[:, None, None]
        found: NDArray[np.int64] = (apart & used[:, :, None] & used[:, None, :]).sum(axis=(1, 2)) // 2
        return found

    def reckoned(self, row: list[int]) -> int:
        """By the directions of the chords, pair by pair or class by class."""
        size, vertices, ends = row[1], row[2], row[3:]
        if row[0] == TRANSFORMED:
            chords = [vertices // 2 - (total % 2 == 0) for total in range(vertices)]
            return sum(chords[total] * chords[total + vertices // 2] for total in range(vertices // 2))
        angles = [(ends[2 * place] + ends[2 * place + 1]) * 180 for place in range(size)]
        return sum(abs(a - b) % (180 * vertices) == 90 * vertices for a, b in combinations(angles, 2))

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"The vertices of a regular polygon are numbered 1 to 12 in order. Of its chords 1-4, ..."``."""
        first: list[str | NDArray[np.uint8]] = [
            "The vertices of a regular polygon are numbered 1 to ",
            numerals(rows[:, 2]),
            " in order. ",
        ]
        if kind == TRANSFORMED:
            return [*first, "How many pairs of its sides and diagonals are perpendicular?"]
        parts: list[str | NDArray[np.uint8]] = [*first, "How many pairs of the lines "]
        for place in range(int(rows[:, 1].max())):
            there = place < rows[:, 1]
            parts += [chosen(["", ", "], there & (place > 0)), numerals(rows[:, 3 + 2 * place], zero=False)]
            parts += [chosen(["", "-"], there), numerals(rows[:, 4 + 2 * place], zero=False)]
        return [*parts, " between two vertices are perpendicular?"]
