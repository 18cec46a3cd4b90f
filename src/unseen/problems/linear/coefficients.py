"""Coefficient fields: log-normal, of two phases, and of two parameters; and grids with obstacles."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from unseen.problems.linear.elliptic import grid_points

Array = NDArray[np.float64]


def log_normal(field: Array, *, spread: float = 1.0) -> Array:
    """``exp(spread * field)``: positive, with median 1 for a centred field."""
    return np.asarray(np.exp(spread * np.asarray(field, dtype=np.float64)))


def two_phase(field: Array, *, low: float = 1.0, high: float = 10.0) -> Array:
    """`high` where the field is positive and `low` elsewhere: a sharp interface.

    Raises
    ------
    ValueError
        If a value is not above 0.
    """
    if not (low > 0 and high > 0):
        raise ValueError(f"both values must be above 0, not {low!r} and {high!r}")
    return np.where(np.asarray(field) > 0, high, low)


def two_parameter(parameters: Array, shape: tuple[int, ...]) -> Array:
    r"""``exp(p sin(pi x_1) sin(pi x_2) + q cos(2 pi x_1))`` on the inner points of a grid (x_2 left out in 1-D).

    Parameters
    ----------
    parameters : float64 array, shape (samples, 2)
        p and q.
    shape : tuple of int
        Grid points per axis.

    Returns
    -------
    float64 array, shape (samples, *shape)

    Raises
    ------
    ValueError
        If `parameters` does not have two columns.
    """
    values = np.asarray(parameters, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != 2:
        raise ValueError(f"parameters have shape (samples, 2), not {values.shape}")
    points = grid_points(shape)
    bump = np.prod([np.sin(math.pi * x) for x in points[:2]], axis=0)
    wave = np.cos(2 * math.pi * points[0])
    return np.asarray(np.exp(np.multiply.outer(values[:, 0], bump) + np.multiply.outer(values[:, 1], wave)))


def random_obstacles(
    generator: np.random.Generator,
    samples: int,
    shape: tuple[int, ...],
    *,
    count: int = 3,
    radius: tuple[float, float] = (0.06, 0.15),
) -> NDArray[np.bool_]:
    """Grids with discs (balls in 3-D) cut out: true where a point is still an unknown.

    Parameters
    ----------
    generator : numpy.random.Generator
    samples : int
        Number of grids.
    shape : tuple of int
        Grid points per axis.
    count : int
        Discs per grid; they may overlap.
    radius : (float, float)
        Smallest and largest radius in units of the domain, above 0 and at most 0.25.

    Returns
    -------
    bool array, shape (samples, *shape)
        Centres lie in the middle 60 % of every axis, so that points near the border remain.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """
    if count < 0 or not 0 < radius[0] <= radius[1] <= 0.25:
        raise ValueError(f"count must be at least 0 and 0 < radius <= 0.25, not {count!r} and {radius!r}")
    points = np.stack(grid_points(shape))
    inside = np.ones((samples, *shape), dtype=bool)
    extra = (1,) * len(shape)
    for _ in range(count):
        centres = generator.uniform(0.2, 0.8, (samples, len(shape)))
        radii = generator.uniform(*radius, samples)
        squares = ((points - centres.reshape(samples, len(shape), *extra)) ** 2).sum(axis=1)
        # A point exactly in the middle of a tiny disc still counts: at least the nearest point is cut out.
        nearest = squares.reshape(samples, -1).min(axis=1)
        inside &= squares > np.maximum(radii**2, nearest).reshape(samples, *extra)
    return inside
