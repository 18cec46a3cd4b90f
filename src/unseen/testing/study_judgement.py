"""Laws of a study's judgement, figure and broken experiment, on smoke trials and on those of the record."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from unittest import SkipTest

import numpy as np

from unseen.contracts.study import Finding, Trial, Trials
from unseen.statistics.interval import Interval
from unseen.testing.laws import require
from unseen.testing.study_case import StudyCase


def claims_can_be_judged(case: StudyCase) -> None:
    """Every claim gets an interval and a verdict with a reason, and the central one gives the study its verdict."""
    for place, trials in case.everything():
        judgement = case.study.judge(trials)
        require(len(judgement.findings) == len(case.study.claims), f"{place}: a claim is without a finding")
        for finding in judgement.findings:
            require(isinstance(finding.interval, Interval), f"{place}: {finding.claim.text!r} has no interval")
            require(finding.verdict.why, f"{place}: {finding.claim.text!r} has a verdict without a reason")
        central = next(finding for finding in judgement.findings if finding.claim.central)
        require(judgement.verdict == central.verdict, f"{place}: the verdict is not that of the central claim")


def judgement_ignores_the_order_of_trials(case: StudyCase) -> None:
    """The order in which trials finished changes no estimate and no verdict."""
    for place, trials in case.everything():
        forwards, backwards = (_numbers(case, Trials(items)) for items in (trials.items, trials.items[::-1]))
        require(
            np.allclose(forwards[0], backwards[0], rtol=1e-9, atol=1e-12, equal_nan=True)
            and forwards[1] == backwards[1],
            f"{place}: findings change with the order of trials",
        )


def missing_trial_is_inconclusive(case: StudyCase) -> None:
    """With a trial missing, of whatever condition, every claim is inconclusive."""
    for place, trials in case.everything():
        for number, gone in enumerate(trials.items):
            rest = Trials(trials.items[:number] + trials.items[number + 1 :])
            judgement = case.study.judge(rest, trials.seeds)
            statuses = {finding.verdict.status for finding in judgement.findings}
            require(
                statuses == {"inconclusive"} and "missing" in judgement.verdict.why,
                f"{place}: {gone.condition}, seed {gone.seed} is missing and the claims come out {sorted(statuses)}",
            )


def broken_experiment_does_not_hold(case: StudyCase) -> None:
    """With the declared exchange of conditions the central claim of a recorded run does not come out ``holds``."""
    if not case.recorded:
        raise SkipTest("the study has no record")
    # The central claim alone: the others may read metrics that the exchanged arm does not have.
    central = dataclasses.replace(case.study, claims=tuple(claim for claim in case.study.claims if claim.central))
    for scale, trials in case.recorded.items():
        judgement = central.judge(trials.reading(case.study.broken))
        require(
            judgement.verdict.status != "holds",
            f"scale {scale}: with {dict(case.study.broken)} the central claim still holds: {judgement.verdict.why}",
        )


def broken_experiment_concerns_the_central_claim(case: StudyCase) -> None:
    """The central claim reads at least one of the conditions that the broken experiment exchanges."""
    if not case.study.broken:
        raise SkipTest("the study declares no broken experiment")
    claim = next(claim for claim in case.study.claims if claim.central)
    watched = _Watched(case.smoke.items)
    claim.estimate(watched)
    for gate in claim.gates:
        gate.value(watched)
    exchanged = set(case.study.broken)
    require(
        watched.read & exchanged or not watched.read,
        f"the central claim reads {sorted(watched.read)}, the broken experiment exchanges {sorted(exchanged)}",
    )


def figure_draws(case: StudyCase) -> None:
    """The figure is drawn from smoke trials and from the record, with data, labels and no leftovers."""
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    from unseen.report.style import figure_style

    for place, trials in case.everything():
        with figure_style():
            open_before = set(plt.get_fignums())
            drawn = case.study.figure(trials)
            require(isinstance(drawn, Figure), f"{place}: the figure is {type(drawn).__name__}")
            image = io.BytesIO()
            drawn.savefig(image, format="png")
            plt.close(drawn)
            require(set(plt.get_fignums()) <= open_before, f"{place}: other figures were left open")
        require(any(axes.has_data() for axes in drawn.axes), f"{place}: the figure shows no data")
        for number, axes in enumerate(drawn.axes, start=1):
            require(
                axes.get_xlabel() or axes.get_title(loc="left") or axes.get_title() or axes.get_ylabel(),
                f"{place}: axes {number} have neither label nor title",
            )


JUDGEMENT_LAWS: tuple[Callable[[StudyCase], None], ...] = (
    claims_can_be_judged,
    judgement_ignores_the_order_of_trials,
    missing_trial_is_inconclusive,
    broken_experiment_concerns_the_central_claim,
    broken_experiment_does_not_hold,
    figure_draws,
)


class _Watched(Trials):
    """Trials that know which conditions were read."""

    def __init__(self, items: tuple[Trial, ...]):
        super().__init__(items)
        self.__dict__["read"] = set()

    @property
    def read(self) -> set[str]:
        """Conditions asked for."""
        found: set[str] = self.__dict__["read"]
        return found

    def of(self, condition: str) -> tuple[Trial, ...]:
        """As in `Trials`."""
        self.read.add(condition)
        return super().of(condition)


def _numbers(case: StudyCase, trials: Trials) -> tuple[list[list[float]], list[str]]:
    findings: tuple[Finding, ...] = case.study.judge(trials).findings
    ends = [[f.interval.estimate, f.interval.low, f.interval.high] for f in findings]
    return ends, [finding.verdict.status for finding in findings]
