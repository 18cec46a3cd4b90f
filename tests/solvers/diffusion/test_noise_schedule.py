from __future__ import annotations

import numpy as np
import pytest
import torch

from unseen.solvers.diffusion.noise_schedule import NoiseSchedule, cosine_schedule, linear_schedule
from unseen.solvers.diffusion.time_grids import GRIDS, checked_times, log_snr_times, quadratic_times, uniform_times


def test_index_is_shifted_by_one_against_diffusers():
    diffusers = pytest.importorskip("diffusers")
    for ours, theirs in ((linear_schedule(), "linear"), (cosine_schedule(), "squaredcos_cap_v2")):
        their_levels = diffusers.DDPMScheduler(1000, beta_schedule=theirs).alphas_cumprod.double().numpy()
        assert ours.alpha_bar(0) == 1
        assert np.log(ours.alpha_bar(np.arange(1, 1001))) == pytest.approx(np.log(their_levels), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("schedule", [linear_schedule(), cosine_schedule(), linear_schedule(20), cosine_schedule(20)])
def test_level_falls_and_slope_is_its_derivative(schedule):
    times = np.linspace(0, schedule.steps, 7001)
    levels = schedule.alpha_bar(times)
    assert (np.diff(levels) < 0).all()
    inner, width = times[5:-5], 1e-5
    difference = np.log(schedule.alpha_bar(inner + width)) - np.log(schedule.alpha_bar(inner - width))
    assert schedule.slope(inner) == pytest.approx(difference / (2 * width), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("schedule", [linear_schedule(), cosine_schedule()])
def test_time_inverts_the_log_signal_to_noise_ratio(schedule):
    times = np.concatenate([[0.5], np.linspace(1, schedule.steps, 50)])
    assert schedule.time(schedule.log_snr(times)) == pytest.approx(times, rel=1e-9)
    levels = schedule.alpha_bar(times)
    assert schedule.log_snr(times) == pytest.approx(np.log(levels / (1 - levels)) / 2)
    assert schedule.log_snr(0) == np.inf
    with pytest.raises(ValueError, match="log_snr must lie in"):
        schedule.time(-100.0)


def test_half_steps_lie_between_geometrically():
    schedule = linear_schedule()
    times = np.arange(10, 990, 7.0)
    middle = np.sqrt(schedule.alpha_bar(times) * schedule.alpha_bar(times + 1))
    assert schedule.alpha_bar(times + 0.5) == pytest.approx(middle, rel=1e-5)


@pytest.mark.parametrize("name", GRIDS)
def test_grids_descend_between_exact_ends(name):
    schedule = linear_schedule()
    times = GRIDS[name](schedule, 13, last=2.0)
    assert (times[0], times[-1], len(times)) == (1000.0, 2.0, 14)
    assert (np.diff(times) < 0).all()
    even = {"uniform": times, "quadratic": np.sqrt(times), "log-snr": schedule.log_snr(times)}[name]
    assert np.diff(even) == pytest.approx(np.full(13, np.diff(even)[0]))


def test_only_the_even_log_signal_to_noise_grid_cannot_end_at_the_data():
    schedule = linear_schedule()
    assert uniform_times(schedule, 5, last=0.0)[-1] == quadratic_times(schedule, 5, last=0.0)[-1] == 0
    with pytest.raises(ValueError, match="end above 0"):
        log_snr_times(schedule, 5, last=0.0)


@pytest.mark.parametrize("betas", [[0.1, 0.2], [0.1, 0.2, 1.0], [0.1, 0.0, 0.2], [[0.1, 0.2, 0.3]]])
def test_what_is_no_schedule_is_refused(betas):
    with pytest.raises(ValueError, match="betas must be"):
        NoiseSchedule(betas)


def test_times_outside_are_refused():
    schedule = linear_schedule()
    for times, message in (([5.0], "descending"), ([1.0, 2.0], "descending"), ([1001.0, 1.0], "0, 1000")):
        with pytest.raises(ValueError, match=message):
            checked_times(schedule, np.array(times))
    with pytest.raises(ValueError, match=r"\[0, 1000\]"):
        schedule.alpha_bar(torch.tensor([1000.5]).numpy())
    with pytest.raises(ValueError, match="steps must be a whole number from 1 up, not 0"):
        uniform_times(schedule, 0)
