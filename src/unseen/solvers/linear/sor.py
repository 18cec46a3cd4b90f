"""Successive over-relaxation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from unseen.solvers.linear.interface import Array, Solving
from unseen.solvers.solve_report import SolveReport

MOST_SWEEPS = 10_000
"""Where no limit is given; relaxation far from its best parameter is slow."""

DIVERGED = 1e100
"""Residual, relative to the right-hand side, from which on a solve counts as diverged."""


@dataclass(frozen=True)
class SOR:
    """Sweeps through the unknowns, each set to what its equation asks for and a little more.

    ``x <- x + (D / omega + L)^-1 (b - A x)`` with D the diagonal and L the strict lower triangle of A (Young 1954).
    Converges for every symmetric positive definite matrix; omega = 1 is Gauss-Seidel. A sweep costs one product.

    Parameters
    ----------
    relaxation : float
        omega, between 0 and 2.

    Raises
    ------
    ValueError
        If omega is out of range.

    Examples
    --------
    >>> SOR(1.0).solve(np.array([[2.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 1.0])).solution.round(6).tolist()
    [1.0, 1.0]
    """

    relaxation: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.relaxation < 2:
            raise ValueError(f"relaxation lies between 0 and 2, not {self.relaxation!r}")

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation.

        Raises
        ------
        ValueError
            Also if A is a callable: its triangle must be known.
        """
        work = Solving(A, b, tolerance, limit, start)
        if work.A.matrix is None:
            raise ValueError("relaxation needs the entries of the matrix, not a callable")
        if (report := work.trivial()) is not None:
            return report
        matrix = sp.csr_array(work.A.matrix)
        diagonal = matrix.diagonal()
        if not diagonal.all():
            row = int(np.flatnonzero(diagonal == 0)[0])
            return work.finish(work.start, "not-applicable", f"the diagonal is zero in row {row}")
        # A triangle is its own factorisation: no permutation, no pivoting, no fill.
        lower = sp.csc_array(sp.tril(matrix, -1) + sp.diags_array(diagonal / self.relaxation))
        swept = spla.splu(lower, permc_spec="NATURAL", diag_pivot_thresh=0.0)
        x, r = work.start, work.residual(work.start)
        sweeps = max(MOST_SWEEPS, work.limit) if limit is None else work.limit
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(sweeps):
                work.residuals.append(float(np.linalg.norm(r)) / work.size)
                if work.residuals[-1] <= work.tolerance:
                    return work.finish(x, "converged", residual=r)
                if not work.residuals[-1] < DIVERGED:
                    why = f"diverged in sweep {len(work.residuals) - 1}: relaxation does not converge for this matrix"
                    return work.finish(x, "breakdown", why)
                x = x + swept.solve(r)
                r = work.residual(x)
        work.residuals.append(float(np.linalg.norm(r)) / work.size)
        return work.finish(x, "limit-reached", f"{sweeps} sweeps", residual=r)
