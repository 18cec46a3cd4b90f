"""Equality with the schedulers of diffusers, where settings coincide, in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from unseen.problems.densities.gaussian_mixture import random_mixture
from unseen.solvers.diffusion.constant_schedules import constant_schedule, ddim, dpm_solver_pp, unipc
from unseen.solvers.diffusion.exponential_integrator import StepChoice, sample
from unseen.solvers.diffusion.noise_schedule import linear_schedule
from unseen.solvers.diffusion.pseudo_multistep import f_pndm

diffusers = pytest.importorskip("diffusers")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")

SINGLE = 2e-5
"""Their DPM-Solver computes each step in single precision whatever it is given."""

SCHEDULE = linear_schedule()
MIXTURE = random_mixture(5, 3, deviation=0.5, seed=1)
NOISE = torch.tensor(np.random.default_rng(0).standard_normal((20, 3)))
LEVELS = torch.tensor(SCHEDULE.alpha_bar(np.arange(1, 1001)))


def run(scheduler, steps):
    """Let diffusers drive; its time step i has our level at time i + 1. Returns samples and where it stopped."""
    scheduler.alphas_cumprod = LEVELS
    scheduler.set_timesteps(steps)
    stops = scheduler.timesteps.tolist()
    if hasattr(scheduler, "sigmas"):
        # Built in double precision, stored in single.
        levels = [*LEVELS[scheduler.timesteps.long()].tolist(), float(LEVELS[0])]
        scheduler.sigmas = torch.tensor([np.sqrt(1 / level - 1) for level in levels], dtype=torch.float64)
    x = NOISE
    for stop in scheduler.timesteps:
        x = scheduler.step(MIXTURE.noise_prediction(x, float(LEVELS[int(stop)])), stop, x).prev_sample
    return x.numpy(), stops


def test_ddim():
    scheduler = diffusers.DDIMScheduler(clip_sample=False)
    theirs, stops = run(scheduler, 50)
    times = np.array([*stops, -1.0]) + 1
    assert (times[0], times[-2]) == (981, 1)
    ours = ddim(MIXTURE.noise_prediction, NOISE.numpy(), SCHEDULE, times).solution
    assert ours == pytest.approx(theirs, abs=1e-10)


def test_f_pndm():
    scheduler = diffusers.PNDMScheduler(set_alpha_to_one=True)
    theirs, _ = run(scheduler, 50)
    times = np.array([*range(981, 0, -20), 0.0])
    report = f_pndm(MIXTURE.noise_prediction, NOISE.numpy(), SCHEDULE, times)
    assert report.counters["network_evaluations"] == len(scheduler.timesteps) == 59
    assert report.solution == pytest.approx(theirs, abs=1e-10)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("lower_order_final", [False, True])
def test_dpm_solver_pp(order, lower_order_final):
    settings = {"final_sigmas_type": "sigma_min", "lower_order_final": lower_order_final}
    scheduler = diffusers.DPMSolverMultistepScheduler(solver_order=order, **settings)
    theirs, stops = run(scheduler, 9)
    ours = dpm_solver_pp(
        MIXTURE.noise_prediction,
        NOISE.numpy(),
        SCHEDULE,
        np.array([*stops, 0.0]) + 1,
        order=order,
        lower_order_final=lower_order_final,
    )
    assert ours.solution == pytest.approx(theirs, abs=SINGLE)


def test_second_order_integrated_exactly_is_their_type_heun():
    scheduler = diffusers.DPMSolverMultistepScheduler(
        solver_order=2, solver_type="heun", final_sigmas_type="sigma_min", lower_order_final=False
    )
    theirs, stops = run(scheduler, 15)
    solver = constant_schedule(np.array([*stops, 0.0]) + 1, StepChoice("data", 2))
    assert sample(MIXTURE.noise_prediction, NOISE.numpy(), SCHEDULE, solver).solution == pytest.approx(
        theirs, abs=SINGLE
    )


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("lower_order_final", [False, True])
def test_unipc(order, lower_order_final):
    scheduler = diffusers.UniPCMultistepScheduler(
        solver_order=order, final_sigmas_type="sigma_min", lower_order_final=lower_order_final
    )
    theirs, stops = run(scheduler, 9)
    ours = unipc(
        MIXTURE.noise_prediction,
        NOISE.numpy(),
        SCHEDULE,
        np.array([*stops, 0.0]) + 1,
        order=order,
        lower_order_final=lower_order_final,
    )
    assert ours.solution == pytest.approx(theirs, abs=1e-10)
