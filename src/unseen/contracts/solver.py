"""What a solver is: whatever answers instances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

from unseen.contracts.problem import Examples


@runtime_checkable
class Solver(Protocol):
    """Answers instances; never sees targets; gives the same answers whatever the batch size."""

    def solve(self, examples: Examples) -> Any:
        """One answer per example (an array, or a sequence with `Unsolved` where there is none)."""
        ...


@runtime_checkable
class TrainableSolver(Solver, Protocol):
    """A solver that learns from examples, as in scikit-learn."""

    def fit(self, examples: Examples) -> Self:
        """Learn from examples with targets and return the solver itself."""
        ...


@dataclass(frozen=True)
class Unsolved:
    """In place of an answer: the solver has none, and says why. Scored as wrong."""

    why: str
    """For instance ``"not converged"``, ``"time limit"``, ``"refused"`` or ``"never seen"``."""


@dataclass(frozen=True)
class Unanswered(Unsolved):
    """The question was not asked, or its answer never arrived: neither right nor wrong.

    `unseen.evaluate` counts such questions and leaves them out of the score, where `Unsolved` counts as wrong: a
    server that fails says nothing about the solver behind it.
    """
