"""How often do two players of the hat game win with given strategies?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.problems.games.hats import stacks
from unseen.problems.numbers.whole_number_rows import Rows, WholeNumberRows, checked_whole

NOBODY = -1
"""In place of the second player's answers: whoever plays best with the first."""


@dataclass(frozen=True)
class HatGuessing(WholeNumberRows):
    """Two players see each other's stack of hats and name a place of the own one: for how many stacks do both hit?

    Stacks of h hats are words of h bits, 1 for a black hat, the lowest hat first; both players hit if each names a
    place where the own stack is black. Inputs are ``first`` and ``second`` (int64, shape (n, 2^h): what the player says
    on seeing word 0, 1, ... of the other's stack, bit i for hat i; all -1 where the second player is to play as well as
    possible) and ``letters`` (bool: whether the text calls places A, B, C). Targets are the winning pairs of stacks of
    4^h. The label ``height``, known to no solver, is h. Exchanging the players leaves the question the same.

    Parameters
    ----------
    height : int
        Hats per stack in training, 3 or 4; in ``longer`` there is one more.

    Examples
    --------
    >>> problem = HatGuessing()
    >>> examples = problem.sample("transformed:best-partner", 500)
    >>> bool(examples.targets.max() <= 22), bool(examples.targets.min() >= 16)
    (True, True)
    """

    height: int = 3

    shares: ClassVar[Mapping[str, tuple[float, float]]] = {
        "train": (0.0, 0.8),
        "iid": (0.8, 0.9),
        "perturbed:letters": (0.9, 1.0),
    }

    def __post_init__(self) -> None:
        checked_whole("height", self.height, 3, 4)

    @property
    def name(self) -> str:
        """``hat-guessing``."""
        return "hat-guessing"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:hats``, ``transformed:best-partner`` and ``perturbed:letters``."""
        kind = f"two strategies for stacks of {self.height} hats"
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind}, not in train in either order"),
            "longer:hats": Split("longer", f"two strategies for stacks of {self.height + 1} hats"),
            "transformed:best-partner": Split(
                "transformed", f"one strategy for stacks of {self.height} hats; the second player plays best"
            ),
            "perturbed:letters": Split("perturbed", f"{kind}, with letters for places"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Rows:
        """Every answer is as likely as every other."""
        height = self.height + (split == "longer:hats")
        rows = generator.integers(height, size=(count, 2, 2**height))
        if split == "transformed:best-partner":
            rows[:, 1] = NOBODY
        return np.concatenate([rows.reshape(count, -1), np.full((count, 1), split == "perturbed:letters")], axis=1)

    def ordered(self, rows: Rows) -> Rows:
        """Both strategies, the one with the larger first difference in front, whatever places are called."""
        first, second = _strategies(rows)
        differences = first - second
        decisive = np.take_along_axis(differences, (differences != 0).argmax(axis=1)[:, None], axis=1)
        return np.concatenate([np.where(decisive >= 0, first, second), np.where(decisive >= 0, second, first)], axis=1)

    def shown(self, rows: Rows, split: str) -> dict[str, NDArray[Any]]:
        """``first``, ``second`` and ``letters``."""
        first, second = _strategies(rows)
        return {"first": first, "second": second, "letters": rows[:, -1].astype(bool)}

    def rows(self, examples: Examples) -> Rows:
        """The columns side by side."""
        columns = [examples.inputs[name] for name in ("first", "second")]
        return np.concatenate([*columns, examples.inputs["letters"][:, None]], axis=1).astype(np.int64)

    def solved(self, rows: Rows) -> NDArray[np.int64]:
        """Winning pairs, all questions at once."""
        first, second = _strategies(rows)
        words = stacks(_height(rows)).astype(np.float32)
        right = words.T[first].transpose(0, 2, 1)
        # Sums of at most 32 ones are exact in single precision.
        totals = right @ words
        chosen = np.take_along_axis(totals, np.maximum(second, 0)[:, :, None], axis=2)[:, :, 0]
        best = (second == NOBODY).all(axis=1)
        return np.asarray(np.where(best[:, None], totals.max(axis=2), chosen).sum(axis=1), dtype=np.int64)

    def reckoned(self, row: list[int]) -> int:
        """All pairs of stacks, one after the other; a best partner is found word by word."""
        size = (len(row) - 1) // 2
        first, second = row[:size], row[size:-1]
        places = range(size.bit_length() - 1)

        def wins(x: int, place: int) -> int:
            return sum(int(x >> first[y] & y >> place & 1) for y in range(size))

        if second[0] == NOBODY:
            return sum(max(wins(x, place) for place in places) for x in range(size))
        return sum(wins(x, second[x]) for x in range(size))

    def known(self, rows: Rows) -> dict[str, NDArray[np.int64]]:
        """``height``."""
        return {"height": np.full(len(rows), _height(rows))}

    def text(self, examples: Examples) -> list[str]:
        """The rules in two sentences, both strategies as tables, and the question."""
        firsts, seconds = (examples.inputs[name].tolist() for name in ("first", "second"))
        letters = examples.inputs["letters"].tolist()
        return [_text(f, g, named) for f, g, named in zip(firsts, seconds, letters, strict=True)]


def _height(rows: Rows) -> int:
    return int((rows.shape[1] - 1) // 2).bit_length() - 1


def _strategies(rows: Rows) -> tuple[Rows, Rows]:
    size = (rows.shape[1] - 1) // 2
    return rows[:, :size], rows[:, size:-1]


def _text(first: list[int], second: list[int], letters: bool) -> str:
    height = len(first).bit_length() - 1
    names = [chr(ord("A") + place) if letters else str(place + 1) for place in range(height)]

    def table(strategy: list[int]) -> str:
        return ", ".join(
            f"{''.join(str(word >> bit & 1) for bit in range(height))}: {names[place]}"
            for word, place in enumerate(strategy)
        )

    partner = (
        "Ben always says what makes them win as often as possible"
        if second[0] == NOBODY
        else f"Ben says, on seeing Ann's stack: {table(second)}"
    )
    return (
        f"Ann and Ben each wear a stack of {height} hats, black (1) or white (0), written from place {names[0]} to "
        f"{names[-1]}. Each sees only the other's stack and names a place of the own; they win if both named places "
        f"are black. Ann says, on seeing Ben's stack: {table(first)}. {partner}. For how many of the {4**height} pairs "
        "of stacks do they win?"
    )
