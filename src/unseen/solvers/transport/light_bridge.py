"""LightSB: a Schroedinger bridge from two clouds of points, by a Gaussian-mixture potential."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.problem import random_stream
from unseen.problems.densities.potential_plan import PotentialPlan, as_points
from unseen.solvers.solve_report import SolveReport, SolveStatus
from unseen.solvers.transport.fitted_bridge import FittedBridge
from unseen.solvers.transport.mixture_updates import Bounds, Cloud, Parameters, balanced, loss, midway, sweep

Array = NDArray[np.float64]
Covariance = Literal["full", "diagonal"]

LEAST_SLOPE = 1e-5
"""Least conditional variance of a component, in units of the mean variance of the target."""
PATIENCE = 5
"""Sweeps without a better held-out loss before fitting stops."""
MOST_HALVINGS = 10
"""Halvings of one step that raises the loss."""


class LightSB(FittedBridge[PotentialPlan]):
    r"""A Schroedinger bridge fitted without simulation (Korotin, Gushchin and Burnaev 2023).

    The potential is a mixture :math:`v(y) = \sum_k a_k N(y | r_k, \varepsilon S_k)`; minimised is the mean of
    :math:`\log c(x)` minus the mean of :math:`\log v(y)`, the divergence from the true bridge up to a constant.
    What is fitted is a rule: it gives a plan for any x.

    Where this differs from the authors' code: the loss is minimised by closed-form sweeps over all points (see
    `mixture_updates`) instead of Adam on minibatches; coordinates are centred and scaled first; slopes S are kept
    below a bound; a share of the points is held out and says when to stop.

    Parameters
    ----------
    dimension : int
        Number of coordinates, at least 1.
    components : int
        K, at least 1; 1 is the best bridge between Gaussians.
    epsilon : float
        Variance of the Brownian motion over the unit of time, above 0.
    covariance : {"full", "diagonal"}
        Which matrices :math:`S_k` may be.
    largest_slope : float or None
        Bound on the eigenvalues of :math:`S_k`, above 0. By default four times the largest slope that a bridge
        between Gaussians of these clouds' extreme variances has.

    Attributes
    ----------
    plan : PotentialPlan
        What was fitted, with everything that is known of it in closed form.
    report : SolveReport
        How fitting ended; its residuals are lengths of the gradient relative to the first.
    start : Parameters or None
        Where fitting began, in centred coordinates.
    losses : dict of str to array
        ``"fitted"`` and, if points were held out, ``"held_out"``: loss before each sweep, in centred coordinates.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> x, y = generator.standard_normal((500, 2)), 3 + 2 * generator.standard_normal((500, 2))
    >>> bridge = LightSB(dimension=2, components=1, epsilon=0.5).fit(x, y)
    >>> bridge.sample(x, generator).mean(axis=0).round(0)
    array([3., 3.])
    """

    def __init__(
        self,
        dimension: int,
        components: int,
        epsilon: float,
        *,
        covariance: Covariance = "full",
        largest_slope: float | None = None,
    ):
        for name, value in (("dimension", dimension), ("components", components)):
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")
        super().__init__(epsilon)
        if covariance not in ("full", "diagonal"):
            raise ValueError(f"covariance must be 'full' or 'diagonal', not {covariance!r}")
        if largest_slope is not None and not 0 < largest_slope < math.inf:
            raise ValueError(f"largest_slope must be above 0 and finite, or None, not {largest_slope!r}")
        self.dimension, self.components = int(dimension), int(components)
        self.covariance, self.largest_slope = covariance, largest_slope
        self.start: Parameters | None = None
        self.losses: dict[str, Array] = {}

    def fit(
        self,
        source: ArrayLike,
        target: ArrayLike,
        *,
        held_out: float = 0.2,
        sweeps: int = 200,
        tolerance: float = 1e-6,
        seed: int = 0,
        start: Parameters | None = None,
    ) -> Self:
        """Fit the potential to points of both marginals; they are not paired, and their numbers may differ.

        Parameters
        ----------
        source, target : array_like of float, shapes (n, dimension) and (m, dimension)
            Points of either marginal.
        held_out : float
            Share of the points, in [0, 1), that only says which sweep is the best: with 0 the last one is.
        sweeps : int
            Most sweeps, at least 1.
        tolerance : float
            Fitting has converged when a sweep lowers the loss by less than this, in nats.
        seed : int
            Decides which points are held out and where components start.
        start : Parameters, optional
            Where to start instead, for instance at the `start` of another fit.

        Raises
        ------
        ValueError
            If shapes are wrong, numbers are not finite, or there are fewer points than components.
        """
        began = time.perf_counter()
        x, y = as_points(source, self.dimension, "source"), as_points(target, self.dimension, "target")
        if not 0 <= held_out < 1:
            raise ValueError(f"held_out must lie in [0, 1), not {held_out!r}")
        if sweeps < 1:
            raise ValueError(f"sweeps must be 1 or more, not {sweeps!r}")
        dividing = random_stream("LightSB", "held out", seed)
        (x, x_held), (y, y_held) = (_divided(points, held_out, dividing) for points in (x, y))
        if min(len(x), len(y)) < max(2, self.components):
            raise ValueError(
                f"{self.components} components need at least {max(2, self.components)} points to fit on either side, "
                f"not {len(x)} and {len(y)}"
            )
        scale, centre_x, centre_y = math.sqrt(self.epsilon), x.mean(axis=0), y.mean(axis=0)
        diagonal = self.covariance == "diagonal"

        def cloud(points: Array, centre: Array) -> Cloud:
            with np.errstate(over="ignore", invalid="ignore"):
                return Cloud((points - centre) / scale, diagonal=diagonal)

        clouds = cloud(x, centre_x), cloud(y, centre_y)
        checks = (cloud(x_held, centre_x), cloud(y_held, centre_y)) if min(len(x_held), len(y_held)) else None
        if not all(np.isfinite(part.products).all() for part in (*clouds, *(checks or ()))):
            raise ValueError(f"the points lie too far apart for float64 at epsilon {self.epsilon!r}: rescale them")
        bounds = self._bounds(*clouds)
        stream = random_stream("LightSB", "start", self.components, seed)
        begun = start or _started(*clouds, self.components, bounds, stream)
        self.start = begun
        best, report = self._minimise(clouds, checks, begun, bounds, sweeps, tolerance)
        self._plan = _original_coordinates(best, centre_x, centre_y, self.epsilon)
        self._report = replace(report, solution=self._plan, seconds=time.perf_counter() - began)
        return self

    def log_plan(self, x: ArrayLike, y: ArrayLike) -> Array:
        """Logarithm of the conditional density of y given x, for pairs of rows."""
        return self.plan.log_plan(x, y)

    def loss(self, x: ArrayLike, y: ArrayLike) -> float:
        """The loss on other points: only its differences mean something."""
        return self.plan.loss(x, y)

    def _bounds(self, source: Cloud, target: Cloud) -> Bounds:
        given, taken = (
            np.cov(cloud.points, rowvar=False, ddof=0).reshape(self.dimension, -1) for cloud in (source, target)
        )
        least = LEAST_SLOPE * max(float(np.trace(taken)) / self.dimension, 1e-300)
        if self.largest_slope is not None:
            return Bounds(min(least, self.largest_slope), self.largest_slope)
        narrow, wide = float(np.linalg.eigvalsh(given)[0]), float(np.linalg.eigvalsh(taken)[-1])
        return Bounds(least, max(least, 4 * 2 * wide / (1 + math.sqrt(1 + 4 * max(narrow, 0.0) * wide))))

    def _minimise(
        self,
        clouds: tuple[Cloud, Cloud],
        checks: tuple[Cloud, Cloud] | None,
        fit: Parameters,
        bounds: Bounds,
        sweeps: int,
        tolerance: float,
    ) -> tuple[Parameters, SolveReport]:
        fitted, held, gradients = [], [], []
        best, best_value, waited = fit, math.inf, 0
        status: SolveStatus = "limit-reached"
        why = f"the loss still changed after {sweeps} sweeps"
        done = sweep(*clouds, fit, bounds)
        evaluations = 1
        for number in range(sweeps + 1):
            fitted.append(done.loss)
            gradients.append(done.gradient)
            value = loss(*checks, fit) if checks else done.loss
            held.append(value)
            if not math.isfinite(value + done.loss):
                status, why = "not-finite", f"the loss is not finite at sweep {number}"
                break
            waited = 0 if value < best_value - tolerance / 10 else waited + 1
            if value < best_value:
                best, best_value = fit, value
            if waited >= PATIENCE or (number and abs(fitted[-2] - fitted[-1]) < tolerance):
                status, why = "converged", ""
                break
            # The loss can rise where components gain and lose many points at once. Part of the way then lowers it, or
            # else the whole way is taken: from there it falls again, and the best sweep is kept in any case.
            steps = [done.after]
            tried = [sweep(*clouds, done.after, bounds)]
            while tried[-1].loss > done.loss and len(steps) <= MOST_HALVINGS:
                steps.append(midway(fit, steps[-1]))
                tried.append(sweep(*clouds, steps[-1], bounds))
            evaluations += len(tried)
            taken = -1 if tried[-1].loss <= done.loss else 0
            fit, done = steps[taken], tried[taken]
        self.losses = {"fitted": np.array(fitted)} | ({"held_out": np.array(held)} if checks else {})
        residuals = np.array(gradients) / max(gradients[0], 1e-300)
        return best, SolveReport(None, status, why, residuals, {"sweeps": len(fitted) - 1, "evaluations": evaluations})


def fit_light_bridge(
    source: ArrayLike,
    target: ArrayLike,
    epsilon: float,
    *,
    components: Sequence[int] = (1, 5, 10, 20, 50),
    covariance: Covariance = "full",
    held_out: float = 0.2,
    seed: int = 0,
) -> LightSB:
    """LightSB with the number of components and of sweeps that held-out points prefer, then fitted to all points.

    Parameters
    ----------
    source, target : array_like of float, shapes (n, dimension) and (m, dimension)
        Points of either marginal.
    epsilon : float
        Entropic weight, above 0.
    components : sequence of int
        Numbers tried; those that leave fewer than four points to a component are passed over.
    covariance : {"full", "diagonal"}
        As in `LightSB`.
    held_out : float
        Share of the points, in (0, 1), held out while numbers are chosen, the same points for all.
    seed : int
        As in `LightSB.fit`.

    Raises
    ------
    ValueError
        If no number of components fits the points, or an argument is one that `LightSB` refuses.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out must lie in (0, 1), not {held_out!r}")
    dimension = int(np.shape(source)[-1]) if np.ndim(source) == 2 else 0
    x, y = as_points(source, dimension, "source"), as_points(target, dimension, "target")
    fewest = (1 - held_out) * min(len(x), len(y))
    tried = [
        LightSB(dimension, number, epsilon, covariance=covariance) for number in components if 4 * number <= fewest
    ]
    if not tried:
        raise ValueError(f"{fewest:.0f} points are too few to fit any of {tuple(components)} components")
    for bridge in tried:
        bridge.fit(x, y, held_out=held_out, seed=seed)
    best = min(tried, key=lambda bridge: float(np.nanmin(bridge.losses["held_out"])))
    sweeps = max(1, int(np.nanargmin(best.losses["held_out"])))
    return best.fit(x, y, held_out=0.0, sweeps=sweeps, seed=seed, start=best.start)


def _divided(points: Array, share: float, stream: np.random.Generator) -> tuple[Array, Array]:
    """Points to fit and points held out."""
    order = stream.permutation(len(points))
    held = int(share * len(points))
    return points[order[held:]], points[order[:held]]


def _started(source: Cloud, target: Cloud, components: int, bounds: Bounds, stream: np.random.Generator) -> Parameters:
    """Components at target points that lie apart, each as a bridge from the whole source to its own points."""
    from sklearn.cluster import kmeans_plusplus

    diagonal = source.diagonal
    state = int(stream.integers(1 << 31))
    centres = kmeans_plusplus(target.points, components, random_state=state)[0]
    squares = (target.points**2).sum(axis=1)[:, None] - 2 * target.points @ centres.T + (centres**2).sum(axis=1)
    nearest = squares.argmin(axis=1)
    belongs = np.zeros((target.count, components))
    belongs[np.arange(target.count), nearest] = 1.0
    shares, centres, _ = target.moments(belongs)
    # One variance for all: a component that starts on few points would start on too small a one.
    within = float(np.mean((target.points - centres[nearest]) ** 2))
    spread = float(np.mean(source.points**2))
    slope = float(np.clip(2 * within / (1 + math.sqrt(1 + 4 * spread * within)), bounds.least, bounds.most))
    slopes = np.full((components, source.dimension), slope)
    if not diagonal:
        slopes = slopes[:, :, None] * np.eye(source.dimension)
    begun = Parameters(np.log(np.maximum(shares, 1e-12)), centres, slopes)
    return balanced(source, begun, shares, rounds=20)


def _original_coordinates(fit: Parameters, source_mean: Array, target_mean: Array, epsilon: float) -> PotentialPlan:
    """The potential for points as they were given."""
    shifted = source_mean / math.sqrt(epsilon)
    if fit.diagonal:
        pulled, spectrum, rotation = fit.slopes * source_mean, fit.slopes, None
        quadratic = (fit.slopes * shifted**2).sum(axis=1)
    else:
        spectrum, rotation = np.linalg.eigh(fit.slopes)
        pulled = fit.slopes @ source_mean
        quadratic = (fit.slopes @ shifted) @ shifted
    return PotentialPlan(
        log_weights=fit.log_weights + quadratic / 2 - fit.centres @ shifted,
        centres=target_mean + math.sqrt(epsilon) * fit.centres - pulled,
        spectrum=spectrum,
        rotation=rotation,
        epsilon=epsilon,
    )
