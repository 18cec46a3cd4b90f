"""What templated families share: size and magnitude as separate knobs, and one kind of question per axis."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.numerals import chosen, lines, numerals
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole

PLAIN, COMPOSED, TRANSFORMED = 0, 1, 2
"""Kinds of questions: of the template alone, with a second skill, and such that the template's tactic is hopeless."""

KINDS = ("plain", "composed", "transformed")


@dataclass(frozen=True)
class Levels:
    """Sizes and magnitudes from and to which the questions of a split are drawn, ends included."""

    sizes: tuple[int, int]
    magnitudes: tuple[int, int]


@dataclass(frozen=True)
class TemplatedQuestions(WholeNumberRows):
    """Questions of one template with a whole number as the answer, in the splits of OMEGA's three axes.

    OMEGA's levels raise size and magnitude together; here ``longer:size`` and ``longer:magnitude`` raise one of them.
    A row is ``kind, size`` and then numbers that the family knows the meaning of, filled up with zeros.

    Inputs are ``question`` (int64, shape (n, width)). Targets are int64. Labels, known to no solver: ``size``, ``kind``
    (0 plain, 1 composed, 2 transformed).
    """

    size: int
    magnitude: int

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {"train": (0.0, 0.8), "iid": (0.8, 1.0)}

    family: ClassVar[str]
    """The registered name."""
    about: ClassVar[str]
    """What size and magnitude are, with both in braces."""
    smallest: ClassVar[int]
    """Smallest size."""
    sizes: ClassVar[tuple[int, int]]
    """Which `size` may be chosen."""
    magnitudes: ClassVar[tuple[int, int]]
    """Which `magnitude` may be chosen."""
    steps_up: ClassVar[int] = 2
    """By how much the sizes of ``longer:size`` go beyond `size`."""
    times_up: ClassVar[int] = 3
    """By which factor the magnitudes of ``longer:magnitude`` go beyond `magnitude`; 1: there is no such split."""
    others: ClassVar[Mapping[str, str]] = {}
    """Further splits, named ``composed...`` or ``transformed...``, and what they ask."""

    def __post_init__(self) -> None:
        checked_whole("size", self.size, *self.sizes)
        checked_whole("magnitude", self.magnitude, *self.magnitudes)

    @property
    def name(self) -> str:
        """The registered name."""
        return self.family

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:size``, mostly ``longer:magnitude``, and the family's own."""

        def kind(levels: Levels) -> str:
            between = [
                f"{low} to {high}" if low < high else f"{low}" for low, high in (levels.sizes, levels.magnitudes)
            ]
            return self.about.format(size=between[0], magnitude=between[1])

        found = {
            "train": Split(None, kind(self.levels("train"))),
            "iid": Split("iid", f"{kind(self.levels('iid'))}; not in train"),
            "longer:size": Split("longer", kind(self.levels("longer:size"))),
        }
        if self.times_up > 1:
            found["longer:magnitude"] = Split("longer", kind(self.levels("longer:magnitude")))
        for split, description in self.others.items():
            found[split] = Split("composed" if split.startswith("composed") else "transformed", description)
        return found

    @property
    def largest(self) -> int:
        """The largest size of any split."""
        return self.size + self.steps_up

    def levels(self, split: str) -> Levels:
        """The sizes and magnitudes of a split."""
        sizes, magnitudes = (self.smallest, self.size), (1, self.magnitude)
        if split == "longer:size":
            sizes = (self.size + 1, self.largest)
        if split == "longer:magnitude":
            magnitudes = (self.magnitude + 1, self.magnitude * self.times_up)
        return Levels(sizes, magnitudes)

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Kind, size and the family's numbers."""
        kind = KINDS.index(split.partition(":")[0]) if split in self.others else PLAIN
        levels = self.levels(split)
        size = generator.integers(levels.sizes[0], levels.sizes[1] + 1, size=count)
        columns = self.filled(generator, size, levels, kind)
        return np.column_stack([np.full(len(columns), kind), columns])

    @abstractmethod
    def filled(
        self, generator: np.random.Generator, size: NDArray[np.int64], levels: Levels, kind: int
    ) -> NDArray[np.int64]:
        """Rows from the size on, of one width whatever the split; some may be left out."""

    @abstractmethod
    def worded(self, rows: Rows, kind: int) -> Sequence[str | NDArray[np.uint8]]:
        """The parts of the questions' texts, for `lines`; rows are of one kind."""

    @abstractmethod
    def answered(self, rows: Rows, kind: int) -> NDArray[np.int64]:
        """The answers; rows are of one kind."""

    def ordered(self, rows: Rows) -> Rows:
        """The whole row."""
        return rows

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``question``."""
        return {"question": rows}

    def rows(self, examples: Examples) -> Rows:
        """The column ``question``."""
        return examples.inputs["question"]

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``size`` and ``kind``."""
        return {"size": rows[:, 1], "kind": rows[:, 0]}

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """The answers, kind by kind."""
        found = np.zeros(len(rows), dtype=np.int64)
        for kind, which in self._by_kind(rows):
            found[which] = self.answered(rows[which], kind)
        return found

    def text(self, examples: Examples) -> list[str]:
        """The questions in words, kind by kind."""
        rows = self.rows(examples)
        found = np.empty(len(rows), dtype=object)
        for kind, which in self._by_kind(rows):
            found[which] = lines(self.worded(rows[which], kind))
        return list(found)

    @staticmethod
    def _by_kind(rows: Rows) -> list[tuple[int, NDArray[np.bool_]]]:
        return [(int(kind), rows[:, 0] == kind) for kind in np.unique(rows[:, 0])]


def whole_between(
    generator: np.random.Generator, levels: Levels, used: NDArray[np.int64], width: int, *, signed: bool = False
) -> NDArray[np.int64]:
    """Whole numbers up to the level's magnitude, `used` in each row, one of them above the lower end; zeros behind.

    Questions with larger numbers then never are among those with smaller ones.
    """
    low, high = levels.magnitudes
    numbers = generator.integers(1, high + 1, size=(len(used), width))
    place = (generator.random(len(used)) * used).astype(np.int64)
    numbers[np.arange(len(used)), place] = generator.integers(low, high + 1, size=len(used))
    if signed:
        numbers *= generator.choice(np.array([-1, 1]), size=numbers.shape)
    return kept(numbers, used)


def listed(numbers: NDArray[np.int64]) -> list[str | NDArray[np.uint8]]:
    """The numbers of each row that are not 0, none of them behind a 0, as parts of a text: ``"3, 1, 4"``."""
    parts: list[str | NDArray[np.uint8]] = []
    for place in range(max(1, int((numbers != 0).any(axis=0).sum()))):
        column = numbers[:, place]
        parts += [chosen(["", ", "], (column != 0) if place else np.zeros(len(numbers), dtype=bool))]
        parts.append(numerals(column, zero=False))
    return parts[1:]


def each(function: Callable[..., int], *columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """A function of whole numbers, computed once for each different row of its arguments."""
    rows, back = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    return np.array([function(*row) for row in rows.tolist()], dtype=np.int64)[back.ravel()]


def padded(numbers: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """Zeros behind each row, up to a width."""
    return np.pad(numbers, ((0, 0), (0, width - numbers.shape[1])))


def kept(numbers: NDArray[np.int64], used: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first `used` numbers of each row; zeros behind."""
    return np.where(np.arange(numbers.shape[1]) < used[:, None], numbers, 0)


def composition(
    generator: np.random.Generator, total: NDArray[np.int64], parts: NDArray[np.int64], width: int
) -> NDArray[np.int64]:
    """Ways to write each total as a sum of so many whole numbers from 1 up; zeros behind, and a zero row if none is."""
    keys = generator.random((len(total), int(total.max(initial=1)) - 1))
    keys[np.arange(keys.shape[1]) >= total[:, None] - 1] = 2.0
    # The places of the smallest keys are a random set of places where the sum is cut.
    order = np.argsort(keys, axis=1)[:, : width - 1] + 1
    cuts = np.where(np.arange(order.shape[1]) < parts[:, None] - 1, order, total[:, None])
    edges = np.column_stack([np.zeros_like(total), np.sort(cuts, axis=1), total])
    found = np.diff(edges, axis=1)
    enough = (parts <= total) & (parts <= width)
    return np.where(enough[:, None], padded(found[:, :width], width) if found.shape[1] < width else found[:, :width], 0)
