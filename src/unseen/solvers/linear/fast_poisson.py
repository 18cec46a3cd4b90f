"""Poisson's equation on a whole rectangle by fast sine transforms."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft

from unseen.solvers.linear.interface import Apply, Array, Solving
from unseen.solvers.solve_report import SolveReport


def fast_poisson_inverse(shape: tuple[int, ...]) -> Apply:
    """The exact inverse of `unseen.problems.linear.elliptic.poisson_matrix` of a grid, in O(n log n).

    Also a preconditioner for other equations on that grid: ``lambda A: fast_poisson_inverse(shape)``.
    """
    eigenvalues = np.zeros(shape)
    for axis, points in enumerate(shape):
        angle = np.arange(1, points + 1) * (math.pi / (2 * (points + 1)))
        line = (2.0 * (points + 1) * np.sin(angle)) ** 2
        eigenvalues += line.reshape([-1 if other == axis else 1 for other in range(len(shape))])

    def apply(r: Array) -> Array:
        modes = scipy.fft.dstn(r.reshape(shape), type=1, norm="ortho") / eigenvalues
        return np.asarray(scipy.fft.idstn(modes, type=1, norm="ortho")).ravel()

    return apply


@dataclass(frozen=True)
class FastPoisson:
    """Direct solution by sine transforms; only for the Poisson matrix of a whole grid.

    Parameters
    ----------
    shape : tuple of int
        Inner points per axis.
    """

    shape: tuple[int, ...]

    def solve(self, A: Any, b: Array, *, tolerance: float = 1e-8, limit: int | None = None) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `limit` has no effect.

        Another matrix than that of the grid is found out by its residual: ``"not-applicable"``.

        Raises
        ------
        ValueError
            Also if the matrix has not as many rows as the grid has points.
        """
        work = Solving(A, b, tolerance, limit)
        if math.prod(self.shape) != work.A.n:
            raise ValueError(f"a grid of shape {self.shape} has {math.prod(self.shape)} points, the matrix {work.A.n}")
        if (report := work.trivial()) is not None:
            return report
        x = fast_poisson_inverse(self.shape)(work.b)
        return work.finish(x, "not-applicable", f"the matrix is not that of Poisson's equation on {self.shape}")
