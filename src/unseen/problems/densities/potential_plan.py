r"""Schroedinger bridges whose potential is a mixture of Gaussians: everything about them in closed form.

A plan with the potential :math:`v(y) = \sum_k a_k N(y | r_k, \varepsilon S_k)` couples any source with the target that
it pushes the source to, optimally for the cost :math:`|x - y|^2 / 2` with entropic weight :math:`\varepsilon` (Korotin,
Gushchin and Burnaev 2023, section 3). One component joins two Gaussians.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PotentialPlan:
    r"""The conditional plan :math:`\pi(y|x) = \sum_k w_k(x) N(y | r_k + S_k x, \varepsilon S_k)`.

    :math:`w_k(x)` is proportional to :math:`a_k \exp((x^T S_k x + 2 r_k^T x) / 2 \varepsilon)`. All arithmetic is in
    float64 and with logarithms, so that small :math:`\varepsilon` and outlying x give numbers as long as the exponents
    themselves are finite.

    Parameters
    ----------
    log_weights : array of float, shape (components,)
        :math:`\log a_k`, up to a constant.
    centres : array of float, shape (components, dimension)
        :math:`r_k`.
    spectrum : array of float, shape (components, dimension)
        Eigenvalues of :math:`S_k`, not negative; `log_potential` and `log_plan` need them above 0.
    rotation : array of float, shape (components, dimension, dimension), or None
        Eigenvectors of :math:`S_k` as columns; None where every :math:`S_k` is diagonal.
    epsilon : float
        Variance of the Brownian motion over the unit of time, above 0.
    """

    log_weights: Array
    centres: Array
    spectrum: Array
    rotation: Array | None
    epsilon: float

    def __post_init__(self) -> None:
        check_epsilon(self.epsilon)

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return int(self.centres.shape[1])

    @property
    def slopes(self) -> Array:
        """:math:`S_k`, shape (components, dimension, dimension)."""
        if self.rotation is None:
            return self.spectrum[:, :, None] * np.eye(self.dimension)
        return np.asarray((self.rotation * self.spectrum[:, None, :]) @ self.rotation.swapaxes(1, 2))

    def log_terms(self, x: ArrayLike) -> Array:
        """Logarithms of the terms of `log_normaliser`, shape (n, components)."""
        points = as_points(x, self.dimension)
        quadratic = (self._along(points) ** 2 * self.spectrum).sum(axis=2)
        return np.asarray(self.log_weights + (quadratic / 2 + points @ self.centres.T) / self.epsilon)

    def log_normaliser(self, x: ArrayLike) -> Array:
        r""":math:`\log c(x)`, :math:`c(x) = \int e^{x^T y / \varepsilon} v(y) dy`, shape (n,)."""
        return np.asarray(logsumexp(self.log_terms(x), axis=1))

    def log_potential(self, y: ArrayLike) -> Array:
        r""":math:`\log v(y)`, shape (n,)."""
        points = as_points(y, self.dimension)
        return self._log_mixture(points, self.log_weights, self.centres)

    def loss(self, x: ArrayLike, y: ArrayLike) -> float:
        r"""Mean of :math:`\log c(x)` minus mean of :math:`\log v(y)`: what LightSB minimises.

        Its differences are differences of the Kullback-Leibler divergence from the true bridge; its size alone says
        nothing.
        """
        return float(self.log_normaliser(x).mean() - self.log_potential(y).mean())

    def log_plan(self, x: ArrayLike, y: ArrayLike) -> Array:
        r""":math:`\log \pi(y|x)` for pairs of rows, shape (n,)."""
        sources, targets = as_points(x, self.dimension), as_points(y, self.dimension)
        if len(sources) != len(targets):
            raise ValueError(f"x and y must be pairs, not {len(sources)} and {len(targets)} points")
        terms = self.log_terms(sources)
        terms = terms - logsumexp(terms, axis=1, keepdims=True)
        return self._log_mixture(targets, terms, self._component_means(sources))

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean, shape (n, dimension), and covariance, (n, dimension, dimension), of y given x."""
        points = as_points(x, self.dimension)
        weights = self._softmax(self.log_terms(points))
        means = self._component_means(points)
        mean = np.einsum("nk,nkd->nd", weights, means)
        apart = means - mean[:, None, :]
        between = (weights[:, :, None] * apart).swapaxes(1, 2) @ apart
        within = self.epsilon * np.einsum("nk,kde->nde", weights, self.slopes)
        return mean, np.asarray(between + within)

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One y for each x, shape (n, dimension)."""
        points = as_points(x, self.dimension)
        cumulative = self._softmax(self.log_terms(points)).cumsum(axis=1)
        chosen = (generator.random((len(points), 1)) > cumulative[:, :-1]).sum(axis=1)
        noise = np.sqrt(self.epsilon * self.spectrum[chosen]) * generator.standard_normal(points.shape)
        if self.rotation is None:
            return np.asarray(self.centres[chosen] + self.spectrum[chosen] * points + noise)
        turned = np.einsum("nde,nd->ne", self.rotation[chosen], points)
        moved = np.einsum("nde,ne->nd", self.rotation[chosen], self.spectrum[chosen] * turned + noise)
        return np.asarray(self.centres[chosen] + moved)

    def at_time(self, x: ArrayLike, t: ArrayLike, generator: np.random.Generator) -> Array:
        """A point of the bridge at time t for each start x, shape (n, dimension); exact, without simulation.

        Parameters
        ----------
        x : array_like of float, shape (n, dimension)
            Where the bridge starts.
        t : array_like of float, shape () or (n,)
            Times in [0, 1].
        generator : numpy.random.Generator
            What is random.
        """
        points, times = as_points(x, self.dimension), as_times(t, closed=True)
        ends = self.sample(points, generator)
        return pinned(points, ends, times, self.epsilon, generator)

    def drift(self, x: ArrayLike, t: ArrayLike) -> Array:
        r"""Drift of :math:`dX = g(X, t) dt + \sqrt\varepsilon dW` that carries the source to the target.

        :math:`g(x, t) = (E[Y | X_t = x] - x) / (1 - t)`, the expectation over the mixture that v becomes when weighed
        by the rest of the way. Equivalent to the gradient form of the paper's proposition 3.3, without inverses.

        Parameters
        ----------
        x : array_like of float, shape (n, dimension)
            Where the process is.
        t : array_like of float, shape () or (n,)
            Times in [0, 1).

        Returns
        -------
        array of float64, shape (n, dimension)
        """
        points, times = as_points(x, self.dimension), as_times(t, closed=False)
        rest = 1 - np.broadcast_to(times, len(points))[:, None, None]
        ahead = self._along(points) / rest
        odds = (1 - rest) / rest
        shrunk = 1 / (1 + odds * self.spectrum)
        centres = self._turned_centres()
        exponent = (self.spectrum * shrunk * ahead**2 + 2 * shrunk * ahead * centres - odds * shrunk * centres**2).sum(
            axis=2
        ) / (2 * self.epsilon)
        weights = self._softmax(self.log_weights + exponent + np.log(shrunk).sum(axis=2) / 2)
        means = weights[:, :, None] * shrunk * (self.spectrum * ahead + centres)
        expected = means.sum(axis=1) if self.rotation is None else np.einsum("nke,kde->nd", means, self.rotation)
        return np.asarray((expected - points) / rest[:, :, 0])

    def _along(self, points: Array) -> Array:
        """Points in the coordinates of every component's eigenvectors, shape (n, components, dimension)."""
        if self.rotation is None:
            return points[:, None, :]
        flat = self.rotation.transpose(1, 0, 2).reshape(self.dimension, -1)
        return np.asarray((points @ flat).reshape(len(points), -1, self.dimension))

    def _turned_centres(self) -> Array:
        if self.rotation is None:
            return self.centres
        return np.asarray(np.einsum("kde,kd->ke", self.rotation, self.centres))

    def _component_means(self, points: Array) -> Array:
        """:math:`r_k + S_k x`, shape (n, components, dimension)."""
        if self.rotation is None:
            return np.asarray(self.centres + self.spectrum * points[:, None, :])
        flat = self.slopes.transpose(1, 0, 2).reshape(self.dimension, -1)
        return np.asarray(self.centres + (points @ flat).reshape(len(points), -1, self.dimension))

    def _log_mixture(self, points: Array, log_weights: Array, means: Array) -> Array:
        """Logarithm of the mixture density; `means` of shape (components, d), or (n, components, d)."""
        apart = points[:, None, :] - means
        if self.rotation is not None:
            apart = np.einsum("nkd,kde->nke", apart, self.rotation, optimize=True)
        variances = self.epsilon * self.spectrum
        exponents = -((apart**2 / variances).sum(axis=2) + np.log(2 * math.pi * variances).sum(axis=1)) / 2
        return np.asarray(logsumexp(log_weights + exponents, axis=1))

    @staticmethod
    def _softmax(terms: Array) -> Array:
        weights = np.exp(terms - terms.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def pinned(start: Array, end: Array, times: Array, epsilon: float, generator: np.random.Generator) -> Array:
    """Brownian motion between pinned ends: ``(1 - t) x + t y + sqrt(epsilon t (1 - t)) z``."""
    share = np.broadcast_to(times, len(start))[:, None]
    spread = np.sqrt(epsilon * share * (1 - share))
    return np.asarray((1 - share) * start + share * end + spread * generator.standard_normal(start.shape))


def check_epsilon(epsilon: float) -> None:
    """Refuse an entropic weight that is not above 0 and finite."""
    if isinstance(epsilon, bool) or not isinstance(epsilon, (int, float, np.integer, np.floating)):
        raise ValueError(f"epsilon must be a number above 0, not {epsilon!r}")
    if not 0 < epsilon < math.inf:
        raise ValueError(f"epsilon must be above 0 and finite, not {epsilon!r}")


def as_points(x: Any, dimension: int, name: str = "points") -> Array:
    """Points as float64 of shape (n, dimension).

    Raises
    ------
    ValueError
        If the shape is another one or a coordinate is not finite.
    """
    points: Array = np.asarray(x, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != dimension:
        raise ValueError(f"{name} must have the shape (n, {dimension}), not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError(f"{name} must be finite: {int((~np.isfinite(points)).sum())} coordinates are not")
    return points


def as_times(t: ArrayLike, *, closed: bool) -> Array:
    """Times as float64; from 0 to 1, the end included where `closed`."""
    times: Array = np.asarray(t, dtype=np.float64)
    if not ((times >= 0) & ((times <= 1) if closed else (times < 1))).all():
        raise ValueError(f"times must lie in [0, 1{']' if closed else ')'}, not {t!r}")
    return times
