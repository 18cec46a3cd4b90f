"""Restarted GMRES."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unseen.solvers.linear.arnoldi import arnoldi
from unseen.solvers.linear.interface import Array, Preconditioner, Solving
from unseen.solvers.solve_report import SolveReport

STAGNATION = 1e-12
"""A cycle that lowers the residual by a smaller share than this is repeated for ever by restarting."""


@dataclass(frozen=True)
class GMRES:
    """The generalised minimal residual method, restarted: GMRES(m) (Saad and Schultz, 1986).

    Preconditioned on the right: the residuals are those of the system itself. SciPy's `gmres` is the same method,
    preconditioned on the left, and recomputes the residual in every cycle, which is done here at the end alone.

    Parameters
    ----------
    m : int
        Products between restarts, at least 1.
    preconditioner : callable, optional
        ``A -> (r -> M^-1 r)``.

    Examples
    --------
    >>> report = GMRES(m=2).solve(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([3.0, 3.0]))
    >>> report.status, report.solution.round(6).tolist(), report.counters["matrix_vector_products"]
    ('converged', [1.0, 1.0], 2)
    """

    m: int = 40
    preconditioner: Preconditioner | None = None

    def __post_init__(self) -> None:
        if isinstance(self.m, bool) or not isinstance(self.m, (int, np.integer)) or self.m < 1:
            raise ValueError(f"m must be a whole number from 1 up, not {self.m!r}")

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation."""
        work = Solving(A, b, tolerance, limit, start)
        if (report := work.trivial(self.preconditioner)) is not None:
            return report
        x, r = work.start, work.residual(work.start)
        beta = float(np.linalg.norm(r))
        work.residuals.append(beta / work.size)
        goal = work.tolerance * work.size
        basis = np.empty((min(self.m, work.A.n, work.limit) + 1, work.A.n))
        verified = np.inf
        while True:
            if beta <= goal:
                # What the recurrence says is checked; if rounding has spoilt it, go on while that still helps.
                r = work.residual(x)
                beta = float(np.linalg.norm(r))
                if beta <= goal or beta > verified / 2:
                    return work.finish(x, "converged", residual=r)
                verified = beta
            left = work.limit + 1 - len(work.residuals)
            if left < 1:
                return work.finish(x, "limit-reached", f"{work.limit} iterations")
            np.divide(r, beta, out=basis[0])
            steps = min(len(basis) - 1, left)
            cycle = arnoldi(lambda v: work.A(work.precondition(v)), basis, 0, steps, beta, goal, work.record)
            x = x + work.precondition(cycle.weights @ basis[: cycle.steps])
            if not cycle.finite:
                return work.finish(x, "not-finite", "the product with A holds NaN or infinity")
            rest = -(cycle.coefficients @ cycle.weights)
            rest[0] += beta
            before, beta = beta, float(np.linalg.norm(rest))
            r = rest[: cycle.steps + (not cycle.exhausted)] @ basis[: cycle.steps + (not cycle.exhausted)]
            if beta > goal and beta >= (1 - STAGNATION) * before:
                why = f"no progress in the last {cycle.steps} iterations"
                return work.finish(x, "breakdown", why + (": A is singular" if cycle.exhausted else ""))
