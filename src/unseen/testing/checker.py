"""How good a problem's checker is, measured: what it accepts and what it rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Problem
from unseen.testing.problem_case import SEEDS, ProblemCase

ROUNDING = 1e-9
"""The largest error of a right answer, in the problem's own units of error: room for a last digit."""
CLEARLY_WRONG = 1e-3
"""The least mean error of a near miss: well below what solvers are told apart by, a million times `ROUNDING`."""


@dataclass(frozen=True)
class CheckerQuality:
    """Measured rates of a checker's mistakes.

    Parameters
    ----------
    false_accept : float
        Share of near misses that are accepted, over all mistakes and questions.
    false_reject : float
        Share of right answers that are rejected, over all forms and questions.
    forms : mapping of str to float
        Form of the right answer -> share rejected.
    misses : mapping of str to float
        Mistake -> share accepted.
    """

    false_accept: float
    false_reject: float
    forms: Mapping[str, float]
    misses: Mapping[str, float]


def checker_quality(problem: Problem, *, n: int = 200, seeds: Sequence[int] = SEEDS) -> CheckerQuality:
    """Measure how often a problem's checker errs, over all of its splits.

    A score of 1 counts as accepted and 0 as rejected; anything between is neither, and so a mistake on both sides. For
    problems scored by an error: accepted up to 1e-9. A near miss counts as accepted on every question too if its mean
    error over the questions of a split is below 1e-3.

    Parameters
    ----------
    problem : Problem
        The problem, with its parameters.
    n : int
        Questions per split and seed; fewer where a split is smaller.
    seeds : sequence of int
        What the questions and the mistakes are drawn with.

    Examples
    --------
    >>> import unseen as un
    >>> quality = checker_quality(un.problem("modular-addition", modulus=13))
    >>> quality.false_accept, quality.false_reject, quality.forms["numerals"]
    (0.0, 0.0, 0.0)
    """
    rejected: dict[str, list[NDArray[np.bool_]]] = {}
    accepted: dict[str, list[NDArray[np.bool_]]] = {}
    for examples in ProblemCase(problem, tuple(seeds)).draws(n):
        for form, answers in problem.right_forms(examples).items():
            scores = problem.score(examples, answers)
            rejected.setdefault(form, []).append(~is_right(problem, scores))
        for mistake, answers in problem.near_misses(examples, examples.seed).items():
            scores = problem.score(examples, answers)
            accepted.setdefault(mistake, []).append(~is_wrong(problem, scores))
    forms = {form: float(np.concatenate(parts).mean()) for form, parts in rejected.items()}
    misses = {mistake: float(np.concatenate(parts).mean()) for mistake, parts in accepted.items()}
    return CheckerQuality(_overall(accepted), _overall(rejected), forms, misses)


def is_right(problem: Problem, scores: Any) -> NDArray[np.bool_]:
    """Where answers with these scores or errors count as right."""
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    return np.equal(values, 1) if problem.scored_by == "accuracy" else np.less_equal(values, ROUNDING)


def is_wrong(problem: Problem, scores: Any) -> NDArray[np.bool_]:
    """Where answers with these scores or errors count as wrong; the errors must be clearly above 0 on average too."""
    values: NDArray[np.float64] = np.asarray(scores, dtype=np.float64)
    if problem.scored_by == "accuracy":
        return np.equal(values, 0)
    return np.asarray((values > ROUNDING) & (values.mean() > CLEARLY_WRONG))


def _overall(parts: Mapping[str, Sequence[NDArray[np.bool_]]]) -> float:
    everything = [values for several in parts.values() for values in several]
    return float(np.concatenate(everything).mean()) if everything else float("nan")
