"""What problems share whose answer is one whole number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unsolved
from unseen.problems.read_answers import ReadAnswers
from unseen.problems.whole_numbers import whole_number


class WholeNumberProblem(ReadAnswers):
    """A problem whose `truth` is int64 of shape (n,)."""

    def read(self, answer: Any) -> int | None:
        """An integer, an integral float or a decimal numeral."""
        return whole_number(answer)

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Integers, numerals, numerals with zeros in front, a sign or spaces; floats where they are exact."""
        truth = self.truth(examples)
        largest = int(np.abs(truth).max(initial=0))
        exact = {"floats": truth.astype(np.float64)} if largest < 2**53 else {}
        signs = ["-" if t < 0 else "" for t in truth.tolist()]
        return {
            "integers": truth,
            "narrow integers": truth.astype(np.min_scalar_type(-largest - 1 if any(signs) else largest)),
            **exact,
            "list": truth.tolist(),
            "numerals": [str(t) for t in truth],
            "padded numerals": [f"{sign}00{abs(t)}" for sign, t in zip(signs, truth.tolist(), strict=True)],
            "spaced numerals": [f" {sign or '+'}{abs(t)}\n" for sign, t in zip(signs, truth.tolist(), strict=True)],
        }

    @staticmethod
    def no_numbers(truth: NDArray[np.int64]) -> dict[str, Any]:
        """Near misses of any such problem: neighbours, two numbers, a sentence, and things that are no number."""
        return {
            "one more": truth + 1,
            "one less": truth - 1,
            "a little off": [t + 0.5 if abs(t) < 2**52 else f"{t}.5" for t in truth.tolist()],
            "not a number": np.full(len(truth), np.nan),
            "two numbers": [f"{t} {t}" for t in truth],
            "a sentence": [f"the answer is {t}" for t in truth],
            "empty text": [""] * len(truth),
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }
