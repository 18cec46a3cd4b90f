"""Ranks of matrices of whole numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.letter_derangements import derangements
from unseen.problems.omega.template import COMPOSED, TRANSFORMED, Levels, TemplatedQuestions, whole_between

MORE = 3
"""Letters besides as many as the rank in composed questions."""


@dataclass(frozen=True)
class MatrixRank(TemplatedQuestions):
    """The rank of a square matrix some of whose rows are multiples of others.

    Composed (with shuffled letters, a pair of OMEGA's): the rank is the number of letters to derange. Transformed:
    matrices too large to be written down, given by a formula for their entries, whose degree tells the rank.

    Parameters
    ----------
    size : int
        Most rows in training, 2 or 3.
    magnitude : int
        Largest entry in training, without its sign, 2 to 9.
    """

    size: int = 3
    magnitude: int = 9

    family: ClassVar[str] = "matrix-rank"
    about: ClassVar[str] = "{size} rows, the largest entry {magnitude} without its sign"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (2, 3)
    magnitudes: ClassVar[tuple[int, int]] = (2, 9)
    others: ClassVar[Mapping[str, str]] = {
        "composed": "shuffles without a fixed place of as many letters as the rank says, and three more",
        "transformed": "matrices of 20 to 99 rows with entries (a*i + b*j + 1)^d",
    }

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """The entries row by row, in a corner of the largest matrix; or a, b and d."""
        most, count = self.largest, len(size)
        if kind == TRANSFORMED:
            rows = np.zeros((count, most * most + 1), dtype=np.int64)
            rows[:, 0], rows[:, 3] = generator.integers(20, 100, size=count), generator.integers(1, 8, size=count)
            rows[:, 1:3] = generator.integers(1, 10, size=(count, 2))
            return rows
        entries = whole_between(generator, levels, size * size, most * most, signed=True)
        # Written row by row without gaps, then moved to where each row of the largest matrix stands.
        row, column = np.divmod(np.arange(most * most), most)
        place = np.minimum(row * size[:, None] + column, most * most - 1)
        inside = (row < size[:, None]) & (column < size[:, None])
        matrix = np.where(inside, np.take_along_axis(entries, place, axis=1), 0).reshape(count, most, most)
        for later in range(1, most):
            earlier = (generator.random(count) * later).astype(np.int64)
            copied = generator.choice(np.array([0, 0, 1, -1]), size=count)
            repeated = matrix[np.arange(count), earlier] * copied[:, None]
            keep = (copied == 0) | (later >= size)
            matrix[:, later] = np.where(keep[:, None], matrix[:, later], repeated)
        large = np.abs(matrix).max(axis=(1, 2)) >= levels.magnitudes[0]
        if kind == COMPOSED:
            # The number of rows, which is seen without any elimination, is not the rank.
            large &= ranks(matrix) < size
        return np.asarray(np.column_stack([size, matrix.reshape(count, -1)])[large])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By elimination without fractions."""
        if kind == TRANSFORMED:
            return rows[:, 4] + 1
        rank = ranks(rows[:, 2:].reshape(len(rows), self.largest, self.largest))
        return derangements(rank + MORE) if kind == COMPOSED else rank

    def reckoned(self, row: list[int]) -> int:
        """By elimination in fractions; of a large matrix, by that of the first rows and columns."""
        most = self.largest
        if row[0] == TRANSFORMED:
            a, b, power = row[2:5]
            return _rank([[(a * i + b * j + 1) ** power for j in range(1, 11)] for i in range(1, 11)])
        rank = _rank([row[2 + most * i : 2 + most * (i + 1)] for i in range(most)])
        if row[0] != COMPOSED:
            return rank
        before, now = 1, 0
        for step in range(2, rank + MORE + 1):
            before, now = now, (step - 1) * (before + now)
        return now

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"What is the rank of the matrix [[1, 2], [2, 4]]?"``."""
        if kind == TRANSFORMED:
            rows_written, a, b, power = (numerals(column) for column in rows[:, 1:5].T)
            return [
                "What is the rank of the matrix with ",
                rows_written,
                " rows and columns whose entry in row i and column j is (",
                a,
                "*i + ",
                b,
                "*j + 1)^",
                power,
                ", rows and columns counted from 1?",
            ]
        parts: list[str | NDArray[np.uint8]] = [
            "Let r be the rank of the matrix [" if kind == COMPOSED else "What is the rank of the matrix ["
        ]
        size, most = rows[:, 1], self.largest
        for i in range(int(size.max())):
            parts.append(chosen(["", ", [" if i else "["], i < size))
            for j in range(int(size.max())):
                inside = (i < size) & (j < size)
                written = numerals(rows[:, 2 + most * i + j])
                parts += [chosen(["", ", "], inside & (j > 0)), written * inside[:, None]]
            parts.append(chosen(["", "]"], i < size))
        if kind == COMPOSED:
            return [
                *parts,
                f"]. In how many orders of r + {MORE} different letters is none at the place it had before?",
            ]
        return [*parts, "]?"]


def ranks(matrices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks of many matrices at once by elimination without fractions (Bareiss 1968).

    All steps stay whole, and no number exceeds a product of two minors; these must fit into 64 bits.

    Parameters
    ----------
    matrices : int64 array, shape (n, k, m)

    Returns
    -------
    int64 array, shape (n,)

    Examples
    --------
    >>> ranks(np.array([[[1, 2], [2, 4]], [[0, 1], [1, 0]], [[0, 0], [0, 0]]])).tolist()
    [1, 2, 0]
    """
    work = matrices.copy()
    count, height, width = work.shape
    every, order = np.arange(count), np.arange(height)
    rank, last = np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.int64)
    for column in range(width):
        usable = (work[:, :, column] != 0) & (order >= rank[:, None])
        found = usable.any(axis=1)
        source, target = np.where(found, usable.argmax(axis=1), 0), np.where(found, rank, 0)
        upper, lower = work[every, target].copy(), work[every, source].copy()
        work[every, source] = np.where(found[:, None], upper, lower)
        work[every, target] = np.where(found[:, None], lower, work[every, target])
        pivot = lower[:, column]
        reduced = work * pivot[:, None, None] - work[:, :, column, None] * lower[:, None, :]
        below = found[:, None] & (order > rank[:, None])
        work = np.where(below[:, :, None], reduced // last[:, None, None], work)
        last, rank = np.where(found, pivot, last), rank + found
    return rank


def _rank(matrix: list[list[int]]) -> int:
    rows, rank = [[Fraction(entry) for entry in row] for row in matrix], 0
    for column in range(len(rows[0])):
        pivot = next((row for row in rows[rank:] if row[column]), None)
        if pivot is not None:
            rows.remove(pivot)
            rows.insert(rank, pivot)
            rank += 1
            for row in rows[rank:]:
                factor = row[column] / pivot[column]
                row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return rank
