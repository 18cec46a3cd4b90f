"""Sparse direct solution."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from unseen.solvers.linear.interface import Array, Solving
from unseen.solvers.solve_report import SolveReport

REFINEMENTS = 2
"""Steps of iterative refinement tried before a residual counts as the best that there is."""


@dataclass(frozen=True)
class SparseLU:
    """LU factorisation with partial pivoting and fill-reducing order: SuperLU, as `scipy.sparse.linalg.splu`.

    A residual above the tolerance is refined twice with the same factors. The counter ``factor_entries`` holds the
    entries of L and U. Dense matrices are taken as sparse ones.

    Parameters
    ----------
    ordering : str
        SuperLU's column permutation, ``"COLAMD"`` or, quicker for symmetric structure, ``"MMD_AT_PLUS_A"``.

    Examples
    --------
    >>> SparseLU().solve(np.diag([2.0, 4.0]), np.ones(2)).solution.tolist()
    [0.5, 0.25]
    """

    ordering: str = "COLAMD"

    def solve(self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `limit` has no effect.

        Raises
        ------
        ValueError
            Also if A is a function.
        """
        work = Solving(A, b, tolerance, limit)
        if work.A.matrix is None:
            raise ValueError("a factorisation needs a matrix, not a function")
        if (report := work.trivial()) is not None:
            return report
        matrix = scipy.sparse.csc_array(work.A.matrix)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", scipy.sparse.linalg.MatrixRankWarning)
                factors = scipy.sparse.linalg.splu(matrix, permc_spec=self.ordering)
        except RuntimeError as error:
            if "singular" not in str(error):
                raise
            return work.finish(np.zeros(work.A.n), "not-applicable", "the matrix is singular")
        x = np.asarray(factors.solve(work.b))
        for _ in range(REFINEMENTS):
            r = work.residual(x)
            if not np.isfinite(r).all() or np.linalg.norm(r) <= work.tolerance * work.size:
                break
            x = x + factors.solve(r)
        report = work.finish(x, "not-applicable", "the matrix is singular to working precision")
        entries = int(factors.L.nnz + factors.U.nnz)
        return SolveReport(
            report.solution,
            report.status,
            report.why,
            counters={**report.counters, "factor_entries": entries},
            seconds=report.seconds,
        )
