"""GCRO-DR: GMRES with deflated restarting that carries its subspace from one system to the next."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unseen.solvers.linear.arnoldi import ArnoldiCycle, arnoldi
from unseen.solvers.linear.gmres import STAGNATION
from unseen.solvers.linear.interface import Array, Preconditioner, Solving
from unseen.solvers.linear.recycling import image_basis, new_space
from unseen.solvers.solve_report import SolveReport


@dataclass
class GCRODR:
    r"""GCRO-DR(m, k) (Parks, de Sturler, Mackey, Johnson and Maiti, 2006), preconditioned on the right.

    A space U is kept with C = A U orthonormal. Every cycle minimises the residual over U and a Krylov space of
    :math:`(I - C C^T) A`, m dimensions together, then takes as new U the k harmonic Ritz vectors of smallest magnitude
    in all of them. On the first system it begins with a cycle of GMRES(m) and is GMRES-DR(m, k). On the next system,
    with another matrix of the same size, it begins with the U that the last one left, after k products that renew
    C = A U; these are counted as products, and the projection of the residual on C as one iteration.

    With a preconditioner all of that is done for :math:`A M^{-1}`.

    Where this differs from the paper's Matlab code: a pair of complex Ritz vectors is kept together by taking k + 1
    instead; C is renewed by Cholesky QR (twice), which reads the vectors less often; the residual is recomputed at the
    end. `scipy.sparse.linalg.gcrotmk` is a relative that truncates by singular values.

    Parameters
    ----------
    m : int
        Largest dimension of the search space, above k + 1.
    k : int
        Dimension of the recycled space, at least 1.
    preconditioner : callable, optional
        ``A -> (r -> M^-1 r)``.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> A = np.diag(np.r_[np.geomspace(1e-4, 1e-2, 8), np.linspace(1, 2, 192)])
    >>> solver = GCRODR(m=20, k=8)
    >>> first, second = (solver.solve(A, rng.standard_normal(200), tolerance=1e-6) for _ in range(2))
    >>> second.counters["matrix_vector_products"] < first.counters["matrix_vector_products"]
    True
    """

    m: int = 40
    k: int = 20
    preconditioner: Preconditioner | None = None
    space: Array | None = field(default=None, repr=False)
    """U of the last solve, float64 of shape (k or k + 1, n), one vector per row; None before the first."""

    def __post_init__(self) -> None:
        for name in ("m", "k"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")
        if self.m < self.k + 2:
            raise ValueError(f"m must be at least k + 2, not m = {self.m} with k = {self.k}")

    def reset(self) -> None:
        """Forget the recycled space: the next system is solved as the first."""
        self.space = None

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve and keep the space for the next system; arguments and errors as in `LinearSolver.solve`.

        Raises
        ------
        ValueError
            Also if the last system had another size: call `reset` first.
        """
        work = Solving(A, b, tolerance, limit, start)
        if self.space is not None and self.space.shape[1] != work.A.n:
            size = self.space.shape[1]
            raise ValueError(f"the recycled space is of size {size}, the matrix of {work.A.n}: call reset()")
        if (report := work.trivial(self.preconditioner)) is not None:
            return report
        state = _Solve(self, work)
        report = state.run()
        # What a failed solve leaves is no use to the next system, but for one that ran out of iterations.
        if report.status in ("converged", "limit-reached") and state.kept:
            self.space = state.U[: state.kept]
        elif report.status != "converged":
            self.space = None
        return report


class _Solve:
    """One solve: the spaces and the residual as they develop."""

    def __init__(self, settings: GCRODR, work: Solving):
        self.settings, self.work = settings, work
        n = work.A.n
        # No more directions than the space has.
        self.m = min(settings.m, n)
        self.basis = np.empty((self.m + 1, n))
        self.U = np.empty((0, n))
        self.kept = 0
        self.y = np.zeros(n)
        self.r = work.residual(work.start)
        self.goal = work.tolerance * work.size

    def product(self, v: Array) -> Array:
        return self.work.A(self.work.precondition(v))

    def solution(self) -> Array:
        return self.work.start + self.work.precondition(self.y)

    def run(self) -> SolveReport:
        work = self.work
        beta = float(np.linalg.norm(self.r))
        work.record(beta)
        if self.settings.space is not None and beta > self.goal:
            if not self.renew(self.settings.space):
                return work.finish(self.solution(), "not-finite", "the product with A holds NaN or infinity")
            beta = self.project()
            work.record(beta)
        verified = math.inf
        while True:
            if beta <= self.goal:
                x = self.solution()
                self.r = work.residual(x)
                beta = float(np.linalg.norm(self.r))
                if beta <= self.goal or beta > verified / 2:
                    return work.finish(x, "converged", residual=self.r)
                verified = beta
                beta = self.project()
            left = work.limit + 1 - len(work.residuals)
            if left < 1:
                return work.finish(self.solution(), "limit-reached", f"{work.limit} iterations")
            steps = min(self.m - self.kept, left)
            if steps < 1:
                return work.finish(self.solution(), "breakdown", "the recycled space is the whole space")
            np.divide(self.r, beta, out=self.basis[self.kept])
            cycle = arnoldi(self.product, self.basis, self.kept, steps, beta, self.goal, work.record)
            before, beta = beta, self.advance(cycle, beta)
            if not cycle.finite:
                return work.finish(self.solution(), "not-finite", "the product with A holds NaN or infinity")
            if beta > self.goal and beta >= (1 - STAGNATION) * before:
                why = f"no progress in the last {cycle.steps} iterations"
                return work.finish(self.solution(), "breakdown", why + (": A is singular" if cycle.exhausted else ""))

    def renew(self, space: Array) -> bool:
        """C = A U for this system, orthonormal; False if a product is not finite."""
        images = np.empty_like(space)
        for row, vector in enumerate(space):
            images[row] = self.product(vector)
        if not np.isfinite(images).all():
            return False
        C, self.U = image_basis(space, images)
        self.kept = len(C)
        self.basis[: self.kept] = C
        return True

    def project(self) -> float:
        """Take from the residual what C can take; the norm of the rest."""
        if self.kept:
            C = self.basis[: self.kept]
            part = C @ self.r
            self.y += part @ self.U
            self.r -= part @ C
        return float(np.linalg.norm(self.r))

    def advance(self, cycle: ArnoldiCycle, beta: float) -> float:
        """Use what a cycle found: new solution, residual and spaces; the norm of the residual."""
        c, j = self.kept, cycle.steps
        if not j:
            return beta
        B, H = cycle.coefficients[:c], cycle.coefficients[c:]
        self.y += cycle.weights @ self.basis[c : c + j]
        if c:
            self.y -= (B @ cycle.weights) @ self.U
        rest = -(H @ cycle.weights)
        rest[0] += beta
        # The last row of the basis is not filled where the Krylov space ended.
        rows = c + j + (not cycle.exhausted)
        self.r = rest[: rows - c] @ self.basis[c:rows]
        beta = float(np.linalg.norm(rest))
        found = new_space(self.U, self.basis, cycle, self.settings.k, rows)
        if found is not None:
            C, self.U = found
            self.kept = len(C)
            self.basis[: self.kept] = C
        return beta
