"""Arms of study 028: streams of shifted Poisson systems, what each relaxation parameter costs, and who chooses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.contracts.study import setting
from unseen.solvers.linear.shifted_grids import cg_iterations_on_grids, sor_sweeps_on_grids
from unseen.solvers.tuning.bandits import Bandit, LowerConfidenceBound, TsallisINF, UniformChoice
from unseen.solvers.tuning.contextual import BinnedContext, ChebyshevContext
from unseen.solvers.tuning.stream import ContextualBandit, replay

LOWEST_SHIFT, SHIFT_RANGE = -0.15, 0.6
LAWS = {"high": (0.5, 1.5), "low": (2.0, 6.0)}
"""Name of the law -> parameters of the Beta distribution of the shifts, the authors'."""

STREAMS = ("high", "low", "changing")
"""The third has the first law in its first half and the second in its other."""


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    side: int = setting(10, "unknowns along an edge of the grid")
    pool: int = setting(1000, "different systems per law, drawn from with replacement")
    rounds: int = setting(8000, "systems in a stream")
    early: int = setting(500, "systems after which the excess is first looked at")
    relaxations: int = setting(20, "relaxation parameters to choose from, evenly spaced from 1 to 1.95")
    tolerance: float = setting(1e-8, "residual relative to the right-hand side at which a solve ends")
    coefficients: int = setting(6, "terms of the Chebyshev series")
    bins: int = setting(5, "intervals of the context where it is binned")


class Systems(NamedTuple):
    """Systems and what solving each costs, columns of equal length: a pool, or a stream drawn from pools."""

    shifts: NDArray[np.float64]
    sweeps: NDArray[np.int64]
    cg: NDArray[np.int64]


def relaxations(config: Config) -> NDArray[np.float64]:
    """The parameters to choose from."""
    return np.linspace(1.0, 1.95, config.relaxations)


@lru_cache(maxsize=64)
def systems(config: Config, law: str, seed: int) -> Systems:
    """A pool of systems: shifts from the law, right-hand sides Gaussian within the ball of radius sqrt(n)."""
    stream = random_stream("028", "systems", law, config.side, seed)
    shifts = LOWEST_SHIFT + SHIFT_RANGE * stream.beta(*LAWS[law], size=config.pool)
    unknowns = config.side**2
    right_sides = np.empty((config.pool, unknowns))
    missing = np.arange(config.pool)
    while len(missing):
        drawn = stream.standard_normal((len(missing), unknowns))
        right_sides[missing] = drawn
        missing = missing[(drawn**2).sum(axis=1) > unknowns]
    grids = right_sides.reshape(-1, config.side, config.side)
    return Systems(
        shifts,
        sor_sweeps_on_grids(shifts, grids, relaxations(config), tolerance=config.tolerance),
        cg_iterations_on_grids(shifts, grids, tolerance=config.tolerance),
    )


def stream_of(config: Config, name: str, seed: int) -> Systems:
    """A stream of one law, or of one and then the other."""
    order = random_stream("028", "stream", name, seed).integers(config.pool, size=config.rounds)
    if name in LAWS:
        return _chosen(systems(config, name, seed), order)
    half = config.rounds // 2
    before = _chosen(systems(config, "high", seed), order[:half])
    after = _chosen(systems(config, "low", seed), order[half:])
    return Systems(
        np.concatenate([before.shifts, after.shifts]),
        np.concatenate([before.sweeps, after.sweeps]),
        np.concatenate([before.cg, after.cg]),
    )


def _chosen(pool: Systems, rows: NDArray[np.int64]) -> Systems:
    return Systems(pool.shifts[rows], pool.sweeps[rows], pool.cg[rows])


def _binned(config: Config, policy: type[Bandit]) -> Callable[[int], ContextualBandit]:
    def build(streams: int) -> ContextualBandit:
        return BinnedContext(
            lambda rows: policy(config.relaxations, rows, lowest=1),
            streams,
            bins=config.bins,
            low=LOWEST_SHIFT,
            high=LOWEST_SHIFT + SHIFT_RANGE,
        )

    return build


def bandit_of(condition: str, config: Config, streams: int) -> Bandit | ContextualBandit:
    """Who chooses in an arm."""
    if condition == "uniform":
        return UniformChoice(config.relaxations, streams, lowest=1)
    if condition in ("tsallis", "tsallis-unscaled"):
        return TsallisINF(config.relaxations, streams, lowest=1, scaled=condition == "tsallis")
    if condition == "confidence":
        return LowerConfidenceBound(config.relaxations, streams, lowest=1)
    if condition in ("tsallis-binned", "confidence-binned"):
        return _binned(config, TsallisINF if condition == "tsallis-binned" else LowerConfidenceBound)(streams)
    return ChebyshevContext(
        config.relaxations,
        streams,
        coefficients=config.coefficients,
        low=LOWEST_SHIFT,
        high=LOWEST_SHIFT + SHIFT_RANGE,
        lowest=1,
    )


CONTEXTUAL = ("tsallis-binned", "confidence-binned", "chebyshev", "chebyshev-misinformed")


def costs_of(condition: str, name: str, seeds: tuple[int, ...], config: Config) -> NDArray[np.float64]:
    """What every system cost an arm, shape (rounds, seeds)."""
    drawn = [stream_of(config, name, seed) for seed in seeds]
    costs = np.stack([stream.sweeps for stream in drawn], axis=1).astype(np.float64)
    uniforms = np.stack([random_stream("028", "choices", name, seed).random(config.rounds) for seed in seeds], axis=1)
    contexts = None
    if condition in CONTEXTUAL:
        contexts = np.stack([stream.shifts for stream in drawn], axis=1)
    if condition == "chebyshev-misinformed" and contexts is not None:
        # Another system's shift: of the same law, and telling nothing.
        contexts = np.roll(contexts, 1, axis=0)
    return replay(bandit_of(condition, config, len(seeds)), costs, contexts=contexts, uniforms=uniforms).costs
