"""What bridges have in common that are fitted to points: once fitted, all that they say is said by their plan."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.problems.densities.potential_plan import check_epsilon
from unseen.solvers.solve_report import SolveReport

Array = NDArray[np.float64]


class Plan(Protocol):
    """The distribution of y given x, and the process between them."""

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean and covariance of y given x."""
        ...

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One y for each x."""
        ...

    def at_time(self, x: ArrayLike, t: ArrayLike, generator: np.random.Generator) -> Array:
        """A point of the bridge at time t for each start x."""
        ...

    def drift(self, x: ArrayLike, t: ArrayLike) -> Array:
        """Drift of the bridge at x and time t."""
        ...


AnyPlan = TypeVar("AnyPlan", bound=Plan)


class FittedBridge(Generic[AnyPlan]):
    """A bridge that is fitted to points and answers by its plan.

    Parameters
    ----------
    epsilon : float
        Entropic weight of the cost ``|x - y|^2 / 2``, above 0.

    Raises
    ------
    ValueError
        If `epsilon` is not above 0.
    """

    def __init__(self, epsilon: float):
        check_epsilon(epsilon)
        self.epsilon = float(epsilon)
        self._plan: AnyPlan | None = None
        self._report: SolveReport | None = None

    @property
    def plan(self) -> AnyPlan:
        """What was fitted.

        Raises
        ------
        ValueError
            If nothing was fitted.
        """
        if self._plan is None:
            raise ValueError(f"{type(self).__name__} must be fitted before it can answer")
        return self._plan

    @property
    def report(self) -> SolveReport:
        """How fitting ended, where it is iterative.

        Raises
        ------
        ValueError
            If nothing was fitted by iteration.
        """
        if self._report is None:
            raise ValueError(f"{type(self).__name__} must be fitted before it can report")
        return self._report

    def moments(self, x: ArrayLike) -> tuple[Array, Array]:
        """Mean (n, dimension) and covariance (n, dimension, dimension) of y given x."""
        return self.plan.moments(x)

    def sample(self, x: ArrayLike, generator: np.random.Generator) -> Array:
        """One y for each x."""
        return self.plan.sample(x, generator)

    def at_time(self, x: ArrayLike, t: ArrayLike, generator: np.random.Generator) -> Array:
        """A point of the bridge at time t for each start x, exactly."""
        return self.plan.at_time(x, t, generator)

    def drift(self, x: ArrayLike, t: ArrayLike) -> Array:
        """Drift of the bridge at x and time t in [0, 1)."""
        return self.plan.drift(x, t)
