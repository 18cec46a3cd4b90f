"""Classical solvers of the probability-flow equation: Adams-Bashforth in time, Heun and Runge-Kutta in noise level."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.evaluation import CountedPrediction, NoisePrediction
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule
from unseen.solvers.diffusion.pseudo_multistep import ADAMS_BASHFORTH_4
from unseen.solvers.diffusion.time_grids import checked_times
from unseen.solvers.solve_report import SolveReport


def fon(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    r"""Fourth-order Adams-Bashforth on the probability-flow equation in time, FON: N steps cost N + 9 evaluations.

    :math:`\dot x = \frac12 \frac{d \log\bar\alpha}{dt} \left(x - \epsilon(x, t) / \sqrt{1 - \bar\alpha}\right)`, three
    steps of classical Runge-Kutta, then the weights of `f_pndm` on :math:`\dot x` itself: all of F-PNDM but the
    transfer map. Name and role from Liu, Ren, Lin and Zhao 2022, arXiv:2202.09778, section 4. Their code takes for
    :math:`\dot x` the difference that the transfer map makes over one time unit; here it is the derivative.

    At time 0 the factor :math:`1 / \sqrt{1 - \bar\alpha}` is infinite. Only the first three steps evaluate at their
    end, so that grids of more than three steps may end there.

    Parameters and return value are those of `s_pndm`; the weights belong to evenly spaced times.
    """
    predict, x = CountedPrediction(noise_prediction), noise
    times = checked_times(schedule, times)

    def velocity(points: Any, at: float) -> Any:
        level = float(schedule.alpha_bar(at))
        if level == 1:
            raise ValueError("the drift is singular at time 0: take more than three steps, or end above 0")
        return float(schedule.slope(at)) / 2 * (points - predict(points, level) / math.sqrt(1 - level))

    past: list[Any] = []
    for earlier, later in pairwise(times):
        step, half = later - earlier, (earlier + later) / 2
        first = velocity(x, earlier)
        past = [first, *past[:3]]
        if len(past) < 4:
            second = velocity(x + step / 2 * first, half)
            third = velocity(x + step / 2 * second, half)
            fourth = velocity(x + step * third, later)
            x = x + step / 6 * (first + 2 * second + 2 * third + fourth)
        else:
            x = x + step * sum(weight * value for weight, value in zip(ADAMS_BASHFORTH_4, past, strict=True))
    return predict.report(x)


def heun(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    r"""Heun's method in the noise level: N steps cost 2 N evaluations.

    With :math:`\bar x = x / \sqrt{\bar\alpha}` and :math:`\sigma = \sqrt{1 / \bar\alpha - 1}` the equation reads
    :math:`d\bar x / d\sigma = \epsilon`. Karras, Aittala, Aila and Laine 2022, arXiv:2206.00364, algorithm 1.
    Parameters and return value are those of `s_pndm`; a step that ends at time 0 is one of Euler, as in algorithm 1.
    """
    predict = CountedPrediction(noise_prediction)
    levels = schedule.alpha_bar(checked_times(schedule, times))
    deviations = np.sqrt((1 - levels) / levels)
    scaled = noise / math.sqrt(levels[0])
    for place, (start, end) in enumerate(pairwise(deviations)):
        slope = predict(math.sqrt(levels[place]) * scaled, levels[place])
        ahead = scaled + float(end - start) * slope
        if end > 0:
            slope = (slope + predict(math.sqrt(levels[place + 1]) * ahead, levels[place + 1])) / 2
        scaled = scaled + float(end - start) * slope
    return predict.report(math.sqrt(levels[-1]) * scaled)


def runge_kutta(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    r"""Classical Runge-Kutta steps in the noise level: N steps cost 4 N evaluations. For reference solutions.

    The middle of a step is that of :math:`\log\sigma`, in which data at several scales change evenly, or of
    :math:`\sigma` where the step ends at 0. Parameters and return value are those of `s_pndm`.
    """
    predict = CountedPrediction(noise_prediction)
    levels = schedule.alpha_bar(checked_times(schedule, times))
    deviations = np.sqrt((1 - levels) / levels)
    scaled = noise / math.sqrt(levels[0])

    def noise_at(points: Any, deviation: float) -> Any:
        level = 1 / (1 + deviation**2)
        return predict(math.sqrt(level) * points, level)

    for start, end in zip(deviations[:-1].tolist(), deviations[1:].tolist(), strict=True):
        if end > 0:
            # d x / d log(sigma) = sigma * noise
            middle, step = math.sqrt(start * end), math.log(end / start)
            weights = (start, middle, end)
        else:
            middle, step = start / 2, -start
            weights = (1.0, 1.0, 1.0)
        first = weights[0] * noise_at(scaled, start)
        second = weights[1] * noise_at(scaled + step / 2 * first, middle)
        third = weights[1] * noise_at(scaled + step / 2 * second, middle)
        fourth = weights[2] * noise_at(scaled + step * third, end)
        scaled = scaled + step / 6 * (first + 2 * second + 2 * third + fourth)
    return predict.report(math.sqrt(levels[-1]) * scaled)
