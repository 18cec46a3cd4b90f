"""Ways to put equal letters into different boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import TRANSFORMED, Levels, TemplatedQuestions, each, whole_between


@dataclass(frozen=True)
class LetterBoxes(TemplatedQuestions):
    """In how many ways letters A, B and C, equal ones alike, can be put into different boxes, none of them empty.

    Transformed: so many letters that ways cannot be listed; inclusion and exclusion counts them.

    Parameters
    ----------
    size : int
        Most boxes in training, 3 to 6.
    magnitude : int
        Most equal letters in training, 3 to 10.
    """

    size: int = 4
    magnitude: int = 5

    family: ClassVar[str] = "letter-boxes"
    about: ClassVar[str] = "{size} boxes, the commonest letter {magnitude} times"
    smallest: ClassVar[int] = 2
    sizes: ClassVar[tuple[int, int]] = (3, 6)
    magnitudes: ClassVar[tuple[int, int]] = (3, 10)
    others: ClassVar[Mapping[str, str]] = {"transformed": "31 to 60 equal letters of each kind"}

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Boxes, then how many of each letter, enough to fill them."""
        if kind == TRANSFORMED:
            size, letters = np.minimum(size, 4), generator.integers(31, 61, size=(len(size), 3))
        else:
            letters = whole_between(generator, levels, np.full_like(size, 3), 3)
        return np.asarray(np.column_stack([size, letters])[letters.sum(axis=1) >= size])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By inclusion and exclusion over empty boxes."""
        return each(_no_box_empty, rows[:, 1:])

    def reckoned(self, row: list[int]) -> int:
        """All ways into so many boxes less those that leave some empty, from one box up."""
        full: list[int] = [0]
        for boxes in range(1, row[1] + 1):
            ways = prod(comb(count + boxes - 1, count) for count in row[2:])
            full.append(ways - sum(comb(boxes, fewer) * full[fewer] for fewer in range(1, boxes)))
        return full[-1]

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"In how many ways can 2 letters A, 3 letters B and 1 letters C be put into 3 different boxes ..."``."""
        boxes, a, b, c = (numerals(column) for column in rows[:, 1:].T)
        return [
            "Letters of one kind look the same. In how many ways can ",
            a,
            " of kind A, ",
            b,
            " of kind B and ",
            c,
            " of kind C be put into ",
            boxes,
            " different boxes so that no box stays empty?",
        ]


def _no_box_empty(boxes: int, *counts: int) -> int:
    return sum(
        (-1) ** empty * comb(boxes, empty) * prod(comb(count + boxes - empty - 1, count) for count in counts)
        for empty in range(boxes)
    )
