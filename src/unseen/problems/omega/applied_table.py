"""A small world in which exploratory, compositional and transformative generalization are all exact."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole

LOOK_UP, REMAINDER, COMPOSED = 0, 1, 2
"""The two skills, and both in one question."""

TIMES, NUMBER, DIVISOR = -3, -2, -1
"""Columns of a row; before them stand the skill, the table and the start."""


@dataclass(frozen=True)
class AppliedTable(WholeNumberRows):
    """Skill A looks a table up so many times in a row, skill B takes remainders; asked further, composed and by far.

    Tables are permutations of 1 to `symbols` with one cycle, so that the answers to skill A are uniform whatever the
    start, and no number of times but 0 modulo `symbols` leads back to it. Tables outside ``train`` are never in it;
    nor are the questions of skill B. A composed question asks to look up n mod m times, where neither n nor m times
    lead to the same answer: neither skill alone answers it. In ``transformed`` the table is looked up thousands of
    times: writing each step down takes thousands of tokens, reducing their number modulo `symbols` first takes few.

    Inputs are ``question`` (int64, shape (n, symbols + 5): skill, table, start, times, number, divisor; 0 where there
    is none). Targets are int64. Labels, known to no solver: ``skill``, ``steps`` (that the trained tactic takes) and
    ``fewest_steps`` (with the number of times reduced first).

    Parameters
    ----------
    symbols : int
        Entries of the table, 4 to 9.
    times : int
        Most times in training, 1 to 6; those of ``longer`` are up to three more.

    Examples
    --------
    >>> problem = AppliedTable()
    >>> int(problem.sample("longer", 1000).labels["steps"].min())
    7
    """

    symbols: int = 6
    times: int = 6

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.8),
        **dict.fromkeys(("iid", "longer", "composed", "transformed"), (0.8, 1.0)),
    }

    def __post_init__(self) -> None:
        checked_whole("symbols", self.symbols, 4, 9)
        checked_whole("times", self.times, 1, 6)

    @property
    def name(self) -> str:
        """``applied-table``."""
        return "applied-table"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer``, ``composed`` and ``transformed``."""
        kind = f"a table looked up 1 to {self.times} times, or a remainder"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}; tables and divisions that are not in train"),
            "longer": Split("longer", f"a table looked up {self.times + 1} to {self.times + 3} times"),
            "composed": Split("composed", "a table looked up as many times as the remainder of a division says"),
            "transformed": Split("transformed", "a table looked up 1000 to 9999 times"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Cyclic tables with a start; composed questions that one skill alone would answer are left out."""
        cycle = generator.permuted(np.tile(np.arange(1, self.symbols + 1), (count, 1)), axis=1)
        table = np.zeros_like(cycle)
        np.put_along_axis(table, cycle - 1, np.roll(cycle, -1, axis=1), axis=1)
        start = generator.integers(1, self.symbols + 1, size=count)
        low, high = {"longer": (self.times + 1, self.times + 3), "transformed": (1000, 9999)}.get(
            split, (1, self.times)
        )
        times = generator.integers(low, high + 1, size=count)
        zero = np.zeros_like(times)
        skill = np.full_like(times, COMPOSED if split == "composed" else LOOK_UP)
        if split == "composed":
            divisor = generator.integers(times + 1, 10)
            # Numbers of three digits.
            number = times + divisor * generator.integers(-(-(100 - times) // divisor), (999 - times) // divisor + 1)
            rows = np.column_stack([skill, table, start, zero, number, divisor])
            alone = ((number - times) % self.symbols == 0) | ((divisor - times) % self.symbols == 0)
            return np.asarray(rows[~alone])
        rows = np.column_stack([skill, table, start, times, zero, zero])
        if split in ("train", "iid"):
            other = generator.random(count) < 0.5
            rows[other] = 0
            rows[other, 0] = REMAINDER
            rows[other, NUMBER] = generator.integers(100, 1000, size=count)[other]
            rows[other, DIVISOR] = generator.integers(2, 10, size=count)[other]
        return rows

    def ordered(self, rows: Rows) -> Rows:
        """What decides the split: the table, or the division where there is no table."""
        key = rows.copy()
        key[:, self.symbols + 1 :] *= (rows[:, 0] == REMAINDER)[:, None]
        key[:, 0] = 0
        return key

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The whole row."""
        return [tuple(row) for row in self.rows(examples).tolist()]

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``question``."""
        return {"question": rows}

    def rows(self, examples: Examples) -> Rows:
        """The column ``question``."""
        return examples.inputs["question"]

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``skill``, ``steps`` and ``fewest_steps``."""
        times, remainder = self._times(rows), np.where(rows[:, 0] == LOOK_UP, 0, 3)
        looked = np.where(rows[:, 0] == REMAINDER, 0, times)
        # Reducing a number of four digits takes one step per digit.
        fewest = np.where(looked >= 10, looked % self.symbols + 4, looked)
        return {"skill": rows[:, 0], "steps": looked + remainder, "fewest_steps": fewest + remainder}

    @staticmethod
    def _times(rows: Rows) -> NDArray[np.int64]:
        reduced = rows[:, NUMBER] % np.maximum(rows[:, DIVISOR], 1)
        return np.asarray(np.where(rows[:, 0] == LOOK_UP, rows[:, TIMES], reduced), dtype=np.int64)

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """Where the walk ends, its length reduced modulo that of the cycle; or the remainder."""
        times = self._times(rows)
        places = np.arange(len(rows))
        table, at = rows[:, 1 : self.symbols + 1], rows[:, self.symbols + 1].copy()
        for step in range(self.symbols - 1):
            at = np.where(step < times % self.symbols, table[places, at - 1], at)
        return np.where(rows[:, 0] == REMAINDER, times, at)

    def reckoned(self, row: list[int]) -> int:
        """By squaring the permutation."""
        skill, table, at = row[0], [entry - 1 for entry in row[1 : self.symbols + 1]], row[self.symbols + 1] - 1
        times = row[TIMES] if skill == LOOK_UP else row[NUMBER] - row[DIVISOR] * (row[NUMBER] // row[DIVISOR])
        if skill == REMAINDER:
            return times
        while times:
            if times & 1:
                at = table[at]
            table = [table[entry] for entry in table]
            times >>= 1
        return at + 1

    def text(self, examples: Examples) -> list[str]:
        """``"A table sends 1 to 3, ... Start at 2 and look it up 4 times in a row. Where do you end?"``."""
        rows = self.rows(examples)
        if not len(rows):
            return []
        skill = rows[:, 0]
        walks = skill != REMAINDER
        parts: list[Any] = [chosen(["What is", "A table sends"], walks)]
        for place in range(1, self.symbols + 1):
            sends = f"{',' if place > 1 else ''} {place} to "
            parts += [chosen(["", sends], walks), numerals(rows[:, place], zero=False)]
        parts += [chosen(["", ". Start at "], walks), numerals(rows[:, self.symbols + 1], zero=False)]
        parts += [chosen(["", " and look it up "], walks), numerals(rows[:, TIMES], zero=False)]
        often = [" times in a row", " the remainder of ", "as many times in a row as the remainder of "]
        parts += [chosen(often, skill)]
        parts += [numerals(rows[:, NUMBER], zero=False), chosen(["", " divided by "], skill != LOOK_UP)]
        parts += [numerals(rows[:, DIVISOR], zero=False), chosen(["", "", " says"], skill)]
        return lines([*parts, chosen(["?", ". At which number do you end?"], walks)])
