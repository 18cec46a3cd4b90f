"""Iterative refinement in three precisions: a cheap factorization, and its error driven out step by step.

References
----------
Carson and Higham, "Accelerating the solution of linear systems by iterative refinement in three precisions",
SIAM J. Sci. Comput. 40 (2018). Carson and Higham, "A new analysis of iterative refinement and its application to
accurate solution of ill-conditioned sparse linear systems", SIAM J. Sci. Comput. 39 (2017), for GMRES.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.errors import UsageError
from unseen.precision import FloatFormat, Mode, named_format, round_to
from unseen.solvers.linear.low_precision_lu import DOUBLE, LowPrecisionLU, check_square, low_precision_lu
from unseen.solvers.solve_report import SolveReport, SolveStatus

Reals = NDArray[np.float64]

PATIENCE = 5
"""Steps without a new smallest residual after which refinement is given up."""


@dataclass(frozen=True)
class IterativeRefinement:
    """Solve a dense system by low-precision LU factors and refinement.

    In every step the residual is computed in precision `residual`, a correction is found with the factors, and added
    to the solution in precision `working`. Converged means a normwise backward error of at most `tolerance`:
    ``max|b - A x| <= tolerance (norm(A) max|x| + max|b|)``, norm(A) being the largest sum of a row's absolute values.

    Parameters
    ----------
    factor : FloatFormat or str
        Format in which the matrix is factorized, every operation rounded to it.
    inner : str
        How corrections are found. ``"lu"``: by substitution in the factor's precision; it converges where the condition
        number is below about 1 over the factor's unit roundoff. ``"gmres"``: by GMRES (SciPy's) in float64,
        preconditioned with the factors; it reaches further, at the price of matrix-vector products.
    working : FloatFormat or str
        Precision of the solution, at most double.
    residual : FloatFormat or str
        Precision of residuals, at least that of the solution to be of use.
    tolerance : float, optional
        By default the square root of n times the working unit roundoff, the criterion of LAPACK's dsgesv.
    limit : int
        Largest number of steps.
    inner_limit : int, optional
        Largest number of GMRES iterations per step; by default a tenth of n, at least one. With n of them GMRES would
        be a direct method, whatever the factors are worth.
    scaling : bool
        Whether the matrix is scaled into the format's range; see `low_precision_lu`.
    mode : str
        Rounding mode of the factorization and of substitution.

    Examples
    --------
    >>> matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
    >>> report = IterativeRefinement("e4m3fn").solve(matrix, matrix @ [1 / 3, 1 / 7])
    >>> report.status, bool(np.allclose(report.solution, [1 / 3, 1 / 7], rtol=1e-14))
    ('converged', True)
    """

    factor: FloatFormat | str = "half"
    inner: Literal["lu", "gmres"] = "lu"
    working: FloatFormat | str = "double"
    residual: FloatFormat | str = "double"
    tolerance: float | None = None
    limit: int = 50
    inner_limit: int | None = None
    scaling: bool = True
    mode: Mode = "nearest-even"

    def __post_init__(self) -> None:
        if self.inner not in ("lu", "gmres"):
            raise UsageError(f"inner must be 'lu' or 'gmres', not {self.inner!r}")
        if self.tolerance is not None and not self.tolerance > 0:
            raise UsageError(f"tolerance must be positive, not {self.tolerance!r}")
        for name, value in (("limit", self.limit), ("inner_limit", self.inner_limit)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise UsageError(f"{name} must be a whole number from 1 up, not {value!r}")
        for name in ("factor", "working", "residual"):
            _format(getattr(self, name))

    def solve(self, matrix: ArrayLike, right: ArrayLike) -> SolveReport:
        """Solve ``matrix @ x = right``.

        Parameters
        ----------
        matrix : array_like, shape (n, n)
            Real.
        right : array_like, shape (n,)
            Real.

        Returns
        -------
        SolveReport
            Its solution is the one with the smallest residual found, zeros if there are no factors. Statuses besides
            ``"converged"``: ``"limit-reached"``; ``"breakdown"`` where refinement diverges or stagnates or the
            factorization overflows; ``"not-applicable"`` for a matrix that is singular in the factor's format;
            ``"not-finite"`` for NaN or infinity in the data. Counters: ``"matrix_vector_products"`` (residuals
            included), ``"preconditioner_applications"`` (substitutions) and ``"inner_iterations"`` (of GMRES).

        Raises
        ------
        UsageError
            If the shapes do not fit or the numbers are not real.
        """
        began = time.perf_counter()
        A = check_square(matrix)
        b = np.asarray(right)
        if b.shape != (len(A),) or b.dtype.kind not in "iuf":
            raise UsageError(f"the right-hand side must be {len(A)} real numbers, not {b.dtype} of shape {b.shape}")
        solve = _Refinement(self, A, b.astype(np.float64))
        status, why = solve.run()
        return SolveReport(
            solve.best, status, why, np.array(solve.residuals), solve.counters, time.perf_counter() - began
        )


class _Refinement:
    """One solve under way."""

    def __init__(self, settings: IterativeRefinement, A: Reals, b: Reals):
        self.settings, self.A, self.b = settings, A, b
        self.best, self.residuals = np.zeros_like(b), [1.0]
        self.counters = {"matrix_vector_products": 0, "preconditioner_applications": 0, "inner_iterations": 0}
        self.working, self.exact = _format(settings.working), _format(settings.residual)

    def run(self) -> tuple[SolveStatus, str]:
        settings, A, b = self.settings, self.A, self.b
        if not (np.isfinite(A).all() and np.isfinite(b).all()):
            return "not-finite", "the matrix or the right-hand side is not finite"
        if not b.any():
            self.residuals = [0.0]
            return "converged", ""
        factors = low_precision_lu(A, settings.factor, settings.mode, scaling=settings.scaling)
        if factors.status != "converged":
            return factors.status, factors.why
        correct = self._substitution(factors) if settings.inner == "lu" else self._gmres(factors)
        norm, size = np.abs(A).sum(axis=1).max(), np.abs(b).max()
        tolerance = settings.tolerance or np.sqrt(len(b)) * self.working.unit_roundoff
        x, r = np.zeros_like(b), b
        for step in range(1, settings.limit + 1):
            with np.errstate(over="ignore", invalid="ignore"):
                x = round_to(x + correct(r), self.working)
                r = self._residual(x)
            found = float(np.linalg.norm(r) / np.linalg.norm(b))
            if not np.isfinite(found):
                return "breakdown", f"the correction of step {step} overflowed"
            if found < min(self.residuals):
                self.best = x
            self.residuals.append(found)
            if np.abs(r).max() <= tolerance * (norm * np.abs(x).max() + size):
                self.best = x
                return "converged", ""
            if step - int(np.argmin(self.residuals)) >= PATIENCE:
                return "breakdown", f"no smaller residual in {PATIENCE} steps up to step {step}"
        return "limit-reached", f"not converged in {settings.limit} steps"

    def _residual(self, x: Reals) -> Reals:
        self.counters["matrix_vector_products"] += 1
        if self.exact == DOUBLE:
            return np.asarray(self.b - self.A @ x)
        r = round_to(self.b, self.exact)
        for column, number in zip(self.A.T, x, strict=True):
            r = round_to(r - round_to(column * number, self.exact), self.exact)
        return r

    def _substitution(self, factors: LowPrecisionLU) -> Callable[[Reals], Reals]:
        def correct(r: Reals) -> Reals:
            self.counters["preconditioner_applications"] += 1
            return factors.solve(r)

        return correct

    def _gmres(self, factors: LowPrecisionLU) -> Callable[[Reals], Reals]:
        from scipy.sparse.linalg import LinearOperator, gmres

        n = len(self.b)
        limit = self.settings.inner_limit or max(1, n // 10)

        def counted(name: str, apply: Callable[[Reals], Reals]) -> LinearOperator:
            def call(vector: Reals) -> Reals:
                self.counters[name] += 1
                return apply(vector.ravel())

            return LinearOperator((n, n), matvec=call, dtype=np.float64)

        operator = counted("matrix_vector_products", lambda vector: self.A @ vector)
        preconditioner = counted("preconditioner_applications", lambda vector: factors.solve(vector, rounded=False))

        def seen(_: float) -> None:
            self.counters["inner_iterations"] += 1

        def correct(r: Reals) -> Reals:
            size = np.linalg.norm(r)
            found, _ = gmres(
                operator,
                r / size,
                M=preconditioner,
                restart=limit,
                maxiter=1,
                # SciPy names the relative tolerance differently by version; the residual given has norm 1.
                atol=1e-4,
                callback=seen,
                callback_type="pr_norm",
            )
            return np.asarray(found * size)

        return correct


def _format(to: FloatFormat | str) -> FloatFormat:
    return named_format(to) if isinstance(to, str) else to
