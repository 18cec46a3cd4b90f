"""Comparison of a solver's answers, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Solver

BATCHES = (1, 7)


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
    """Whether two sequences of answers are the same; numbers up to the rounding of sums in another order."""
    return len(first) == len(second) and all(map(_alike, first, second))


def _alike(first: Any, second: Any) -> bool:
    numbers = [isinstance(answer, (int, float, np.ndarray, np.number)) for answer in (first, second)]
    if all(numbers):
        a, b = np.asarray(first), np.asarray(second)
        if a.shape != b.shape:
            return False
        if a.dtype.kind in "fc" or b.dtype.kind in "fc":
            single = np.float32 in (a.dtype.type, b.dtype.type)
            return bool(np.allclose(a, b, rtol=1e-4 if single else 1e-8, atol=1e-5 if single else 1e-9, equal_nan=True))
        return bool(np.array_equal(a, b))
    return bool(first == second)
