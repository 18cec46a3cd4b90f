"""Targets in the plane that no mixture of few Gaussians is: two moons, a ring, and eight Gaussians.

Each is a curve with Gaussian noise, so that its density is known as finely as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]

NODES = 480
"""Places on a curve at which its density is summed; noise of 0.15 smooths what lies between."""


@dataclass(frozen=True)
class Planar:
    """Points ``curve(u) + noise z`` with u uniform on [0, 1) and z standard normal.

    Parameters
    ----------
    name : str
        What it is called.
    curve : callable
        Numbers in [0, 1), shape (n,), to places, shape (n, 2).
    noise : float
        Standard deviation in both coordinates.
    """

    name: str
    curve: Callable[[Array], Array]
    noise: float

    def sample(self, n: int, generator: np.random.Generator) -> Array:
        """Draw points, shape (n, 2)."""
        return self.curve(generator.random(n)) + self.noise * generator.standard_normal((n, 2))

    def log_density(self, points: Array) -> Array:
        """Logarithm of the density, shape (n,); the curve is summed at `NODES` places."""
        places = self.curve((np.arange(NODES) + 0.5) / NODES)
        squares = (points**2).sum(axis=1)[:, None] - 2 * points @ places.T + (places**2).sum(axis=1)
        exponents = -squares / (2 * self.noise**2)
        return np.asarray(logsumexp(exponents, axis=1) - np.log(NODES * 2 * np.pi * self.noise**2))


def _circle(angle: Array) -> Array:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _moons(u: Array) -> Array:
    """Two half circles, one turned over and moved into the other, scaled and centred."""
    second = u >= 0.5
    arc = _circle(np.pi * (2 * u - second))
    arc[second] = np.array([1.0, 0.5]) - arc[second]
    return np.asarray(1.5 * (arc - np.array([0.5, 0.25])))


PLANAR: Mapping[str, Planar] = {
    "moons": Planar("moons", _moons, 0.15),
    "ring": Planar("ring", lambda u: 2 * _circle(2 * np.pi * u), 0.15),
    "eight": Planar("eight", lambda u: 2 * _circle(np.pi / 4 * np.floor(8 * u)), 0.2),
}
"""Name -> target."""
