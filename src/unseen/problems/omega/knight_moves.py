"""Fewest moves of a knight between two squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, whole_between

NEAR = 12
"""Distances up to which squares are searched one by one."""


@dataclass(frozen=True)
class KnightMoves(TemplatedQuestions):
    """How few moves take a knight from one square of an endless board to another.

    Transformed: squares thousands of steps away, with millions of squares to search; the moves follow from how far a
    knight gets along each axis.

    Parameters
    ----------
    size : int
        Farthest distance in training, the larger of columns and rows, 3 to 7.
    magnitude : int
        Largest number of the column and row one starts in, in training, 4 to 1000.
    """

    size: int = 6
    magnitude: int = 8

    family: ClassVar[str] = "knight-moves"
    about: ClassVar[str] = "squares {size} columns or rows apart, from column or row {magnitude}"
    smallest: ClassVar[int] = 1
    sizes: ClassVar[tuple[int, int]] = (3, 7)
    magnitudes: ClassVar[tuple[int, int]] = (4, 1000)
    others: ClassVar[Mapping[str, str]] = {"transformed": "squares 1000 to 9999 columns or rows apart"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Column and row of both squares."""
        count = len(size)
        if kind == TRANSFORMED:
            size = generator.integers(1000, 10_000, size=count)
        start = whole_between(generator, levels, np.full_like(size, 2), 2)
        shift = (generator.random((count, 2)) * (2 * size + 1)[:, None]).astype(np.int64) - size[:, None]
        full = generator.integers(2, size=count)
        shift[np.arange(count), full] = size * generator.choice(np.array([-1, 1]), size=count)
        return np.column_stack([size, start, start + shift])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By the formula for endless boards."""
        apart = np.sort(np.abs(rows[:, 4:6] - rows[:, 2:4]), axis=1)
        y, x = apart.T
        over = x - y
        moves = over - 2 * np.floor_divide(over - y, np.where(y > over, 3, 4))
        moves[(x == 1) & (y == 0)] = 3
        moves[(x == 2) & (y == 2)] = 4
        return np.asarray(moves, dtype=np.int64)

    def reckoned(self, row: list[int]) -> int:
        """By search; from far away first along the longer axis, then diagonally."""
        x, y = sorted((abs(row[4] - row[2]), abs(row[5] - row[3])), reverse=True)
        moves = 0
        if x > NEAR and x > 2 * y:
            steps = (x - max(2 * y, NEAR)) // 4
            x, moves = x - 4 * steps, 2 * steps
        if x + y > 2 * NEAR:
            # Two moves (2, 1) and b moves (1, 2) lead along any direction in between.
            long, short = max(0, (2 * x - y) // 3 - NEAR // 3), max(0, (2 * y - x) // 3 - NEAR // 3)
            x, y, moves = x - 2 * long - short, y - long - 2 * short, moves + long + short
        return moves + _searched()[abs(x), abs(y)]

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"... from column 3, row 5 to column -1, row 4 of an endless chess board?"``."""
        a, b, c, d = (numerals(column) for column in rows[:, 2:6].T)
        return [
            "How many moves does a knight need at least to get from column ",
            a,
            ", row ",
            b,
            " to column ",
            c,
            ", row ",
            d,
            " of a chess board that has no end in any direction?",
        ]


@cache
def _searched() -> dict[tuple[int, int], int]:
    """Fewest moves to every square within reach of a few dozen, by breadth-first search."""
    reach = 4 * NEAR
    found, border = {(0, 0): 0}, [(0, 0)]
    steps = [(a, b) for a in (-2, -1, 1, 2) for b in (-2, -1, 1, 2) if abs(a) != abs(b)]
    while border:
        following = []
        for x, y in border:
            for a, b in steps:
                square = (x + a, y + b)
                if max(map(abs, square)) <= reach and square not in found:
                    found[square] = found[x, y] + 1
                    following.append(square)
        border = following
    return found
