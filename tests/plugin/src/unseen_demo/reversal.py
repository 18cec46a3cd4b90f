"""Reversal of decimal digits: a rule that does not depend on length."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved


@dataclass(frozen=True)
class DigitReversal(Problem):
    """Write a numeral backwards. Trained on three digits, asked for more.

    Inputs are the column ``numeral`` (text, leading zeros kept), targets the reversed text.

    Parameters
    ----------
    train_size : int
        Number of training numerals, from 1 to 999; the rest of the thousand is ``iid``.
    """

    train_size: int = 500

    def __post_init__(self) -> None:
        if not 1 <= self.train_size <= 999:
            raise ValueError(f"train_size must be a whole number from 1 to 999, not {self.train_size!r}")

    @property
    def name(self) -> str:
        """``digit-reversal``."""
        return "digit-reversal"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train`` and ``iid`` with three digits, ``longer:6-9`` with more."""
        return {
            "train": Split(None, "numerals of three digits", self.train_size),
            "iid": Split("iid", "the numerals of three digits not in train", 1000 - self.train_size),
            "longer:6-9": Split("longer", "numerals of six to nine digits"),
        }

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` numerals of a split in the order that the seed decides."""
        n, seed = self.checked_size(split, n, seed), int(seed)
        if split == "longer:6-9":
            numerals = draw_in_blocks(n, _longer, self.name, split, seed)["numeral"]
        else:
            table = random_stream(self.name, "partition", seed).permutation(1000)
            part = table[: self.train_size] if split == "train" else table[self.train_size :]
            numerals = np.array([f"{number:03d}" for number in part[:n]], dtype="<U9")
        examples = Examples({"numeral": numerals}, None, problem=self.name, split=split, seed=seed)
        return Examples(examples.inputs, self.truth(examples), problem=self.name, split=split, seed=seed)

    def truth(self, examples: Examples) -> NDArray[np.str_]:
        """The reversed numerals, text of shape (n,)."""
        return np.array([numeral[::-1] for numeral in examples.inputs["numeral"].tolist()], dtype="<U9")

    def score(self, examples: Examples, answers: Any) -> NDArray[np.float64]:
        """1 for the reversed numeral as text, blanks around it ignored."""
        truth = self.truth(examples).tolist()
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        return np.array(
            [isinstance(answer, str) and answer.strip() == right for answer, right in zip(answers, truth, strict=True)],
            dtype=np.float64,
        )

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The numeral itself."""
        numerals: list[str] = examples.inputs["numeral"].tolist()
        return numerals

    def text(self, examples: Examples) -> list[str]:
        """``"Write 012 backwards."`` and so on."""
        return [f"Write {numeral} backwards." for numeral in examples.inputs["numeral"]]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Text as array or list, with or without blanks."""
        truth = self.truth(examples)
        return {"array": truth, "list": truth.tolist(), "with blanks": [f" {numeral}\n" for numeral in truth]}

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """A digit changed, left out or added."""
        truth = self.truth(examples).tolist()
        place = random_stream(self.name, "near misses", seed).integers(3, size=len(truth)).tolist()
        changed = [t[:at] + str((int(t[at]) + 1) % 10) + t[at + 1 :] for t, at in zip(truth, place, strict=True)]
        return {
            "a digit changed": changed,
            "a digit too few": [numeral[1:] for numeral in truth],
            "a digit too many": [numeral + "0" for numeral in truth],
            "unsolved": [Unsolved("refused")] * len(truth),
        }

    def classical(self) -> Backwards:
        """Read from the end."""
        return Backwards()


class Backwards:
    """Reverses text."""

    def solve(self, examples: Examples) -> list[str]:
        """The reversed numerals."""
        return ["".join(reversed(numeral)) for numeral in examples.inputs["numeral"].tolist()]


def _longer(generator: np.random.Generator, count: int) -> dict[str, NDArray[np.str_]]:
    lengths = generator.integers(6, 10, size=count).tolist()
    digits = generator.integers(10, size=(count, 9)).tolist()
    numerals = ["".join(map(str, row[:length])) for row, length in zip(digits, lengths, strict=True)]
    return {"numeral": np.array(numerals, dtype="<U9")}
