from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.measures.theory.permutation_ensemble import OutputLaw, members_needed, output_law
from unseen.studies.dynamics import _permutation_arms
from unseen.studies.dynamics.p112_exact_permutations import PUBLISHED, study

SMOKE = study.scales["smoke"]
TINY = dataclasses.replace(
    SMOKE, bits=(3,), ensembles=(2,), released_bits=(3,), simulations=1, most_bits=80, single_networks=2
)


@pytest.fixture(scope="module")
def trials():
    return Trials(tuple(Trial(c, seed, study.trial(c, seed, TINY)) for c in study.conditions for seed in (0, 1)))


def statuses(trials):
    return [finding.verdict.status for finding in study.judge(trials).findings]


def replaced(trials, condition, **metrics):
    return Trials(
        tuple(
            dataclasses.replace(t, outcome=Outcome({**t.outcome.metrics, **metrics}, t.outcome.curves))
            if t.condition == condition
            else t
            for t in trials.items
        )
    )


def test_every_arm_runs_and_the_figure_is_drawn(trials):
    assert not [trial for trial in trials.items if trial.outcome.failure]
    assert all("trials missing" not in f.verdict.why for f in study.judge(trials).findings)
    assert len(study.figure(trials).axes) == 3


def test_the_central_claim_follows_the_share_of_exact_ensembles(trials):
    def central(exact, ensembles):
        return study.judge(replaced(trials, "trained", exact=float(exact), ensembles=float(ensembles))).verdict.status

    assert central(55, 55) == "holds"
    assert central(30, 55) == "fails"
    assert central(49, 55) == "inconclusive"


def test_shuffled_targets_are_never_exact_and_break_the_study(trials):
    assert trials.values("shuffled", "exact").sum() == 0
    assert study.judge(trials.reading(study.broken)).verdict.status == "fails"


def test_a_seed_decides_every_number():
    for condition in ("trained", "exact-model"):
        first, again, other = (study.trial(condition, seed, TINY).metrics for seed in (3, 3, 4))
        assert first == again
        assert first != other


def test_theory_of_the_released_experiment_is_that_of_the_table(trials):
    theory = trials.curves("exact-model", "released")[0]
    for k, last_layer, all_layers in ((5, 28, 205), (10, 58, 333), (20, 121, 579), (30, 190, 840)):
        place = int(np.flatnonzero(theory["k"] == k)[0])
        assert (theory["last_layer"][place], theory["ntk"][place]) == (last_layer, all_layers)
    assert list(PUBLISHED) == theory["k"].tolist()
    assert [PUBLISHED[k] for k in (5, 10, 20, 30)] == [43, 69, 117, 175]


def test_growth_of_sizes_is_what_the_text_says():
    def exponent(low, high):
        sizes = [members_needed(k, failure=0.01, inputs="all") for k in (low, high)]
        return np.log(sizes[1] / sizes[0]) / np.log(high / low)

    assert exponent(40, 10_240) < 1.15
    assert 1.5 < exponent(20_480, 81_920) < 1.7


def test_a_wrong_sign_in_theory_is_counted(monkeypatch):
    assert _permutation_arms._violations(0, TINY) == 0

    def flipped(k, ones):
        law = output_law(k, ones)
        return OutputLaw(law.on, np.where(np.asarray(ones) == 3, -law.off, law.off), law.deviation)

    monkeypatch.setattr(_permutation_arms, "output_law", flipped)
    assert _permutation_arms._violations(0, TINY) == len(_permutation_arms._doubled(TINY.most_bits))


def test_networks_that_do_not_fit_fail_the_trial(monkeypatch):
    monkeypatch.setattr("unseen.solvers.neural.wide_networks.MOST_STEPS", 1)
    for condition in ("trained", "standard", "single-network"):
        assert "did not fit" in study.trial(condition, 0, TINY).failure


def test_statuses_turn_with_the_measures_they_rest_on(trials):
    slow = replaced(trials, "trained", first=1000.0)
    fast = replaced(trials, "trained", first=10.0)
    base = replaced(trials, "exact-model", first=100.0, released_ntk=500.0, released_last_layer=100.0)
    for broken, factor in ((slow, "fails"), (fast, "fails"), (replaced(base, "trained", first=120.0), "holds")):
        both = replaced(broken, "exact-model", first=100.0)
        assert statuses(both)[2] == factor
    near = replaced(base, "standard", released=110.0)
    assert statuses(near)[-2:] == ["fails", "holds"]
