"""Tuning while solving: a bandit sets a solver's parameter for one instance after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.problem import random_stream
from unseen.solvers.tuning.bandits import Bandit


class ContextualBandit(Protocol):
    """What `tune` and `replay` need of a bandit that sees a context."""

    arms: int
    streams: int

    def choose(self, uniforms: ArrayLike, contexts: ArrayLike) -> NDArray[np.int64]:
        """The arm to play in each stream."""
        ...

    def learn(self, arms: ArrayLike, costs: ArrayLike, contexts: ArrayLike) -> None:
        """Take in what the chosen arms cost."""
        ...


@dataclass(frozen=True)
class TuningReport:
    """What was chosen for each instance and what it cost.

    Parameters
    ----------
    chosen : array of int, shape (rounds,) or (rounds, streams)
        Index of the setting.
    costs : array of float64, the same shape
    solutions : list
        What the solver returned for each instance; empty after `replay`.
    """

    chosen: NDArray[np.int64]
    costs: NDArray[np.float64]
    solutions: list[Any]

    def mean_cost(self, rounds: int) -> NDArray[np.float64]:
        """Mean over the first `rounds` instances, one number per stream."""
        means: NDArray[np.float64] = np.atleast_1d(self.costs[:rounds].mean(axis=0))
        return means


def tune(
    bandit: Bandit | ContextualBandit,
    settings: Sequence[Any],
    instances: Iterable[Any],
    solve: Callable[[Any, Any], tuple[Any, float]],
    *,
    context: Callable[[Any], float] | None = None,
    seed: int = 0,
) -> TuningReport:
    """Solve instance after instance, with the setting that the bandit chooses.

    Parameters
    ----------
    bandit : Bandit or contextual bandit
        Of one stream; it goes on learning where it stands.
    settings : sequence
        What its arms stand for: relaxation parameters, restart lengths, step sizes, whole configurations.
    instances : iterable
    solve : callable
        ``solve(instance, setting)`` gives the solution and its cost, a finite number.
    context : callable, optional
        What a contextual bandit is told of an instance: a number.
    seed : int
        Decides the random choices.

    Raises
    ------
    ValueError
        If the bandit has other than one stream or as many arms as there are settings, or a cost is not finite.

    Examples
    --------
    The relaxation parameter of SOR, set while solving:

    >>> import scipy.sparse as sp
    >>> from unseen.solvers.linear.sor import SOR
    >>> from unseen.solvers.tuning.bandits import TsallisINF
    >>> line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(20, 20)).tocsr()
    >>> generator = np.random.default_rng(0)
    >>> systems = [(line + 0.05 * generator.random() * sp.eye_array(20), generator.random(20)) for _ in range(60)]
    >>> def solve(system, relaxation):
    ...     report = SOR(relaxation).solve(*system)
    ...     return report.solution, report.iterations
    >>> report = tune(TsallisINF(arms=2, lowest=1), [1.0, 1.7], systems, solve)
    >>> bool(report.mean_cost(60) < 200)
    True
    """
    if bandit.streams != 1 or bandit.arms != len(settings):
        raise ValueError(f"{len(settings)} settings need a bandit of as many arms and one stream")
    chosen, costs, solutions = [], [], []
    stream = random_stream("tune", seed)
    for instance in instances:
        known = () if context is None else ([context(instance)],)
        arm = bandit.choose([stream.random()], *known)
        solution, cost = solve(instance, settings[int(arm[0])])
        bandit.learn(arm, [cost], *known)
        chosen.append(int(arm[0]))
        costs.append(float(cost))
        solutions.append(solution)
    return TuningReport(np.array(chosen, dtype=np.int64), np.array(costs), solutions)


def replay(
    bandit: Bandit | ContextualBandit,
    costs: NDArray[np.float64],
    *,
    contexts: NDArray[np.float64] | None = None,
    uniforms: NDArray[np.float64],
) -> TuningReport:
    """The same where every cost is known beforehand, for many streams at once: how a bandit is studied.

    Parameters
    ----------
    bandit : Bandit or contextual bandit
    costs : array, shape (rounds, streams, arms)
        What each setting would cost; the bandit is told of the chosen one alone.
    contexts : array, shape (rounds, streams), optional
    uniforms : array, shape (rounds, streams)
        Random numbers in [0, 1) for the choices.

    Raises
    ------
    ValueError
        If shapes do not fit.
    """
    rounds, streams = uniforms.shape
    if costs.shape != (rounds, bandit.streams, bandit.arms) or streams != bandit.streams:
        raise ValueError(
            f"costs of shape {costs.shape} and uniforms of shape {uniforms.shape} do not fit a bandit of "
            f"{bandit.streams} streams and {bandit.arms} arms"
        )
    if contexts is not None and contexts.shape != uniforms.shape:
        raise ValueError(f"contexts have shape (rounds, streams) = {uniforms.shape}, not {contexts.shape}")
    chosen = np.empty((rounds, streams), dtype=np.int64)
    paid = np.empty((rounds, streams))
    rows = np.arange(streams)
    for t in range(rounds):
        known = () if contexts is None else (contexts[t],)
        chosen[t] = bandit.choose(uniforms[t], *known)
        paid[t] = costs[t, rows, chosen[t]]
        bandit.learn(chosen[t], paid[t], *known)
    return TuningReport(chosen, paid, [])
