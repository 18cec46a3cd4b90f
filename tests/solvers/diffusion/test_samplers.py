"""All samplers against closed forms, their orders of convergence and each other."""

from __future__ import annotations

from functools import cache, partial

import numpy as np
import pytest
import torch

from unseen.problems.densities.gaussian_mixture import GaussianMixture, ring_mixture
from unseen.solvers.diffusion.classical import fon, heun, runge_kutta
from unseen.solvers.diffusion.constant_schedules import constant_schedule, ddim, dpm_solver_pp, unipc
from unseen.solvers.diffusion.exponential_integrator import StepChoice, sample
from unseen.solvers.diffusion.noise_schedule import linear_schedule
from unseen.solvers.diffusion.pseudo_multistep import f_pndm, s_pndm, transfer
from unseen.solvers.diffusion.time_grids import log_snr_times, uniform_times

SCHEDULE = linear_schedule()
NOISE = np.random.default_rng(0).standard_normal((50, 2))
BROAD = ring_mixture(deviation=0.4)


def constant(step, noise_prediction, noise, schedule, times):
    return sample(noise_prediction, noise, schedule, constant_schedule(times, step))


SAMPLERS = {
    "ddim": ddim,
    "s_pndm": s_pndm,
    "f_pndm": f_pndm,
    "fon": fon,
    "heun": heun,
    "runge_kutta": runge_kutta,
    "dpm_solver_pp_2": dpm_solver_pp,
    "dpm_solver_pp_3": partial(dpm_solver_pp, order=3),
    "unipc_2": unipc,
    "unipc_3": partial(unipc, order=3),
    "exact_2": partial(constant, StepChoice("data", 2)),
    "exact_3": partial(constant, StepChoice("data", 3)),
    "noise_2": partial(constant, StepChoice("noise", 2)),
    "noise_3": partial(constant, StepChoice("noise", 3)),
    "two_point_slope": partial(constant, StepChoice("data", 3, slope_points=2)),
    "relaxed": partial(constant, StepChoice("data", 2, relaxation=0.3)),
}

EVALUATIONS = {"s_pndm": 21, "f_pndm": 29, "fon": 29, "heun": 40, "runge_kutta": 80}
"""Of 20 steps; all others take 20."""


@pytest.mark.parametrize("name", SAMPLERS)
def test_evaluations_are_counted(name):
    calls = []

    def prediction(x, alpha_bar):
        calls.append(alpha_bar)
        return BROAD.noise_prediction(x, alpha_bar)

    report = SAMPLERS[name](prediction, NOISE, SCHEDULE, uniform_times(SCHEDULE, 20))
    assert report.counters["network_evaluations"] == len(calls) == EVALUATIONS.get(name, 20)
    assert report.status == "converged"
    assert report.solution.shape == NOISE.shape


ORDERS = {
    ("log-snr", "ddim"): 1,
    ("log-snr", "s_pndm"): 2,
    ("log-snr", "f_pndm"): 2,
    ("uniform", "fon"): 4,
    ("log-snr", "heun"): 2,
    ("log-snr", "runge_kutta"): 4,
    ("log-snr", "dpm_solver_pp_2"): 2,
    ("log-snr", "dpm_solver_pp_3"): 2,
    ("log-snr", "unipc_2"): 3,
    ("log-snr", "unipc_3"): 4,
    ("log-snr", "exact_2"): 2,
    ("log-snr", "exact_3"): 3,
    ("log-snr", "noise_2"): 2,
    ("log-snr", "noise_3"): 3,
    ("log-snr", "two_point_slope"): 2,
    ("log-snr", "relaxed"): 2,
}
"""Grid and sampler -> order of convergence that its theory states."""


@cache
def reference():
    return runge_kutta(BROAD.noise_prediction, NOISE, SCHEDULE, log_snr_times(SCHEDULE, 600)).solution


@pytest.mark.parametrize(("grid", "name"), ORDERS)
def test_order_of_convergence(grid, name):
    errors = []
    for steps in (120, 240):
        times = (uniform_times if grid == "uniform" else log_snr_times)(SCHEDULE, steps)
        found = SAMPLERS[name](BROAD.noise_prediction, NOISE, SCHEDULE, times).solution
        errors.append(np.sqrt(((found - reference()) ** 2).mean()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(ORDERS[grid, name], abs=0.25)
    assert errors[1] < 0.02


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_gaussian_in_closed_form(name):
    # The flow of N(m, s^2) keeps (x - mean) / standard deviation.
    deviation, mean = 0.5, np.array([1.0, -2.0])
    gaussian = GaussianMixture(mean[None], deviation)
    start, end = SCHEDULE.alpha_bar([1000, 1])

    def moments(level):
        return np.sqrt(level) * mean, np.sqrt(level * deviation**2 + 1 - level)

    expected = moments(end)[0] + (NOISE - moments(start)[0]) / moments(start)[1] * moments(end)[1]
    grid = uniform_times if name == "fon" else log_snr_times
    errors = [
        np.abs(SAMPLERS[name](gaussian.noise_prediction, NOISE, SCHEDULE, grid(SCHEDULE, steps)).solution - expected)
        for steps in (50, 400)
    ]
    assert errors[1].max() < errors[0].max() / 6
    assert errors[1].max() < 0.02


def test_the_path_to_one_point_is_followed_exactly_by_all_that_transfer():
    # Of a single point the noise is known exactly and is the same all along the path.
    def prediction(x, alpha_bar):
        return (x - np.sqrt(alpha_bar) * 0.7) / np.sqrt(1 - alpha_bar)

    start, end = SCHEDULE.alpha_bar([1000.0, 1.0])
    noise = (NOISE - np.sqrt(start) * 0.7) / np.sqrt(1 - start)
    expected = np.sqrt(end) * 0.7 + np.sqrt(1 - end) * noise
    times = uniform_times(SCHEDULE, 12)
    for name in sorted(set(SAMPLERS) - {"fon", "runge_kutta"}):
        assert SAMPLERS[name](prediction, NOISE, SCHEDULE, times).solution == pytest.approx(expected, abs=1e-12)
    for name in ("fon", "runge_kutta"):
        assert np.abs(SAMPLERS[name](prediction, NOISE, SCHEDULE, times).solution - expected).max() > 0.01


def test_transfer_is_ddims_map_in_its_usual_form():
    x, noise = NOISE[:10], NOISE[10:20]
    for start, end in ((0.3, 0.5), (0.3, 1.0), (0.8, 0.8)):
        usual = np.sqrt(end / start) * (x - np.sqrt(1 - start) * noise) + np.sqrt(1 - end) * noise
        assert transfer(x, noise, start, end) == pytest.approx(usual)


def test_ddim_is_the_first_order_of_both_predictions_and_the_pseudo_step():
    times = uniform_times(SCHEDULE, 15)
    expected = NOISE
    for start, end in zip(*(SCHEDULE.alpha_bar(times[part]) for part in (slice(-1), slice(1, None))), strict=True):
        expected = transfer(expected, BROAD.noise_prediction(expected, start), start, end)
    for prediction in ("data", "noise"):
        found = constant(StepChoice(prediction, 1), BROAD.noise_prediction, NOISE, SCHEDULE, times).solution
        assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", SAMPLERS)
def test_torch_gives_what_numpy_gives(name):
    times = uniform_times(SCHEDULE, 6)
    found = SAMPLERS[name](BROAD.noise_prediction, torch.tensor(NOISE), SCHEDULE, times).solution
    assert found.dtype == torch.float64
    assert found.numpy() == pytest.approx(
        SAMPLERS[name](BROAD.noise_prediction, NOISE, SCHEDULE, times).solution, abs=1e-9
    )


@pytest.mark.parametrize("name", sorted(set(SAMPLERS) - {"exact_2", "exact_3", "two_point_slope", "relaxed"}))
def test_grids_may_end_at_the_data(name):
    times = uniform_times(SCHEDULE, 400, last=0.0)
    found = SAMPLERS[name](BROAD.noise_prediction, NOISE, SCHEDULE, times)
    closest = np.append(log_snr_times(SCHEDULE, 600), 0.0)
    expected = runge_kutta(BROAD.noise_prediction, NOISE, SCHEDULE, closest).solution
    assert found.status == "converged"
    assert np.sqrt(((found.solution - expected) ** 2).mean()) < 0.02


@pytest.mark.parametrize("name", SAMPLERS)
def test_points_that_are_lost_are_reported(name):
    def prediction(x, alpha_bar):
        return x * (np.nan if alpha_bar > 0.5 else 1.0)

    report = SAMPLERS[name](prediction, NOISE, SCHEDULE, uniform_times(SCHEDULE, 10))
    assert report.status == "not-finite"
    assert "not finite from network evaluation" in report.why


def test_a_prediction_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"\(50, 2\) has shape \(50, 1\)"):
        ddim(lambda x, _: x[:, :1], NOISE, SCHEDULE, uniform_times(SCHEDULE, 3))
    with pytest.raises(ValueError, match="singular at time 0"):
        fon(BROAD.noise_prediction, NOISE, SCHEDULE, uniform_times(SCHEDULE, 2, last=0.0))
