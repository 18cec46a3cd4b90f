"""What all solvers of linear systems have in common: arguments, checks, counters and the report."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
from numpy.typing import NDArray

from unseen.solvers.solve_report import SolveReport, SolveStatus

Array = NDArray[np.float64]
Apply = Callable[[Array], Array]
"""A linear map: vector in, vector out, both float64 of shape (n,)."""


Preconditioner = Callable[[Any], Apply]
"""What solvers take: called once per system with its matrix, it gives the approximate inverse ``r -> M^-1 r``."""


class NoPreconditionerError(ValueError):
    """The approximate inverse does not exist for this matrix; solvers report it as ``"not-applicable"``."""


class LinearSolver(Protocol):
    """Solves ``A x = b``; not solving it is a status of the report, never an exception."""

    def solve(self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None) -> SolveReport:
        """Find x with ``|b - A x| <= tolerance |b|``.

        Parameters
        ----------
        A : array, sparse array or callable
            Square; a callable maps x to A x.
        b : float64 array, shape (n,)
        tolerance : float
            Between 0 and 1. ``"converged"`` always means that the recomputed residual is that small.
        limit : int, optional
            Most iterations; by default ten per unknown, at least 1000. Direct methods have none.

        Raises
        ------
        ValueError
            If A is not square, b is not one vector of its size, or an argument is out of range.
        """
        ...


class CountedOperator:
    """A matrix as a map that counts its products.

    Parameters
    ----------
    A : array of shape (n, n), sparse array, SciPy's ``LinearOperator``, `CountedOperator` or callable
        A callable maps a float64 vector of shape (n,) to another.
    n : int, optional
        Size, needed for a callable alone.

    Raises
    ------
    ValueError
        If A is not square, `n` is missing for a callable or contradicts a matrix, or the numbers are complex.

    Examples
    --------
    >>> operator = CountedOperator(np.diag([1.0, 2.0]))
    >>> operator(np.ones(2)).tolist(), operator.products
    ([1.0, 2.0], 1)
    """

    def __init__(self, A: Any, n: int | None = None):
        self.matrix: Any = None
        self.apply: Apply
        self.products = 0
        if isinstance(A, CountedOperator):
            A, n = A.matrix if A.matrix is not None else A.apply, A.n
        if callable(A) and not hasattr(A, "shape"):
            if n is None:
                raise ValueError("the size n must be given with a callable")
            self.n, self.apply = int(n), A
            return
        if isinstance(A, scipy.sparse.linalg.LinearOperator):
            if A.shape[0] != A.shape[1]:
                raise ValueError(f"a linear system needs a square operator, not one of shape {A.shape}")
            self.n, self.apply = int(A.shape[0]), A.matvec
            return
        # SciPy's sparse classes and dense arrays alike; anything else becomes an array first.
        self.matrix = A if scipy.sparse.issparse(A) else np.asarray(A)
        if self.matrix.ndim != 2 or self.matrix.shape[0] != self.matrix.shape[1]:
            raise ValueError(f"a linear system needs a square matrix, not one of shape {self.matrix.shape}")
        if self.matrix.dtype.kind not in "biuf":
            raise ValueError(f"a matrix holds real numbers, not {self.matrix.dtype}")
        if scipy.sparse.issparse(self.matrix) and self.matrix.format not in ("csr", "csc", "bsr", "dia"):
            self.matrix = self.matrix.tocsr()
        if self.matrix.dtype != np.float64:
            self.matrix = self.matrix.astype(np.float64)
        self.n = int(self.matrix.shape[0])
        if n is not None and n != self.n:
            raise ValueError(f"n is {n}, the matrix has {self.n} rows")
        self.apply = self.matrix.__matmul__

    def __call__(self, x: Array) -> Array:
        """``A x``, counted once."""
        self.products += 1
        return np.asarray(self.apply(x), dtype=np.float64)

    @property
    def finite(self) -> bool:
        """Whether all entries are finite; true for a callable, whose entries are not known."""
        if self.matrix is None:
            return True
        return bool(np.isfinite(self.matrix.data if scipy.sparse.issparse(self.matrix) else self.matrix).all())


class Solving:
    """One solve in progress: checked arguments, the clock, and the report at its end.

    Parameters
    ----------
    A, b, tolerance, limit
        As in `LinearSolver.solve`.
    start : float64 array, shape (n,), optional
        First approximation, zero by default.

    Raises
    ------
    ValueError
        As `LinearSolver.solve`.
    """

    def __init__(self, A: Any, b: Array, tolerance: float, limit: int | None = None, start: Array | None = None):
        self.began = time.perf_counter()
        self.b = self._vector(b, "the right-hand side")
        self.A = CountedOperator(A, len(self.b) if callable(A) and not hasattr(A, "shape") else None)
        if len(self.b) != self.A.n:
            raise ValueError(f"the right-hand side has {len(self.b)} entries, the matrix {self.A.n} rows")
        if not (isinstance(tolerance, (int, float, np.floating)) and 0 < tolerance < 1):
            raise ValueError(f"tolerance must lie between 0 and 1, not {tolerance!r}")
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, (int, np.integer)) or limit < 1):
            raise ValueError(f"limit must be a whole number from 1 up, not {limit!r}")
        self.tolerance = float(tolerance)
        self.limit = max(1000, 10 * self.A.n) if limit is None else int(limit)
        self.start = np.zeros(self.A.n) if start is None else np.array(self._vector(start, "start"))
        if len(self.start) != self.A.n:
            raise ValueError(f"start has {len(self.start)} entries, the matrix {self.A.n} rows")
        self.size = float(np.linalg.norm(self.b))
        self.residuals: list[float] = []
        self.preconditioned = 0
        self.inverse: Apply | None = None

    @staticmethod
    def _vector(values: Any, name: str) -> Array:
        vector = np.asarray(values)
        if vector.ndim != 1 or not len(vector) or vector.dtype.kind not in "biuf":
            raise ValueError(f"{name} must be one row of real numbers, not {vector.dtype} of shape {vector.shape}")
        return vector.astype(np.float64, copy=False)

    def trivial(self, preconditioner: Preconditioner | None = None) -> SolveReport | None:
        """The report where there is nothing to do: data that are not finite, b = 0, or no preconditioner for A."""
        if not (np.isfinite(self.b).all() and np.isfinite(self.start).all() and self.A.finite):
            return self._report(self.start, "not-finite", "the matrix or the right-hand side holds NaN or infinity")
        if self.size == 0:
            self.residuals = [0.0]
            return self._report(np.zeros(self.A.n), "converged", "")
        if preconditioner is not None:
            try:
                self.inverse = preconditioner(self.A.matrix if self.A.matrix is not None else self.A.apply)
            except NoPreconditionerError as error:
                return self._report(self.start, "not-applicable", str(error))
        return None

    def record(self, residual: float) -> None:
        """Note the norm of the residual after an iteration."""
        self.residuals.append(residual / self.size)

    def residual(self, x: Array) -> Array:
        """``b - A x``, one counted product; none where x = 0."""
        return self.b - self.A(x) if x.any() else self.b.copy()

    def precondition(self, r: Array) -> Array:
        """``M^-1 r``, counted; r itself without a preconditioner."""
        if self.inverse is None:
            return r
        self.preconditioned += 1
        return np.asarray(self.inverse(r), dtype=np.float64)

    def finish(self, x: Array, status: SolveStatus, why: str = "", residual: Array | None = None) -> SolveReport:
        """The report; whether x solves the system is decided by its true residual, whatever the recurrence says.

        `residual`, if given, is a true residual ``b - A x`` already at hand; else it costs one counted product.
        """
        if not np.isfinite(x).all():
            return self._report(x, "not-finite", why or "the solution holds NaN or infinity")
        true = float(np.linalg.norm(self.residual(x) if residual is None else residual)) / self.size
        if self.residuals:
            self.residuals[-1] = true
        if not math.isfinite(true):
            return self._report(x, "not-finite", "the residual holds NaN or infinity")
        if true <= self.tolerance:
            return self._report(x, "converged", "")
        if status == "converged":
            status, why = "breakdown", f"rounding keeps the true residual at {true:.2g}, above {self.tolerance:g}"
        return self._report(x, status, why)

    def _report(self, x: Array, status: SolveStatus, why: str) -> SolveReport:
        counters = {"matrix_vector_products": self.A.products, "preconditioner_applications": self.preconditioned}
        seconds = time.perf_counter() - self.began
        return SolveReport(x, status, why, np.array(self.residuals, dtype=np.float64), counters, seconds)
