"""The arms of study 109: networks trained beside the kernel that they should follow as they widen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseen.contracts.problem import random_stream
from unseen.contracts.study import setting
from unseen.measures.tangent_kernel import empirical_ntk, kernel_drift
from unseen.measures.theory.kernel_descent import kernel_descent
from unseen.measures.theory.ntk import Kernels, relu_kernels
from unseen.measures.theory.ntk_quadrature import smooth_kernels
from unseen.models.mlp import MLP
from unseen.training import History, SeedBatch, train

Array = NDArray[np.float64]

MODES = 5
"""Leading eigenvectors of the kernel along which rates of decay are measured."""

EARLY = 60
"""Every step up to this one is evaluated; later ones are in steps of `LATER`."""

LATER = 25

SHOWN = 40
"""Last step of the curves that the figure shows; every second one is kept."""


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    widths: tuple[int, ...] = setting(
        (64, 128, 256, 512, 1024, 2048, 4096), "units of a single hidden layer, ascending"
    )
    deep_widths: tuple[int, ...] = setting(
        (64, 128, 256, 512, 1024), "units of each of several hidden layers, ascending"
    )
    points: int = setting(40, "training inputs, drawn from the sphere")
    test_points: int = setting(200, "further inputs at which trained functions are compared")
    draws: int = setting(8, "initializations per seed whose kernels are compared with the limit")
    weight_scale: float = setting(math.sqrt(2), "sigma_w")
    bias_scale: float = setting(0.1, "sigma_b, the paper's beta")
    speed: float = setting(0.5, "step size in units of one over the limiting kernel's largest eigenvalue")
    goal: float = setting(1e-4, "mean squared training error at which training ends")
    steps: int = setting(4000, "most full-batch steps")


@dataclass(frozen=True)
class Arm:
    """What distinguishes a condition."""

    activation: Literal["relu", "tanh"]
    depth: int
    dimension: int
    rich: bool = False


ARMS = {
    "relu-circle": Arm("relu", depth=3, dimension=2),
    "relu-sphere": Arm("relu", depth=1, dimension=10),
    "tanh-sphere": Arm("tanh", depth=1, dimension=10),
    "rich": Arm("relu", depth=1, dimension=10, rich=True),
}
LAZY = ("relu-circle", "relu-sphere", "tanh-sphere")


@dataclass(frozen=True)
class Setup:
    """Data of one seed and what the limiting kernel says of them."""

    x: Array
    y: Array
    test: Array
    gram: Kernels
    cross: Kernels
    rate: float
    modes: Array
    """Leading eigenvectors of the kernel, shape (MODES, points)."""
    decay: Array
    """Their decay per step by theory, ``-log(1 - rate * eigenvalue)``."""


def setup_of(arm: Arm, seed: int, config: Config) -> Setup:
    stream = random_stream("109", "points", arm.dimension, seed)
    x, test = (_sphere(stream, count, arm.dimension) for count in (config.points, config.test_points))
    gram, cross = _kernels(arm, x, x, config), _kernels(arm, test, x, config)
    values, vectors = np.linalg.eigh(gram.ntk)
    rate = config.speed / float(values[-1])
    leading = values[: -MODES - 1 : -1]
    return Setup(x, _target(x), test, gram, cross, rate, vectors[:, : -MODES - 1 : -1].T, -np.log1p(-rate * leading))


def _sphere(stream: np.random.Generator, count: int, dimension: int) -> Array:
    """Points on the sphere of radius sqrt(dimension), so that coordinates have variance one."""
    x = stream.standard_normal((count, dimension))
    return np.asarray(x * math.sqrt(dimension) / np.linalg.norm(x, axis=1, keepdims=True))


def _target(x: Array) -> Array:
    """The product of the first two coordinates, the paper's target, scaled to mean square one over the sphere."""
    dimension = x.shape[1]
    return np.asarray(x[:, 0] * x[:, 1] * math.sqrt((dimension + 2) / dimension))


def _kernels(arm: Arm, left: Array, right: Array, config: Config) -> Kernels:
    if arm.activation == "tanh":
        return smooth_kernels(
            left,
            right,
            activation="tanh",
            depth=arm.depth,
            weight_scale=config.weight_scale,
            bias_scale=config.bias_scale,
        )
    return relu_kernels(left, right, depth=arm.depth, weight_scale=config.weight_scale, bias_scale=config.bias_scale)


def _build(arm: Arm, width: int, seeds: Sequence[int], config: Config) -> SeedBatch:
    return SeedBatch.build(
        lambda seed: MLP(
            (arm.dimension, *(width,) * arm.depth, 1),
            activation=arm.activation,
            parametrization="ntk",
            weight_scale=config.weight_scale,
            bias_scale=config.bias_scale,
        ),
        seeds=seeds,
    )


def train_networks(
    arm: Arm, width: int, seeds: Sequence[int], setups: Sequence[Setup], config: Config
) -> tuple[SeedBatch, History, list[dict[str, float]]]:
    """Train one width; per seed the kernel's distance from the limit, its drift, and the function's distance."""
    lanes = _build(arm, width, seeds, config)
    # Step sizes make up for the output factor, so that the kernel's speed stays.
    scale = 1 / math.sqrt(width) if arm.rich else 1.0
    x, y, test, modes = (
        torch.tensor(np.stack([getattr(s, name) for s in setups]), dtype=torch.float32, device=lanes.device)
        for name in ("x", "y", "test", "modes")
    )
    rates = torch.tensor([s.rate / scale**2 for s in setups], dtype=torch.float32, device=lanes.device)
    initial = _outputs(lanes, x, scale), _outputs(lanes, test, scale)
    before = [empirical_ntk(lanes.module(lane), x[lane]) for lane in range(len(seeds))]
    errors = [
        [kernel_drift(setup.gram.ntk, kernel), *_errors_of_draws(arm, width, seed, setup, config, x[lane])]
        for lane, (seed, setup, kernel) in enumerate(zip(seeds, setups, before, strict=True))
    ]

    def loss(model: Any, batch: tuple[Tensor, ...]) -> Tensor:
        points, targets, rate = batch
        # The step size is part of the loss because it differs between seeds.
        weighted: Tensor = rate * ((scale * model(points)[:, 0] - targets) ** 2).sum() / 2
        return weighted

    def evaluate(model: Any, batch: tuple[Tensor, ...]) -> dict[str, Tensor]:
        points, targets, directions = batch
        residual = scale * model(points)[:, 0] - targets
        components = directions @ residual
        return {"error": (residual**2).mean(), **{f"mode_{k + 1}": components[k] for k in range(MODES)}}

    history = train(
        lanes,
        loss=loss,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1.0),
        steps=config.steps,
        data=(x, y, rates),
        evaluate=evaluate,
        evaluation=(x, y, modes),
        evaluate_at=[t for t in range(config.steps + 1) if t <= EARLY or t % LATER == 0],
        stop=lambda metrics: metrics["error"] <= config.goal,
    )
    trained = _outputs(lanes, test, scale)
    rows = []
    for lane, setup in enumerate(setups):
        steps = int(history.steps[lane][-1])
        residual = setup.y - initial[0][lane]
        change = kernel_descent(setup.gram.ntk, setup.cross.ntk, residual, rate=setup.rate, steps=steps)
        last_layer = setup.cross.nngp @ np.linalg.lstsq(setup.gram.nngp, residual, rcond=1e-6)[0]
        moved = trained[lane] - initial[1][lane]
        rows.append(
            {
                "kernel_error": float(np.sqrt(np.mean(np.square(errors[lane])))),
                "drift": kernel_drift(before[lane], empirical_ntk(lanes.module(lane), x[lane])),
                "function": float(np.sqrt(np.mean((moved - change) ** 2))),
                "last_layer": float(np.sqrt(np.mean((moved - last_layer) ** 2))),
                "target": float(np.sqrt(np.mean((trained[lane] - _target(setup.test)) ** 2))),
                "steps": float(steps),
                "fitted": float(history.values(lane, "error")[-1] <= config.goal),
            }
        )
    return lanes, history, rows


def _outputs(lanes: SeedBatch, x: Tensor, scale: float) -> Array:
    """Outputs of every lane, shape (lanes, inputs)."""
    return np.asarray(scale * lanes(x)[..., 0].cpu().numpy().astype(np.float64))


def _errors_of_draws(arm: Arm, width: int, seed: int, setup: Setup, config: Config, x: Tensor) -> list[float]:
    """Distance from the limit of the kernels of further initializations, for a steadier mean."""
    found = []
    for draw in range(1, config.draws):
        key = int(random_stream("109", "initializations", width, seed, draw).integers(2**62))
        network = _build(arm, width, (key,), config).module(0)
        found.append(kernel_drift(setup.gram.ntk, empirical_ntk(network, x)))
    return found


def decay_errors(history: History, lane: int, setup: Setup) -> dict[str, float]:
    """Median over the leading modes of the relative error of their rate, where theory has them fallen e-fold."""
    errors = []
    for k in range(MODES):
        component, steps = history.values(lane, f"mode_{k + 1}"), history.steps[lane]
        at = int(np.argmin(np.abs(steps - 1 / setup.decay[k])))
        at = max(at, min(1, len(steps) - 1))
        left = component[at] / component[0]
        # A component that grew or changed sign has no rate of decay: as wrong as one that stayed.
        error = abs(-math.log(left) / (setup.decay[k] * steps[at]) - 1) if left > 0 and steps[at] > 0 else 1.0
        errors.append(min(error, 1.0))
    return {"decay": float(np.median(errors))}


def mode_curve(history: History, lane: int, setup: Setup) -> dict[str, list[float]]:
    early = (history.steps[lane] <= SHOWN) & (history.steps[lane] % 2 == 0)
    steps = history.steps[lane][early].astype(float)
    columns = {"step": steps.tolist()}
    for k in range(MODES):
        component = history.values(lane, f"mode_{k + 1}")[early]
        columns[f"measured_{k + 1}"] = np.abs(component / component[0]).tolist()
        columns[f"predicted_{k + 1}"] = np.exp(-setup.decay[k] * steps).tolist()
    return columns
