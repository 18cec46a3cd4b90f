"""The tasks and arms of the study of light Schroedinger bridges: which bridge is fitted to which points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.measures.bures_wasserstein import conditional_bures_wasserstein
from unseen.problems.densities.bridges import BridgePair, gaussian_pair, mixture_pair, planar_pair
from unseen.problems.densities.planar import PLANAR
from unseen.solvers.transport.couplings import GaussianBridge, IndependentCoupling
from unseen.solvers.transport.light_bridge import LightSB, fit_light_bridge
from unseen.solvers.transport.sinkhorn import BarycentricMap, SinkhornBridge

Array = NDArray[np.float64]

OUTLYING = 2.0
"""How many times further from the source's mean the outlying points lie."""


class Bridge(Protocol):
    """What every arm fits: a plan that says where a point may go."""

    def moments(self, x: Any) -> tuple[Array, Array]:
        """Mean (n, dimension) and covariance (n, dimension, dimension) of y given x."""
        ...


@dataclass(frozen=True)
class Task:
    """A pair of marginals, by what it is made of."""

    kind: str
    dimension: int
    epsilon: float

    @property
    def name(self) -> str:
        """For instance ``gaussian_d16_eps0.1``."""
        return f"{self.kind}_d{self.dimension}_eps{self.epsilon:g}"

    @staticmethod
    def read(name: str) -> Task:
        """The task of a name."""
        kind, dimension, epsilon = name.split("_")
        return Task(kind, int(dimension[1:]), float(epsilon[3:]))

    def pair(self, seed: int) -> BridgePair:
        """The marginals and the true bridge."""
        if self.kind == "gaussian":
            return gaussian_pair(self.dimension, self.epsilon, seed)
        if self.kind == "mixture":
            return mixture_pair(self.dimension, self.epsilon, seed)
        return planar_pair(self.kind, self.epsilon)


def tasks(
    epsilons: Sequence[float], gaussian_dimensions: Sequence[int], mixture_dimensions: Sequence[int]
) -> Iterator[Task]:
    """All tasks of a scale."""
    for epsilon in epsilons:
        for dimension in gaussian_dimensions:
            yield Task("gaussian", dimension, epsilon)
        for dimension in mixture_dimensions:
            yield Task("mixture", dimension, epsilon)
        for target in PLANAR:
            yield Task(target, 2, epsilon)


@dataclass(frozen=True)
class Points:
    """What a task and a seed give: training points of both marginals, test points, and the true moments there."""

    source: Array
    target: Array
    usual: Array
    outlying: Array
    truth: tuple[tuple[Array, Array], tuple[Array, Array]]
    target_variance: float


@lru_cache(maxsize=2)
def drawn(task: Task, seed: int, samples: int, tests: int) -> Points:
    """The same points for every arm."""
    pair = task.pair(seed)
    stream = random_stream("007", task.name, seed)
    source, target = pair.source(samples, stream), pair.target(samples, stream)
    usual = pair.source(tests, stream)
    centre = source.mean(axis=0)
    outlying = centre + OUTLYING * (usual - centre)
    truth = pair.truth.moments(usual), pair.truth.moments(outlying)
    return Points(source, target, usual, outlying, truth, pair.target_variance)


def fitted(
    arm: str, points: Points, epsilon: float, components: Sequence[int], fixed: int, seed: int
) -> dict[str, Bridge]:
    """The bridges that an arm gives, by the prefix of their metrics; the arm's own has none."""
    x, y = points.source, points.target
    if arm == "light-bridge":
        return {"": fit_light_bridge(x, y, epsilon, components=components, seed=seed)}
    if arm == "fixed-mixture":
        bridge = LightSB(x.shape[1], fixed, epsilon, covariance="diagonal")
        return {"": bridge.fit(x, y, seed=seed)}
    if arm == "sinkhorn":
        sinkhorn = SinkhornBridge(epsilon).fit(x, y)
        return {"": sinkhorn, "barycentric_": BarycentricMap(sinkhorn, x)}
    if arm == "gaussian":
        return {"": GaussianBridge(epsilon).fit(x, y)}
    return {"": IndependentCoupling().fit(x, y)}


def discrepancies(bridge: Bridge, points: Points) -> tuple[float, float]:
    """Conditional discrepancy in percent of the target's variance at usual and at outlying points."""
    usual, outlying = (
        conditional_bures_wasserstein(*bridge.moments(x), *truth, points.target_variance)
        for x, truth in zip((points.usual, points.outlying), points.truth, strict=True)
    )
    return usual, outlying
