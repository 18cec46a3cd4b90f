"""Sinkhorn's algorithm between two clouds of points, and what its plan says of points it has never seen."""

from __future__ import annotations

import math
import time
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.extras import extra_module
from unseen.problems.densities.point_plan import PointPlan
from unseen.problems.densities.potential_plan import as_points
from unseen.solvers.solve_report import SolveReport, SolveStatus
from unseen.solvers.transport.fitted_bridge import FittedBridge

Array = NDArray[np.float64]
Method = Literal["absorbed", "pot"]

ABSORB_EVERY = 50
"""Iterations by matrix products between two of the dearer ones that recompute the kernel with the potentials in it."""
LARGEST_SCALING = 1e20
"""Scalings beyond it are absorbed at once: products of the two must stay far from overflow."""


class SinkhornBridge(FittedBridge[PointPlan]):
    r"""The entropic plan between the points, extended to any x by its target potential (see `PointPlan`).

    Parameters
    ----------
    epsilon : float
        Entropic weight of the cost :math:`|x - y|^2 / 2`, above 0.
    method : {"absorbed", "pot"}
        Our own iteration, matrix products with the potentials absorbed into the kernel now and then; or
        ``ot.sinkhorn(..., method="sinkhorn_log")`` of POT, which takes logarithms in every iteration.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> x, y = generator.standard_normal((300, 2)), generator.standard_normal((300, 2))
    >>> bridge = SinkhornBridge(epsilon=1.0).fit(x, y)
    >>> bool(abs(bridge.moments([[1.0, 0.0]])[0][0, 0] - 0.62) < 0.1)  # (5 ** 0.5 - 1) / 2 between the Gaussians
    True
    """

    def __init__(self, epsilon: float, method: Method = "absorbed"):
        super().__init__(epsilon)
        if method not in ("absorbed", "pot"):
            raise ValueError(f"method must be 'absorbed' or 'pot', not {method!r}")
        self.method: Method = method

    def fit(self, source: ArrayLike, target: ArrayLike, *, iterations: int = 2000, tolerance: float = 1e-5) -> Self:
        """Find the potentials.

        Parameters
        ----------
        source, target : array_like of float, shapes (n, dimension) and (m, dimension)
            Points of either marginal, all of equal mass.
        iterations : int
            Most iterations, at least 1.
        tolerance : float
            Total difference of the plan's target marginal from the masses at which it has converged, above 0.

        Raises
        ------
        ValueError
            If shapes are wrong, there are no points, or numbers are not finite.
        UsageError
            If method is ``"pot"`` and POT is not installed.
        """
        start = time.perf_counter()
        x = as_points(source, np.shape(source)[-1] if np.ndim(source) == 2 else 0, "source")
        y = as_points(target, x.shape[1], "target")
        if not len(x) or not len(y):
            raise ValueError(f"a plan needs points on either side, not {len(x)} and {len(y)}")
        if iterations < 1 or not tolerance > 0:
            raise ValueError(f"iterations must be 1 or more and tolerance above 0, not {iterations!r}, {tolerance!r}")
        # The common origin changes nothing but the size of the exponents.
        origin = y.mean(axis=0)
        cost = _half_squares(x - origin, y - origin) / self.epsilon
        potential, errors, done = (
            _pot(cost, iterations, tolerance) if self.method == "pot" else _absorbed(cost, iterations, tolerance)
        )
        status: SolveStatus = "converged" if errors[-1] <= tolerance else "limit-reached"
        if not np.isfinite(potential).all():
            status = "not-finite"
        why = "" if status == "converged" else f"marginals differ by {errors[-1]:.2g} after {done} iterations"
        log_potential = potential - ((y - origin) ** 2).sum(axis=1) / (2 * self.epsilon)
        # Seen from the old origin: x'y / epsilon and (x - o)'(y - o) / epsilon differ by o'y / epsilon.
        self._plan = PointPlan(y, log_potential - y @ origin / self.epsilon, self.epsilon)
        self._report = SolveReport(
            self._plan, status, why, np.array(errors), {"iterations": done}, time.perf_counter() - start
        )
        return self


class BarycentricMap:
    """Sinkhorn's map to the mean target point, with Gaussian noise of the plan's mean conditional covariance.

    Parameters
    ----------
    bridge : SinkhornBridge
        A fitted bridge.
    source : array_like of float, shape (n, dimension)
        Points over which the covariance is averaged.
    """

    def __init__(self, bridge: SinkhornBridge, source: ArrayLike):
        self.plan = bridge.plan
        self.covariance: Array = self.plan.moments(source)[1].mean(axis=0)

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean (n, dimension) and covariance (n, dimension, dimension) of y given x."""
        mean = self.plan.weights(x) @ self.plan.points
        return mean, np.broadcast_to(self.covariance, (len(mean), *self.covariance.shape))

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One y for each x."""
        mean = self.plan.weights(x) @ self.plan.points
        values, vectors = np.linalg.eigh(self.covariance)
        noise = generator.standard_normal(mean.shape) * np.sqrt(np.maximum(values, 0))
        return np.asarray(mean + noise @ vectors.T)


def _half_squares(x: Array, y: Array) -> Array:
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * x @ y.T
    return np.asarray(np.maximum(squares, 0) / 2)


def _absorbed(cost: Array, iterations: int, tolerance: float) -> tuple[Array, list[float], int]:
    """Target potential with log masses in units of epsilon, errors of the marginal, and iterations done."""
    masses = np.full(cost.shape[0], 1 / cost.shape[0]), np.full(cost.shape[1], 1 / cost.shape[1])
    first, second = np.zeros(cost.shape[0]), np.zeros(cost.shape[1])
    errors: list[float] = []
    done = 0
    while True:
        first += np.log(masses[0]) - _log_sums(first, second, cost, axis=1)
        second += np.log(masses[1]) - _log_sums(first, second, cost, axis=0)
        kernel = np.exp(first[:, None] + second - cost)
        done += 1
        scaling, other = np.ones(cost.shape[0]), np.ones(cost.shape[1])
        for _ in range(ABSORB_EVERY - 1):
            scaling = masses[0] / (kernel @ other)
            sums = scaling @ kernel
            error = float(np.abs(sums * other - masses[1]).sum())
            # A scaling that is not finite is left out: the next round takes logarithms again.
            if not max(scaling.max(), 1 / scaling.min(), 1 / sums.min()) < LARGEST_SCALING:
                scaling = np.ones_like(scaling)
                break
            other = masses[1] / sums
            done += 1
            if error <= tolerance or done >= iterations:
                break
        first += np.log(scaling)
        second += np.log(other)
        errors.append(error)
        if error <= tolerance or done >= iterations or not math.isfinite(error):
            return second, errors, done


def _log_sums(first: Array, second: Array, cost: Array, axis: int) -> Array:
    terms = first[:, None] + second - cost
    top = terms.max(axis=axis, keepdims=True)
    return np.asarray((np.log(np.exp(terms - top).sum(axis=axis, keepdims=True)) + top).squeeze(axis))


def _pot(cost: Array, iterations: int, tolerance: float) -> tuple[Array, list[float], int]:
    """The same from POT, which measures the error by its Euclidean norm and stops at that."""
    transport = extra_module("transport")
    masses = [np.full(count, 1 / count) for count in cost.shape]
    plan, log = transport.sinkhorn(
        *masses,
        cost,
        1.0,
        method="sinkhorn_log",
        numItermax=iterations,
        stopThr=tolerance / math.sqrt(cost.shape[1]),
        log=True,
        warn=False,
    )
    error = float(np.abs(plan.sum(axis=0) - masses[1]).sum())
    return np.asarray(log["log_v"]), [error], int(log["niter"]) + 1
