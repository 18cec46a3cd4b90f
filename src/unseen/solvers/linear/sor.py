"""Successive over-relaxation."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import ArrayLike, NDArray

from unseen.solvers.solve_report import SolveReport


@dataclass(frozen=True)
class SOR:
    """Sweeps through the unknowns, each set to what its equation asks for and a little more.

    ``x <- x + (D / omega + L)^-1 (b - A x)`` with D the diagonal and L the strict lower triangle of A (Young 1954).
    Converges for every symmetric positive definite matrix; omega = 1 is Gauss-Seidel.

    Parameters
    ----------
    relaxation : float
        omega, between 0 and 2.
    limit : int
        Sweeps at most.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> SOR(1.0).solve([[2.0, -1.0], [-1.0, 2.0]], [1.0, 1.0]).solution.round(6).tolist()
    [1.0, 1.0]
    """

    relaxation: float = 1.0
    limit: int = 10_000

    def __post_init__(self) -> None:
        if not 0 < self.relaxation < 2:
            raise ValueError(f"relaxation lies between 0 and 2, not {self.relaxation!r}")
        if self.limit < 1:
            raise ValueError(f"limit is a whole number from 1 up, not {self.limit!r}")

    def solve(self, A: Any, b: ArrayLike, *, tolerance: float = 1e-8) -> SolveReport:
        """Solve ``A x = b`` from zero until the residual is below `tolerance` times the norm of b.

        Parameters
        ----------
        A : sparse or dense matrix, shape (n, n)
        b : array, shape (n,)
        tolerance : float
            Positive.

        Raises
        ------
        ValueError
            If shapes do not fit or `tolerance` is not positive.
        """
        started = perf_counter()
        matrix = sp.csr_array(A, dtype=np.float64)
        right = np.asarray(b, dtype=np.float64)
        if matrix.shape[0] != matrix.shape[1] or right.shape != matrix.shape[:1]:
            raise ValueError(
                f"a matrix of shape {matrix.shape} and a right-hand side of shape {right.shape} do not fit"
            )
        if not tolerance > 0:
            raise ValueError(f"tolerance must be positive, not {tolerance!r}")
        solution: NDArray[np.float64] = np.zeros_like(right)
        if not (np.isfinite(matrix.data).all() and np.isfinite(right).all()):
            return SolveReport(solution, "not-finite", "matrix or right-hand side is not finite")
        diagonal = matrix.diagonal()
        if not diagonal.all():
            where = int(np.flatnonzero(diagonal == 0)[0])
            return SolveReport(solution, "not-applicable", f"the diagonal is zero in row {where}")
        scale = float(np.linalg.norm(right))
        if scale == 0:
            return SolveReport(solution, "converged", residuals=np.zeros(1))
        lower = sp.csc_array(sp.tril(matrix, -1) + sp.diags_array(diagonal / self.relaxation))
        # A triangle is its own factorisation: no permutation, no pivoting, no fill.
        swept = spla.splu(lower, permc_spec="NATURAL", diag_pivot_thresh=0.0)
        residual, norms = right, [1.0]
        with np.errstate(over="ignore", invalid="ignore"):
            while norms[-1] >= tolerance and len(norms) <= self.limit and np.isfinite(norms[-1]):
                solution = solution + swept.solve(residual)
                residual = right - matrix @ solution
                norms.append(float(np.linalg.norm(residual)) / scale)
        work = {"matrix_vector_products": len(norms) - 1}
        seconds = perf_counter() - started
        if norms[-1] < tolerance:
            return SolveReport(solution, "converged", "", np.array(norms), work, seconds)
        if not np.isfinite(norms[-1]):
            why = f"diverged in sweep {len(norms) - 1}: the matrix is not one that SOR converges for"
            return SolveReport(solution, "breakdown", why, np.array(norms), work, seconds)
        why = f"residual {norms[-1]:.3g} after {self.limit} sweeps"
        return SolveReport(solution, "limit-reached", why, np.array(norms), work, seconds)
