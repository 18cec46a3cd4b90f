r"""Multistep exponential integrators of the probability-flow equation, whose every step may choose its own formula.

In :math:`\lambda = \frac12 \log\frac{\bar\alpha}{1 - \bar\alpha}` the linear part of the equation is solved exactly,
and what a network predicts is integrated as a polynomial through its last values. From level s to level t, with
:math:`\alpha = \sqrt{\bar\alpha}`, :math:`\sigma = \sqrt{1 - \bar\alpha}`, :math:`h = \lambda_t - \lambda_s` and
u the share of h passed:

.. math::

    \text{data:}\quad & x_t = \tfrac{\sigma_t}{\sigma_s} x_s + \alpha_t h \int_0^1 e^{-h(1-u)}\, \hat x_0(u)\, du \\
    \text{noise:}\quad & x_t = \tfrac{\alpha_t}{\alpha_s} x_s - \sigma_t h \int_0^1 e^{h(1-u)}\, \hat\epsilon(u)\, du

The framework, in which the known samplers are constant choices, is that of Liu, Ning, Lin, Yang and Wang 2023,
arXiv:2312.07243, section 3; code thu-nics/USF.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.evaluation import CountedPrediction, NoisePrediction
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule
from unseen.solvers.diffusion.time_grids import checked_times
from unseen.solvers.solve_report import SolveReport

Array = NDArray[np.float64]

Prediction = Literal["noise", "data"]
Estimator = Literal["exact", "halved"]

HIGHEST_ORDER = 3


@dataclass(frozen=True)
class StepChoice:
    r"""The formula of one step.

    Parameters
    ----------
    prediction : {"data", "noise"}
        What is integrated as a polynomial: the predicted clean point or the predicted noise.
    order : int
        Number of values that the polynomial goes through, 1 to 3. Steps near the start must have less: step i, counted
        from 0, has i + 1 values.
    estimator : {"exact", "halved"}
        How the highest term of the polynomial is integrated: exactly; or, for order 2, with u replaced by its mean 1/2,
        and for order 3 by half of the exact integral. Halved are the published formulas of the DPM-Solver family, and
        for order 2 also UniPC with ``B(h) = e^h - 1``. Halving leaves order 2 its order, but order 3 converges with
        order 2 then.
    slope_points : int
        Values that the first derivative is estimated from, 2 or, for order 3, also 3.
    relaxation : float
        The first derivative is multiplied by ``1 + relaxation * h``, for orders above 1.
    corrector : bool
        Whether the step is taken again, at no cost, with the value found at its end as one value more: UniC, which the
        framework calls a pseudo corrector. Never in the last step, where it would cost an evaluation.
    """

    prediction: Prediction = "data"
    order: int = 2
    estimator: Estimator = "exact"
    slope_points: int = 3
    relaxation: float = 0.0
    corrector: bool = False

    def __post_init__(self) -> None:
        if self.prediction not in ("data", "noise"):
            raise ValueError(f"prediction must be 'data' or 'noise', not {self.prediction!r}")
        if self.order not in range(1, HIGHEST_ORDER + 1):
            raise ValueError(f"order must be 1 to {HIGHEST_ORDER}, not {self.order!r}")
        if self.estimator not in ("exact", "halved"):
            raise ValueError(f"estimator must be 'exact' or 'halved', not {self.estimator!r}")
        if self.slope_points not in (2, 3):
            raise ValueError(f"slope_points must be 2 or 3, not {self.slope_points!r}")
        if not math.isfinite(self.relaxation):
            raise ValueError(f"relaxation must be finite, not {self.relaxation!r}")


@dataclass(frozen=True)
class SolverSchedule:
    """Where to stop, and by which formula to get there.

    Parameters
    ----------
    times : sequence of float, length N + 1
        Descending times of a `NoiseSchedule`.
    steps : sequence of StepChoice, length N
        One choice per step.

    Raises
    ------
    ValueError
        If the lengths do not fit, a step's order exceeds the number of values known by then, or the last step has a
        corrector.
    """

    times: tuple[float, ...]
    steps: tuple[StepChoice, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", tuple(float(time) for time in self.times))
        object.__setattr__(self, "steps", tuple(self.steps))
        if len(self.steps) < 1 or len(self.times) != len(self.steps) + 1:
            raise ValueError(f"{len(self.steps)} steps need one time more, not {len(self.times)}")
        for place, step in enumerate(self.steps):
            if step.order > place + 1:
                raise ValueError(f"step {place} has order {step.order}, but only {place + 1} values are known by then")
        if self.steps[-1].corrector:
            raise ValueError("the last step can have no corrector: its end is not evaluated")


def sample(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, solver: SolverSchedule
) -> SolveReport:
    """Run an exponential integrator: N steps cost N evaluations, with or without correctors.

    Parameters
    ----------
    noise_prediction : callable
        See `NoisePrediction`.
    noise : array or tensor
        The initial noise, points at the first time.
    schedule : NoiseSchedule
        The diffusion.
    solver : SolverSchedule
        Times and formulas.

    Returns
    -------
    SolveReport
        The solution holds the points at the last time, in the shape of `noise`.

    Raises
    ------
    ValueError
        If times do not descend within the schedule, or a step that ends at time 0 has an order above 1: its h is
        infinite.
    """
    predict = CountedPrediction(noise_prediction)
    times = checked_times(schedule, np.array(solver.times))
    levels: list[float] = schedule.alpha_bar(times).tolist()
    positions = schedule.log_snr(times)
    if math.isinf(positions[-1]) and solver.steps[-1].order > 1:
        raise ValueError(f"a step that ends at time 0 must have order 1, not {solver.steps[-1].order}")
    history = _History()
    x = noise
    for place, (step, (start, end)) in enumerate(zip(solver.steps, pairwise(levels), strict=True)):
        if place == 0 or not solver.steps[place - 1].corrector:
            history.add(x, start, predict(x, start))
        width = float(positions[place + 1] - positions[place])
        # Where the known values lie, newest first, as shares of the step from its start.
        nodes = np.zeros(1)
        if step.order > 1:
            nodes = (positions[place - np.arange(step.order)] - positions[place]) / width
        values = history.of(step.prediction)[: step.order]
        beginning, x = x, _advance(x, start, end, step, values, prediction_weights(nodes, width, step))
        if step.corrector:
            history.add(x, end, predict(x, end))
            newest, *older = history.of(step.prediction)[: step.order + 1]
            weights = correction_weights(nodes, width, step)
            x = _advance(beginning, start, end, step, [*older, newest], weights)
    return predict.report(x)


class _History:
    """Predicted noises and the clean points that follow from them, newest first."""

    def __init__(self) -> None:
        self.noises: list[Any] = []
        self.clean: list[Any] = []

    def add(self, x: Any, level: float, noise: Any) -> None:
        self.noises = [noise, *self.noises[:HIGHEST_ORDER]]
        self.clean = [(x - math.sqrt(1 - level) * noise) / math.sqrt(level), *self.clean[:HIGHEST_ORDER]]

    def of(self, prediction: Prediction) -> list[Any]:
        return self.clean if prediction == "data" else self.noises


def _advance(x: Any, start: float, end: float, step: StepChoice, values: Sequence[Any], weights: Array) -> Any:
    """One step through `values`, the first of which belongs to its start; weights of the terms above the first."""
    alpha, sigma, alpha_end, sigma_end = math.sqrt(start), math.sqrt(1 - start), math.sqrt(end), math.sqrt(1 - end)
    # In this form of the first term the width, which may be infinite, does not occur.
    if step.prediction == "data":
        kept, first, scale = sigma_end / sigma, alpha_end - alpha * sigma_end / sigma, alpha_end
    else:
        kept, first, scale = alpha_end / alpha, sigma_end - sigma * alpha_end / alpha, -sigma_end
    x = kept * x + first * values[0]
    for weight, value in zip(weights.tolist(), values, strict=True):
        if weight:
            x = x + scale * weight * value
    return x


def prediction_weights(nodes: Array, width: float, step: StepChoice) -> Array:
    """Weights of the values at `nodes` in the integral, the constant term left out; shape of the nodes, sum 0.

    Parameters
    ----------
    nodes : array of float, shape (step.order,)
        Where the values lie in shares of the step, 0 first, then negative.
    width : float
        h, positive.
    step : StepChoice
        The formula.
    """
    if len(nodes) == 1:
        return np.zeros(1)
    found = moments(width if step.prediction == "noise" else -width, len(nodes))
    derivatives = _taylor_coefficients(nodes)
    if step.order == 3 and step.slope_points == 2:
        derivatives[1] = [-1 / nodes[1], 1 / nodes[1], 0]
    if step.estimator == "halved":
        if step.order == 2:
            found[1] = found[0] / 2
        else:
            found[2] = found[2] / 2
    found[1] *= 1 + step.relaxation * width
    return np.asarray(width * (found[1:] @ derivatives[1:]))


def correction_weights(nodes: Array, width: float, step: StepChoice) -> Array:
    """Weights when the value at the end is known too, which comes last; shape (len(nodes) + 1,), sum 0."""
    found = moments(width if step.prediction == "noise" else -width, len(nodes) + 1)
    if step.order == 1 and step.estimator == "halved":
        found[1] = found[0] / 2
    return np.asarray(width * (found[1:] @ _taylor_coefficients(np.append(nodes, 1.0))[1:]))


def moments(rate: float, count: int) -> Array:
    r""":math:`\int_0^1 e^{r (1 - u)} u^i\, du` for i = 0 to count - 1, which is i! times the function phi_(i+1)(r).

    Examples
    --------
    >>> moments(0.0, 3).round(6).tolist()
    [1.0, 0.5, 0.333333]
    """
    if abs(rate) < 1:
        # The recurrence divides differences of nearly equal numbers by small rates; the series does not.
        terms = np.arange(20)
        powers = rate**terms
        return np.array([(powers / [math.perm(i + j + 1, j + 1) for j in terms]).sum() for i in range(count)])
    found = [math.expm1(rate) / rate]
    for i in range(1, count):
        found.append((i * found[-1] - 1) / rate)
    return np.array(found)


def _taylor_coefficients(nodes: Array) -> Array:
    """Row i: weights of the values at `nodes` in the coefficient of u^i of the polynomial through them."""
    return np.asarray(np.linalg.inv(np.vander(nodes, increasing=True)))
