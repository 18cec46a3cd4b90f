"""SciPy's GCROT(m, k) under the common interface, with the subspace carried from system to system."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse.linalg

from unseen.solvers.linear.interface import Array, Preconditioner, Solving
from unseen.solvers.solve_report import SolveReport


@dataclass
class ScipyGCROT:
    """`scipy.sparse.linalg.gcrotmk` (Hicken and Zingg, 2010): what a user of SciPy has for recycling.

    As there, `m` inner iterations are made beside the `k` kept vectors, so that ``m=20, k=20`` spans what
    ``GCRODR(m=40, k=20)`` spans. The kept vectors are passed on, their images renewed by
    k products for the next matrix. Its report has residuals of the start and the end alone.

    Parameters
    ----------
    m, k : int
        Inner iterations per cycle and vectors kept.
    preconditioner : callable, optional
        ``A -> (r -> M^-1 r)``.
    """

    m: int = 20
    k: int = 20
    preconditioner: Preconditioner | None = None
    carried: list[tuple[Array | None, Array]] = field(default_factory=list, repr=False)
    """SciPy's list ``CU``."""

    def reset(self) -> None:
        """Forget the kept vectors."""
        self.carried = []

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`; `limit` counts iterations, rounded up to cycles."""
        work = Solving(A, b, tolerance, limit, start)
        if (report := work.trivial(self.preconditioner)) is not None:
            return report
        shape = (work.A.n, work.A.n)
        operator = scipy.sparse.linalg.LinearOperator(shape, matvec=work.A, dtype=np.float64)
        inverse = None
        if work.inverse is not None:
            inverse = scipy.sparse.linalg.LinearOperator(shape, matvec=work.precondition, dtype=np.float64)
        work.record(float(np.linalg.norm(work.residual(work.start))))
        x, info = scipy.sparse.linalg.gcrotmk(
            operator,
            work.b,
            x0=work.start,
            rtol=work.tolerance,
            atol=0.0,
            maxiter=-(-work.limit // self.m),
            M=inverse,
            m=self.m,
            k=self.k,
            CU=self.carried,
            discard_C=True,
        )
        work.record(work.residuals[-1])
        return work.finish(np.asarray(x), "limit-reached" if info else "converged", f"{work.limit} iterations")
