from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from unseen.problems.densities.gaussian_mixture import ring_mixture
from unseen.solvers.diffusion.constant_schedules import constant_schedule
from unseen.solvers.diffusion.exponential_integrator import (
    SolverSchedule,
    StepChoice,
    correction_weights,
    moments,
    prediction_weights,
    sample,
)
from unseen.solvers.diffusion.noise_schedule import linear_schedule
from unseen.solvers.diffusion.time_grids import log_snr_times

SCHEDULE = linear_schedule()
RING = ring_mixture()
NOISE = np.random.default_rng(0).standard_normal((30, 2))


@given(rate=st.floats(-12, 12))
def test_moments_are_the_integrals(rate):
    for power, found in enumerate(moments(rate, 4)):
        expected, _ = quad(lambda u, power=power: math.exp(rate * (1 - u)) * u**power, 0, 1, epsabs=0, epsrel=1e-12)
        assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("prediction", ["data", "noise"])
def test_weights_integrate_polynomials_exactly(prediction):
    nodes, width = np.array([0.0, -0.7, -1.9]), 0.8
    rate = width if prediction == "noise" else -width
    for order, corrector in ((2, False), (3, False), (2, True), (3, True)):
        choice = StepChoice(prediction, order)
        if corrector:
            places, weights = np.append(nodes[:order], 1.0), correction_weights(nodes[:order], width, choice)
        else:
            places, weights = nodes[:order], prediction_weights(nodes[:order], width, choice)
        for power in range(1, len(places)):
            assert weights @ places**power == pytest.approx(width * moments(rate, 5)[power])
        # One power more is beyond them.
        assert weights @ places ** len(places) != pytest.approx(width * moments(rate, 5)[len(places)], rel=1e-3)
        assert weights.sum() == pytest.approx(0, abs=1e-12)


def test_relaxation_scales_the_slope_and_two_points_estimate_it_alone():
    nodes, width = np.array([0.0, -0.7, -1.9]), 0.8
    plain, relaxed = (prediction_weights(nodes[:2], width, StepChoice(relaxation=c)) for c in (0.0, 0.5))
    assert relaxed == pytest.approx(1.4 * plain)
    two = prediction_weights(nodes, width, StepChoice("data", 3, slope_points=2))
    slope = width * moments(-width, 3)[1] * np.array([1, -1, 0]) / 0.7
    assert two - slope == pytest.approx(
        width * moments(-width, 3)[2] * np.linalg.inv(np.vander(nodes, increasing=True))[2]
    )


def test_prediction_may_change_from_step_to_step_and_the_history_follows():
    times = log_snr_times(SCHEDULE, 60)
    choices = [StepChoice("noise" if place % 2 else "data", min(3, place + 1)) for place in range(60)]
    mixed = sample(RING.noise_prediction, NOISE, SCHEDULE, SolverSchedule(tuple(times), tuple(choices))).solution
    plain = [
        sample(RING.noise_prediction, NOISE, SCHEDULE, constant_schedule(times, StepChoice(kind, 3))).solution
        for kind in ("data", "noise")
    ]
    # All three come near the same path; mixing predictions is none of the two alone.
    spread = np.abs(plain[0] - plain[1]).max()
    assert 0 < np.abs(mixed - plain[0]).max() < 2 * spread + 0.02
    assert np.abs(mixed - plain[1]).max() > 0


def test_correctors_cost_nothing_and_help():
    fine = sample(
        RING.noise_prediction, NOISE, SCHEDULE, constant_schedule(log_snr_times(SCHEDULE, 800), StepChoice(order=3))
    ).solution
    errors = {}
    for corrector in (False, True):
        solver = constant_schedule(log_snr_times(SCHEDULE, 40), StepChoice(corrector=corrector))
        report = sample(RING.noise_prediction, NOISE, SCHEDULE, solver)
        assert report.counters["network_evaluations"] == 40
        errors[corrector] = np.sqrt(((report.solution - fine) ** 2).mean())
    assert errors[True] < errors[False] / 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"prediction": "velocity"}, "'velocity'"),
        ({"order": 4}, "4"),
        ({"estimator": "third"}, "'third'"),
        ({"slope_points": 1}, "1"),
        ({"relaxation": math.nan}, "nan"),
    ],
)
def test_formulas_that_there_are_not_are_refused(arguments, named):
    with pytest.raises(ValueError, match=named):
        StepChoice(**arguments)


def test_schedules_that_cannot_be_run_are_refused():
    with pytest.raises(ValueError, match="2 steps need one time more, not 2"):
        SolverSchedule((3.0, 1.0), (StepChoice(order=1), StepChoice(order=1)))
    with pytest.raises(ValueError, match="step 0 has order 2"):
        SolverSchedule((3.0, 1.0), (StepChoice(order=2),))
    with pytest.raises(ValueError, match="last step can have no corrector"):
        SolverSchedule((3.0, 1.0), (StepChoice(order=1, corrector=True),))
    solver = SolverSchedule((500.0, 300.0, 0.0), (StepChoice(order=1), StepChoice(order=2)))
    with pytest.raises(ValueError, match="ends at time 0 must have order 1, not 2"):
        sample(RING.noise_prediction, NOISE, SCHEDULE, solver)
