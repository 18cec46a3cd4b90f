"""Shortest ways through a grid with blocked cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions

LARGEST = 17
"""Columns and rows of the largest grids."""


@dataclass(frozen=True)
class BlockedGrid(TemplatedQuestions):
    """How many ways lead from one corner of a square grid to the opposite one, right and up, around blocked cells.

    Transformed: grids so large that writing a number into every cell exceeds what an answer may hold; binomial
    coefficients, less those of the ways through the one blocked cell, take a few lines.

    Parameters
    ----------
    size : int
        Most columns in training, 3 to 7.
    magnitude : int
        Most blocked cells in training, 1 to 3.
    """

    size: int = 5
    magnitude: int = 2

    family: ClassVar[str] = "blocked-grid"
    about: ClassVar[str] = "{size} columns and rows, {magnitude} cells blocked"
    smallest: ClassVar[int] = 3
    sizes: ClassVar[tuple[int, int]] = (3, 7)
    magnitudes: ClassVar[tuple[int, int]] = (1, 3)
    others: ClassVar[Mapping[str, str]] = {"transformed": f"13 to {LARGEST} columns and rows, one cell blocked"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Numbers of blocked cells in ascending order, cell by cell and row by row from 1 up; zeros in front."""
        low, high = levels.magnitudes
        if kind == TRANSFORMED:
            size, low, high = generator.integers(13, LARGEST + 1, size=len(size)), 1, 1
        blocked = generator.integers(low, high + 1, size=len(size))
        # Neither the first nor the last cell.
        cells = 2 + (generator.random((len(size), high)) * (size * size - 2)[:, None]).astype(np.int64)
        cells = np.sort(np.where(np.arange(high) < blocked[:, None], cells, 0), axis=1)
        different = ((np.diff(cells, axis=1) > 0) | (cells[:, 1:] == 0)).all(axis=1)
        in_front = np.zeros((len(size), self.magnitude * self.times_up - high), dtype=np.int64)
        return np.asarray(np.column_stack([size, in_front, cells])[different])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By adding up from cell to cell, all grids at once."""
        size, most = rows[:, 1], int(rows[:, 1].max())
        found = np.zeros(len(rows), dtype=np.int64)
        line = np.zeros((len(rows), most), dtype=np.int64)
        line[:, 0] = 1
        for row in range(most):
            for column in range(most):
                if column:
                    line[:, column] += line[:, column - 1]
                line[(rows[:, 2:] == (row * size + column + 1)[:, None]).any(axis=1) & (column < size), column] = 0
            ends = size == row + 1
            found[ends] = line[ends, row]
        return found

    def reckoned(self, row: list[int]) -> int:
        """By binomial coefficients: free ways to each blocked cell, less those through an earlier one."""
        size = row[1]
        ends = [*(cell - 1 for cell in row[2:] if cell), size * size - 1]
        free: list[int] = []
        for place, end in enumerate(ends):
            y, x = divmod(end, size)
            ways = comb(x + y, x)
            for before in range(place):
                v, u = divmod(ends[before], size)
                if u <= x and v <= y:
                    ways -= free[before] * comb(x - u + y - v, x - u)
            free.append(ways)
        return free[-1]

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"... from cell (1, 1) to cell (4, 4) ..., where cells (2, 3), (3, 1) are blocked?"``."""
        size = numerals(rows[:, 1])
        parts: list[str | NDArray[np.uint8]] = [
            "You go from cell (1, 1) of a grid to cell (",
            size,
            ", ",
            size,
            "), one column or one row up at each step. These cells, given by column and row, are blocked: ",
        ]
        for place in range(2, rows.shape[1]):
            y, x = np.divmod(rows[:, place] - 1, rows[:, 1])
            there = rows[:, place] > 0
            first = (rows[:, 2:place] == 0).all(axis=1)
            parts += [
                chosen(["", "(", ", ("], np.where(there, 2 - first, 0)),
                numerals(np.where(there, x + 1, 0), zero=False),
            ]
            parts += [
                chosen(["", ", "], there),
                numerals(np.where(there, y + 1, 0), zero=False),
                chosen(["", ")"], there),
            ]
        return [*parts, ". How many ways are there?"]
