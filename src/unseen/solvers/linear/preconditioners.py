"""Preconditioners: functions that turn a matrix into an approximate inverse, ``A -> (r -> M^-1 r)``."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from unseen.solvers.linear.interface import Apply, Array, NoPreconditionerError, Preconditioner


def jacobi(A: Any) -> Apply:
    """Division by the diagonal.

    Raises
    ------
    NoPreconditionerError
        If A has a zero on its diagonal.
    ValueError
        If A is a function.
    """
    diagonal = np.asarray(_sparse(A, "jacobi").diagonal())
    if (diagonal == 0).any():
        raise NoPreconditionerError(
            f"jacobi needs a diagonal without zeros, row {int(np.argmin(np.abs(diagonal)))} has one"
        )
    inverse = 1 / diagonal
    return lambda r: inverse * r


def incomplete_lu(*, drop_tolerance: float = 1e-4, fill: float = 10.0) -> Preconditioner:
    """Incomplete LU factorisation with threshold dropping: `scipy.sparse.linalg.spilu` (SuperLU).

    Not symmetric, so not for conjugate gradients; `incomplete_cholesky` is.

    Parameters
    ----------
    drop_tolerance : float
        Entries below this share of their column are dropped, from 0 up.
    fill : float
        Most entries, in multiples of those of A, from 1 up.
    """

    def build(A: Any) -> Apply:
        try:
            factors = scipy.sparse.linalg.spilu(
                _sparse(A, "incomplete_lu").tocsc(), drop_tol=drop_tolerance, fill_factor=fill
            )
        except RuntimeError as error:
            raise NoPreconditionerError(f"the incomplete factorisation does not exist: {error}") from error
        apply: Apply = factors.solve
        return apply

    return build


def incomplete_cholesky(A: Any) -> Apply:
    r"""Incomplete Cholesky factorisation without fill-in, IC(0), of a stencil matrix.

    :math:`M = (D + L) D^{-1} (D + L^T)` with L the strict lower triangle of A and D chosen so that M has the diagonal
    of A (Meijerink and van der Vorst, 1977, section 4). That *is* IC(0) wherever no two neighbours of a row are
    neighbours of each other, as for 5- and 7-point stencils.

    Raises
    ------
    NoPreconditionerError
        If A is not symmetric, holds triangles, or a pivot is not above 0.
    ValueError
        If A is a function.
    """
    matrix = scipy.sparse.csr_array(_sparse(A, "incomplete_cholesky"))
    if abs(matrix - matrix.T).max() > 1e-12 * abs(matrix).max():
        raise NoPreconditionerError("incomplete_cholesky needs a symmetric matrix")
    lower = scipy.sparse.csr_array(scipy.sparse.tril(matrix, -1))
    if ((abs(lower) @ abs(lower)) * abs(lower)).nnz:
        raise NoPreconditionerError("incomplete_cholesky is for stencils without triangles, such as 5 and 7 points")
    pivots = _pivots(matrix, lower)
    factor = scipy.sparse.csc_array(lower + scipy.sparse.diags_array(pivots))
    # SuperLU in the given order solves with a triangle as fast as it reads it; SciPy's triangular solver checks more.
    order = {"permc_spec": "NATURAL", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
    solve = scipy.sparse.linalg.splu(factor, **order).solve
    return lambda r: np.asarray(solve(pivots * solve(r), trans="T"))


def _pivots(matrix: Any, lower: Any) -> Array:
    """``d_i = a_ii - sum_j l_ij^2 / d_j``, all rows at once whose predecessors are known."""
    pivots = np.asarray(matrix.diagonal(), dtype=np.float64).copy()
    upper = scipy.sparse.csr_array(lower.T)
    waiting = np.diff(lower.indptr)
    front = np.flatnonzero(waiting == 0)
    while len(front):
        if (pivots[front] <= 0).any():
            row = int(front[np.argmin(pivots[front])])
            raise NoPreconditionerError(
                f"the incomplete factorisation does not exist: pivot {pivots[row]:.3g} in row {row}"
            )
        part = upper[front]
        entries = part.data**2 / np.repeat(pivots[front], np.diff(part.indptr))
        np.subtract.at(pivots, part.indices, entries)
        np.subtract.at(waiting, part.indices, 1)
        touched = np.unique(part.indices)
        front = touched[waiting[touched] == 0]
    return pivots


def _sparse(A: Any, name: str) -> Any:
    if callable(A) and not hasattr(A, "shape"):
        raise ValueError(f"{name} needs a matrix, not a function")
    return A if scipy.sparse.issparse(A) else scipy.sparse.csr_array(np.asarray(A, dtype=np.float64))
