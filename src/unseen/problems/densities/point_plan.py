r"""Plans onto weighted points: what discrete entropic transport says of a source point it has never seen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.problems.densities.potential_plan import as_points, as_times, check_epsilon, pinned

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PointPlan:
    r"""The conditional plan :math:`\pi(y_j|x) \propto e^{x^T y_j / \varepsilon} v_j`.

    It is a `PotentialPlan` whose components have shrunk to points. With dual potentials g of a discrete plan with the
    cost :math:`|x - y|^2 / 2` and target masses b, :math:`\log v_j = \log b_j + (g_j - |y_j|^2 / 2) / \varepsilon`;
    this is the out-of-sample extension of Pooladian and Niles-Weed (2021), Entropic estimation of optimal transport
    maps.

    Parameters
    ----------
    points : array of float, shape (points, dimension)
        Where the target has mass.
    log_potential : array of float, shape (points,)
        :math:`\log v_j`, up to a constant.
    epsilon : float
        Entropic weight, above 0.
    """

    points: Array
    log_potential: Array
    epsilon: float

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return int(self.points.shape[1])

    @cached_property
    def _products(self) -> Array:
        rows, columns = np.triu_indices(self.dimension)
        return np.asarray(self.points[:, rows] * self.points[:, columns])

    def weights(self, x: ArrayLike) -> Array:
        """Probabilities of the target points given x, shape (n, points)."""
        return _shares(self.log_potential + as_points(x, self.dimension) @ (self.points.T / self.epsilon))

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean, shape (n, dimension), and covariance, (n, dimension, dimension), of y given x."""
        weights = self.weights(x)
        mean, products = weights @ self.points, weights @ self._products
        rows, columns = np.triu_indices(self.dimension)
        second = np.empty((len(mean), self.dimension, self.dimension))
        second[:, rows, columns] = products
        second[:, columns, rows] = products
        return mean, np.asarray(second - mean[:, :, None] * mean[:, None, :])

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One of the points for each x, shape (n, dimension)."""
        cumulative = self.weights(x).cumsum(axis=1)
        chances = generator.random((len(cumulative), 1))
        return np.asarray(self.points[(chances > cumulative[:, :-1]).sum(axis=1)])

    def at_time(self, x: ArrayLike, t: ArrayLike, generator: np.random.Generator) -> Array:
        """A point of the bridge at time t in [0, 1] for each start x, exactly, shape (n, dimension)."""
        start, times = as_points(x, self.dimension), as_times(t, closed=True)
        return pinned(start, self.sample(start, generator), times, self.epsilon, generator)

    def drift(self, x: ArrayLike, t: ArrayLike) -> Array:
        """Drift ``(E[Y | X_t = x] - x) / (1 - t)`` at x and times t in [0, 1), shape (n, dimension)."""
        here, times = as_points(x, self.dimension), as_times(t, closed=False)
        rest = 1 - np.broadcast_to(times, len(here))[:, None]
        squares = (self.points**2).sum(axis=1) / 2
        exponents = (here / rest) @ self.points.T - (1 - rest) / rest * squares
        expected = _shares(self.log_potential + exponents / self.epsilon) @ self.points
        return np.asarray((expected - here) / rest)


def _shares(terms: Array) -> Array:
    weights = np.exp(terms - terms.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
