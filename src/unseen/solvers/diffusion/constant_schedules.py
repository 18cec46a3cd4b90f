"""Known samplers as schedules of the exponential integrator that choose one formula for all steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.evaluation import NoisePrediction
from unseen.solvers.diffusion.exponential_integrator import SolverSchedule, StepChoice, sample
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule
from unseen.solvers.solve_report import SolveReport


def constant_schedule(
    times: NDArray[np.floating], step: StepChoice, *, lower_order_final: bool = False
) -> SolverSchedule:
    """The same formula for all steps, with the order lowered where it must be.

    Parameters
    ----------
    times : array of float, shape (N + 1,)
        Descending times.
    step : StepChoice
        The formula of a step in the middle.
    lower_order_final : bool
        Whether the last step has order 1, the one before at most 2: steadier with few steps. A step that ends at time 0
        has order 1 in any case.
    """
    count = len(times) - 1
    steps = []
    for place in range(count):
        order = min(step.order, place + 1)
        if lower_order_final:
            order = min(order, count - place)
        if place + 1 == count and times[-1] == 0:
            order = 1
        steps.append(replace(step, order=order, corrector=step.corrector and place + 1 < count))
    return SolverSchedule(tuple(times), tuple(steps))


def ddim(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    """DDIM without added noise, the exponential integrator of order 1: N steps cost N evaluations.

    Song, Meng and Ermon 2021, arXiv:2010.02502, equation 12 with sigma = 0. Both predictions give the same formula.

    Parameters
    ----------
    noise_prediction : callable
        See `NoisePrediction`.
    noise : array or tensor
        The initial noise, points at the first time.
    schedule : NoiseSchedule
        The diffusion.
    times : array of float, shape (N + 1,)
        Descending times; the last may be 0.

    Returns
    -------
    SolveReport
        The solution holds the points at the last time, in the shape of `noise`.
    """
    return sample(noise_prediction, noise, schedule, constant_schedule(times, StepChoice(order=1)))


def dpm_solver_pp(
    noise_prediction: NoisePrediction,
    noise: Any,
    schedule: NoiseSchedule,
    times: NDArray[np.floating],
    *,
    order: int = 2,
    lower_order_final: bool = False,
) -> SolveReport:
    """Multistep DPM-Solver++, "2M" and "3M": N steps cost N evaluations.

    Lu, Zhou, Bao, Chen, Li and Zhu 2022, arXiv:2211.01095, algorithm 2. The published third-order formula integrates
    its quadratic term by half and converges with order 2; see `StepChoice`.

    Parameters and return value are those of `ddim`, and

    order : int
        1 to 3.
    lower_order_final : bool
        See `constant_schedule`.
    """
    step = StepChoice("data", order, "halved")
    return sample(
        noise_prediction, noise, schedule, constant_schedule(times, step, lower_order_final=lower_order_final)
    )


def unipc(
    noise_prediction: NoisePrediction,
    noise: Any,
    schedule: NoiseSchedule,
    times: NDArray[np.floating],
    *,
    order: int = 2,
    lower_order_final: bool = False,
) -> SolveReport:
    """UniPC with B(h) = e^h - 1 on the predicted clean point: N steps cost N evaluations.

    Zhao, Bai, Rao, Zhou and Lu 2023, arXiv:2302.04867. The corrector reuses the value at the end of each step but the
    last. Parameters and return value are those of `dpm_solver_pp`.
    """
    plain = constant_schedule(
        times, StepChoice("data", order, "exact", corrector=True), lower_order_final=lower_order_final
    )
    steps = [replace(step, estimator="halved") if step.order < 3 else step for step in plain.steps]
    return sample(noise_prediction, noise, schedule, SolverSchedule(plain.times, tuple(steps)))
