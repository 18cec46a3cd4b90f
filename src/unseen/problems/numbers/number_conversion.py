"""Numbers to be written in another form: the value is given, and the form is the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.number_forms import STYLES, FormName, NumberForm, is_in_form, number_in
from unseen.formats.numerals import chosen, lines
from unseen.problems.numbers.digit_arrays import Counts, Truths
from unseen.problems.numbers.place_numbers import drawn_numbers, frame, significant, written_rows
from unseen.problems.numbers.written_numbers import (
    Pair,
    WrittenNumbers,
    check_representation,
    drawn_lengths,
    grouped,
    stated,
)

TARGETS: Mapping[FormName, tuple[FormName, ...]] = {
    "integer": ("scientific",),
    "decimal": ("scientific", "fraction"),
    "scientific": ("decimal", "fraction"),
}
"""Into which forms numbers of each can be written, whatever their value."""

ASKED: Mapping[FormName, str] = {
    "decimal": "as a decimal number",
    "fraction": "as a fraction in lowest terms",
    "scientific": "in scientific notation, with one digit in front of the point",
}


@dataclass(frozen=True)
class NumberConversion(WrittenNumbers):
    """Questions such as ``Write 48.2 in scientific notation``.

    Input is the text ``left``; ``right`` is empty. Targets are texts. Right is the same value in the form that is asked
    for: decimals have a point, scientific notation one digit before it that is not 0, fractions are in lowest terms.
    Signs, zeros in front or behind, commas and other digits are free. Labels, known to no solver: ``digits``, ``steps``
    (places that the point moves).

    Parameters
    ----------
    representation : {"integer", "decimal", "scientific"}
    target : {"scientific", "decimal", "fraction"}
        Another form: see `TARGETS`.
    digits : int
        Most digits of a number in training, 2 to 50; longer ones have up to twice as many.

    Examples
    --------
    >>> problem = NumberConversion("decimal", "scientific")
    >>> examples = problem.sample("iid", 100)
    >>> problem.score(examples, examples.inputs["left"]).max(), problem.score(examples, examples.targets).min()
    (np.float64(0.0), np.float64(1.0))
    """

    representation: FormName = "decimal"
    target: FormName = "scientific"
    digits: int = 10

    def __post_init__(self) -> None:
        check_representation(self.representation, tuple(TARGETS), self.digits, 2)
        if self.target not in TARGETS[self.representation]:
            allowed = ", ".join(TARGETS[self.representation])
            raise ValueError(f"target must be one of {allowed} ({self.representation}), not {self.target!r}")

    @property
    def name(self) -> str:
        """``number-conversion``."""
        return "number-conversion"

    @property
    def commutes(self) -> bool:
        """There is one number."""
        return False

    @property
    def answer_form(self) -> FormName:
        """The form that is asked for."""
        return self.target

    @property
    def sized(self) -> Mapping[str, Split]:
        """``shifted:negative``."""
        kind = f"{self.representation} numbers of 1 to {self.digits} digits"
        return {"shifted:negative": Split("shifted", f"{kind}, all of them negative")}

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Pair:
        """One number; nothing stands in the second row."""
        lengths = np.maximum(*drawn_lengths(generator, count, self.digits, split))
        rows = drawn_numbers(generator, self.representation, lengths, 2 * self.digits)
        minus = np.full(count, split == "shifted:negative")
        return Pair(rows, minus, np.zeros_like(rows), np.zeros(count, dtype=bool))

    def belongs(self, pair: Pair, split: str) -> Truths:
        """All but those in which commas would not be seen."""
        if split != "perturbed:separators":
            return np.ones(len(pair.left), dtype=bool)
        return grouped(self.representation, pair.left, self.digits)

    def reckoned(self, left: str, right: str) -> Fraction:
        """The number itself."""
        return stated(left)

    def answered(self, pair: Pair) -> Sequence[str]:
        """The same digits around another point; fractions by Python's integers."""
        places = frame(self.representation, 2 * self.digits)[1]
        if self.target == "fraction":
            whole = lines([written_rows("integer", pair.left, 0)])
            values = [Fraction(int(text), 10**places) for text in whole]
            signs = np.where(pair.left_minus, -1, 1).tolist()
            return [NumberForm("fraction").write(sign * value) for sign, value in zip(signs, values, strict=True)]
        return lines([chosen(["", "-"], pair.left_minus), written_rows(self.target, pair.left, places)])

    def known(self, pair: Pair) -> dict[str, Counts]:
        """``digits`` and ``steps``."""
        width, places = frame(self.representation, 2 * self.digits)
        exponents = width - places - 1 - (pair.left != 0).argmax(axis=1)
        digits = significant(self.representation, pair.left)
        behind = np.maximum(digits - 1 - exponents, 0)
        return {"digits": digits, "steps": np.abs(exponents) if self.target != "fraction" else behind}

    def shown_right(self, pair: Pair, split: str) -> list[str]:
        """Nothing."""
        return [""] * len(pair.left)

    def text(self, examples: Examples) -> list[str]:
        """``"Write 48.2 in scientific notation, with one digit in front of the point."``."""
        return [f"Write {number} {ASKED[self.target]}." for number in examples.inputs["left"].tolist()]

    def canonical(self, examples: Examples) -> Sequence[Any]:
        """The number."""
        return [stated(text) for text in examples.inputs["left"].tolist()]

    def score(self, examples: Examples, answers: Any) -> NDArray[np.float64]:
        """1 where the answer is text with the right value in the form that is asked for, else 0."""
        equal = super().score(examples, answers)
        formed = [isinstance(answer, str) and self.is_formed(answer) for answer in answers]
        return np.asarray(equal * np.array(formed, dtype=np.float64), dtype=np.float64)

    def is_formed(self, answer: str) -> bool:
        """Whether a text is in the form that is asked for; fractions must be in lowest terms."""
        if self.target != "fraction":
            return is_in_form(answer, self.target)
        value = number_in(answer)
        if value is None:
            return False
        if is_in_form(answer, "integer"):
            return True
        below = number_in(answer.partition("/")[2])
        return is_in_form(answer, "fraction") and below == value.denominator

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """The form that is asked for in every style."""
        truth = self.truth(examples).tolist()
        forms: dict[str, Any] = {f"style {style}": [restyle(t) for t in truth] for style, restyle in STYLES.items()}
        forms["with sign and blanks"] = [f" {'' if t.startswith('-') else '+'}{t}\n" for t in truth]
        forms["printed minus"] = [t.replace("-", "\N{MINUS SIGN}") for t in truth]
        if self.target == "scientific":
            forms["powers of ten"] = [t.replace("e", " x 10^") for t in truth]
            forms["zeros behind"] = [t.replace("e", "00e") for t in truth]
        return forms

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Right values in other forms besides."""
        truth = self.truth(examples).tolist()
        values = [self.reckoned(left, "") for left in examples.inputs["left"].tolist()]
        misses = {**super().near_misses(examples, seed), "the question": examples.inputs["left"].tolist()}
        misses["a pair"] = [(value.numerator, value.denominator) for value in values]
        misses["an exact number"] = values
        if self.target == "scientific":
            misses["two digits before the point"] = [_moved_point(text) for text in truth]
        elif self.target == "fraction":
            misses["not in lowest terms"] = [f"{3 * v.numerator}/{3 * v.denominator}" for v in values]
        return misses


def _moved_point(text: str) -> str:
    """The same value in scientific notation with two digits in front of the point."""
    mantissa, _, exponent = text.partition("e")
    whole, _, behind = mantissa.partition(".")
    return f"{whole}{behind[0]}.{behind[1:] or '0'}e{int(exponent) - 1}"
