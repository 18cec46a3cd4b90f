"""Conjugate directions with a preconditioner that may be nonlinear or change from one iteration to the next."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from unseen.solvers.linear.interface import Array, Preconditioner, Solving
from unseen.solvers.solve_report import SolveReport


@dataclass(frozen=True)
class FlexibleCG:
    r"""Flexible conjugate gradients, FCG(window) (Notay, 2000): directions made A-orthogonal to the last few.

    :math:`p = z - \sum_i p_i (z\cdot A p_i)/(p_i\cdot A p_i)` with :math:`z = M^{-1} r`, then the step of least energy
    along p. With a linear symmetric positive definite M and window 1 it is the conjugate gradient method.

    Parameters
    ----------
    preconditioner : callable, optional
        ``A -> (r -> z)``; any map whose values are descent directions, a network for instance.
    window : int
        Directions kept, at least 1.
    """

    preconditioner: Preconditioner | None = None
    window: int = 2

    def __post_init__(self) -> None:
        if isinstance(self.window, bool) or not isinstance(self.window, (int, np.integer)) or self.window < 1:
            raise ValueError(f"window must be a whole number from 1 up, not {self.window!r}")

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation."""
        work = Solving(A, b, tolerance, limit, start)
        if (report := work.trivial(self.preconditioner)) is not None:
            return report
        x, r = work.start, work.residual(work.start)
        work.residuals.append(float(np.linalg.norm(r)) / work.size)
        kept: deque[tuple[Array, Array, float]] = deque(maxlen=self.window)
        restarted = False
        for iteration in range(1, work.limit + 1):
            if work.residuals[-1] <= work.tolerance:
                r = work.residual(x)
                if restarted or np.linalg.norm(r) <= work.tolerance * work.size:
                    return work.finish(x, "converged", residual=r)
                restarted = True
                kept.clear()
            z = work.precondition(r)
            p = np.array(z)
            for direction, product, curvature in kept:
                p -= (z @ product / curvature) * direction
            product = work.A(p)
            curvature = float(p @ product)
            if not np.isfinite(curvature):
                return work.finish(x, "not-finite", f"a direction is not finite (iteration {iteration})")
            if not p.any():
                return work.finish(x, "breakdown", f"the direction is zero (iteration {iteration})")
            if curvature <= 0:
                why = f"the matrix is not positive definite: p.Ap = {curvature:.3g} in iteration {iteration}"
                return work.finish(x, "not-applicable", why)
            step = float(p @ r) / curvature
            x += step * p
            r -= step * product
            kept.append((p, product, curvature))
            work.residuals.append(float(np.linalg.norm(r)) / work.size)
        return work.finish(x, "limit-reached", f"{work.limit} iterations")
