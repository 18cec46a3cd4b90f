from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import beta

from unseen.solvers.linear.sor import SOR
from unseen.studies.solvers import _relaxation_streams as arms
from unseen.studies.solvers.p028_learning_to_relax import CLAIMS, SHOWN, study, trial
from unseen.testing import imagined_trials

SMOKE = study.scales["smoke"]


def test_every_condition_but_hindsight_and_the_control_is_drawn():
    assert {"hindsight", "chebyshev-misinformed", *SHOWN} == set(study.conditions)


def test_the_laws_of_shifts_are_the_papers():
    config = dataclasses.replace(SMOKE, pool=4000)
    for law, parameters in arms.LAWS.items():
        shifts = (arms.systems(config, law, 3).shifts + 0.15) / 0.6
        assert shifts.mean() == pytest.approx(beta(*parameters).mean(), abs=0.02)
        assert shifts.var() == pytest.approx(beta(*parameters).var(), rel=0.1)


def test_a_stream_names_what_each_system_really_costs():
    stream = arms.stream_of(SMOKE, "high", 3)
    assert stream.sweeps.shape == (SMOKE.rounds, SMOKE.relaxations)
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(4, 4))
    grid = sp.kron(sp.eye_array(4), line) + sp.kron(line, sp.eye_array(4))
    right = np.random.default_rng(0).standard_normal(16)
    for shift, sweeps in zip(stream.shifts[:5], stream.sweeps[:5], strict=True):
        for relaxation, count in zip(arms.relaxations(SMOKE), sweeps, strict=True):
            alone = SOR(relaxation).solve(grid + shift * sp.eye_array(16), right).iterations
            assert abs(alone - count) <= 0.25 * count + 2, (shift, relaxation)


def test_the_changing_stream_has_one_law_and_then_the_other():
    changing = arms.stream_of(SMOKE, "changing", 3)
    half = SMOKE.rounds // 2
    assert np.isin(changing.shifts[:half], arms.systems(SMOKE, "high", 3).shifts).all()
    assert np.isin(changing.shifts[half:], arms.systems(SMOKE, "low", 3).shifts).all()


def test_hindsight_is_a_minimum_over_what_was_there():
    (found,) = trial("hindsight", (3,), SMOKE)
    stream = arms.stream_of(SMOKE, "low", 3)
    assert found.metrics["low_fixed_late"] == stream.sweeps.mean(axis=0).min()
    assert found.metrics["low_each_late"] <= found.metrics["low_fixed_late"] <= found.metrics["low_gauss_seidel"]
    assert found.metrics["low_cg_late"] == stream.cg.mean()


def test_seeds_of_a_batch_do_not_meet():
    both = trial("tsallis", (3, 4), SMOKE)
    assert both[1] == trial("tsallis", (4,), SMOKE)[0]


def test_the_misinformed_control_is_told_of_another_system():
    told = arms.costs_of("chebyshev", "high", (3,), SMOKE)
    misled = arms.costs_of("chebyshev-misinformed", "high", (3,), SMOKE)
    assert (told != misled).any()


# -- what the claims make of results ------------------------------------------------------------------------------

HINDSIGHT = {
    **{f"{name}_largest": 2000.0 for name in arms.STREAMS},
    **{f"{name}_fixed_{when}": 100.0 for name in arms.STREAMS for when in ("early", "late")},
    **{f"{name}_each_{when}": 60.0 for name in arms.STREAMS for when in ("early", "late")},
    "high_cg_late": 30.0,
}
LEARNS = {"high_early": 180.0, "high_late": 115.0, "low_late": 110.0, "changing_late": 112.0}
EXPECTED = {
    "hindsight": HINDSIGHT,
    "uniform": {"high_early": 270.0, "high_late": 270.0, "low_late": 200.0, "changing_late": 230.0},
    "tsallis": LEARNS,
    "tsallis-unscaled": {**LEARNS, "high_late": 120.0},
    "tsallis-binned": {"high_late": 90.0},
    "chebyshev": {"high_early": 80.0, "high_late": 65.0},
    "chebyshev-misinformed": {"high_late": 110.0},
    "confidence": {},
    "confidence-binned": {},
}


def statuses(**changes):
    return [finding.verdict.status for finding in study.judge(imagined_trials(study, EXPECTED, changes)).findings]


def test_the_papers_results_hold():
    assert statuses() == ["holds"] * len(CLAIMS)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"tsallis__high_late": 130.0}, 0),
        ({"tsallis__high_late": 150.0}, 1),
        ({"tsallis__low_late": 140.0}, 2),
        ({"tsallis__changing_late": 140.0}, 3),
        ({"tsallis_unscaled__high_late": 180.0}, 4),
        ({"chebyshev__high_late": 105.0}, 5),
        ({"chebyshev__high_late": 75.0}, 6),
        ({"tsallis_binned__high_late": 101.0}, 7),
        ({"chebyshev_misinformed__high_late": 95.0}, 8),
        ({"hindsight__high_cg_late": 70.0}, 9),
    ],
)
def test_every_claim_can_fail(changes, claim):
    assert CLAIMS[claim].central == (claim == 0)
    assert statuses(**changes)[claim] == "fails"


def test_a_limit_that_was_hit_says_nothing():
    assert statuses(hindsight__high_largest=10_000.0) == ["inconclusive"] * len(CLAIMS)


def test_the_broken_experiment_does_not_hold():
    assert study.judge(imagined_trials(study, EXPECTED).reading(study.broken)).verdict.status == "fails"
