"""Comparison of two written numbers: integers, decimals, fractions, scientific notation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from unseen.contracts.problem import Examples, Split
from unseen.formats.number_forms import FORMS, FormName
from unseen.problems.numbers.digit_arrays import Counts, Digits, Truths, first_places, larger
from unseen.problems.numbers.place_numbers import larger_fraction
from unseen.problems.numbers.written_numbers import (
    Pair,
    WrittenNumbers,
    check_representation,
    drawn_pair,
    grouped,
    longest_digits,
    stated,
)

Wanted = Literal["larger", "smaller"]


@dataclass(frozen=True)
class NumberComparison(WrittenNumbers):
    """Questions such as ``Which is larger, 9.11 or 9.8?``: two numbers that differ, of which one is the answer.

    Inputs are the texts ``left`` and ``right``, targets are texts. Right is every number of the same value, in any form
    and style. Labels, known to no solver: ``digits`` (of the longer number) and, but for fractions, ``steps`` (places
    that are compared, from the first of the larger number, until one decides). But in ``longer:steps`` at most half as
    many places are compared as numbers have digits in training.

    Parameters
    ----------
    representation : {"integer", "decimal", "fraction", "scientific"}
    wanted : {"larger", "smaller"}
    digits : int
        Most digits of a number in training, 4 to 50; of each part of a fraction 4 to 9. Longer ones have up to twice
        as many.

    Examples
    --------
    >>> examples = NumberComparison("decimal", digits=6).sample("longer:steps", 100)
    >>> sorted(set(examples.labels["steps"].tolist()))
    [4, 5, 6]
    """

    representation: FormName = "integer"
    wanted: Wanted = "larger"
    digits: int = 10

    def __post_init__(self) -> None:
        check_representation(self.representation, FORMS, self.digits, 4)
        if self.wanted not in ("larger", "smaller"):
            raise ValueError(f"wanted must be 'larger' or 'smaller', not {self.wanted!r}")

    @property
    def name(self) -> str:
        """``number-comparison``."""
        return "number-comparison"

    @property
    def commutes(self) -> bool:
        """The order does not matter."""
        return True

    @property
    def sized(self) -> Mapping[str, Split]:
        """``shifted:negative`` and, but for fractions, ``longer:steps``."""
        kind = f"{self.representation} numbers of 1 to {self.digits} digits"
        steps = {}
        if self.representation != "fraction":
            steps["longer:steps"] = Split("longer", f"{kind} that agree in {self._easiest} places or more")
        return {**steps, "shifted:negative": Split("shifted", f"{kind}, one or both of them negative")}

    @property
    def _easiest(self) -> int:
        return self.digits // 2

    def drawn(self, generator: np.random.Generator, count: int, split: str) -> Pair:
        """Two numbers; in ``longer:steps`` the second begins like the first."""
        negative = split == "shifted:negative"
        pair = drawn_pair(generator, self.representation, count, self.digits, split, negative=negative)
        if split != "longer:steps":
            return pair
        agreeing = self._easiest + (generator.random(count) * (self.digits - self._easiest)).astype(np.int64)
        first = first_places(pair.left)
        columns = np.arange(pair.left.shape[1])
        # What follows is drawn afresh, as far as numbers of so many digits reach.
        rest = generator.integers(0, 10, size=pair.left.shape, dtype=np.int8)
        inside = columns < (first + agreeing)[:, None]
        within = columns < (first + self.digits)[:, None]
        return pair._replace(right=np.where(inside, pair.left, np.where(within, rest, np.int8(0))))

    def belongs(self, pair: Pair, split: str) -> Truths:
        """Numbers that differ, at a place that the split has; commas must be seen where there are any."""
        differ = (pair.left != pair.right).any(axis=1) | (pair.left_minus != pair.right_minus)
        if split == "perturbed:separators":
            seen = grouped(self.representation, pair.left, self.digits)
            differ &= seen | grouped(self.representation, pair.right, self.digits)
        if self.representation == "fraction" or split == "shifted:negative":
            return np.asarray(differ)
        steps = _steps(pair)
        if split == "longer:steps":
            reachable = (steps <= self.digits) & self._well_formed(pair.right)
            return np.asarray(differ & (steps > self._easiest) & reachable)
        return np.asarray(differ & (steps <= self._easiest))

    def _well_formed(self, rows: Digits) -> Truths:
        """Numbers that could have been drawn: those with a point have a digit behind it."""
        if self.representation != "decimal":
            return np.ones(len(rows), dtype=bool)
        return np.asarray(rows[:, rows.shape[1] // 2 :].any(axis=1))

    def reckoned(self, left: str, right: str) -> Fraction:
        """Comparison of Python's fractions."""
        return (max if self.wanted == "larger" else min)(stated(left), stated(right))

    def answered(self, pair: Pair) -> Sequence[str]:
        """The number that is larger in the first place where they differ; fractions by products."""
        if self.representation == "fraction":
            exceeds = larger_fraction(pair.left, pair.right)
            same = (pair.left == pair.right).all(axis=1)
        else:
            exceeds = larger(pair.left, pair.right)
            same = np.zeros(len(pair.left), dtype=bool)
        # Of two negative numbers the one nearer to zero is larger.
        first = np.where(pair.left_minus == pair.right_minus, (exceeds != pair.left_minus) & ~same, ~pair.left_minus)
        first = first == (self.wanted == "larger")
        rows = np.where(first[:, None], pair.left, pair.right)
        return self.written(rows, np.where(first, pair.left_minus, pair.right_minus), "train")

    def known(self, pair: Pair) -> dict[str, Counts]:
        """``digits`` and ``steps``."""
        labels = {"digits": longest_digits(self.representation, pair)}
        return labels if self.representation == "fraction" else {**labels, "steps": _steps(pair)}

    def text(self, examples: Examples) -> list[str]:
        """``"Which is larger, 9.11 or 9.8?"``."""
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        return [f"Which is {self.wanted}, {left} or {right}?" for left, right in pairs]

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """The other number besides."""
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        other = [right if stated(left) == self.reckoned(left, right) else left for left, right in pairs]
        return {**super().near_misses(examples, seed), "the other number": other}


def _steps(pair: Pair) -> Counts:
    """Places from the first that is not 0 in both to the first that differs, both counted."""
    first = first_places(pair.left | pair.right)
    return np.asarray((pair.left != pair.right).argmax(axis=1) - first + 1).clip(1)
