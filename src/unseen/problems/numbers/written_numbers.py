"""What families share whose questions are one or two written numbers of any length: drawing, writing, checking."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import astuple
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved
from unseen.formats.number_forms import (
    LONGEST,
    MOST_EXPONENT,
    OTHER_DIGITS,
    STYLES,
    FormName,
    NumberForm,
    StyleName,
    decimal_places,
    number_in,
)
from unseen.formats.numerals import chosen, lines
from unseen.problems.numbers.digit_arrays import Counts, Digits, Truths, packed
from unseen.problems.numbers.exact_answers import exact_fraction
from unseen.problems.numbers.place_numbers import drawn_numbers, frame, significant, written_rows
from unseen.problems.partition import drawn_where, hashed_share

MOST_DIGITS = 50
MOST_FRACTION_DIGITS = 9
"""Twice as many digits, above and below the bar, fit into 64 bits each, so that fractions are reduced many at once."""

BLOCK = 512
"""Questions drawn from one stream: few, since a question takes some microseconds and most requests are small."""

TRAIN_SHARE = 0.6
"""Share of the questions of training's size that are ``train``; the other splits of that size divide the rest."""

PERTURBED: Mapping[str, tuple[StyleName, str]] = {
    "perturbed:zeros": ("zeros", "numbers written with two zeros in front"),
    "perturbed:separators": ("separators", "numbers written with commas between groups of three digits"),
    "perturbed:alphabet": ("alphabet", f"numbers written in the digits {OTHER_DIGITS}"),
}


class Pair(NamedTuple):
    """Questions as rows: digits of both numbers, and which are negative, shapes (n, columns) and (n,)."""

    left: Digits
    left_minus: Truths
    right: Digits
    right_minus: Truths


class WrittenNumbers(Problem):
    """A problem about one or two numbers, written in one form.

    A concrete family is a frozen dataclass with the fields ``representation`` and ``digits``, and says how its answers
    are computed twice: from rows of digits, many at once (the targets), and from the written question by Python's own
    exact numbers (the truth). Splits of training's size are told apart by a hash of the two numbers.
    """

    representation: FormName
    digits: int
    styles: ClassVar[Sequence[str]] = tuple(PERTURBED)
    """The perturbed splits that make sense for the family."""

    # -- what a family says ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def commutes(self) -> bool:
        """Whether the order of the two numbers does not matter."""

    @property
    @abstractmethod
    def sized(self) -> Mapping[str, Split]:
        """Splits besides ``train``, ``iid``, ``longer:digits`` and the perturbed ones."""

    @abstractmethod
    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Pair:
        """Exactly `count` questions; some may not belong to the split (see `belongs`)."""

    @abstractmethod
    def belongs(self, pair: Pair, split: str) -> Truths:
        """Which questions belong to the split, their hash aside."""

    @abstractmethod
    def reckoned(self, left: str, right: str) -> Fraction:
        """The answer to one written question by Python's exact numbers."""

    @abstractmethod
    def answered(self, pair: Pair) -> Sequence[str]:
        """The answers to rows of digits, as text."""

    @abstractmethod
    def known(self, pair: Pair) -> dict[str, Counts]:
        """The labels."""

    @property
    def answer_form(self) -> FormName:
        """How right answers are written where the form is free."""
        return self.representation

    def shown_right(self, pair: Pair, split: str) -> list[str]:
        """The second number of each question as text."""
        return self.written(pair.right, pair.right_minus, split)

    def extra_columns(self, split: str, n: int) -> dict[str, NDArray[Any]]:
        """Input columns besides ``left`` and ``right``."""
        return {}

    # -- what follows from it -------------------------------------------------------------------------------------

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, ``longer:digits``, perturbed ones by writing, and those of the family."""
        kind = f"{self.representation} numbers of 1 to {self.digits} digits"
        perturbed = {name: PERTURBED[name] for name in self.styles if self._perturbs(name)}
        return {
            "train": Split(None, kind),
            "iid": Split("iid", f"{kind} that are not in train"),
            "longer:digits": Split("longer", f"{self.digits + 1} to {2 * self.digits} digits"),
            **{name: Split("perturbed", f"{kind}; {how}") for name, (_, how) in perturbed.items()},
            **self.sized,
        }

    def _perturbs(self, split: str) -> bool:
        """Whether a style changes how these numbers look; commas need four digits in front of a point."""
        return split != "perturbed:separators" or (self.representation in ("integer", "decimal") and self.digits > 4)

    def _share(self, split: str) -> tuple[float, float]:
        others = [name for name, kind in self.splits.items() if kind.axis in ("iid", "perturbed")]
        if split == "train":
            return 0.0, TRAIN_SHARE
        if split not in others:
            return 0.0, 1.0
        width = (1 - TRAIN_SHARE) / len(others)
        place = others.index(split)
        return TRAIN_SHARE + place * width, 1.0 if place == len(others) - 1 else TRAIN_SHARE + (place + 1) * width

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` questions of a split.

        Raises
        ------
        ValueError
            If the split is unknown, `n` is negative or missing.
        """
        n = self.checked_size(split, n, seed)
        settings = astuple(self)  # type: ignore[call-overload]
        low, high = self._share(split)
        width, _ = frame(self.representation, 2 * self.digits)

        def draw_rows(generator: np.random.Generator, count: int) -> Digits:
            pair = self.drawn(generator, count, split)
            signs = np.stack([pair.left_minus, pair.right_minus], axis=1).astype(np.int8)
            return np.concatenate([signs, pair.left, pair.right], axis=1)

        def keep(rows: Digits) -> Truths:
            pair = _pair(rows, width)
            share = hashed_share(self._ordered(pair), self.name, settings, int(seed))
            return np.asarray((share >= low) & (share < high) & self.belongs(pair, split))

        def draw(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
            rows = drawn_where(lambda more: draw_rows(generator, more), keep, count, share=high - low)
            return {"rows": rows}

        rows = draw_in_blocks(n, draw, self.name, settings, split, int(seed), block_size=BLOCK)["rows"]
        pair = _pair(rows, width)
        shown = f"<U{2 * width + 16}"
        return Examples(
            inputs={
                "left": np.array(self.written(pair.left, pair.left_minus, split), dtype=shown),
                "right": np.array(self.shown_right(pair, split), dtype=shown),
                **self.extra_columns(split, n),
            },
            targets=np.array(self.answered(pair), dtype=self._answer_type),
            labels=self.known(pair),
            problem=self.name,
            split=split,
            seed=int(seed),
        )

    def written(self, rows: Digits, minus: Truths, split: str) -> list[str]:
        """Numbers as text in the style of a split."""
        places = frame(self.representation, 2 * self.digits)[1]
        texts = lines([chosen(["", "-"], minus), written_rows(self.representation, rows, places)])
        style = PERTURBED[split][0] if split in PERTURBED else "plain"
        return texts if style == "plain" else [STYLES[style](text) for text in texts]

    @property
    def _answer_type(self) -> str:
        return f"<U{2 * frame(self.representation, 2 * self.digits)[0] + 24}"

    def _ordered(self, pair: Pair) -> NDArray[np.int64]:
        """One row of integers per question, the same for questions that differ in order where that does not matter."""
        left = np.concatenate([pair.left_minus[:, None], packed(pair.left)], axis=1)
        right = np.concatenate([pair.right_minus[:, None], packed(pair.right)], axis=1)
        if self.commutes:
            first = (left != right).argmax(axis=1)[:, None]
            swap = np.take_along_axis(left, first, axis=1) > np.take_along_axis(right, first, axis=1)
            left, right = np.where(swap, right, left), np.where(swap, left, right)
        return np.concatenate([left, right], axis=1)

    def _values(self, examples: Examples) -> list[Fraction]:
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        return [self.reckoned(left, right) for left, right in pairs]

    def truth(self, examples: Examples) -> NDArray[np.str_]:
        """The right answers as text, by Python's exact numbers."""
        form = NumberForm(self.answer_form)
        answers = [form.write(v) if form.holds(v) else str(v) for v in self._values(examples)]
        return np.array(answers, dtype=self._answer_type)

    def read(self, answer: Any) -> Fraction | None:
        """The number that an answer states: text in any form and style, or a Python or NumPy number; never raises."""
        if isinstance(answer, str):
            return number_in(answer)
        if isinstance(answer, Decimal):
            return Fraction(answer) if answer.is_finite() and abs(answer.adjusted()) <= MOST_EXPONENT else None
        return exact_fraction(answer)

    def score(self, examples: Examples, answers: Any) -> NDArray[np.float64]:
        """1 where the answer equals the right one exactly, whatever the form it is written in, else 0."""
        truth = self._values(examples)
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        return np.array([self.read(a) == t for a, t in zip(answers, truth, strict=True)], dtype=np.float64)

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The numbers, in ascending order where the order does not matter."""
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        found = [(stated(left), stated(right)) for left, right in pairs]
        return [(min(pair), max(pair)) if self.commutes else pair for pair in found]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Text in every form that holds the number and in every style, and Python's exact numbers."""
        values = self._values(examples)
        plain = [str(value) for value in values]
        forms: dict[str, Any] = {
            "text": self.truth(examples),
            "fractions": values,
            "pairs": [(value.numerator, value.denominator) for value in values],
            "unreduced": [f"{6 * value.numerator} / {6 * value.denominator}" for value in values],
            "with sign and blanks": [f" {'' if value < 0 else '+'}{value}\n" for value in values],
            "printed minus": [text.replace("-", "\N{MINUS SIGN}") for text in plain],
            "decimals where exact": [_finite(value, "decimal") for value in values],
            "scientific where exact": [_finite(value, "scientific") for value in values],
            "powers of ten where exact": [_finite(value, "scientific").replace("e", " x 10^") for value in values],
            "integers where whole": [int(value) if value.denominator == 1 else value for value in values],
        }
        for style, restyle in STYLES.items():
            forms[f"style {style}"] = [restyle(text) for text in plain]
        return forms

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Neighbours, a digit changed, the wrong sign or scale, and text that states no number or more than one."""
        values = self._values(examples)
        plain = [str(value) for value in self.truth(examples).tolist()]
        stream = random_stream(self.name, "near misses", seed)
        steps = [Fraction(int(step), 10**7) for step in stream.integers(1, 10, size=len(values))]
        return {
            "one more": [value + 1 for value in values],
            "one less": [str(value - 1) for value in values],
            "a little off": [value + step for value, step in zip(values, steps, strict=True)],
            "another first digit": [_another_digit(text) for text in plain],
            "the other sign": [-value if value else Fraction(1) for value in values],
            "ten times": [10 * value if value else "10" for value in values],
            "a comma too many": [f"{text},0" for text in plain],
            "a sentence": [f"the answer is {text}" for text in plain],
            "a unit behind": [f"{text} kg" for text in plain],
            "percent": [f"{text}%" for text in plain],
            "two answers": [f"{text} {text}" for text in plain],
            "empty text": [""] * len(plain),
            "unsolved": [Unsolved("never seen")] * len(plain),
            "nothing": [None] * len(plain),
        }

    def classical(self) -> ExactNumbers:
        """Python's integers and fractions."""
        return ExactNumbers(self)


class ExactNumbers:
    """Answers by Python's integers and fractions, one question at a time.

    Parameters
    ----------
    problem : WrittenNumbers
        The family that is asked.
    """

    def __init__(self, problem: WrittenNumbers) -> None:
        self.problem = problem

    def solve(self, examples: Examples) -> list[str]:
        """The answers as text."""
        return [str(answer) for answer in self.problem.truth(examples).tolist()]


def check_representation(representation: str, allowed: Sequence[str], digits: int, fewest: int) -> None:
    """Raise ValueError unless the form is allowed and the number of digits in its range."""
    if representation not in allowed:
        raise ValueError(f"representation must be one of {', '.join(allowed)}, not {representation!r}")
    most = MOST_FRACTION_DIGITS if representation == "fraction" else MOST_DIGITS
    if isinstance(digits, bool) or not isinstance(digits, int) or not fewest <= digits <= most:
        raise ValueError(f"digits must be a whole number from {fewest} to {most} ({representation}), not {digits!r}")


def stated(text: str) -> Fraction:
    """The number in a question.

    Raises
    ------
    ValueError
        If the text states none.
    """
    value = number_in(text)
    if value is None:
        raise ValueError(f"a question holds {text!r}, which is no number")
    return value


def drawn_lengths(generator: np.random.Generator, count: int, digits: int, split: str) -> tuple[Counts, Counts]:
    """Digits of two numbers: as many in half of the questions, else one has fewer; the longer one in a split's range.

    Longer splits have the longer number beyond `digits`, up to twice as many.
    """
    low, high = (digits + 1, 2 * digits) if split == "longer:digits" else (1, digits)
    if split == "perturbed:separators":
        low = 5
    long = generator.integers(low, high + 1, size=count)
    short = 1 + (generator.random(count) * long).astype(np.int64)
    other = np.where(generator.random(count) < 0.5, long, short)
    swap = generator.random(count) < 0.5
    return np.where(swap, other, long), np.where(swap, long, other)


def drawn_pair(
    generator: np.random.Generator, form: FormName, count: int, digits: int, split: str, *, negative: bool = False
) -> Pair:
    """Two numbers per question, with `drawn_lengths`; if `negative`, at least one of them is below 0."""
    left, right = (
        drawn_numbers(generator, form, lengths, 2 * digits)
        for lengths in drawn_lengths(generator, count, digits, split)
    )
    none = np.zeros(count, dtype=bool)
    if not negative:
        return Pair(left, none, right, none)
    which = generator.integers(1, 4, size=count)
    return Pair(left, which & 1 > 0, right, which & 2 > 0)


def longest_digits(form: FormName, pair: Pair) -> Counts:
    """The label ``digits``: those of the number that has more."""
    return np.maximum(significant(form, pair.left), significant(form, pair.right))


def grouped(form: FormName, rows: Digits, digits: int) -> Truths:
    """Which numbers have four digits or more in front of the point, so that commas can be seen; shape (n,)."""
    width, places = frame(form, 2 * digits)
    return np.asarray(rows[:, : width - places - 3].any(axis=1))


def _pair(rows: Digits, width: int) -> Pair:
    return Pair(rows[:, 2 : 2 + width], rows[:, 0] > 0, rows[:, 2 + width :], rows[:, 1] > 0)


def _finite(value: Fraction, form: FormName) -> str:
    places = decimal_places(value)
    return NumberForm(form).write(value) if places is not None and places < LONGEST // 2 else str(value)


def _another_digit(text: str) -> str:
    """The text with its first digit that is not 0 changed to another that is not."""
    for place, character in enumerate(text):
        if character in "123456789":
            return text[:place] + str(int(character) % 9 + 1) + text[place + 1 :]
    return text.replace("0", "1", 1)
