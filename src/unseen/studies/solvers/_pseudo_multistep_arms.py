"""Arms of study 087: samplers on grids, what they are asked, and how near they come."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.contracts.study import setting
from unseen.measures.energy_distance import energy_distance
from unseen.models.noise_network import NoiseNetwork
from unseen.problems.densities.gaussian_mixture import ring_mixture
from unseen.solvers.diffusion.classical import fon, heun
from unseen.solvers.diffusion.constant_schedules import ddim, dpm_solver_pp, unipc
from unseen.solvers.diffusion.evaluation import NoisePrediction
from unseen.solvers.diffusion.pseudo_multistep import f_pndm, s_pndm
from unseen.solvers.diffusion.time_grids import GRIDS
from unseen.solvers.solve_report import SolveReport
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

Array = NDArray[np.float64]

SETTINGS = ("ring", "sixteen", "network")
"""Exact noise predictions of a ring of modes and of a mixture in 16 dimensions; a network trained on the ring."""

STEPS = (10, 20, 30, 40, 50, 100)
MIDDLE = (20, 30, 40, 50)
"""Steps at which the pseudo step is compared with the classical one."""

BUDGET = 59
"""Evaluations of 50 steps of F-PNDM."""


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    count: int = setting(256, "trajectories whose end points are compared with the reference")
    reference_steps: int = setting(300, "Runge-Kutta steps of the reference solution")
    many_steps: int = setting(1000, "steps of DDIM that set the target")
    some_steps: int = setting(250, "steps of DDIM in the paper's second comparison")
    width: int = setting(64, "units per layer of the noise network")
    training_steps: int = setting(3000, "updates of the noise network")
    pool: int = setting(65_536, "noisy training points of the network")
    samples: int = setting(1024, "samples whose energy distance to fresh data is measured")
    fresh: int = setting(4096, "fresh data for that")


@dataclass(frozen=True)
class Arm:
    """A sampler on a grid. N steps cost ``per_step * N + extra`` evaluations."""

    sampler: Callable[..., SolveReport]
    grid: str = "uniform"
    per_step: int = 1
    extra: int = 0

    def run(self, prediction: NoisePrediction, noise: Array, steps: int, last: float = 1.0) -> Array:
        """End points."""
        times = GRIDS[self.grid](SCHEDULE, steps, last=last)
        return np.asarray(self.sampler(prediction, noise, SCHEDULE, times).solution)

    def steps_within(self, evaluations: int) -> int:
        """The most steps that so many evaluations allow."""
        return (evaluations - self.extra) // self.per_step


ARMS = {
    "ddim": Arm(ddim),
    "s-pndm": Arm(s_pndm, extra=1),
    "f-pndm": Arm(f_pndm, extra=9),
    "fon": Arm(fon, extra=9),
    "fon-released": Arm(fon_as_released, extra=9),
    "heun": Arm(heun, per_step=2),
    "dpm-solver": Arm(dpm_solver_pp),
    "f-pndm-quadratic": Arm(f_pndm, "quadratic", extra=9),
    "ddim-log-snr": Arm(ddim, "log-snr"),
    "heun-log-snr": Arm(heun, "log-snr", per_step=2),
    "dpm-solver-log-snr": Arm(dpm_solver_pp, "log-snr"),
    "unipc-log-snr": Arm(unipc, "log-snr"),
}


@dataclass(frozen=True, eq=False)
class Task:
    """A noise prediction, where to start, and where the exact solution ends: at time 1 and at the data."""

    prediction: NoisePrediction
    noise: Array
    at_one: Array
    at_data: Array
    target: float
    """Error of DDIM with many steps."""

    def error(self, arm: Arm, steps: int, last: float = 1.0) -> float:
        """Root mean square of the distance to the exact end points; infinite where the sampler lost a point."""
        ends = arm.run(self.prediction, self.noise, steps, last)
        exact = self.at_one if last else self.at_data
        with np.errstate(over="ignore", invalid="ignore"):
            found = float(np.sqrt(((ends - exact) ** 2).sum(axis=1).mean()))
        return found if math.isfinite(found) else math.inf


@lru_cache(maxsize=64)
def task(name: str, seed: int, seeds: tuple[int, ...], config: Config) -> Task:
    """What all arms share; the network is trained together with those of the other seeds."""
    if name == "network":
        prediction = network_prediction(_networks(seeds, config)[seeds.index(seed)])
    else:
        prediction = exact_mixture(name, seed).noise_prediction
    noise = initial_noise(name, seed, config.count)
    unaimed = Task(prediction, noise, *reference(prediction, noise, config.reference_steps), math.nan)
    return replace(unaimed, target=unaimed.error(ARMS["ddim"], config.many_steps))


def _networks(seeds: tuple[int, ...], config: Config) -> tuple[NoiseNetwork, ...]:
    return trained_networks(seeds, Training(config.width, 3, config.training_steps, config.pool))


def evaluations_to_target(task: Task, arm: Arm, config: Config) -> float:
    """Evaluations at which the error falls to that of DDIM with many steps, by doubling and then bisecting the steps.

    Infinite if it does not within as many steps.
    """
    low, high = 3, 8
    while not task.error(arm, high) <= task.target:
        if high == config.many_steps:
            return math.inf
        low, high = high, min(2 * high, config.many_steps)
    while high - low > 1:
        middle = (low + high) // 2
        if task.error(arm, middle) <= task.target:
            high = middle
        else:
            low = middle
    return float(arm.per_step * high + arm.extra)


def sample_quality(condition: str, seed: int, seeds: tuple[int, ...], config: Config) -> dict[str, float]:
    """Energy distances between the trained network's samples and fresh data at the same small level of noise."""
    arm, network = ARMS[condition], _networks(seeds, config)[seeds.index(seed)]
    prediction = network_prediction(network)
    noise = random_stream("087", "samples", seed).standard_normal((config.samples, 2))
    stream = random_stream("087", "fresh data", seed)
    level = float(SCHEDULE.alpha_bar(1))
    fresh = math.sqrt(level) * ring_mixture().sample(stream, config.fresh)
    fresh += math.sqrt(1 - level) * stream.standard_normal(fresh.shape)
    steps = {"energy_20": 20, "energy_50": 50}
    if condition == "ddim":
        steps |= {"energy_some": config.some_steps, "energy_many": config.many_steps}
    metrics = {}
    for metric, number in steps.items():
        samples = arm.run(prediction, noise, number)
        metrics[metric] = energy_distance(samples, fresh) if np.isfinite(samples).all() else math.inf
    if condition == "ddim":
        metrics["network_error"] = network_error(network, seed, config.fresh)
    return metrics
