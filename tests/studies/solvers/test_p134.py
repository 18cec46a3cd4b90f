from __future__ import annotations

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.studies.solvers.p134_sampler_search import ARMS, EVALUATIONS, FEW, MIXTURES, study, task

SMOKE = study.scales["smoke"]
ERRORS = {"constant": 1.0, "library": 1.5, "random": 0.9, "evolution": 0.7, "s3": 0.5, "times-only": 0.6}


def judged(**changes):
    """Statuses of all claims when some arms' metrics are changed, a little different from seed to seed."""
    changed = {name.replace("_", "-"): metrics for name, metrics in changes.items()}
    trials = []
    for name, level in ERRORS.items():
        metrics = {f"fresh_{mixture}_{steps}": level for mixture in MIXTURES for steps in EVALUATIONS}
        metrics |= {f"fresh_network_{steps}": level for steps in FEW} | {"network_error": 0.05}
        metrics |= {f"moved_{mixture}_{steps}": level + 0.1 for mixture in MIXTURES[1:] for steps in EVALUATIONS}
        metrics |= changed.get(name, {})
        trials += [
            Trial(name, seed, Outcome({key: value * (1 + 1e-3 * seed) for key, value in metrics.items()}))
            for seed in range(5)
        ]
    return [finding.verdict.status for finding in study.judge(Trials(tuple(trials))).findings]


def test_what_the_paper_expects_holds_in_every_claim():
    assert set(judged()) == {"holds"}


@pytest.mark.parametrize(
    ("arm", "kind", "error", "claim"),
    [
        ("s3", "fresh", 0.8, 0),
        ("library", "fresh", 0.6, 2),
        ("random", "fresh", 0.4, 3),
        ("evolution", "fresh", 0.4, 4),
        ("times_only", "fresh", 0.4, 5),
        ("s3", "moved", 1.2, 6),
        ("times_only", "moved", 1.2, 7),
    ],
)
def test_each_claim_can_fail(arm, kind, error, claim):
    names = MIXTURES if kind == "fresh" else MIXTURES[1:]
    metrics = {f"{kind}_{name}_{steps}": error for name in names for steps in EVALUATIONS}
    assert judged(**{arm: metrics})[claim] == "fails"


def test_an_untrained_network_says_nothing():
    assert judged(constant={"network_error": 0.4})[1] == "inconclusive"


def test_search_choice_and_report_see_different_trajectories():
    found = task("ring", 50, (50,), SMOKE)
    candidate = ARMS["library"](5, found.searched, 0, np.random.default_rng(0)).best()[0]
    assert len({found.searched(candidate), found.chosen(candidate), found.fresh(candidate)}) == 3


def test_an_arm_spends_its_budget_and_no_more():
    for name in ("random", "evolution", "s3", "times-only"):
        calls = []
        search = ARMS[name](
            5, lambda candidate, calls=calls: calls.append(candidate) or 1.0, 25, np.random.default_rng(0)
        )
        assert len(calls) == len(search.candidates) == 25
        if name == "times-only":
            known = {candidate.steps for candidate in search.candidates[:15]}
            assert {candidate.steps for candidate in search.candidates} == known
