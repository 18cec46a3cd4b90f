"""Algebraic multigrid by PyAMG: as a preconditioner, and as an iteration of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse

from unseen.extras import extra_module
from unseen.solvers.linear.interface import Apply, Array, Preconditioner, Solving
from unseen.solvers.solve_report import SolveReport

Coarsening = Literal["ruge-stuben", "smoothed-aggregation"]


def algebraic_multigrid(coarsening: Coarsening = "ruge-stuben") -> Preconditioner:
    """One V-cycle of PyAMG's algebraic multigrid as a preconditioner; symmetric for a symmetric matrix.

    Needs the extra ``linear``. The hierarchy is set up anew for every matrix.

    Parameters
    ----------
    coarsening : {"ruge-stuben", "smoothed-aggregation"}

    Raises
    ------
    ValueError
        If the coarsening is unknown.
    UsageError
        If PyAMG is not installed.
    """
    _checked(coarsening)

    def build(A: Any) -> Apply:
        levels = _hierarchy(A, coarsening)
        cycle = levels.aspreconditioner(cycle="V")
        return lambda r: np.asarray(cycle.matvec(r))

    return build


def cycle_products(A: Any, coarsening: Coarsening = "ruge-stuben") -> float:
    """Work of one V-cycle of `algebraic_multigrid`, in products with A; setting the hierarchy up is not in it.

    Entries of the matrices of all levels but the coarsest: four times for the two symmetric sweeps of Gauss and Seidel
    and once for the residual; those of the coarsest once.

    Raises
    ------
    ValueError, UsageError
        As `algebraic_multigrid`.
    """
    _checked(coarsening)
    entries = [level.A.nnz for level in _hierarchy(A, coarsening).levels]
    return float((5 * sum(entries[:-1]) + entries[-1]) / entries[0])


def _checked(coarsening: str) -> None:
    if coarsening not in ("ruge-stuben", "smoothed-aggregation"):
        raise ValueError(f"coarsening must be 'ruge-stuben' or 'smoothed-aggregation', not {coarsening!r}")
    extra_module("linear")


def _hierarchy(A: Any, coarsening: Coarsening) -> Any:
    """PyAMG's hierarchy of levels."""
    pyamg = extra_module("linear")
    if callable(A) and not hasattr(A, "shape"):
        raise ValueError("algebraic multigrid needs a matrix, not a function")
    matrix = scipy.sparse.csr_matrix(A)
    matrix.sort_indices()
    if coarsening == "ruge-stuben":
        return pyamg.ruge_stuben_solver(matrix)
    # PyAMG estimates a spectral radius from a random start in NumPy's global state: keep that out of results.
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    try:
        return pyamg.smoothed_aggregation_solver(matrix)
    finally:
        np.random.set_state(state)  # noqa: NPY002


@dataclass(frozen=True)
class Multigrid:
    """Algebraic multigrid alone: ``x += M^-1 (b - A x)`` with one V-cycle as M^-1.

    With `ConjugateGradient(preconditioner=algebraic_multigrid())` it takes fewer cycles for definite matrices. Of
    indefinite ones it is no solver: the residual then grows, and the report says so.

    Parameters
    ----------
    coarsening : {"ruge-stuben", "smoothed-aggregation"}
    """

    coarsening: Coarsening = "ruge-stuben"

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation."""
        work = Solving(A, b, tolerance, limit, start)
        if (report := work.trivial(algebraic_multigrid(self.coarsening))) is not None:
            return report
        x = work.start
        r = work.residual(x)
        work.record(float(np.linalg.norm(r)))
        while work.residuals[-1] > work.tolerance:
            if len(work.residuals) > work.limit:
                return work.finish(x, "limit-reached", f"{work.limit} iterations", residual=r)
            x = x + work.precondition(r)
            r = work.residual(x)
            work.record(float(np.linalg.norm(r)))
            if not work.residuals[-1] < 1e6 * max(1.0, work.residuals[0]):
                return work.finish(x, "breakdown", f"diverged in iteration {len(work.residuals) - 1}", residual=r)
            if len(work.residuals) > 20 and work.residuals[-1] > 0.999 * work.residuals[-20]:
                return work.finish(x, "breakdown", "no progress in the last 19 iterations", residual=r)
        return work.finish(x, "converged", residual=r)
