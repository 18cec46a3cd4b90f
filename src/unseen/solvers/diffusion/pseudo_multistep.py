"""Pseudo numerical methods: multistep formulas for the predicted noise, carried over by DDIM's transfer map."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.evaluation import CountedPrediction, NoisePrediction
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule
from unseen.solvers.diffusion.time_grids import checked_times
from unseen.solvers.solve_report import SolveReport

ADAMS_BASHFORTH_4 = (55 / 24, -59 / 24, 37 / 24, -9 / 24)
"""Weights of the fourth-order Adams-Bashforth method, newest value first."""


def transfer(x: Any, noise: Any, start: float, end: float) -> Any:
    r"""DDIM's map of points from level `start` to level `end` (both alpha_bar) along a given noise.

    :math:`\sqrt{a_s / a_t}\,(x - \sqrt{1 - a_t}\,\epsilon) + \sqrt{1 - a_s}\,\epsilon`, the paper's equation 9 (there
    :math:`\phi`), written as x plus a change so that small steps lose no digits: with the exact noise of a point it
    stays on the path from that noise to the clean point, however long the step.
    """
    root, other = math.sqrt(start), math.sqrt(end)
    pull = 1 / (root * (root + other))
    push = 1 / (root * (math.sqrt((1 - end) * start) + math.sqrt((1 - start) * end)))
    return x + (end - start) * (pull * x - push * noise)


def s_pndm(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    """Second-order pseudo linear multistep method, S-PNDM: N steps cost N + 1 evaluations.

    The first step averages the noise at its two ends; later ones use 3/2 of the newest noise minus 1/2 of the one
    before. Liu, Ren, Lin and Zhao 2022, arXiv:2202.09778, appendix; code luping-liu/PNDM.

    Parameters
    ----------
    noise_prediction : callable
        See `NoisePrediction`.
    noise : array or tensor
        The initial noise, points at the first time.
    schedule : NoiseSchedule
        The diffusion.
    times : array of float, shape (N + 1,)
        Descending times; the weights belong to evenly spaced ones.

    Returns
    -------
    SolveReport
        The solution holds the points at the last time, in the shape of `noise`.
    """
    predict, x = CountedPrediction(noise_prediction), noise
    levels = schedule.alpha_bar(checked_times(schedule, times))
    older = None
    for start, end in pairwise(levels):
        newest = predict(x, start)
        if older is None:
            used = (newest + predict(transfer(x, newest, start, end), end)) / 2
        else:
            used = (3 * newest - older) / 2
        x, older = transfer(x, used, start, end), newest
    return predict.report(x)


def f_pndm(
    noise_prediction: NoisePrediction, noise: Any, schedule: NoiseSchedule, times: NDArray[np.floating]
) -> SolveReport:
    """Fourth-order pseudo linear multistep method, F-PNDM: N steps cost N + 9 evaluations, or 4 N for N < 3.

    Three pseudo Runge-Kutta steps, whose half steps are half-way in time, then Adams-Bashforth weights on the last four
    noises. Liu, Ren, Lin and Zhao 2022, arXiv:2202.09778, algorithm 2. Although the weights are those of order four,
    the method converges with order two (property 3.2 there): the transfer map is not linear in time.

    Parameters and return value are those of `s_pndm`.
    """
    predict, x = CountedPrediction(noise_prediction), noise
    times = checked_times(schedule, times)
    past: list[Any] = []
    for earlier, later in pairwise(times):
        start, half, end = schedule.alpha_bar([earlier, (earlier + later) / 2, later])
        newest = predict(x, start)
        past = [newest, *past[:3]]
        if len(past) < 4:
            second = predict(transfer(x, newest, start, half), half)
            third = predict(transfer(x, second, start, half), half)
            fourth = predict(transfer(x, third, start, end), end)
            used = (newest + 2 * second + 2 * third + fourth) / 6
        else:
            used = sum(weight * value for weight, value in zip(ADAMS_BASHFORTH_4, past, strict=True))
        x = transfer(x, used, start, end)
    return predict.report(x)
