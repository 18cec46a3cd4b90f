"""Points where the graph of a function with kinks meets a horizontal line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.letter_derangements import derangements
from unseen.problems.omega.template import COMPOSED, TRANSFORMED, Levels, TemplatedQuestions, whole_between

FAR = 10**6
"""Where unused kinks stand while kinks are sorted."""

SEATS = 3
"""People besides one for each point in composed questions."""


@dataclass(frozen=True)
class FunctionIntersections(TemplatedQuestions):
    """How often a sum of absolute values takes a value.

    Composed (with shuffled letters, a pair of OMEGA's): the number of points is the number of things to derange.
    Transformed: the graph of a zigzag function applied many times in a row, whose points are too many to be written
    down; their number is a power.

    Parameters
    ----------
    size : int
        Most kinks in training, 2 to 4.
    magnitude : int
        Largest place of a kink in training, without its sign, 4 to 1000.
    """

    size: int = 3
    magnitude: int = 10

    family: ClassVar[str] = "function-intersections"
    about: ClassVar[str] = "{size} kinks, the farthest at {magnitude} without its sign"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (2, 4)
    magnitudes: ClassVar[tuple[int, int]] = (4, 1000)
    others: ClassVar[Mapping[str, str]] = {
        "composed": "shuffles without a fixed place of as many things as there are points, and three more",
        "transformed": "a zigzag function applied so often that its graph has thousands of points",
    }

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Places in ascending order, factors, and the height of the line; or pieces and times of a zigzag."""
        most, count = self.largest, len(size)
        if kind == TRANSFORMED:
            rows = np.zeros((count, 2 * most + 2), dtype=np.int64)
            rows[:, 1], rows[:, 2] = generator.integers(2, 10, size=count), generator.integers(5, 10, size=count)
            return rows
        places = whole_between(generator, levels, size, most, signed=True)
        used = np.arange(most) < size[:, None]
        places = np.sort(np.where(used, places, FAR), axis=1)
        apart = ((np.diff(places, axis=1) > 0) | ~used[:, 1:]).all(axis=1)
        factors = generator.integers(1, 4, size=(count, most)) * generator.choice(np.array([-1, 1]), size=(count, most))
        factors *= used
        height = generator.integers(-levels.magnitudes[1], levels.magnitudes[1] + 1, size=count)
        rows = np.column_stack([size, np.where(used, places, 0), factors, height])
        values = self._values(rows[:, 1 : 1 + most], factors, height, used)
        level = ((values[:, 1:] == 0) & (values[:, :-1] == 0) & used[:, 1:]).any(axis=1)
        return np.asarray(rows[apart & ~level & (factors.sum(axis=1) != 0)])

    @staticmethod
    def _values(
        places: NDArray[np.int64], factors: NDArray[np.int64], height: NDArray[np.int64], used: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """The function less the height at every kink; 1 at unused ones."""
        distances = np.abs(places[:, :, None] - places[:, None, :])
        return np.where(used, (distances * factors[:, None, :]).sum(axis=2) - height[:, None], 1)

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By the signs at the kinks and far out."""
        if kind == TRANSFORMED:
            return rows[:, 2] ** rows[:, 3]
        most = self.largest
        factors, used = rows[:, 2 + most : 2 + 2 * most], np.arange(most) < rows[:, 1, None]
        values = np.sign(self._values(rows[:, 2 : 2 + most], factors, rows[:, -1], used))
        far = np.sign(factors.sum(axis=1))
        last = values[np.arange(len(rows)), rows[:, 1] - 1]
        count = ((values == 0) & used).sum(axis=1)
        count += ((values[:, 1:] * values[:, :-1] < 0) & used[:, 1:]).sum(axis=1)
        count += (values[:, 0] * far < 0).astype(np.int64) + (last * far < 0)
        return derangements(count + SEATS) if kind == COMPOSED else count

    def reckoned(self, row: list[int]) -> int:
        """By solving the equation piece by piece in fractions."""
        from fractions import Fraction

        if row[0] == TRANSFORMED:
            points = 1
            for _ in range(row[3]):
                points *= row[2]
            return points
        most, size = self.largest, row[1]
        places, factors = row[2 : 2 + size], row[2 + most : 2 + most + size]
        found = set()
        for piece in range(size + 1):
            signs = [1 if kink < piece else -1 for kink in range(size)]
            slope = sum(sign * factor for sign, factor in zip(signs, factors, strict=True))
            at_zero = -sum(s * f * p for s, f, p in zip(signs, factors, places, strict=True))
            if slope:
                x = Fraction(row[-1] - at_zero, slope)
                if (piece == 0 or x >= places[piece - 1]) and (piece == size or x <= places[piece]):
                    found.add(x)
        before, now = 1, 0
        for step in range(2, len(found) + SEATS + 1):
            before, now = now, (step - 1) * (before + now)
        return now if row[0] == COMPOSED else len(found)

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"In how many points does the graph of 2*|x - 3| - |x + 1| meet the line y = 4?"``."""
        if kind == TRANSFORMED:
            return [
                "The zigzag function with ",
                numerals(rows[:, 2]),
                " straight pieces of equal width maps 0 to 1 onto itself, each piece going from 0 to 1 or back. In how "
                "many points does the graph of this function applied ",
                numerals(rows[:, 3]),
                " times in a row meet the line y = 1/2?",
            ]
        most = self.largest
        parts: list[str | NDArray[np.uint8]] = [
            "Let n be the number of points where the graph of "
            if kind == COMPOSED
            else "In how many points does the graph of "
        ]
        for place in range(most):
            kink, factor, there = rows[:, 2 + place], rows[:, 2 + most + place], place < rows[:, 1]
            signs = ["", " + ", " - "] if place else ["", "", "-"]
            parts.append(chosen(signs, np.where(there, np.where(factor > 0, 1, 2), 0)))
            size = np.abs(factor)
            parts += [numerals(np.where(size == 1, 0, size), zero=False), chosen(["", "*"], there & (size > 1))]
            parts.append(chosen(["", "|x - ", "|x + "], np.where(there, np.where(kink > 0, 1, 2), 0)))
            parts += [numerals(np.abs(kink), zero=False), chosen(["", "|"], there)]
        if kind == COMPOSED:
            return [
                *parts,
                " meets the line y = ",
                numerals(rows[:, -1]),
                f". In how many ways can n + {SEATS} people change seats among themselves so that nobody keeps a seat?",
            ]
        return [*parts, " meet the line y = ", numerals(rows[:, -1]), "?"]
