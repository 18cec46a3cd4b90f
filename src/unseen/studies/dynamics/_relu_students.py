"""Students of a ReLU teacher, swept over their width: the nonlinear half of study 093."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Run, current_run, running
from unseen.measures.theory.advani_saxe import overtraining
from unseen.measures.theory.gradient_flow import least_squares_flow
from unseen.problems.regression.relu_teacher import ReluTeacher
from unseen.training import SeedBatch, log_spaced, train

Array = NDArray[np.float64]
WidthSweep = Mapping[str, list[float]]


class TwoLayerStudent(nn.Module):
    """``f(x) = a . relu(W x) / sqrt(width)``, all weights drawn from N(0, 1).

    With inputs of variance 1/N the gradient then has the same size at every width, so that one learning rate and one
    number of steps serve all.

    Parameters
    ----------
    inputs, width : int
        Sizes.
    """

    def __init__(self, inputs: int, width: int):
        super().__init__()
        self.first = nn.Parameter(torch.randn(inputs, width))
        self.second = nn.Parameter(torch.randn(width))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs (n,) for inputs (n, N)."""
        return torch.relu(x @ self.first) @ self.second / math.sqrt(self.second.numel())


def output_layer_sweep(
    problem: ReluTeacher, seed: int, *, widths: Sequence[int], draws: int, times: Array, test_size: int
) -> WidthSweep:
    """Random hidden layers with only the output weights learnt, by exact gradient flow from zero.

    Features are ``relu(W x) / sqrt(width)``, the counterpart of inputs of variance 1/N. Everything is averaged over
    `draws` teachers with data and hidden layers of their own.

    Returns
    -------
    mapping of str to list of float
        Per width: ``width``, ``parameters_per_sample`` (those that learn), ``last`` and ``best`` test error (noise
        included), ``overtraining``, ``train`` error.
    """
    rows = []
    for width in widths:
        outcomes = []
        for draw in range(draws):
            key = draw_key(seed, draw)
            train_set, test_set = problem.sample("train", seed=key), problem.sample("iid", test_size, seed=key)
            first = random_stream("093", "hidden layer", key, width).standard_normal((problem.inputs, width))

            def features(x: Array, first: Array = first) -> Array:
                return np.maximum(x @ first, 0) / math.sqrt(first.shape[1])

            design, targets = features(train_set.inputs["x"]), np.asarray(train_set.targets)
            weights = least_squares_flow(design, targets, np.zeros(width), times)
            answers = features(test_set.inputs["x"]) @ weights.T
            curve = ((answers - problem.truth(test_set)[:, None]) ** 2).mean(axis=0) + problem.noise_variance
            residual = float(((design @ weights[-1] - targets) ** 2).mean())
            outcomes.append((curve[-1], curve.min(), overtraining(curve), residual))
        rows.append((width, width / problem.samples, *np.mean(outcomes, axis=0)))
    return _columns(rows)


def both_layers_sweep(
    problem: ReluTeacher,
    seeds: Sequence[int],
    *,
    widths: Sequence[int],
    draws: int,
    steps: int,
    learning_rate: float,
    momentum: float,
    test_size: int,
) -> list[WidthSweep]:
    """Both layers learnt by full-batch gradient descent on the mean squared error, all seeds and draws at once.

    Returns
    -------
    list of mappings
        Per seed, the columns of `output_layer_sweep`; nan where training diverged.
    """
    device, noise = current_run().device, problem.noise_variance
    keys = [draw_key(seed, draw) for seed in seeds for draw in range(draws)]
    train_sets = [problem.sample("train", seed=key) for key in keys]
    test_sets = [problem.sample("iid", test_size, seed=key) for key in keys]

    def stack(arrays: Sequence[Array]) -> Tensor:
        return torch.tensor(np.stack(arrays), dtype=torch.float32, device=device)

    data = (stack([e.inputs["x"] for e in train_sets]), stack([np.asarray(e.targets) for e in train_sets]))
    unseen = (stack([e.inputs["x"] for e in test_sets]), stack([problem.truth(e) for e in test_sets]))

    def error(module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        return cast(Tensor, (module(batch[0]) - batch[1]).square().mean())

    rows: list[list[tuple[float, ...]]] = [[] for _ in seeds]
    for index, width in enumerate(widths):
        lanes = SeedBatch.build(partial(_student, problem.inputs, width), seeds=keys)
        with running(_part(sum(widths[:index]) / sum(widths), width / sum(widths))):
            history = train(
                lanes,
                loss=lambda module, batch: error(module, batch) / 2,
                optimizer=lambda parameters: torch.optim.SGD(parameters, lr=learning_rate, momentum=momentum),
                steps=steps,
                data=data,
                evaluate=lambda module, batch: {"test": error(module, batch[:2]), "train": error(module, batch[2:])},
                evaluation=(*unseen, *data),
                evaluate_at=log_spaced(steps, per_decade=15),
            )
        outcomes = np.full((len(keys), 4), np.nan)
        for lane in np.flatnonzero(history.diverged < 0).tolist():
            curve = history.values(lane, "test") + noise
            outcomes[lane] = curve[-1], curve.min(), overtraining(curve), history.values(lane, "train")[-1]
        load = width * (problem.inputs + 1) / problem.samples
        for row, means in zip(rows, outcomes.reshape(len(seeds), draws, 4).mean(axis=1), strict=True):
            row.append((width, load, *means))
    return [_columns(row) for row in rows]


def kernel_error(problem: ReluTeacher, seed: int, *, draws: int, test_size: int) -> float:
    """Test error of Gaussian-process regression with the teachers' own covariance, on the same draws as a sweep."""
    errors = []
    for draw in range(draws):
        test = problem.sample("iid", test_size, seed=draw_key(seed, draw))
        errors.append(problem.score(test, problem.classical().solve(test.questions_only())).mean())
    return float(np.mean(errors)) + problem.noise_variance


def draw_key(seed: int, draw: int) -> int:
    """The seed of one draw of teacher, data and first weights within a trial, the same for both sweeps."""
    return int(random_stream("093", "relu", seed, draw).integers(1 << 62))


def _student(inputs: int, width: int, seed: int) -> TwoLayerStudent:
    """A student; torch's generator stands at its seed already."""
    return TwoLayerStudent(inputs, width)


def _part(start: float, size: float) -> Run:
    """The current run as a part of the trial sees it: its progress counts from `start` for `size`."""
    whole = current_run()
    return replace(whole, report=lambda fraction: whole.report(start + size * fraction))


def _columns(rows: Sequence[Sequence[float]]) -> WidthSweep:
    names = ("width", "parameters_per_sample", "last", "best", "overtraining", "train")
    return {
        name: [float(value) for value in column] for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
