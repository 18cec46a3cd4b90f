"""Samples of two shapes in the plane whose density has no simple form: two half moons, and a ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def half_moons(generator: np.random.Generator, count: int, *, noise: float = 0.05) -> Array:
    """Points on two interleaved half circles, blurred by Gaussian noise, shape (count, 2).

    The shape of scikit-learn's `make_moons`, moved and scaled so that the mean is 0 and both coordinates lie within
    about [-1, 1]. Each point's moon and place on it are drawn independently.

    Parameters
    ----------
    generator : numpy.random.Generator
        Where randomness comes from.
    count : int
        Number of points.
    noise : float
        Standard deviation of the blur in the final units, 0 or more.
    """
    angles = np.pi * generator.random(count)
    lower = generator.integers(2, size=count)
    x = np.where(lower, 1 - np.cos(angles), np.cos(angles)) - 0.5
    y = np.where(lower, 0.5 - np.sin(angles), np.sin(angles)) - 0.25
    return np.stack([x, y], axis=1) / 1.5 + noise * generator.standard_normal((count, 2))


def noisy_ring(generator: np.random.Generator, count: int, *, radius: float = 1.0, noise: float = 0.05) -> Array:
    """Points uniform on a circle around 0, blurred by Gaussian noise, shape (count, 2).

    Parameters
    ----------
    generator : numpy.random.Generator
        Where randomness comes from.
    count : int
        Number of points.
    radius : float
        Radius of the circle.
    noise : float
        Standard deviation of the blur, 0 or more.
    """
    angles = 2 * np.pi * generator.random(count)
    circle = radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(circle + noise * generator.standard_normal((count, 2)))
