"""Random calculations: nested expressions over integers, fractions and powers, with exact answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved
from unseen.problems.numbers.exact_answers import as_decimal, exact_fraction
from unseen.problems.numbers.expressions import (
    ATOM_KINDS,
    MOST_DIGITS,
    OTHER_SIGNS,
    AtomKind,
    Expression,
    ExpressionSource,
    parsed,
    token_count,
)
from unseen.problems.partition import hashed_text_share

LONGEST_ANSWER = 2 * MOST_DIGITS + 2
"""Characters of an answer: a sign, a fraction bar and the digits above and below it."""

MOST_STEPS = 10

BLOCK = 64
"""Expressions drawn from one stream: few, since each takes some ten microseconds."""

SHARES = {
    "train": (0.0, 0.4),
    "iid": (0.4, 0.6),
    "perturbed:signs": (0.6, 0.8),
    "perturbed:layout": (0.8, 1.0),
}
"""Which hashes of canonical forms belong to which split of expressions alike in size."""


@dataclass(frozen=True)
class RandomCalculation(Problem):
    """Questions such as ``(3 + (1/2)) * 7^2``: what nobody can have memorised, for there are too many.

    Input is the column ``expression`` (text, object dtype): numbers are integers, fractions ``(3/4)``, squares ``7^2``
    and cubes; every inner operation stands in brackets. Targets are reduced fractions as text (``"-3/4"``, ``"12"``).
    Labels, known to no solver: ``steps`` (operations), ``depth`` (operations one inside the other), ``tokens``
    (numerals, signs and brackets). Division by zero and values of more than 40 digits above or below the bar are not
    drawn. (Wu et al. 2025, section 4.3 and algorithm 1.)

    Parameters
    ----------
    steps : int
        Most operations in training, 1 to 10; ``longer:steps`` has up to twice as many.
    largest : int
        Largest integer that numbers are made of, 9 to 1000.
    atoms : tuple of {"integer", "fraction", "square", "cube"}
        Kinds of number, each as likely.
    operations : str
        Signs out of ``+-*/``, each as likely.
    untrained_pairs : tuple of str
        Pairs of signs, outer and inner, that occur nowhere but in ``composed:operations``: an operation on the result
        of another, ``"*-"`` being ``2 * (3 - 1)``. Pairs of operations that are not drawn have no effect.

    Examples
    --------
    >>> problem = RandomCalculation(steps=3)
    >>> examples = problem.sample("longer:steps", 100, seed=1)
    >>> sorted(set(examples.labels["steps"].tolist()))
    [4, 5, 6]
    >>> problem.fractions(examples[:1])[0] == Fraction(str(examples.targets[0]))
    True
    """

    steps: int = 5
    largest: int = 100
    atoms: tuple[AtomKind, ...] = ATOM_KINDS
    operations: str = "+-*/"
    untrained_pairs: tuple[str, ...] = ("*-", "/+")

    def __post_init__(self) -> None:
        for name, low, high in (("steps", 1, MOST_STEPS), ("largest", 9, 1000)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"{name} must be a whole number from {low} to {high}, not {value!r}")
        if not self.atoms or len(set(self.atoms)) < len(self.atoms) or not set(self.atoms) <= set(ATOM_KINDS):
            raise ValueError(f"atoms are different ones of {', '.join(ATOM_KINDS)}, not {self.atoms!r}")
        if (
            not self.operations
            or len(set(self.operations)) < len(self.operations)
            or set(self.operations) - set("+-*/")
        ):
            raise ValueError(f"operations are different ones of +-*/, not {self.operations!r}")
        if any(len(pair) != 2 or set(pair) - set("+-*/") for pair in self.untrained_pairs):
            raise ValueError(f"untrained_pairs are of two signs of +-*/ each, not {self.untrained_pairs!r}")
        if all(2 * sign in self.untrained_pairs for sign in self.operations):
            raise ValueError(f"some operation must be trained on its own result; untrained: {self.untrained_pairs!r}")

    @property
    def name(self) -> str:
        """``random-calculation``."""
        return "random-calculation"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, ``iid``, two longer ones, two perturbed ones and, of two steps or more, one composed."""
        kind = f"1 to {self.steps} operations on numbers made of 0 to {self.largest}"
        composed = {}
        if self._pairs and self.steps > 1:
            pairs = " or ".join(f"a {pair[0]} (b {pair[1]} c)" for pair in self._pairs)
            composed["composed:operations"] = Split("composed", f"{kind}, with {pairs}, which no other split has")
        return {
            "train": Split(None, f"{kind}; two fifths of all such expressions"),
            "iid": Split("iid", f"{kind}, not in train in any order of summands or factors"),
            "longer:steps": Split("longer", f"{self.steps + 1} to {2 * self.steps} operations"),
            "longer:numbers": Split(
                "longer", f"1 to {self.steps} operations on numbers made of {self.largest + 1} to {10 * self.largest}"
            ),
            "perturbed:signs": Split(
                "perturbed", f"{kind}, written with the signs of print: {' '.join(OTHER_SIGNS.values())}"
            ),
            "perturbed:layout": Split("perturbed", f"{kind}, with square brackets, and two blanks around each sign"),
            **composed,
        }

    @property
    def _pairs(self) -> list[str]:
        return [pair for pair in self.untrained_pairs if set(pair) <= set(self.operations)]

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` questions of a split.

        Raises
        ------
        ValueError
            If the split is unknown, `n` is negative or missing.
        """
        n = self.checked_size(split, n, seed)

        def draw(generator: np.random.Generator, count: int) -> Mapping[str, NDArray[Any]]:
            return self._draw(generator, count, split, int(seed))

        columns = draw_in_blocks(n, draw, self.name, self._settings(), split, int(seed), block_size=BLOCK)
        targets = columns.pop("target")
        return Examples(
            inputs={"expression": columns.pop("expression")},
            targets=targets,
            labels=columns,
            problem=self.name,
            split=split,
            seed=int(seed),
        )

    def fractions(self, examples: Examples) -> list[Fraction]:
        """The right answers as numbers."""
        return [parsed(text).value for text in examples.inputs["expression"].tolist()]

    def truth(self, examples: Examples) -> NDArray[np.str_]:
        """The right answers as reduced fractions, text of shape (n,)."""
        return np.array([str(value) for value in self.fractions(examples)], dtype=f"<U{LONGEST_ANSWER}")

    def score(self, examples: Examples, answers: Any) -> NDArray[np.float64]:
        """1 where the answer is the value, exactly, in any form that `exact_fraction` reads."""
        truth = self.fractions(examples)
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        return np.array([exact_fraction(a) == t for a, t in zip(answers, truth, strict=True)], dtype=np.float64)

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The expression with summands and factors in alphabetical order."""
        return [parsed(text).canonical() for text in examples.inputs["expression"].tolist()]

    def text(self, examples: Examples) -> list[str]:
        """``"Calculate exactly: (3 + (1/2)) * 7^2. Answer with a whole number or a fraction."``."""
        return [
            f"Calculate exactly: {expression}. Answer with a whole number or a fraction."
            for expression in examples.inputs["expression"].tolist()
        ]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Fractions as numbers, pairs and text, reduced or not, and exact decimals where there are."""
        truth = self.fractions(examples)
        return {
            "reduced text": self.truth(examples),
            "fractions": truth,
            "pairs": [(value.numerator, value.denominator) for value in truth],
            "unreduced text": [f"{6 * value.numerator}/{6 * value.denominator}" for value in truth],
            "spaced text": [f" {value.numerator} / {value.denominator}\n" for value in truth],
            "decimals where exact": [as_decimal(value) or str(value) for value in truth],
            "integers where whole": [int(value) if value.denominator == 1 else value for value in truth],
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Neighbours, the sign or the fraction the wrong way round, rounded values, and things that are no number."""
        truth = self.fractions(examples)
        stream = random_stream(self.name, "near misses", seed)
        shift = [Fraction(int(number), 10**6) for number in stream.integers(1, 10, size=len(truth))]
        turned = [1 / value if value and abs(value) != 1 else value + 2 for value in truth]
        rounded = [Fraction(round(value * 100), 100) for value in truth]
        return {
            "one more": [value + 1 for value in truth],
            "one less": [str(value - 1) for value in truth],
            "a little off": [value + little for value, little in zip(truth, shift, strict=True)],
            "the other sign": [str(-value if value else Fraction(1)) for value in truth],
            "upside down": turned,
            "two places": [
                as_decimal(near) if near != value else str(value + Fraction(1, 100))
                for near, value in zip(rounded, truth, strict=True)
            ],
            "a sentence": [f"the answer is {value}" for value in truth],
            "two answers": [f"{value} {value}" for value in truth],
            "percent": [f"{value}%" for value in truth],
            "over nothing": [f"{value.numerator}/0" for value in truth],
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }

    def classical(self) -> Calculator:
        """Exact arithmetic with fractions."""
        return Calculator()

    def _settings(self) -> tuple[Hashable, ...]:
        return (self.steps, self.largest, self.atoms, self.operations, self.untrained_pairs)

    def _draw(self, generator: np.random.Generator, count: int, split: str, seed: int) -> Mapping[str, NDArray[Any]]:
        fewest, most = (self.steps + 1, 2 * self.steps) if split == "longer:steps" else (1, self.steps)
        smallest, largest = (self.largest + 1, 10 * self.largest) if split == "longer:numbers" else (0, self.largest)
        low, high = SHARES.get(split, (0.0, 1.0))
        composed = split == "composed:operations"
        avoided = frozenset() if composed else frozenset(self._pairs)
        source = ExpressionSource(generator, smallest, largest, self.atoms, self.operations, avoided)
        if composed:
            fewest = 2
        found: list[Expression] = []
        while len(found) < count:
            drawn = [source.draw(fewest + source.below(most - fewest + 1)) for _ in range(count)]
            if split in SHARES:
                shares = hashed_text_share([e.canonical() for e in drawn], self.name, self._settings(), seed)
                drawn = [e for e, kept in zip(drawn, (shares >= low) & (shares < high), strict=True) if kept]
            if composed:
                drawn = [e for e in drawn if not set(self._pairs).isdisjoint(e.pairs())]
            found += drawn
        found = found[:count]
        signs = OTHER_SIGNS if split == "perturbed:signs" else None
        brackets, blanks = ("[]", "  ") if split == "perturbed:layout" else ("()", " ")
        texts = np.empty(count, dtype=object)
        texts[:] = [e.written(signs, brackets=brackets, blanks=blanks) for e in found]
        return {
            "expression": texts,
            "target": np.array([str(expression.value) for expression in found], dtype=f"<U{LONGEST_ANSWER}"),
            "steps": np.array([expression.steps for expression in found], dtype=np.int64),
            "depth": np.array([expression.depth for expression in found], dtype=np.int64),
            "tokens": np.array([token_count(text) for text in texts], dtype=np.int64),
        }


class Calculator:
    """Answers every expression by exact arithmetic."""

    def solve(self, examples: Examples) -> list[str]:
        """The values as reduced fractions in text."""
        return [str(parsed(text).value) for text in examples.inputs["expression"].tolist()]
