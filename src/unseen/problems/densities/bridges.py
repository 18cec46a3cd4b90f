"""Pairs of marginals whose Schroedinger bridge is known: what a bridge fitted to points is compared with.

Between Gaussians by a closed form, from a known mixture potential exactly, and to targets in the plane that no small
mixture describes by Sinkhorn's algorithm on a fine grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.problems.densities.gaussian_plan import gaussian_plan
from unseen.problems.densities.grid_sinkhorn import planar_plan
from unseen.problems.densities.planar import PLANAR
from unseen.problems.densities.point_plan import PointPlan
from unseen.problems.densities.potential_plan import PotentialPlan, check_epsilon

Array = NDArray[np.float64]
Sampler = Callable[[int, np.random.Generator], Array]

BALANCING_POINTS, BALANCING_ROUNDS = 4096, 60
"""Points and rounds with which the components of a mixture pair are given equal shares of the source."""
VARIANCE_POINTS = 20_000
"""Points from which the variance of a mixture pair's target is taken: 1 % accurate, and it only sets a unit."""


@dataclass(frozen=True)
class BridgePair:
    """Two marginals and the bridge between them.

    Parameters
    ----------
    name : str
        What kind it is.
    source, target : callable
        ``source(n, generator)`` draws points of a marginal, float64 of shape (n, dimension).
    truth : PotentialPlan or PointPlan
        The bridge; ``truth.moments(x)`` are the mean and covariance of y given x.
    target_variance : float
        Trace of the target's covariance.
    """

    name: str
    source: Sampler
    target: Sampler
    truth: PotentialPlan | PointPlan
    target_variance: float

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return self.truth.dimension

    @property
    def epsilon(self) -> float:
        """Entropic weight."""
        return self.truth.epsilon


def gaussian_pair(dimension: int, epsilon: float, seed: int) -> BridgePair:
    """Two Gaussians with random axes, standard deviations between 0.7 and 1.4, and means about 1 apart per coordinate.

    Parameters
    ----------
    dimension : int
        Number of coordinates, at least 1.
    epsilon : float
        Entropic weight, above 0.
    seed : int
        Decides the Gaussians, the same ones for every epsilon.
    """
    _check_sizes(dimension, 1)
    stream = random_stream("gaussian pair", dimension, seed)
    means = stream.standard_normal((2, dimension))
    roots = [_random_root(stream, dimension) for _ in range(2)]
    covariances = [root @ root.T for root in roots]

    def drawing(side: int) -> Sampler:
        return lambda n, generator: means[side] + generator.standard_normal((n, dimension)) @ roots[side].T

    truth = gaussian_plan(means[0], covariances[0], means[1], covariances[1], epsilon)
    return BridgePair("gaussian", drawing(0), drawing(1), truth, float(np.trace(covariances[1])))


def mixture_pair(dimension: int, epsilon: float, seed: int, components: int = 5) -> BridgePair:
    """The standard normal distribution and what a mixture potential makes of it: inside the family of LightSB.

    Centres are normal with standard deviation 2, conditional variances of components lie between 0.1 and 0.5, and
    every component takes the same share of the source.

    Parameters
    ----------
    dimension, components : int
        At least 1.
    epsilon : float
        Entropic weight, above 0.
    seed : int
        Decides the potential.
    """
    _check_sizes(dimension, components)
    check_epsilon(epsilon)
    stream = random_stream("mixture pair", dimension, components, epsilon, seed)
    variances = 0.1 * 5 ** stream.random((components, dimension))
    rotations = np.stack([_random_rotation(stream, dimension) for _ in range(components)])
    truth = PotentialPlan(
        log_weights=np.zeros(components),
        centres=2 * stream.standard_normal((components, dimension)),
        # Slopes stay below 1, so that the source still matters to a component where epsilon is small.
        spectrum=variances / (epsilon + variances),
        rotation=rotations,
        epsilon=float(epsilon),
    )
    terms = truth.log_terms(stream.standard_normal((BALANCING_POINTS, dimension)))
    log_weights = np.zeros(components)
    for _ in range(BALANCING_ROUNDS):
        shares = np.exp(terms + log_weights - (terms + log_weights).max(axis=1, keepdims=True))
        log_weights -= np.log((shares / shares.sum(axis=1, keepdims=True)).mean(axis=0) * components)
    truth = replace(truth, log_weights=log_weights)

    def target(n: int, generator: np.random.Generator) -> Array:
        return truth.sample(generator.standard_normal((n, dimension)), generator)

    variance = float(target(VARIANCE_POINTS, stream).var(axis=0).sum())
    return BridgePair("mixture", _standard_normal(dimension), target, truth, variance)


def planar_pair(target: str, epsilon: float) -> BridgePair:
    """The standard normal distribution of the plane and one of `PLANAR`: outside the family of LightSB.

    Parameters
    ----------
    target : str
        ``"moons"``, ``"ring"`` or ``"eight"``.
    epsilon : float
        Entropic weight, at least 0.068.
    """
    truth = planar_plan(target, float(epsilon))
    weights = np.exp(PLANAR[target].log_density(truth.points))
    weights /= weights.sum()
    mean = weights @ truth.points
    variance = float(weights @ ((truth.points - mean) ** 2).sum(axis=1))
    return BridgePair(target, _standard_normal(2), PLANAR[target].sample, truth, variance)


def _standard_normal(dimension: int) -> Sampler:
    return lambda n, generator: generator.standard_normal((n, dimension))


def _check_sizes(dimension: int, components: int) -> None:
    for name, value in (("dimension", dimension), ("components", components)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")


def _random_rotation(stream: np.random.Generator, dimension: int) -> Array:
    q, r = np.linalg.qr(stream.standard_normal((dimension, dimension)))
    return np.asarray(q * np.sign(np.diag(r)))


def _random_root(stream: np.random.Generator, dimension: int) -> Array:
    """A matrix whose product with its transpose has random axes and eigenvalues between 0.5 and 2."""
    return _random_rotation(stream, dimension) * np.sqrt(0.5 * 4 ** stream.random(dimension))
