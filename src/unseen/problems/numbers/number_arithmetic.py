"""Arithmetic on two written numbers: integers, decimals, fractions, scientific notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Split
from unseen.formats.number_forms import FORMS, FormName
from unseen.formats.numerals import chosen, lines
from unseen.problems.numbers.digit_arrays import Counts, Truths, larger, multiplied, signed_sum
from unseen.problems.numbers.place_numbers import (
    fraction_parts,
    frame,
    larger_fraction,
    significant,
    written_rows,
)
from unseen.problems.numbers.written_numbers import (
    Pair,
    WrittenNumbers,
    check_representation,
    drawn_pair,
    grouped,
    longest_digits,
    stated,
)

Operation = Literal["add", "subtract", "multiply", "divide", "floor-divide", "remainder"]

SIGNS: Mapping[Operation, tuple[str, str]] = {
    "add": ("+", "plus"),
    "subtract": ("-", "minus"),
    "multiply": ("*", "times"),
    "divide": ("/", "divided by"),
    "floor-divide": ("//", "divided by"),
    "remainder": ("%", "divided by"),
}
"""Each operation's sign and word."""

COMPUTE: Mapping[Operation, Callable[[Fraction, Fraction], Fraction]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "floor-divide": lambda a, b: Fraction(a // b),
    "remainder": lambda a, b: a % b,
}

ASKS: Mapping[Operation, str] = {
    "floor-divide": "What is the largest whole number that is at most ",
    "remainder": "What remainder, with the sign of the divisor, is left by ",
}
"""Beginnings of questions where it is not ``"What is "``."""

WHOLE_ONLY = ("floor-divide", "remainder")


@dataclass(frozen=True)
class NumberArithmetic(WrittenNumbers):
    """Questions such as ``48.21 + 9.3``, ``3/4 * 2/7``, ``1.5e3 - 2.0e-2``: one operation on two written numbers.

    Inputs are the texts ``left``, ``right`` and ``sign``. Targets are texts: in the representation of the question,
    quotients as fractions. Right is every answer of the same value, in any form and style. Labels, known to no solver:
    ``digits`` (of the longer number), ``steps`` (places that are added, or products of two digits), ``carries``
    (places that hand on a carry or borrow; not for fractions and divisions).

    Outside ``shifted:negative`` no number is below 0, nor is a difference. Quotients are rounded down and remainders
    have the sign of the divisor, as in Python.

    Parameters
    ----------
    representation : {"integer", "decimal", "fraction", "scientific"}
        Fractions are in lowest terms; decimals and scientific numbers do not end in 0.
    operation : {"add", "subtract", "multiply", "divide", "floor-divide", "remainder"}
        The last two for integers alone.
    digits : int
        Most digits of a number in training, 2 to 50; of each part of a fraction 2 to 9. Longer ones have up to twice
        as many.

    Examples
    --------
    >>> problem = NumberArithmetic("decimal", "multiply", digits=3)
    >>> examples = problem.sample("longer:digits", 100, seed=1)
    >>> problem.score(examples[:3], [str(answer) + "0" for answer in examples.targets[:3]]).tolist()
    [1.0, 1.0, 1.0]
    >>> sorted(set(examples.labels["digits"].tolist()))
    [4, 5, 6]
    """

    representation: FormName = "integer"
    operation: Operation = "add"
    digits: int = 8

    def __post_init__(self) -> None:
        check_representation(self.representation, FORMS, self.digits, 2)
        if self.operation not in SIGNS:
            raise ValueError(f"operation must be one of {', '.join(SIGNS)}, not {self.operation!r}")
        if self.operation in WHOLE_ONLY and self.representation != "integer":
            raise ValueError(f"{self.operation} is for integers, not {self.representation} numbers")

    @property
    def name(self) -> str:
        """``number-arithmetic``."""
        return "number-arithmetic"

    @property
    def commutes(self) -> bool:
        """Sums and products do."""
        return self.operation in ("add", "multiply")

    @property
    def answer_form(self) -> FormName:
        """The representation of the question, but fractions for quotients."""
        return "fraction" if self.operation == "divide" else self.representation

    @property
    def sized(self) -> Mapping[str, Split]:
        """``perturbed:words`` and ``shifted:negative``."""
        word = SIGNS[self.operation][1]
        kind = f"{self.representation} numbers of 1 to {self.digits} digits"
        return {
            "perturbed:words": Split("perturbed", f"{kind}, with {word!r} in words"),
            "shifted:negative": Split("shifted", f"{kind}, one or both of them negative"),
        }

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Pair:
        """Two numbers; the larger one first where nothing is negative and they are subtracted."""
        negative = split == "shifted:negative"
        pair = drawn_pair(generator, self.representation, count, self.digits, split, negative=negative)
        if self.operation != "subtract" or negative:
            return pair
        exceeds = larger_fraction if self.representation == "fraction" else larger
        swap = exceeds(pair.right, pair.left)
        left, right = np.where(swap[:, None], pair.right, pair.left), np.where(swap[:, None], pair.left, pair.right)
        return pair._replace(left=left, right=right)

    def belongs(self, pair: Pair, split: str) -> Truths:
        """All but those in which commas would not be seen."""
        if split != "perturbed:separators":
            return np.ones(len(pair.left), dtype=bool)
        return grouped(self.representation, pair.left, self.digits) | grouped(
            self.representation, pair.right, self.digits
        )

    def reckoned(self, left: str, right: str) -> Fraction:
        """One operation of Python's fractions."""
        return COMPUTE[self.operation](stated(left), stated(right))

    def answered(self, pair: Pair) -> Sequence[str]:
        """Sums, differences and products of digits place by place; fractions and quotients by integers."""
        if self.representation == "fraction" or self.operation in ("divide", *WHOLE_ONLY):
            return self._by_integers(pair)
        digits, minus, _ = self._by_places(pair)
        places = frame(self.representation, 2 * self.digits)[1] * (2 if self.operation == "multiply" else 1)
        return lines([chosen(["", "-"], minus), written_rows(self.representation, digits, places)])

    def _by_places(self, pair: Pair) -> tuple[NDArray[np.int8], Truths, Counts]:
        if self.operation == "multiply":
            product = multiplied(pair.left, pair.right)
            return product.digits, pair.left_minus != pair.right_minus, product.carries
        flipped = pair.right_minus if self.operation == "add" else ~pair.right_minus
        total, minus = signed_sum(pair.left, pair.left_minus, pair.right, flipped)
        return total.digits, minus, total.carries

    def _by_integers(self, pair: Pair) -> list[str]:
        """Answers by pairs of Python's integers, above and below the bar."""
        if self.representation == "fraction":
            (a, b), (c, d) = (fraction_parts(rows) for rows in (pair.left, pair.right))
            columns = [column.tolist() for column in (a, b, c, d)]
        else:
            texts = (written_rows("integer", rows, 0) for rows in (pair.left, pair.right))
            one = [1] * len(pair.left)
            # Decimals and scientific numbers of one family have as many places, which cancel.
            above, below = ([int(text) for text in lines([text])] for text in texts)
            columns = [above, one, below, one]
        signs = [np.where(minus, -1, 1).tolist() for minus in (pair.left_minus, pair.right_minus)]
        rows = zip(*columns, *signs, strict=True)
        return [_combined(self.operation, s * a, b, t * c, d) for a, b, c, d, s, t in rows]

    def known(self, pair: Pair) -> dict[str, Counts]:
        """``digits``, ``steps`` and, where places are added, ``carries``."""
        labels = {"digits": longest_digits(self.representation, pair)}
        if self.representation == "fraction":
            sizes = [significant("integer", part) for rows in (pair.left, pair.right) for part in np.hsplit(rows, 2)]
            above_left, below_left, above_right, below_right = sizes
            crossed = above_left * below_right + above_right * below_left
            straight = above_left * above_right + below_left * below_right
            products = {"multiply": straight, "divide": crossed}
            return {**labels, "steps": products.get(self.operation, crossed + below_left * below_right)}
        left, right = (significant(self.representation, rows) for rows in (pair.left, pair.right))
        if self.operation in ("add", "subtract"):
            either = (pair.left | pair.right) != 0
            last = either[:, ::-1].argmax(axis=1) if self.representation != "integer" else 0
            labels["steps"] = either.shape[1] - either.argmax(axis=1) - last
        else:
            labels["steps"] = left * right
        if self.operation in ("add", "subtract", "multiply"):
            labels["carries"] = self._by_places(pair)[2]
        return labels

    def extra_columns(self, split: str, n: int) -> dict[str, NDArray[Any]]:
        """The operation's sign, or its word."""
        return {"sign": np.full(n, SIGNS[self.operation][split == "perturbed:words"], dtype="<U16")}

    def text(self, examples: Examples) -> list[str]:
        """``"What is 12 + (-7)?"``: fractions and negative numbers stand in brackets."""
        ask = ASKS.get(self.operation, "What is ")
        columns = (examples.inputs[name].tolist() for name in ("left", "sign", "right"))
        shown = {"//": "/", "%": "/"}
        return [
            f"{ask}{_bracketed(left)} {shown.get(sign, sign)} {_bracketed(right)}?"
            for left, sign, right in zip(*columns, strict=True)
        ]


def _bracketed(number: str) -> str:
    return f"({number})" if number.startswith("-") or "/" in number else number


def _combined(operation: Operation, a: int, b: int, c: int, d: int) -> str:
    """The result of an operation on a/b and c/d: a fraction in lowest terms, or an integer for the last two."""
    if operation == "floor-divide":
        return str(a // c)
    if operation == "remainder":
        return str(a % c)
    if operation == "multiply":
        above, below = a * c, b * d
    elif operation == "divide":
        above, below = (a * d, b * c) if c > 0 else (-a * d, -b * c)
    else:
        above, below = a * d + (c if operation == "add" else -c) * b, b * d
    shared = gcd(above, below)
    return f"{above // shared}/{below // shared}"
