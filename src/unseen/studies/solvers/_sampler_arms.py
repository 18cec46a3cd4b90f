"""What samplers are run on: exact noise predictions, a small trained network, and their reference solutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseen.contracts.problem import random_stream
from unseen.models.noise_network import NoiseNetwork
from unseen.problems.densities.gaussian_mixture import GaussianMixture, random_mixture, ring_mixture
from unseen.solvers.diffusion.classical import runge_kutta
from unseen.solvers.diffusion.evaluation import CountedPrediction, NoisePrediction
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule, linear_schedule
from unseen.solvers.diffusion.pseudo_multistep import ADAMS_BASHFORTH_4, transfer
from unseen.solvers.diffusion.time_grids import log_snr_times
from unseen.solvers.solve_report import SolveReport
from unseen.training import Minibatches, SeedBatch, train, warmup_cosine

Array = NDArray[np.float64]

SCHEDULE: NoiseSchedule = linear_schedule()
"""1,000 betas from 1e-4 to 0.02, as in the paper."""

DIMENSIONS = {"ring": 2, "scattered": 2, "sixteen": 16, "network": 2}
"""Of the settings: three mixtures, and a network trained on the ring."""

DATA_STEPS = 10
"""Reference steps between time 1 and the data."""


@dataclass(frozen=True)
class Training:
    """How a noise network is trained on the ring."""

    width: int
    depth: int
    steps: int
    pool: int
    """Noisy points drawn in advance, from which minibatches come."""
    minibatch: int = 512
    learning_rate: float = 2e-3


@lru_cache(maxsize=2)
def trained_networks(seeds: tuple[int, ...], training: Training) -> tuple[NoiseNetwork, ...]:
    """One network per seed, in double precision, trained on noisy points of the ring at levels of all whole times."""
    points, levels, noises = (
        torch.stack(column) for column in zip(*(_noisy_ring(seed, training.pool) for seed in seeds), strict=True)
    )
    lanes = SeedBatch.build(lambda seed: NoiseNetwork(2, width=training.width, depth=training.depth), seeds=seeds)
    train(
        lanes,
        loss=_noise_error,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=training.learning_rate),
        steps=training.steps,
        draw=Minibatches((points, levels, noises), size=training.minibatch, seeds=seeds),
        schedule=warmup_cosine(steps=training.steps, warmup=training.steps // 50, final=0.01),
        evaluate_at=(),
    )
    networks = []
    for lane in range(len(seeds)):
        network: Any = lanes.module(lane)
        networks.append(network.double().eval().requires_grad_(False))
    return tuple(networks)


def exact_mixture(name: str, seed: int) -> GaussianMixture:
    """``ring``: eight modes on the unit circle. ``scattered``, ``sixteen``: ten by seed, in 2 and in 16 dimensions."""
    if name == "ring":
        return ring_mixture()
    return random_mixture(10, DIMENSIONS[name], seed=seed)


def initial_noise(name: str, seed: int, count: int, purpose: str = "initial noise") -> Array:
    """Standard normal points to start from; those of the trained network are those of the ring."""
    dimension = DIMENSIONS[name]
    return random_stream("samplers", purpose, dimension, seed).standard_normal((count, dimension))


def network_prediction(network: NoiseNetwork) -> NoisePrediction:
    """A network as noise prediction of NumPy points."""

    def predict(x: Array, alpha_bar: float) -> Array:
        with torch.no_grad():
            found: Array = network(torch.from_numpy(x), alpha_bar).numpy()
        return found

    return predict


def reference(prediction: NoisePrediction, noise: Array, steps: int) -> tuple[Array, Array]:
    """The solution of the probability-flow equation at time 1 and at the data, by many Runge-Kutta steps."""
    at_one = runge_kutta(prediction, noise, SCHEDULE, log_snr_times(SCHEDULE, steps)).solution
    at_data = runge_kutta(prediction, at_one, SCHEDULE, np.linspace(1, 0, DATA_STEPS + 1)).solution
    return np.asarray(at_one), np.asarray(at_data)


def fon_as_released(prediction: NoisePrediction, noise: Array, schedule: NoiseSchedule, times: Array) -> SolveReport:
    """The classical method FON as the authors' code has it (``gen_fon`` in ``runner/method.py``).

    Two things differ from `unseen.solvers.diffusion.classical.fon`. The derivative is what the transfer map changes
    over one unit of time. And in the three Runge-Kutta steps only the noise is taken at the intermediate points, while
    the linear term stays that of the step's beginning, which costs them their order.
    """
    predict, x = CountedPrediction(prediction), noise
    past: list[Array] = []
    for earlier, later in pairwise(times):
        start, unit, half, end = schedule.alpha_bar([earlier, max(earlier - 1, 0), (earlier + later) / 2, later])
        step = earlier - later

        def change(found: Array, x: Array = x, start: float = start, unit: float = unit) -> Array:
            return np.asarray(transfer(x, found, start, unit) - x)

        first = change(predict(x, start))
        past = [first, *past[:3]]
        if len(past) < 4:
            second = change(predict(x + step / 2 * first, half))
            third = change(predict(x + step / 2 * second, half))
            fourth = change(predict(x + step * third, end))
            x = x + step / 6 * (first + 2 * second + 2 * third + fourth)
        else:
            x = x + step * sum(weight * value for weight, value in zip(ADAMS_BASHFORTH_4, past, strict=True))
    return predict.report(x)


def network_error(network: NoiseNetwork, seed: int, count: int) -> float:
    """Root mean squared difference per coordinate between a network and the exact prediction on fresh noisy points."""
    points, levels, _ = _noisy_ring(seed, count, "held out")
    exact = ring_mixture().noise_prediction(points.double(), levels.double())
    with torch.no_grad():
        found = network(points.double(), levels.double())
    return float((found - exact).square().mean().sqrt())


def _noisy_ring(seed: int, count: int, purpose: str = "training") -> tuple[Tensor, Tensor, Tensor]:
    """Noisy points of the ring, their levels and their noises, single precision."""
    stream = random_stream("samplers", "noisy ring", purpose, seed)
    clean, noise = ring_mixture().sample(stream, count), stream.standard_normal((count, 2))
    level = SCHEDULE.alpha_bar(stream.integers(1, SCHEDULE.steps + 1, size=count))
    points = np.sqrt(level)[:, None] * clean + np.sqrt(1 - level)[:, None] * noise
    first, second, third = (torch.from_numpy(column.astype(np.float32)) for column in (points, level, noise))
    return first, second, third


def _noise_error(model: Any, batch: Sequence[Tensor]) -> Tensor:
    points, levels, noises = batch
    error: Tensor = (model(points, levels) - noises).square().mean()
    return error
