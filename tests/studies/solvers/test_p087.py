from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.solvers.diffusion.classical import fon
from unseen.solvers.diffusion.time_grids import uniform_times
from unseen.studies.solvers._pseudo_multistep_arms import (
    ARMS,
    BUDGET,
    MIDDLE,
    SETTINGS,
    STEPS,
    evaluations_to_target,
    task,
)
from unseen.studies.solvers._sampler_arms import (
    SCHEDULE,
    Training,
    exact_mixture,
    fon_as_released,
    initial_noise,
    network_error,
    network_prediction,
    reference,
    trained_networks,
)
from unseen.studies.solvers.p087_pseudo_multistep import study

SMOKE = study.scales["smoke"]


def expected(condition):
    """Metrics with which every claim of the paper holds."""
    scale = {"f-pndm": 0.5, "f-pndm-quadratic": 0.1, "ddim": 10.0}.get(condition, 1.0)
    metrics = {"energy_50": 0.1, "energy_many": 0.2, "network_error": 0.05}
    for name in SETTINGS:
        metrics |= {f"{kind}error_{name}_{steps}": scale for kind in ("", "data_") for steps in STEPS}
        metrics |= {f"error_{name}_budget": scale, f"error_{name}_many": 1.0, f"error_{name}_some": 4.0}
        metrics[f"evaluations_{name}"] = 1000.0 if condition == "ddim" else 50.0
    return metrics


def judged(**changes):
    """Statuses of all claims when some arms' metrics are changed, a little different from seed to seed."""
    changed = {name.replace("_", "-"): metrics for name, metrics in changes.items()}
    trials = [
        Trial(name, seed, Outcome({key: value * (1 + 1e-3 * seed) for key, value in metrics.items()}))
        for name in ARMS
        for metrics in [{**expected(name), **changed.get(name, {})}]
        for seed in range(5)
    ]
    return [finding.verdict.status for finding in study.judge(Trials(tuple(trials))).findings]


def test_what_the_paper_expects_holds_in_every_claim():
    assert set(judged()) == {"holds"}


def test_claims_fail_one_by_one():
    classical_as_good = {f"error_network_{steps}": 0.5 for steps in MIDDLE}
    assert judged(fon=classical_as_good)[0] == "fails"
    assert judged(fon={f"error_sixteen_{steps}": 0.2 for steps in MIDDLE})[:2] == ["holds", "fails"]
    assert judged(fon={f"data_error_ring_{steps}": 0.1 for steps in MIDDLE})[2] == "fails"
    assert judged(fon_released={f"error_ring_{steps}": 0.1 for steps in MIDDLE})[3] == "fails"
    assert judged(f_pndm={"evaluations_sixteen": 300.0})[4] == "fails"
    assert judged(f_pndm={"evaluations_network": math.inf})[5] == "fails"
    assert judged(f_pndm={"energy_50": 0.3})[10] == "fails"


def test_without_a_trained_network_or_errors_to_speak_of_nothing_is_said():
    assert judged(ddim={"network_error": 0.5})[0] == "inconclusive"
    assert judged(ddim={f"error_network_{steps}": 2.0 for steps in MIDDLE})[0] == "inconclusive"


@pytest.mark.parametrize("name", ARMS)
def test_costs_are_those_that_the_samplers_count(name):
    calls = []

    def prediction(x, alpha_bar):
        calls.append(alpha_bar)
        return exact_mixture("ring", 0).noise_prediction(x, alpha_bar)

    arm = ARMS[name]
    steps = arm.steps_within(BUDGET)
    arm.run(prediction, initial_noise("ring", 0, 2), steps)
    assert len(calls) == arm.per_step * steps + arm.extra
    assert BUDGET - arm.per_step < len(calls) <= BUDGET


def test_fon_as_released_is_fon_but_for_its_start():
    # From the same four values on, both take Adams-Bashforth steps of nearly the same derivative.
    prediction, noise = exact_mixture("ring", 0).noise_prediction, initial_noise("ring", 0, 20)
    exact, _ = reference(prediction, noise, 200)
    errors = {
        steps: [
            np.abs(method(prediction, noise, SCHEDULE, uniform_times(SCHEDULE, steps)).solution - exact).max()
            for method in (fon, fon_as_released)
        ]
        for steps in (30, 200)
    }
    assert errors[30][1] == pytest.approx(errors[30][0], rel=0.1)
    assert errors[200][1] > 10 * errors[200][0]
    assert errors[200][1] < 0.01


def test_the_network_learns_the_exact_prediction():
    short, long = (
        trained_networks((50,), Training(width=32, depth=2, steps=steps, pool=8192))[0] for steps in (30, 600)
    )
    assert network_error(long, 50, 2000) < min(0.3, network_error(short, 50, 2000) / 2)
    x = np.random.default_rng(0).standard_normal((4, 2))
    assert network_prediction(long)(x, 0.5).dtype == np.float64


def test_reference_solutions_do_not_change_with_their_steps():
    found = task("sixteen", 50, (50,), SMOKE)
    coarser, finer = (reference(found.prediction, found.noise, steps) for steps in (300, 600))
    for ours, known, better in zip((found.at_one, found.at_data), coarser, finer, strict=True):
        assert known == pytest.approx(better, abs=1e-6)
        assert np.abs(ours - better).max() < 0.5
    assert np.abs(finer[0] - finer[1]).max() < 0.1


@pytest.mark.parametrize("name", ["ddim", "f-pndm", "heun", "dpm-solver-log-snr"])
def test_evaluations_to_the_target_are_the_first_that_suffice(name):
    found, arm = task("ring", 50, (50,), SMOKE), ARMS[name]
    evaluations = evaluations_to_target(found, arm, SMOKE)
    steps = int((evaluations - arm.extra) / arm.per_step)
    assert found.error(arm, steps) <= found.target < found.error(arm, steps - 1)
    assert evaluations == SMOKE.many_steps or name != "ddim"


def test_a_target_out_of_reach_is_said_to_be():
    unreachable = replace(task("ring", 50, (50,), SMOKE), target=0.0)
    assert evaluations_to_target(unreachable, ARMS["f-pndm"], SMOKE) == math.inf
