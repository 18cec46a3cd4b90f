"""Linear and mixed-integer models in matrix form, solved by HiGHS."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

Array = NDArray[np.float64]

Status = Literal["optimal", "infeasible", "unbounded", "undecided"]

AT_MOST, EQUAL, AT_LEAST = -1, 0, 1

TIME_LIMIT = 10.0
"""Seconds after which the search for an optimum is given up; models of the families here take milliseconds."""


@dataclass(frozen=True)
class LinearModel:
    """Minimise or maximise ``cost @ x`` subject to rows of ``matrix @ x`` and bounds, some x whole.

    Parameters
    ----------
    cost : array, shape (n,)
        Objective.
    matrix : array, shape (m, n)
        Left sides of the constraints.
    relation : int array, shape (m,)
        `AT_MOST`, `EQUAL` or `AT_LEAST`.
    right : array, shape (m,)
        Right sides.
    lower, upper : array, shape (n,)
        Bounds; infinite where there is none.
    whole : bool array, shape (n,)
        Which variables are integers.
    groups : tuple of str, length m
        Which constraint of the text a row belongs to: ``"capacity"``, ``"demand"``, ...
    maximise : bool
        The sense.

    Raises
    ------
    ValueError
        If shapes differ or a relation is none of the three.
    """

    cost: Array
    matrix: Array
    relation: NDArray[np.int64]
    right: Array
    lower: Array
    upper: Array
    whole: NDArray[np.bool_]
    groups: tuple[str, ...]
    maximise: bool = False

    def __post_init__(self) -> None:
        n, m = len(self.cost), len(self.right)
        if self.matrix.shape != (m, n):
            raise ValueError(
                f"a model with {m} constraints of {n} variables has no matrix of shape {self.matrix.shape}"
            )
        columns = {len(column) for column in (self.lower, self.upper, self.whole)}
        if columns != {n} or {len(self.relation), len(self.groups)} != {m}:
            raise ValueError(
                f"bounds and kinds are given per variable ({n}), relations and groups per constraint ({m})"
            )
        if not np.isin(self.relation, (AT_MOST, EQUAL, AT_LEAST)).all():
            raise ValueError("a relation is -1 (at most), 0 (equal) or 1 (at least)")


@dataclass(frozen=True)
class Optimum:
    """What solving found: the verdict, the objective's value (nan unless optimal) and one best point."""

    status: Status
    value: float = float("nan")
    point: tuple[float, ...] = ()


def solve(model: LinearModel) -> Optimum:
    """Solve by HiGHS to optimality.

    Infeasible and unbounded are verdicts. HiGHS may say only that a model is one of the two; it is then solved once
    more without objective.

    Examples
    --------
    >>> one = np.ones(2)
    >>> model = LinearModel(one, np.array([[2.0, 3.0]]), np.array([AT_MOST]), np.array([7.0]), 0 * one, one * 9,
    ...     np.array([True, True]), ("capacity",), maximise=True)
    >>> solve(model).value
    3.0
    """
    sign = -1.0 if model.maximise else 1.0
    found = _highs(model, sign * model.cost)
    if found.status == 0:
        point = tuple(float(x) for x in found.x)
        # A sum of zero has no sign.
        return Optimum("optimal", sign * float(found.fun) + 0.0, point)
    if found.status == 1:
        return Optimum("undecided")
    feasible = _highs(model, np.zeros(len(model.cost))).status
    return Optimum({0: "unbounded", 2: "infeasible"}.get(feasible, "undecided"))  # type: ignore[arg-type]


@contextmanager
def without_native_output() -> Iterator[None]:
    """Within the block the process writes nothing to standard output: HiGHS prints some lines whatever it is told.

    It acts on the whole process, so that it is for programs that own theirs, such as trials.
    """
    kept = os.dup(1)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _highs(model: LinearModel, cost: Array) -> Any:
    constraints = []
    if len(model.right):
        low = np.where(model.relation == AT_MOST, -inf, model.right)
        high = np.where(model.relation == AT_LEAST, inf, model.right)
        constraints = [LinearConstraint(model.matrix, low, high)]
    return milp(
        cost,
        integrality=model.whole.astype(np.int64),
        bounds=Bounds(model.lower, model.upper),
        constraints=constraints,
        options={"time_limit": TIME_LIMIT, "mip_rel_gap": 0.0},
    )


def satisfies(model: LinearModel, point: Array, tolerance: float = 1e-6) -> bool:
    """Whether a point, shape (n,), obeys constraints, bounds and integrality to within a relative `tolerance`."""
    x = np.asarray(point, dtype=np.float64)
    if x.shape != model.cost.shape or not np.isfinite(x).all():
        return False
    left = model.matrix @ x
    slack = tolerance * np.maximum(1.0, np.abs(model.right))
    above, below = left > model.right + slack, left < model.right - slack
    broken = np.where(model.relation == AT_MOST, above, np.where(model.relation == AT_LEAST, below, above | below))
    outside = (x < model.lower - tolerance) | (x > model.upper + tolerance)
    return not (broken.any() or outside.any() or (np.abs(x - np.round(x))[model.whole] > tolerance).any())
