"""One solver over a stream of systems, in a chosen order: a factory of training data for neural operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.linear.interface import Array, LinearSolver


@dataclass(frozen=True)
class StreamReport:
    """What a stream of solves gave and cost; everything in the order of the systems, not of the solving.

    Parameters
    ----------
    solutions : float64 array, shape (systems, n)
    products : int64 array, shape (systems,)
        Matrix-vector products, those that renew a recycled space included.
    converged : bool array, shape (systems,)
    seconds : float
        Time of all solves together.
    """

    solutions: Array
    products: NDArray[np.int64]
    converged: NDArray[np.bool_]
    seconds: float


def solve_stream(
    solver: LinearSolver,
    matrices: Sequence[Any],
    right_sides: Array,
    *,
    order: Sequence[int] | NDArray[np.int64] | None = None,
    tolerance: float = 1e-8,
    limit: int | None = None,
    fresh: bool = False,
) -> StreamReport:
    """Solve systems one after the other.

    Parameters
    ----------
    solver : LinearSolver
        One with a method `reset` forgets what it has before the first system.
    matrices : sequence of arrays, shape (n, n) each
    right_sides : float64 array, shape (systems, n)
    order : sequence of int, optional
        A permutation, for instance from `sort_by_similarity`; as given by default.
    tolerance, limit
        As in `LinearSolver.solve`.
    fresh : bool
        Forget before every system what was kept: nothing is carried over.

    Raises
    ------
    ValueError
        If `order` is no permutation or there are not as many right-hand sides as matrices.
    """
    if len(right_sides) != len(matrices):
        raise ValueError(f"{len(right_sides)} right-hand sides for {len(matrices)} matrices")
    turns = np.arange(len(matrices)) if order is None else np.asarray(order)
    if sorted(turns.tolist()) != list(range(len(matrices))):
        raise ValueError(f"order must be a permutation of 0 to {len(matrices) - 1}")
    forget = getattr(solver, "reset", lambda: None)
    forget()
    solutions = np.empty(np.shape(right_sides), dtype=np.float64)
    products, converged, seconds = np.zeros(len(turns), np.int64), np.zeros(len(turns), bool), 0.0
    for index in turns.tolist():
        if fresh:
            forget()
        report = solver.solve(matrices[index], right_sides[index], tolerance=tolerance, limit=limit)
        solutions[index] = report.solution
        products[index] = report.counters["matrix_vector_products"]
        converged[index] = report.converged
        seconds += report.seconds
    return StreamReport(solutions, products, converged, seconds)
