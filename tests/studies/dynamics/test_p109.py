from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.studies.dynamics import _tangent_kernel_arms as arms
from unseen.studies.dynamics import p109_neural_tangent_kernel as p109
from unseen.training import History

DECAY = np.array([0.5, 0.2, 0.1, 0.05, 0.02])
STEPS = np.arange(201)


def history(rates: np.ndarray) -> History:
    """One lane whose error components fall exactly exponentially."""
    modes = {f"mode_{k + 1}": 3.0 * np.exp(-rate * STEPS) for k, rate in enumerate(rates)}
    return History((0,), [STEPS], [modes])


def setup() -> arms.Setup:
    nothing = np.zeros(1)
    values = {field.name: nothing for field in dataclasses.fields(arms.Setup)}
    return arms.Setup(**{**values, "decay": DECAY})  # type: ignore[arg-type]


def test_rates_of_exact_exponentials_have_no_error():
    assert arms.decay_errors(history(DECAY), 0, setup())["decay"] == pytest.approx(0, abs=1e-12)


def test_rates_off_by_a_fifth_are_off_by_a_fifth():
    assert arms.decay_errors(history(1.2 * DECAY), 0, setup())["decay"] == pytest.approx(0.2, rel=1e-9)


def test_components_that_grow_count_as_wrong_as_those_that_stay():
    assert arms.decay_errors(history(-DECAY), 0, setup())["decay"] == 1.0
    assert arms.decay_errors(history(0 * DECAY), 0, setup())["decay"] == 1.0


def test_curves_are_relative_to_the_start_and_short():
    curve = arms.mode_curve(history(DECAY), 0, setup())
    assert curve["step"] == list(range(0, arms.SHOWN + 1, 2))
    np.testing.assert_allclose(curve["measured_2"], curve["predicted_2"], rtol=1e-12)
    assert curve["measured_2"][0] == 1.0


def made_up(drift_exponent: float, *, fitted: float = 1.0) -> Trials:
    """Trials in which every metric is a pure power of the width."""
    widths = np.array([64.0, 256.0, 1024.0])
    powers = {"kernel_error": -0.5, "drift": drift_exponent, "function": -0.5, "decay": -0.5}
    trials = []
    for condition in p109.study.conditions:
        for seed in range(5):
            # A little noise by seed, so that intervals have a width.
            columns = {name: (0.3 + 0.01 * seed) * (widths / 64) ** power for name, power in powers.items()}
            curves = {"widths": {"width": widths, **columns}}
            trials.append(Trial(condition, seed, Outcome({"fitted": fitted}, curves)))
    return Trials(tuple(trials))


@pytest.mark.parametrize(("exponent", "status"), [(-0.5, "holds"), (-0.1, "fails")])
def test_the_exponent_of_the_drift_decides_the_central_claim(exponent, status):
    finding = next(found for found in p109.study.judge(made_up(exponent)).findings if found.claim.central)
    assert finding.interval.estimate == pytest.approx(exponent, abs=1e-9)
    assert finding.verdict.status == status


def test_networks_that_do_not_fit_say_nothing():
    assert p109.study.judge(made_up(-0.5, fitted=0.0)).verdict.status == "inconclusive"
