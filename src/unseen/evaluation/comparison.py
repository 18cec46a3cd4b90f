"""Two solvers on the same questions: paired differences, corrected for the number of splits compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.appraisal import Appraisal
from unseen.evaluation.scores import Scores
from unseen.statistics import holm, mean, permutation_test, sign_test, smallest_detectable_effect, wilson
from unseen.statistics.interval import Interval


@dataclass(frozen=True)
class Comparison:
    """A solver less another on one split of a problem.

    Parameters
    ----------
    problem, split : str
        Where.
    interval : Interval
        Mean difference of the scores; positive where the first solver scores higher.
    p_value, corrected : float
        Of no difference, by itself and after Holm's correction for all comparisons made together.
    smallest_effect : float
        The difference that would have been found with probability 0.8.
    pairs : int
        Questions that both answered.
    unit : {"question", "seed"}
        What was taken for independent.
    """

    problem: str
    split: str
    interval: Interval
    p_value: float
    corrected: float
    smallest_effect: float
    pairs: int
    unit: str

    def as_json(self) -> dict[str, Any]:
        """Plain values; numbers that are undetermined or unbounded are None."""
        numbers = {
            "difference": self.interval.estimate,
            "low": self.interval.low,
            "high": self.interval.high,
            "p_value": self.p_value,
            "corrected": self.corrected,
            "smallest_effect": self.smallest_effect,
        }
        return {
            "problem": self.problem,
            "split": self.split,
            **{name: value if isfinite(value) else None for name, value in numbers.items()},
            "level": self.interval.level,
            "method": self.interval.method,
            "pairs": self.pairs,
            "unit": self.unit,
        }


def compare_solvers(
    first: Sequence[Appraisal], second: Sequence[Appraisal], *, fitted: bool, level: float = 0.9
) -> list[Comparison]:
    """Compare two solvers split by split, on the questions that both answered.

    Several seeds of solvers that were trained are compared by their means, one difference per seed, since questions
    put to the same trained solver are not independent. Otherwise each question is a pair: of right-or-wrong scores
    the p-value is that of the exact sign test on the questions that one alone answers (McNemar's exact test), of
    others that of a permutation test by random signs.

    Parameters
    ----------
    first, second : sequence of Appraisal
        The two solvers on the same problems.
    fitted : bool
        Whether either was trained, seed by seed.
    level : float
        Level of the intervals; each holds by itself, the correction is that of the p-values.

    Examples
    --------
    >>> import unseen as un
    >>> from unseen.evaluation.appraisal import appraise
    >>> problem = un.problem("modular-addition", modulus=31)
    >>> rule, memory = (appraise(name, problem) for name in ("classical", "lookup-table"))
    >>> print(compare_solvers([rule], [memory], fitted=False)[1].interval)
    1 [0.9944, 1]
    """
    found = [
        _compared(a.scores, b.scores, split, fitted, level)
        for a, b in zip(first, second, strict=True)
        for split in a.scores.axes
        if _pairs(a.scores, b.scores, split)
    ]
    if not found:
        return []
    corrected = holm([comparison.p_value for comparison in found])
    return [replace(one, corrected=float(p)) for one, p in zip(found, corrected, strict=True)]


def _pairs(a: Scores, b: Scores, split: str) -> list[NDArray[np.float64]]:
    """Differences on the questions that both answered, per seed; seeds without any left out."""
    seeds = [seed for name, seed in a.values if name == split and (split, seed) in b.values]
    both = [a.values[split, seed] - b.values[split, seed] for seed in seeds]
    kept = [differences[~np.isnan(differences)] for differences in both]
    return [differences for differences in kept if len(differences)]


def _compared(a: Scores, b: Scores, split: str, fitted: bool, level: float) -> Comparison:
    by_seed = _pairs(a, b, split)
    questions = np.concatenate(by_seed)
    per_seed = fitted and len(by_seed) > 1
    units = np.array([differences.mean() for differences in by_seed]) if per_seed else questions
    shares = bool(np.isin(questions, (-1.0, 0.0, 1.0)).all())
    smallest = smallest_detectable_effect(units, level=level)
    interval = mean(units, level=level)
    exact = shares and not per_seed
    p_value = (sign_test(units) if exact else permutation_test(units, resamples=10_000)).p_value
    if shares and (units == units[0]).all():
        # Pairs that all agree still leave room for a share of others that these questions did not show.
        margin = wilson(0, len(questions), level=level).high
        low, high = max(-1.0, interval.low - margin), min(1.0, interval.high + margin)
        interval = replace(interval, low=low, high=high, method=f"Wilson, all {len(questions)} pairs alike")
        smallest = margin
    interval = replace(interval, values=interval.values if per_seed else ())
    unit = "seed" if per_seed else "question"
    return Comparison(a.problem, split, interval, p_value, p_value, smallest, len(questions), unit)
