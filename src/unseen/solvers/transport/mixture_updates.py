r"""Fitting a Gaussian-mixture potential by alternating responsibilities and closed-form moments.

With responsibilities :math:`w_k(x)` of the terms of c and :math:`\rho_k(y)` of those of v held fixed and equal in
total, the gradient of the loss of LightSB vanishes exactly where component k is the Gaussian bridge between the
weighted moments of x and of y. Each sweep takes these bridges and balances the totals; its fixed points are the
stationary points of the loss. It needs some tens of sweeps over the data where stochastic gradients need thousands of
steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseen.problems.densities.gaussian_plan import gaussian_slope

Array = NDArray[np.float64]

BALANCING_ROUNDS = 3
"""Rescalings of the weights per sweep; more change nothing once the first sweeps are done."""
FEWEST_POINTS = 1.0
"""A component that answers for fewer points than this keeps its shape: there is nothing to estimate one from."""


@dataclass(frozen=True)
class Parameters:
    """A potential in coordinates where epsilon is 1 and both clouds have mean 0.

    Parameters
    ----------
    log_weights : array of float, shape (components,)
        Logarithms of the weights.
    centres : array of float, shape (components, dimension)
        r.
    slopes : array of float, shape (components, dimension, dimension), or (components, dimension) where diagonal
        S.
    """

    log_weights: Array
    centres: Array
    slopes: Array

    @property
    def diagonal(self) -> bool:
        """Whether slopes are held as their diagonals."""
        return self.slopes.ndim == 2


class Cloud:
    """Points with the products of their coordinates, so that quadratic forms and moments are matrix products.

    Memory: n times dimension (dimension + 3) / 2 numbers, or n times 2 dimension where diagonal.
    """

    def __init__(self, points: Array, *, diagonal: bool):
        self.points, self.diagonal = points, diagonal
        self.count, self.dimension = points.shape
        if diagonal:
            self.products = points**2
        else:
            self.rows, self.columns = np.triu_indices(self.dimension)
            self.products = points[:, self.rows] * points[:, self.columns]

    def forms(self, matrices: Array) -> Array:
        """Quadratic forms ``x' M x`` of every point and matrix, shape (n, matrices)."""
        if self.diagonal:
            return np.asarray(self.products @ matrices.T)
        packed = matrices[:, self.rows, self.columns] * np.where(self.rows == self.columns, 1.0, 2.0)
        return np.asarray(self.products @ packed.T)

    def moments(self, shares: Array) -> tuple[Array, Array, Array]:
        """Mean share, weighted mean and weighted covariance of each component; shares of shape (n, components)."""
        totals = np.maximum(shares.sum(axis=0), 1e-300)
        means = (shares.T @ self.points) / totals[:, None]
        second = (shares.T @ self.products) / totals[:, None]
        if self.diagonal:
            return totals / self.count, means, np.maximum(second - means**2, 0)
        full = np.empty((len(totals), self.dimension, self.dimension))
        full[:, self.rows, self.columns] = second
        full[:, self.columns, self.rows] = second
        return totals / self.count, means, full - means[:, :, None] * means[:, None, :]


def source_terms(cloud: Cloud, fit: Parameters) -> Array:
    """Logarithms of the terms of c(x), shape (n, components)."""
    return np.asarray(fit.log_weights + cloud.forms(fit.slopes) / 2 + cloud.points @ fit.centres.T)


def target_terms(cloud: Cloud, fit: Parameters) -> Array:
    """Logarithms of the terms of v(y), shape (n, components)."""
    if fit.diagonal:
        inverse: Array = 1 / fit.slopes
        logdet: Array = np.log(fit.slopes).sum(axis=1)
    else:
        inverse = np.asarray(np.linalg.inv(fit.slopes), dtype=np.float64)
        logdet = np.asarray(np.linalg.slogdet(fit.slopes)[1], dtype=np.float64)
    pulled = _apply(inverse, fit.centres)
    constant = fit.log_weights - ((pulled * fit.centres).sum(axis=1) + logdet + cloud.dimension * np.log(2 * np.pi)) / 2
    return np.asarray(constant - cloud.forms(inverse) / 2 + cloud.points @ pulled.T)


def responsibilities(terms: Array) -> tuple[Array, Array]:
    """Shares of the terms, shape (n, components), and the logarithm of their sum, shape (n,)."""
    top = terms.max(axis=1, keepdims=True)
    shares = np.exp(terms - top)
    total = shares.sum(axis=1, keepdims=True)
    shares /= total
    return shares, (top + np.log(total))[:, 0]


def loss(source: Cloud, target: Cloud, fit: Parameters) -> float:
    """Mean of log c(x) minus mean of log v(y)."""
    given = responsibilities(source_terms(source, fit))[1]
    return float(given.mean() - responsibilities(target_terms(target, fit))[1].mean())


@dataclass(frozen=True)
class Bounds:
    """Between which eigenvalues slopes are kept.

    Parameters
    ----------
    least : float
        Above 0: a component that shrinks onto one point would have infinite likelihood.
    most : float
        Nothing in the loss bounds slopes from above, and the largest one rules the plan far from the data.
    """

    least: float
    most: float

    def clip(self, slopes: Array) -> Array:
        """Slopes with their eigenvalues kept within the bounds."""
        if slopes.ndim == 2:
            return np.clip(slopes, self.least, self.most)
        values, vectors = np.linalg.eigh(slopes)
        kept = np.clip(values, self.least, self.most)
        return np.asarray((vectors * kept[:, None, :]) @ vectors.swapaxes(1, 2))


@dataclass(frozen=True)
class Sweep:
    """One sweep: the loss and the length of its gradient before, and the parameters after."""

    loss: float
    gradient: float
    after: Parameters


def sweep(source: Cloud, target: Cloud, fit: Parameters, bounds: Bounds) -> Sweep:
    """Take every component to the Gaussian bridge between its share of both clouds."""
    given, log_normaliser = responsibilities(source_terms(source, fit))
    taken, log_potential = responsibilities(target_terms(target, fit))
    source_share, source_mean, source_spread = source.moments(given)
    target_share, target_mean, target_spread = target.moments(taken)
    wanted = target_mean - _apply(fit.slopes, source_mean)
    gradient = np.concatenate([source_share - target_share, (source_share[:, None] * (fit.centres - wanted)).ravel()])

    slopes = bounds.clip(_slopes(source_spread, target_spread))
    # Too few points on either side say nothing of a shape.
    known = np.minimum(source_share * source.count, target_share * target.count) >= FEWEST_POINTS
    slopes = np.where(known.reshape(-1, *[1] * (slopes.ndim - 1)), slopes, fit.slopes)
    centres = np.where(known[:, None], target_mean - _apply(slopes, source_mean), fit.centres)
    moved = Parameters(fit.log_weights, centres, slopes)
    kept = _tilt(fit, source_mean) - _tilt(moved, source_mean)
    moved = replace(moved, log_weights=fit.log_weights + kept)
    return Sweep(
        float(log_normaliser.mean() - log_potential.mean()),
        float(np.linalg.norm(gradient)),
        balanced(source, moved, target_share),
    )


def balanced(source: Cloud, fit: Parameters, shares: Array, rounds: int = BALANCING_ROUNDS) -> Parameters:
    """The same with weights under which each component is given its share of the source, nearly."""
    given, _ = responsibilities(source_terms(source, fit))
    log_weights = fit.log_weights.copy()
    for _ in range(rounds):
        total = given.mean(axis=0)
        # Beyond e^30 in one round a component that nobody takes yet would drive all others out.
        step = np.clip(np.log(np.maximum(shares, 1e-12)) - np.log(np.maximum(total, 1e-300)), -30, 30)
        log_weights += step
        given = given * np.exp(step - step.max())
        given /= np.maximum(given.sum(axis=1, keepdims=True), 1e-300)
    return replace(fit, log_weights=log_weights)


def midway(first: Parameters, second: Parameters) -> Parameters:
    """The mean of two potentials' parameters."""
    return Parameters(
        (first.log_weights + second.log_weights) / 2,
        (first.centres + second.centres) / 2,
        (first.slopes + second.slopes) / 2,
    )


def _slopes(source_spread: Array, target_spread: Array) -> Array:
    if source_spread.ndim == 2:
        return np.asarray(2 * target_spread / (1 + np.sqrt(1 + 4 * source_spread * target_spread)))
    return gaussian_slope(source_spread, target_spread, np.ones(len(source_spread)))


def _apply(slopes: Array, points: Array) -> Array:
    if slopes.ndim == 2:
        return slopes * points
    return np.asarray(np.einsum("kde,ke->kd", slopes, points))


def _tilt(fit: Parameters, points: Array) -> Array:
    """Exponents of the terms of c at one point per component, without the weights."""
    return np.asarray(((_apply(fit.slopes, points) / 2 + fit.centres) * points).sum(axis=1))
