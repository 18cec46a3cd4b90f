"""Interior angles of convex polygons, and of stars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, listed


@dataclass(frozen=True)
class PolygonAngles(TemplatedQuestions):
    """The last interior angle of a convex polygon, the others being given in whole degrees.

    Transformed: the sum of the angles at the points of a large star, whose angles are neither given nor those of a
    convex polygon; it follows from how often one turns around.

    Parameters
    ----------
    size : int
        Most sides in training, 4 to 12.
    magnitude : int
        Always 1: angles have no magnitude to choose.
    """

    size: int = 6
    magnitude: int = 1

    family: ClassVar[str] = "polygon-angles"
    about: ClassVar[str] = "convex polygons with {size} sides"
    smallest: ClassVar[int] = 3
    sizes: ClassVar[tuple[int, int]] = (4, 12)
    magnitudes: ClassVar[tuple[int, int]] = (1, 1)
    times_up: ClassVar[int] = 1
    steps_up: ClassVar[int] = 3
    others: ClassVar[Mapping[str, str]] = {"transformed": "stars of 20 to 999 points, of which every k-th is joined"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """All angles but the last; or points and step of a star."""
        most = self.largest
        if kind == TRANSFORMED:
            points = generator.integers(20, 1000, size=len(size))
            step = 2 + (generator.random(len(size)) * ((points - 1) // 2 - 1)).astype(np.int64)
            rows = np.column_stack([points, step, np.zeros((len(size), most - 2), dtype=np.int64)])
            return np.asarray(rows[np.gcd(points, step) == 1])
        # About half of all polygons drawn are convex.
        size = np.repeat(size, 2)
        # The turns at the corners add up to 360 degrees: distances of neighbours among different cuts of a circle.
        inside = np.arange(most - 1) < (size - 1)[:, None]
        cuts = np.sort(np.where(inside, generator.integers(1, 360, size=inside.shape), 360), axis=1)
        turns = np.diff(np.pad(cuts, ((0, 0), (1, 0))), axis=1)
        last = 360 - np.where(inside, turns, 0).sum(axis=1)
        convex = (((turns > 0) & (turns < 180)) | ~inside).all(axis=1) & (last < 180)
        return np.asarray(np.column_stack([size, np.where(inside, 180 - turns, 0)])[convex])

    def ordered(self, rows: Rows) -> Rows:
        """Kind, size and all angles in one number, eight bits each, or points and step: quicker to hash."""
        numbers = rows[:, 2:]
        packed = (numbers[:, :8] << (8 * np.arange(min(8, numbers.shape[1])))).sum(axis=1)
        return np.column_stack([rows[:, :2], packed, numbers[:, 8:]])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """From the sum of all angles."""
        if kind == TRANSFORMED:
            return 180 * (rows[:, 1] - 2 * rows[:, 2])
        return np.asarray(180 * (rows[:, 1] - 2) - rows[:, 2:].sum(axis=1))

    def reckoned(self, row: list[int]) -> int:
        """From the turns at the corners, which add up to whole turns."""
        if row[0] == TRANSFORMED:
            return sum(180 for _ in range(row[1])) - 360 * row[2]
        return 180 - (360 - sum(180 - angle for angle in row[2 : 1 + row[1]]))

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"A convex polygon with 4 sides has interior angles of 90, 80, 100 degrees and one more. ..."``."""
        if kind == TRANSFORMED:
            return [
                numerals(rows[:, 1]),
                " points on a circle, equally far apart, are joined to a star in one stroke: each to the one that is ",
                numerals(rows[:, 2]),
                " places on. How many degrees are the angles at its points together?",
            ]
        angles = listed(rows[:, 2:])
        return [
            "A convex polygon with ",
            numerals(rows[:, 1]),
            " sides has interior angles of ",
            *angles,
            " degrees and one more. How many degrees is that one?",
        ]
