"""The simplest bridges: between the Gaussians of the sample moments, and none at all."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.problems.densities.gaussian_plan import gaussian_plan
from unseen.problems.densities.potential_plan import PotentialPlan, as_points
from unseen.solvers.transport.fitted_bridge import FittedBridge

Array = NDArray[np.float64]


class GaussianBridge(FittedBridge[PotentialPlan]):
    """The bridge between the Gaussians that have the means and covariances of the points, in closed form.

    Parameters
    ----------
    epsilon : float
        Entropic weight, above 0.
    """

    def fit(self, source: ArrayLike, target: ArrayLike) -> Self:
        """Take the moments.

        Raises
        ------
        ValueError
            If shapes are wrong, there are fewer than two points, or numbers are not finite.
        """
        x, y = _two_clouds(source, target)
        moments = [(z.mean(axis=0), np.cov(z, rowvar=False).reshape(z.shape[1], z.shape[1])) for z in (x, y)]
        self._plan = gaussian_plan(*moments[0], *moments[1], self.epsilon)
        return self


class IndependentCoupling:
    """A target point drawn whatever x is: what every bridge must be better than."""

    def __init__(self) -> None:
        self._target: Array = np.empty((0, 0))

    def fit(self, source: ArrayLike, target: ArrayLike) -> Self:
        """Keep the target points.

        Raises
        ------
        ValueError
            If shapes are wrong, there are fewer than two points, or numbers are not finite.
        """
        self._target = _two_clouds(source, target)[1]
        return self

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean (n, dimension) and covariance (n, dimension, dimension) of y given x, the same for all x."""
        count, dimension = len(self._points(x)), self._target.shape[1]
        covariance = np.cov(self._target, rowvar=False).reshape(dimension, dimension)
        mean = self._target.mean(axis=0)
        return np.broadcast_to(mean, (count, dimension)), np.broadcast_to(covariance, (count, dimension, dimension))

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One target point for each x."""
        return self._target[generator.integers(len(self._target), size=len(self._points(x)))]

    def _points(self, x: ArrayLike) -> Array:
        if not len(self._target):
            raise ValueError("IndependentCoupling must be fitted before it can answer")
        return as_points(x, self._target.shape[1])


def _two_clouds(source: ArrayLike, target: ArrayLike) -> tuple[Array, Array]:
    x = as_points(source, np.shape(source)[-1] if np.ndim(source) == 2 else 0, "source")
    y = as_points(target, x.shape[1], "target")
    if min(len(x), len(y)) < 2:
        raise ValueError(f"covariances need at least two points on either side, not {len(x)} and {len(y)}")
    return x, y
