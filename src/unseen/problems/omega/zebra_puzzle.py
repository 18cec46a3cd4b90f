"""Who lives where: puzzles of houses in a row, with just enough clues for one answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.formats.numerals import chosen, numerals
from unseen.problems.numbers.whole_number_rows import Rows
from unseen.problems.omega.template import Levels, TemplatedQuestions

THINGS = (
    ("Ann", "Ben", "Cleo", "Dan"),
    ("the owner of the cat", "the owner of the dog", "the owner of the fish", "the owner of the bird"),
    ("the tea drinker", "the milk drinker", "the water drinker", "the juice drinker"),
)
MOST_CLUES = 10


class Clue(NamedTuple):
    """A statement: `relation` is not in (house `other`), with (thing `other`) or left of (thing `other`)."""

    relation: str
    thing: int
    other: int


@dataclass(frozen=True)
class ZebraPuzzle(TemplatedQuestions):
    """In which house somebody lives, from clues that leave one answer and of which the last one given is needed.

    Parameters
    ----------
    size : int
        Houses in training, always 3; one more in ``longer:size``.
    magnitude : int
        Kinds of things in training, 2; 3 in ``longer:magnitude``.
    """

    size: int = 3
    magnitude: int = 2

    family: ClassVar[str] = "zebra-puzzle"
    about: ClassVar[str] = "{size} houses and {magnitude} kinds of things"
    smallest: ClassVar[int] = 3
    sizes: ClassVar[tuple[int, int]] = (3, 3)
    magnitudes: ClassVar[tuple[int, int]] = (2, 2)
    steps_up: ClassVar[int] = 1

    def levels(self, split: str) -> Levels:
        """Three kinds of things in ``longer:magnitude``, else two."""
        kinds = len(THINGS) if split == "longer:magnitude" else self.magnitude
        return Levels(super().levels(split).sizes, (kinds, kinds))

    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Kinds, the thing asked for, and the clues by their places in the list of all, from 1 up."""
        houses, kinds = levels.sizes[1], levels.magnitudes[1]
        homes, clues, holds = _world(houses, kinds)
        count = len(size)
        solution = generator.integers(len(homes), size=count)
        asked = generator.integers(homes.shape[1], size=count)
        keys = generator.random((count, len(clues)), dtype=np.float32)
        keys[~holds[:, solution].T] = 2.0
        given = np.argpartition(keys, MOST_CLUES, axis=1)[:, :MOST_CLUES]
        answer = homes[solution, asked]
        wrong = answer[:, None] != homes[:, asked].T
        needed = np.zeros((count, MOST_CLUES), dtype=bool)
        for place in range(MOST_CLUES):
            needed[:, place] = wrong.any(axis=1)
            wrong &= holds[given[:, place]]
        written = np.where(needed, given + 1, 0)
        rows = np.column_stack([np.full(count, houses), np.full(count, kinds), asked, written])
        return np.asarray(rows[~wrong.any(axis=1)])

    def ordered(self, rows: Rows) -> Rows:
        """The clues in ascending order."""
        return np.column_stack([rows[:, :4], np.sort(rows[:, 4:], axis=1)])

    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """By crossing out arrangements."""
        found = np.zeros(len(rows), dtype=np.int64)
        for houses, kinds in np.unique(rows[:, 1:3], axis=0).tolist():
            which = (rows[:, 1] == houses) & (rows[:, 2] == kinds)
            homes, _, holds = _world(houses, kinds)
            some = rows[which]
            left = np.ones((len(some), len(homes)), dtype=bool)
            for clue in some[:, 4:].T:
                left &= holds[clue - 1] | (clue == 0)[:, None]
            found[which] = homes[left.argmax(axis=1), some[:, 3]]
        return found

    def reckoned(self, row: list[int]) -> int:
        """By trying all arrangements, clue after clue."""
        _, houses, kinds, asked, *given = row
        clues = [_clues(houses, kinds)[number - 1] for number in given if number]
        for order in product(permutations(range(1, houses + 1)), repeat=kinds):
            home = [house for part in order for house in part]
            if all(_is_true(clue, home) for clue in clues):
                return home[asked]
        raise ArithmeticError("no arrangement fits the clues")

    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """``"There are 3 houses in a row, ... Ann lives directly left of the owner of the dog. ..."``."""
        parts: list[str | NDArray[np.uint8]] = ["There are ", numerals(rows[:, 1]), " houses in a row, numbered from "]
        parts.append("left to right; in each lives one person")
        parts.append(chosen(["", " who owns one animal", " who owns one animal and likes one drink"], rows[:, 2] - 1))
        parts.append(".")
        shapes = sorted(set(map(tuple, rows[:, 1:3].tolist())))
        for place in range(4, rows.shape[1]):
            texts, start = [""], {}
            for houses, kinds in shapes:
                start[houses, kinds] = len(texts) - 1
                texts += [f" {_said(clue, houses)}" for clue in _clues(houses, kinds)]
            shift = np.array([start[shape] for shape in map(tuple, rows[:, 1:3].tolist())])
            parts.append(chosen(texts, np.where(rows[:, place] > 0, rows[:, place] + shift, 0)))
        names = [_name(thing, houses) for houses in (3, 4) for thing in range(3 * houses)]
        parts += [" In which house lives ", chosen(names, rows[:, 3] + 9 * (rows[:, 1] == 4))]
        return [*parts, "?"]


def _name(thing: int, houses: int) -> str:
    return THINGS[thing // houses][thing % houses]


def _said(clue: Clue, houses: int) -> str:
    name = _name(clue.thing, houses)
    if clue.relation == "not in":
        about = f"does not live in house {clue.other}"
    else:
        about = f"{'is' if clue.relation == 'with' else 'lives directly left of'} {_name(clue.other, houses)}"
    return f"{name[0].upper()}{name[1:]} {about}."


@cache
def _clues(houses: int, kinds: int) -> tuple[Clue, ...]:
    things = range(houses * kinds)
    return (
        *(Clue("not in", a, house) for a in things for house in range(1, houses + 1)),
        *(Clue("with", a, b) for a in things for b in things if a // houses < b // houses),
        *(Clue("left of", a, b) for a in things for b in things if a != b),
    )


def _is_true(clue: Clue, home: Sequence[int]) -> bool:
    at = home[clue.thing]
    return at != clue.other if clue.relation == "not in" else at + (clue.relation == "left of") == home[clue.other]


@cache
def _world(houses: int, kinds: int) -> tuple[NDArray[np.int64], tuple[Clue, ...], NDArray[np.bool_]]:
    """Homes of all things in every arrangement, all clues, and which holds in which arrangement."""
    orders = np.array(list(permutations(range(1, houses + 1))))
    places = np.stack(np.meshgrid(*[np.arange(len(orders))] * kinds, indexing="ij"), axis=-1).reshape(-1, kinds)
    homes = orders[places].reshape(len(places), -1)
    clues = _clues(houses, kinds)
    holds = [
        homes[:, clue.thing] != clue.other
        if clue.relation == "not in"
        else homes[:, clue.thing] + (clue.relation == "left of") == homes[:, clue.other]
        for clue in clues
    ]
    return homes, clues, np.array(holds)
