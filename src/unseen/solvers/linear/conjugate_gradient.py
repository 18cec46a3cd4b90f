"""Conjugate gradients for symmetric positive definite systems."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg.blas import daxpy

from unseen.solvers.linear.interface import Array, Preconditioner, Solving
from unseen.solvers.solve_report import SolveReport

SYMMETRY = 1e-8
"""Largest share by which ``p.(A q)`` and ``q.(A p)`` of successive directions may differ."""

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class ConjugateGradient:
    """The conjugate gradient method (Hestenes and Stiefel, 1952), preconditioned if asked.

    One product per iteration and one for the residual recomputed at the end. A direction of curvature ``p.Ap <= 0``
    and, in the first iterations, a matrix that is not symmetric end the solve as ``"not-applicable"``; so does a
    direction without curvature, met where a singular system has no solution.

    Parameters
    ----------
    preconditioner : callable, optional
        ``A -> (r -> M^-1 r)``, symmetric positive definite; see `unseen.solvers.linear.preconditioners`.

    Examples
    --------
    >>> report = ConjugateGradient().solve(np.array([[2.0, -1.0], [-1.0, 2.0]]), np.array([1.0, 0.0]))
    >>> report.status, report.iterations, report.solution.round(6).tolist()
    ('converged', 2, [0.666667, 0.333333])
    """

    preconditioner: Preconditioner | None = None

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation."""
        work = Solving(A, b, tolerance, limit, start)
        if (report := work.trivial(self.preconditioner)) is not None:
            return report
        x, r = work.start, work.residual(work.start)
        goal = work.tolerance * work.size
        square = float(r @ r)
        work.record(math.sqrt(square))
        p = last = last_product = np.empty(0)
        length = previous = 0.0
        restarted = False
        stiffest = 0.0
        for iteration in range(1, work.limit + 1):
            if work.residuals[-1] * work.size <= goal:
                # The recurrence drifts from the truth; go on from the true residual once, then say so.
                r = work.residual(x)
                square = float(r @ r)
                if restarted or math.sqrt(square) <= goal:
                    return work.finish(x, "converged", residual=r)
                restarted, p = True, np.empty(0)
            z = work.precondition(r)
            rho = square if z is r else float(r @ z)
            if not rho > 0:
                why = "not finite" if np.isnan(rho) else "not positive definite"
                return work.finish(x, "not-applicable", f"the preconditioner is {why} (iteration {iteration})")
            if p.size:
                p *= rho / previous
                p = daxpy(z, p)
                # r is orthogonal to the last direction, so that without preconditioner |p|^2 follows from the last.
                length = rho + (rho / previous) ** 2 * length if z is r else float(p @ p)
            else:
                p = z.copy()
                length = float(p @ p)
            product = work.A(p)
            curvature = float(p @ product)
            if not np.isfinite(curvature):
                return work.finish(x, "not-finite", f"the product with A is not finite (iteration {iteration})")
            if curvature <= 0:
                why = f"the matrix is not positive definite: p.Ap = {curvature:.3g} in iteration {iteration}"
                return work.finish(x, "not-applicable", why)
            stiffness = curvature / length
            stiffest = max(stiffest, stiffness)
            if stiffness <= EPSILON * stiffest:
                why = f"the matrix is singular to working precision and b not in its range (iteration {iteration})"
                return work.finish(x, "not-applicable", why)
            if last.size and not _symmetric(p, product, last, last_product):
                why = f"the matrix is not symmetric: p.Aq and q.Ap differ in iteration {iteration}"
                return work.finish(x, "not-applicable", why)
            last, last_product = (p.copy(), product) if iteration <= 3 else (np.empty(0), np.empty(0))
            step = rho / curvature
            x = daxpy(p, x, a=step)
            r = daxpy(product, r, a=-step)
            previous, square = rho, float(r @ r)
            work.record(math.sqrt(square))
        return work.finish(x, "limit-reached", f"{work.limit} iterations")


def _symmetric(p: Array, Ap: Array, q: Array, Aq: Array) -> bool:
    """Whether ``q.Ap = p.Aq`` but for rounding."""
    return bool(abs(q @ Ap - p @ Aq) <= SYMMETRY * np.linalg.norm(q) * np.linalg.norm(Ap))
