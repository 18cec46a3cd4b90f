"""Comparison of a solver's answers, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Solver

BATCHES = (1, 7)

ROUNDING = 1e-5
"""A hundred times the spacing of single-precision numbers around one: room for sums over thousands of terms."""


def same_answers(solver: Solver, examples: Examples) -> str:
    """Empty if batches of 1 and 7, all at once, in reverse and again give the same answers; else what differs."""
    questions = examples.questions_only()
    whole = answers_of(solver, questions)
    if len(whole) != len(questions):
        return f"{len(whole)} answers to {len(questions)} questions"
    for size in BATCHES:
        parts = [answers_of(solver, questions[start : start + size]) for start in range(0, len(questions), size)]
        if not alike([answer for part in parts for answer in part], whole):
            return f"in batches of {size} the answers differ from those to all {len(questions)} at once"
    if not alike(answers_of(solver, questions[::-1])[::-1], whole):
        return "in reverse order the answers differ"
    if not alike(answers_of(solver, questions), whole):
        return "asked again, the answers differ"
    return ""


def answers_of(solver: Solver, examples: Examples) -> list[Any]:
    """The answers, one by one."""
    return list(solver.solve(examples))


def alike(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Whether two sequences of answers are the same.

    Numbers that are not whole may differ by the rounding of sums in single precision, in units of the largest answer.
    """
    scale = max((float(np.abs(np.asarray(answer)).max(initial=0)) for answer in first if _is_real(answer)), default=0.0)
    slack = ROUNDING * scale if np.isfinite(scale) else ROUNDING
    return len(first) == len(second) and all(_alike(a, b, slack) for a, b in zip(first, second, strict=True))


def _alike(first: Any, second: Any, slack: float) -> bool:
    if _is_real(first) and _is_real(second):
        a, b = np.asarray(first), np.asarray(second)
        return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=slack, equal_nan=True))
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return bool(np.array_equal(first, second))
    return bool(first == second)


def _is_real(answer: Any) -> bool:
    """Whether an answer is one or several numbers that carry rounding."""
    return isinstance(answer, (float, np.floating, np.ndarray)) and np.asarray(answer).dtype.kind == "f"
