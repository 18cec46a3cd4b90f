"""Entropic transport from the standard normal distribution of the plane to a density, on grids: the reference.

Sums over a grid of smooth, quickly falling functions are exact to many digits once the step is half their width, so
that this is a plan between the densities themselves and not between samples.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseen.problems.densities.planar import PLANAR
from unseen.problems.densities.point_plan import PointPlan
from unseen.problems.densities.potential_plan import check_epsilon

Array = NDArray[np.float64]

SOURCE_REACH, SOURCE_STEP = 6.5, 0.1
TARGET_REACH, TARGET_STEP = 3.2, 0.075
"""How far the grids reach and how fine they are: half the narrowest noise for the target."""
TOLERANCE = 1e-9
"""Largest total difference of the plan's source marginal from the source."""
MOST_ITERATIONS = 20_000
SMALLEST_EPSILON = (SOURCE_REACH + TARGET_REACH) ** 2 / 1400
"""Below it the kernel of one coordinate underflows between the far ends of the grids."""


@lru_cache(maxsize=16)
def planar_plan(target: str, epsilon: float) -> PointPlan:
    """The bridge from the standard normal distribution of the plane to one of `PLANAR`.

    Parameters
    ----------
    target : str
        A name in `PLANAR`.
    epsilon : float
        Entropic weight, at least 0.068.

    Returns
    -------
    PointPlan
        Onto the grid: its moments at any x are those of the bridge between the densities.

    Raises
    ------
    ValueError
        If the target is unknown, epsilon too small, or the iteration does not converge.
    """
    check_epsilon(epsilon)
    if target not in PLANAR:
        raise ValueError(f"no target {target!r}; there are {', '.join(PLANAR)}")
    if epsilon < SMALLEST_EPSILON:
        raise ValueError(f"epsilon must be at least {SMALLEST_EPSILON:.3g} on these grids, not {epsilon!r}")
    source, places = _axis(SOURCE_REACH, SOURCE_STEP), _axis(TARGET_REACH, TARGET_STEP)
    log_source = -(source[:, None] ** 2 + source**2) / 2
    log_source -= np.log(np.exp(log_source).sum())
    points = np.stack(np.meshgrid(places, places, indexing="ij"), axis=-1).reshape(-1, 2)
    log_target = PLANAR[target].log_density(points).reshape(len(places), len(places))
    log_target -= np.log(np.exp(log_target).sum())
    kernel = np.exp(-((source[:, None] - places) ** 2) / (2 * epsilon))

    potential = np.zeros_like(log_target)
    mass = np.exp(log_source)
    given = _log_smooth(potential + log_target, kernel)
    for _ in range(MOST_ITERATIONS):
        potential = -_log_smooth(log_source - given, kernel.T)
        after = _log_smooth(potential + log_target, kernel)
        error = float(np.abs(mass * np.expm1(after - given)).sum())
        given = after
        if error < TOLERANCE:
            log_potential = (potential + log_target).ravel() - (points**2).sum(axis=1) / (2 * epsilon)
            return PointPlan(points, log_potential, epsilon)
    raise ValueError(
        f"no plan to {target!r} at epsilon {epsilon!r} after {MOST_ITERATIONS} iterations: error {error:.2g}"
    )


def _axis(reach: float, step: float) -> Array:
    count = round(reach / step)
    return step * np.arange(-count, count + 1, dtype=np.float64)


def _log_smooth(terms: Array, kernel: Array) -> Array:
    """Logarithm of the sum over a grid of ``exp(terms)`` times the product of both coordinates' kernels.

    One coordinate after the other, each as a matrix product after its largest term was taken out: what underflows then
    is over a hundred orders of magnitude below what stays.
    """
    for _ in range(2):
        top = terms.max(axis=1, keepdims=True)
        terms = (np.log(np.exp(terms - top) @ kernel.T) + top).T
    return terms
