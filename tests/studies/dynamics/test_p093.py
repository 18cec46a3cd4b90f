from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome, Trial, Trials
from unseen.measures.theory.advani_saxe import learning_curve
from unseen.problems.regression.linear_teacher import LinearTeacher
from unseen.problems.regression.relu_teacher import ReluTeacher
from unseen.studies.dynamics import p093_overtraining as p093
from unseen.studies.dynamics._relu_students import (
    TwoLayerStudent,
    both_layers_sweep,
    draw_key,
    kernel_error,
    output_layer_sweep,
)

SMOKE = p093.study.scales["smoke"]


def test_linear_trial_equals_gradient_descent_in_small_steps():
    config = dataclasses.replace(SMOKE, inputs=10, draws=1, last_time=4.0, initial_variances=(0.0, 2.0))
    outcome = p093.linear_outcome(0.8, 3, config)
    key = int(random_stream("093", 3, 0).integers(1 << 62))
    problem = LinearTeacher(inputs=10, samples=8, snr=config.snr)
    train = problem.sample("train", seed=key)
    design, targets, teacher = train.inputs["x"], train.targets, problem.teacher(key)["weights"]
    direction = random_stream("093", "first weights", key).standard_normal(10)
    step = 1e-3
    late = []
    for variance in config.initial_variances:
        weights, errors = np.sqrt(variance) * direction, []
        for _ in range(round(4.0 / step)):
            weights = weights + step * design.T @ (targets - design @ weights)
            errors.append(((weights - teacher) ** 2).mean() + 1 / config.snr)
        late.append(errors[-1])
        if variance == 0:
            curve = errors
    recorded = outcome.curves["curve"]
    by_steps = np.interp(recorded["time"], step * np.arange(1, len(curve) + 1), curve)
    np.testing.assert_allclose(recorded["simulated"], by_steps, rtol=2e-3)
    np.testing.assert_allclose(outcome.curves["starts"]["late_error"], late, rtol=2e-3)
    assert outcome.metrics["overtraining"] == pytest.approx(
        curve[-1] - min([teacher @ teacher / 10 + 0.2, *curve]), abs=2e-3
    )


def test_error_of_given_weights_is_that_on_fresh_inputs():
    problem = LinearTeacher(inputs=30, samples=10)
    test = problem.sample("iid", 100_000, seed=0)
    weights = random_stream("any").standard_normal(30)
    by_formula = ((weights - problem.teacher(0)["weights"]) ** 2).mean() + problem.noise_variance
    assert ((test.inputs["x"] @ weights - test.targets) ** 2).mean() == pytest.approx(by_formula, rel=0.02)


def test_a_trial_is_a_pure_function_of_condition_seed_and_config():
    for condition in ("ratio-1", "relu-output-layer"):
        alone = p093.trial(condition, [7], SMOKE)[0]
        assert p093.trial(condition, [2, 7], SMOKE)[1] == alone


def test_output_layer_flow_ends_at_least_squares_on_the_hidden_layer():
    problem = ReluTeacher(inputs=6, samples=60, hidden=3)
    sweep = output_layer_sweep(problem, 0, widths=[8], draws=1, times=np.array([0.0, 1e9]), test_size=500)
    key = draw_key(0, 0)
    train, test = problem.sample("train", seed=key), problem.sample("iid", 500, seed=key)
    first = random_stream("093", "hidden layer", key, 8).standard_normal((6, 8))
    hidden = [np.maximum(examples.inputs["x"] @ first, 0) for examples in (train, test)]
    solution = np.linalg.lstsq(hidden[0], train.targets, rcond=None)[0]
    error = ((hidden[1] @ solution - test.labels["noiseless"]) ** 2).mean() + 0.2
    assert sweep["last"][0] == pytest.approx(error, rel=1e-6)
    assert sweep["train"][0] == pytest.approx(((hidden[0] @ solution - train.targets) ** 2).mean(), rel=1e-6)


def test_both_layers_follow_gradient_descent_by_hand():
    problem = ReluTeacher(inputs=5, samples=30, hidden=3)
    options = {"draws": 2, "steps": 60, "learning_rate": 0.3, "momentum": 0.8, "test_size": 300}
    sweeps = both_layers_sweep(problem, [4, 9], widths=[7], **options)
    for seed, sweep in zip([4, 9], sweeps, strict=True):
        expected = np.mean([error_after_descent(problem, draw_key(seed, draw)) for draw in range(2)])
        assert sweep["last"][0] == pytest.approx(expected, rel=1e-3)
        assert sweep["parameters_per_sample"] == [7 * 6 / 30]


def error_after_descent(problem: ReluTeacher, key: int) -> float:
    """Test error of a student of width 7 after the 60 steps of the test above."""
    torch.manual_seed(key)
    student = TwoLayerStudent(5, 7)
    first, second = (p.detach().double().numpy() for p in (student.first, student.second))
    train, test = problem.sample("train", seed=key), problem.sample("iid", 300, seed=key)
    x, y = train.inputs["x"], train.targets
    velocity = [np.zeros_like(first), np.zeros_like(second)]
    for _ in range(60):
        before = x @ first
        hidden = np.maximum(before, 0)
        residual = (hidden @ second / np.sqrt(7) - y) / len(y) / np.sqrt(7)
        gradients = [x.T @ (np.outer(residual, second) * (before > 0)), hidden.T @ residual]
        velocity = [0.8 * v + g for v, g in zip(velocity, gradients, strict=True)]
        first, second = first - 0.3 * velocity[0], second - 0.3 * velocity[1]
    answers = np.maximum(test.inputs["x"] @ first, 0) @ second / np.sqrt(7)
    return float(((answers - test.labels["noiseless"]) ** 2).mean() + 0.2)


def test_kernel_baseline_is_gaussian_process_regression_on_the_students_teachers():
    problem = ReluTeacher(inputs=6, samples=40, hidden=3)
    train, test = (problem.sample(split, 40, seed=draw_key(5, 0)) for split in ("train", "iid"))
    x = np.vstack([train.inputs["x"], test.inputs["x"]])
    covariance = problem.covariance(x, x)
    # The mean of a joint Gaussian of noisy and noiseless values, given the noisy ones.
    given = np.linalg.inv(covariance[:40, :40] + 0.2 * np.eye(40))
    expected = ((covariance[40:, :40] @ given @ train.targets - test.labels["noiseless"]) ** 2).mean() + 0.2
    assert kernel_error(problem, 5, draws=1, test_size=40) == pytest.approx(expected, rel=1e-9)


def test_a_diverged_student_is_a_failed_trial():
    config = dataclasses.replace(SMOKE, learning_rate=1e6)
    outcomes = p093.trial("relu-both-layers", [0], config)
    assert "diverged at width" in outcomes[0].failure


def planted(overtraining: dict[str, float], *, off: float = 0.0, rise: float = 0.1, peak: float = 2.0) -> Trials:
    """Trials of five seeds with what the claims look at put in by hand."""
    times = np.geomspace(0.1, 1000, 20)
    trials = []
    for seed in range(5):
        jitter = 1 + 0.01 * seed
        for condition, ratio in p093.RATIOS.items():
            theory = learning_curve(times, ratio=ratio, snr=5)
            curves = {
                "curve": {"time": times, "simulated": theory * (1 + off * jitter), "theory": theory},
                "starts": {"initial_variance": [0, 1, 2], "late_error": [1, 1 + rise * jitter, 1 + 2 * rise * jitter]},
            }
            trials.append(
                Trial(condition, seed, Outcome({"overtraining": overtraining[condition] * jitter**0.5}, curves))
            )
        for condition in ("relu-output-layer", "relu-both-layers"):
            load = np.array([0.25, 1.0, 4.0])
            last = np.array([0.5, peak * jitter, 0.6])
            curve = {"width": load * 100, "parameters_per_sample": load, "last": last, "overtraining": last - 0.2}
            trials.append(Trial(condition, seed, Outcome({"widest_train_error": 0.0}, {"widths": curve})))
    return Trials(tuple(trials))


PEAKED = {
    "ratio-0.25": 0.02,
    "ratio-0.5": 0.1,
    "ratio-0.8": 0.5,
    "ratio-1": 4,
    "ratio-1.25": 0.5,
    "ratio-2": 0.05,
    "ratio-4": 0.01,
}


def verdicts(trials: Trials) -> list[str]:
    return [finding.verdict.status for finding in p093.study.judge(trials).findings]


def test_claims_hold_where_planted_and_fail_where_planted_otherwise():
    assert set(verdicts(planted(PEAKED))) == {"holds"}
    flat = dict.fromkeys(PEAKED, 0.1) | {"ratio-0.5": 0.2}
    assert verdicts(planted(flat, off=0.2, rise=-0.1, peak=0.3)) == ["fails"] * 7


def test_broken_experiment_does_not_hold():
    trials = planted(PEAKED)
    assert p093.study.judge(trials.reading(p093.study.broken)).verdict.status == "fails"


def test_interior_peak_does_not_profit_from_noise():
    generator = np.random.default_rng(0)
    estimates = []
    for _ in range(300):
        trials = [
            Trial("relu-both-layers", seed, Outcome({}, {"widths": {"last": generator.standard_normal(10)}}))
            for seed in range(5)
        ]
        estimates.append(p093.interior_peak(Trials(tuple(trials))).estimate)
    # No width is worse than another; the higher one of two ends lies E max(z1, z2) = 1/sqrt(pi) above their mean.
    assert np.mean(estimates) == pytest.approx(-1 / np.sqrt(np.pi), abs=0.1)


def test_smoke_scale_runs_judges_and_draws():
    trials = Trials(
        tuple(
            Trial(condition, seed, outcome)
            for condition in p093.study.conditions
            for seed, outcome in zip((0, 1), p093.trial(condition, (0, 1), SMOKE), strict=True)
        )
    )
    judgement = p093.study.judge(trials, seeds=(0, 1))
    assert len(judgement.findings) == len(p093.study.claims)
    assert len(p093.study.figure(trials).axes) == 3
