"""Questions about the digits of written numbers: which, how many, place by place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.number_forms import OTHER_DIGITS, FormName
from unseen.formats.numerals import lines, numerals
from unseen.problems.numbers.digit_arrays import Counts, Digits, Truths, first_places, last_places
from unseen.problems.numbers.place_numbers import drawn_numbers, frame, significant, written_rows
from unseen.problems.numbers.written_numbers import (
    Pair,
    WrittenNumbers,
    check_representation,
    drawn_lengths,
    drawn_pair,
    grouped,
    stated,
)

Task = Literal["digit", "count", "sum", "length", "larger-digits", "sum-without-carry"]

QUESTIONS: Mapping[Task, str] = {
    "digit": "Which digit of {0} is number {1} from the left?",
    "count": "How often does the digit {1} occur in {0}?",
    "sum": "What is the sum of the digits of {0}?",
    "length": "How many digits does {0} have?",
    "larger-digits": "Which number has in each place the larger of the two digits of {0} and {1}?",
    "sum-without-carry": "What is {0} plus {1}, place by place and without carrying?",
}
"""What is asked; 0 and 1 are the inputs ``left`` and ``right``."""

BY_PLACE: Mapping[str, Callable[[int, int], int]] = {
    "larger-digits": max,
    "sum-without-carry": lambda a, b: (a + b) % 10,
}

FEW = 4
"""Digits from which on a number made of two different ones stands out."""

_PLAIN = str.maketrans(OTHER_DIGITS, "0123456789", ",")


@dataclass(frozen=True)
class NumberDigits(WrittenNumbers):
    """Questions such as ``Which digit of 4821 is number 3 from the left?``

    Inputs are the texts ``left`` (a number) and ``right`` (a second number, the place or the digit that is asked for,
    or nothing), targets are texts. Right is every number of the same value, in any form and style. Digits are those
    that are written, a zero in front of the point too. Labels, known to no solver: ``digits`` and ``steps`` (digits
    that are looked at). Outside ``shifted:repeated`` a number of four digits or more has three different ones at least.

    Parameters
    ----------
    representation : {"integer", "decimal"}
        Decimals do not end in 0.
    task : {"digit", "count", "sum", "length", "larger-digits", "sum-without-carry"}
    digits : int
        Most digits of a number in training, 4 to 50; longer ones have up to twice as many.

    Examples
    --------
    >>> examples = NumberDigits(task="count").sample("shifted:repeated", 100)
    >>> max(len(set(str(number))) for number in examples.inputs["left"])
    2
    """

    representation: FormName = "integer"
    task: Task = "digit"
    digits: int = 10

    styles = ("perturbed:separators", "perturbed:alphabet")

    def __post_init__(self) -> None:
        check_representation(self.representation, ("integer", "decimal"), self.digits, FEW)
        if self.task not in QUESTIONS:
            raise ValueError(f"task must be one of {', '.join(QUESTIONS)}, not {self.task!r}")

    @property
    def name(self) -> str:
        """``number-digits``."""
        return "number-digits"

    @property
    def commutes(self) -> bool:
        """Tasks with two numbers do."""
        return self.task in BY_PLACE

    @property
    def answer_form(self) -> FormName:
        """The representation where a number is made of two, else an integer."""
        return self.representation if self.task in BY_PLACE else "integer"

    @property
    def sized(self) -> Mapping[str, Split]:
        """``shifted:repeated``."""
        about = f"{self.representation} numbers of {FEW} to {self.digits} digits of two kinds"
        return {"shifted:repeated": Split("shifted", about)}

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Pair:
        """Two numbers, or one and the place or digit that is asked for, in the last column of the second."""
        if self.task in BY_PLACE and split != "shifted:repeated":
            return drawn_pair(generator, self.representation, count, self.digits, split)
        none = np.zeros(count, dtype=bool)
        if split == "shifted:repeated":
            lengths = generator.integers(FEW, self.digits + 1, size=count)
        else:
            lengths = np.maximum(*drawn_lengths(generator, count, self.digits, split))
        left = self._number(generator, lengths, split)
        if self.task in BY_PLACE:
            return Pair(left, none, self._number(generator, lengths, split), none)
        right = np.zeros_like(left)
        if self.task == "count":
            right[:, -1] = generator.integers(0, 10, size=count)
        elif self.task == "digit":
            shown = self._shown(left).sum(axis=1)
            right[:, -1] = 1 + (generator.random(count) * shown).astype(np.int64)
        return Pair(left, none, right, none)

    def _number(self, generator: np.random.Generator, lengths: Counts, split: str) -> Digits:
        rows = drawn_numbers(generator, self.representation, lengths, 2 * self.digits)
        if split != "shifted:repeated":
            return rows
        # Every digit but the first becomes, at random, the first or one other; the last digit of a decimal is not 0.
        first = rows[np.arange(len(rows)), first_places(rows)][:, None]
        other = generator.integers(1, 10, size=first.shape, dtype=np.int8)
        inside = _between(rows, self.representation)
        return np.where(inside, np.where(generator.random(rows.shape) < 0.5, first, other), np.int8(0))

    def belongs(self, pair: Pair, split: str) -> Truths:
        """Numbers of two kinds of digits, or none such; commas must be seen where there are any."""
        numbers = (pair.left, pair.right) if self.task in BY_PLACE else (pair.left,)
        few = np.stack([_two_kinds(rows, self.representation) for rows in numbers])
        if split == "shifted:repeated":
            return np.asarray(few.all(axis=0))
        rest = ~few.any(axis=0)
        if split == "perturbed:separators":
            rest &= np.stack([grouped(self.representation, rows, self.digits) for rows in numbers]).any(axis=0)
        return np.asarray(rest)

    def reckoned(self, left: str, right: str) -> Fraction:
        """The text of a number, character by character."""
        number = left.translate(_PLAIN)
        digits = [int(character) for character in number if character != "."]
        if self.task == "digit":
            return Fraction(digits[int(right) - 1])
        if self.task == "count":
            return Fraction(digits.count(int(right)))
        if self.task == "sum":
            return Fraction(sum(digits))
        if self.task == "length":
            return Fraction(len(digits))
        pairs = [text.partition(".") for text in (number, right.translate(_PLAIN))]
        whole, behind = max(len(pair[0]) for pair in pairs), max(len(pair[2]) for pair in pairs)
        aligned = [pair[0].zfill(whole) + pair[2].ljust(behind, "0") for pair in pairs]
        made = "".join(str(BY_PLACE[self.task](int(a), int(b))) for a, b in zip(*aligned, strict=True))
        return Fraction(int(made), 10**behind)

    def answered(self, pair: Pair) -> Sequence[str]:
        """Rows of digits, all places at once."""
        shown = self._shown(pair.left)
        if self.task in BY_PLACE:
            rows = np.maximum(pair.left, pair.right)
            if self.task == "sum-without-carry":
                rows = (pair.left + pair.right) % np.int8(10)
            return lines([written_rows(self.representation, rows, frame(self.representation, 2 * self.digits)[1])])
        if self.task == "digit":
            column = shown.argmax(axis=1) + pair.right[:, -1] - 1
            found = pair.left[np.arange(len(column)), column].astype(np.int64)
        elif self.task == "count":
            found = ((pair.left == pair.right[:, -1:]) & shown).sum(axis=1)
        else:
            found = (pair.left if self.task == "sum" else shown).sum(axis=1, dtype=np.int64)
        return lines([numerals(found)])

    def _shown(self, rows: Digits) -> Truths:
        """Which digits are written: from the first, or the place before the point, to the last."""
        width, places = frame(self.representation, 2 * self.digits)
        columns = np.arange(width)
        first = np.minimum(first_places(rows), width - places - 1)
        last = last_places(rows) if places else np.full(len(rows), width - 1)
        return np.asarray((columns >= first[:, None]) & (columns <= last[:, None]))

    def known(self, pair: Pair) -> dict[str, Counts]:
        """``digits`` and ``steps``."""
        digits = significant(self.representation, pair.left)
        if self.task in BY_PLACE:
            digits = np.maximum(digits, significant(self.representation, pair.right))
            return {"digits": digits, "steps": (self._shown(pair.left) | self._shown(pair.right)).sum(axis=1)}
        if self.task == "digit":
            return {"digits": digits, "steps": pair.right[:, -1].astype(np.int64)}
        return {"digits": digits, "steps": self._shown(pair.left).sum(axis=1)}

    def shown_right(self, pair: Pair, split: str) -> list[str]:
        """The second number, the place or digit, or nothing."""
        if self.task in BY_PLACE:
            return self.written(pair.right, pair.right_minus, split)
        if self.task in ("digit", "count"):
            return lines([numerals(pair.right[:, -1].astype(np.int64))])
        return [""] * len(pair.left)

    def text(self, examples: Examples) -> list[str]:
        """One of `QUESTIONS`."""
        columns = examples.inputs["left"].tolist(), examples.inputs["right"].tolist()
        return [QUESTIONS[self.task].format(left, right) for left, right in zip(*columns, strict=True)]

    def canonical(self, examples: Examples) -> Sequence[Any]:
        """The number and what is asked of it, or two numbers in ascending order."""
        if self.task in BY_PLACE:
            return super().canonical(examples)
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        return [(stated(left), right) for left, right in pairs]


def _between(rows: Digits, form: FormName) -> NDArray[np.bool_]:
    """Which digits of each number count: from the first that is not 0 to the last, of integers to the end."""
    columns = np.arange(rows.shape[1])
    last = last_places(rows) if form == "decimal" else np.full(len(rows), rows.shape[1] - 1)
    return np.asarray((columns >= first_places(rows)[:, None]) & (columns <= last[:, None]))


def _two_kinds(rows: Digits, form: FormName) -> Truths:
    """Whether a number has `FEW` digits or more, of at most two different kinds."""
    inside = _between(rows, form)
    kinds = sum(((rows == digit) & inside).any(axis=1).astype(np.int64) for digit in range(10))
    return np.asarray((inside.sum(axis=1) >= FEW) & (kinds <= 2))
