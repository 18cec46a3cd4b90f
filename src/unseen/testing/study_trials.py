"""Laws of a study's trials, checked on runs at scale smoke."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from unittest import SkipTest

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import Outcome
from unseen.testing.examples import disturbed_global_randomness
from unseen.testing.laws import require
from unseen.testing.study_case import StudyCase

Array = NDArray[np.float64]

SMOKE_SECONDS = 30.0
"""Processor seconds that all conditions with two seeds may take at scale smoke."""

RELATIVE, ABSOLUTE = 1e-3, 1e-4
"""How far a seed's numbers may differ between a batch of seeds and one alone: single precision summed in another order,
carried through the steps of a smoke run. A seed that depends on its neighbours is off by far more."""


def smoke_runs(case: StudyCase) -> None:
    """Every condition runs at scale smoke with two seeds in half a processor minute, and none reports a failure."""
    trials, seconds = case.timed_smoke
    for trial in trials.items:
        outcome = trial.outcome
        require(isinstance(outcome, Outcome), f"{trial.condition}: the trial returned {type(outcome).__name__}")
        require(not outcome.failure, f"{trial.condition}, seed {trial.seed} failed: {outcome.failure}")
    require(seconds < SMOKE_SECONDS, f"scale smoke took {seconds:.0f} processor seconds")


def outcomes_can_be_stored(case: StudyCase) -> None:
    """Metrics are numbers, the same ones for every seed; curves are columns of numbers of equal length."""
    for condition in case.study.conditions:
        outcomes = [trial.outcome for trial in case.smoke.of(condition)]
        names = {tuple(sorted(outcome.metrics)) for outcome in outcomes}
        require(len(names) == 1, f"{condition}: the seeds have different metrics: {sorted(names)}")
        for outcome in outcomes:
            require(outcome.metrics, f"{condition}: no metric")
            for name, value in outcome.metrics.items():
                require(isinstance(value, numbers.Real), f"{condition}: metric {name!r} is {type(value).__name__}")
            for name, curve in outcome.curves.items():
                lengths = {len(column) for column in curve.values()}
                require(len(lengths) == 1, f"{condition}: columns of curve {name!r} have lengths {sorted(lengths)}")
                for column in curve.values():
                    require(
                        all(isinstance(value, numbers.Real) for value in column),
                        f"{condition}: curve {name!r} does not hold numbers alone",
                    )


def metrics_are_finite_or_documented(case: StudyCase) -> None:
    """A metric that is ``nan`` or infinite in any trial is named on the page, which says so by those words.

    A family of metrics is named by a pattern: `` `first_*` ``.
    """
    for place, trials in case.everything():
        for trial in trials.items:
            metrics: Mapping[str, Any] = trial.outcome.metrics
            for name, value in metrics.items():
                if isinstance(value, numbers.Real) and not math.isfinite(value):
                    word = "nan" if math.isnan(value) else "inf"
                    named = any(fnmatchcase(name, pattern) for pattern in re.findall(r"`([\w*]+)`", case.page))
                    require(
                        named and re.search(rf"\b{word}", case.page),
                        f"{place}, {trial.condition}, seed {trial.seed}: {name} is {value}; "
                        f"the page does not name `{name}` and say when it is {word}",
                    )


def same_seed_same_outcome(case: StudyCase) -> None:
    """Run again, whatever global random states are by then, every trial gives the same numbers, bit for bit."""
    for condition in case.study.conditions:
        with disturbed_global_randomness():
            again = case.run(condition, case.seeds)
        for trial, outcome in zip(case.smoke.of(condition), again, strict=True):
            for name, first, second in _numbers(trial.outcome, outcome):
                same = np.array_equal(first, second, equal_nan=True)
                require(same, f"{condition}, seed {trial.seed}: {name} was {first} and then {second}")


def different_seeds_differ(case: StudyCase) -> None:
    """Some condition comes out differently for another seed: the seed is used."""
    for condition in case.study.conditions:
        first, second, *_ = (trial.outcome for trial in case.smoke.of(condition))
        if any(not np.array_equal(a, b, equal_nan=True) for _, a, b in _numbers(first, second)):
            return
    require(False, f"seeds {case.seeds} give the same numbers in every condition")


def batch_equals_one_by_one(case: StudyCase) -> None:
    """A seed's numbers do not depend on the seeds that it is run with, nor on its place among them."""
    if not case.study.batched:
        raise SkipTest("the study runs one seed at a time")
    seed = case.seeds[-1]
    for condition in case.study.conditions:
        together = next(trial.outcome for trial in case.smoke.of(condition) if trial.seed == seed)
        for name, first, second in _numbers(together, case.run(condition, (seed,))[0]):
            same = first.shape == second.shape and np.allclose(
                first, second, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True
            )
            require(same, f"{condition}, seed {seed}: {name} is {first} among {len(case.seeds)} seeds, {second} alone")


TRIAL_LAWS: tuple[Callable[[StudyCase], None], ...] = (
    smoke_runs,
    outcomes_can_be_stored,
    metrics_are_finite_or_documented,
    same_seed_same_outcome,
    different_seeds_differ,
    batch_equals_one_by_one,
)


def _numbers(first: Outcome, second: Outcome) -> Iterator[tuple[str, Array, Array]]:
    """Metrics and curves of two outcomes, side by side."""
    require(set(first.metrics) == set(second.metrics), f"metrics {list(first.metrics)} and {list(second.metrics)}")
    for name in first.metrics:
        yield name, np.asarray(first.metrics[name], np.float64), np.asarray(second.metrics[name], np.float64)
    require(set(first.curves) == set(second.curves), f"curves {list(first.curves)} and {list(second.curves)}")
    for name, curve in first.curves.items():
        for column, values in curve.items():
            other: Sequence[float] = second.curves[name][column]
            yield f"{name}.{column}", np.asarray(values, dtype=np.float64), np.asarray(other, dtype=np.float64)
