"""Conjugate directions proposed by a network that inverts a matrix up to scale."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from unseen.solvers.linear.flexible_cg import FlexibleCG
from unseen.solvers.linear.interface import Apply, Array, Preconditioner
from unseen.solvers.solve_report import SolveReport

Interior = NDArray[np.bool_] | tuple[int, ...]
"""Which points of a grid are unknowns: a mask, false on obstacles, or the shape of a grid without any."""


def network_inverse(model: nn.Module, interior: Interior) -> Preconditioner:
    """A network on grids as an approximate inverse, ``A -> (r -> z)``, for solvers that allow a nonlinear one.

    The residual is brought to mean square 1 over the unknowns and set on the grid with zeros at obstacles; the
    network's field is read at the unknowns and takes the residual's size back. So ``z(c r) = c z(r)`` for c > 0
    whatever the network's biases are, and a residual of one shape looks the same to it on every grid.

    Parameters
    ----------
    model : torch.nn.Module
        Maps fields (1, 1, g_1, ..., g_d) to fields of that shape, in the precision and on the device of its
        parameters (single precision on the CPU if it has none). It is put in evaluation mode.
    interior : bool array, shape (g_1, ..., g_d), or tuple of int

    Raises
    ------
    ValueError
        If there are no unknowns; when called, if A has another number of rows or the network's field another shape.
    """
    inside = np.ones(interior, dtype=bool) if isinstance(interior, tuple) else np.asarray(interior, dtype=bool)
    unknowns = int(inside.sum())
    if not unknowns:
        raise ValueError("no grid point is left: interior is false everywhere")
    sample = next(iter(model.parameters()), torch.empty(0))
    mask = torch.from_numpy(inside).to(sample.device)
    model.eval()

    def build(A: Any) -> Apply:
        if hasattr(A, "shape") and A.shape[0] != unknowns:
            raise ValueError(f"the grid has {unknowns} unknowns, the matrix {A.shape[0]} rows")

        def apply(r: Array) -> Array:
            size = float(np.linalg.norm(r)) / math.sqrt(unknowns)
            if not size:
                return np.zeros(unknowns)
            field = torch.zeros(inside.shape, dtype=sample.dtype, device=sample.device)
            field[mask] = torch.from_numpy(r / size).to(field)
            with torch.no_grad():
                found = model(field[None, None])
            if found.shape != (1, 1, *inside.shape):
                raise ValueError(f"the network gives {tuple(found.shape)} for a field {(1, 1, *inside.shape)}")
            return np.asarray(found[0, 0][mask].cpu().double().numpy() * size)

        return apply

    return build


@dataclass(frozen=True)
class DeepConjugateDirections:
    r"""The deep conjugate direction method (Kaneda et al., 2023): a network's directions, made A-orthogonal.

    :math:`q = f(r/|r|)` is made A-orthogonal to the last few directions, then comes the step of least energy along it.
    That *is* flexible conjugate gradients, FCG(window), with the network as preconditioner, and is solved as such:
    outer loop in double precision, whatever the network computes in, so that its rounding does not end the progress.

    Where this differs from the authors' code: the residual is always scaled (to mean square 1, not to length 1, so
    that grids of all sizes look alike), the coefficients of a step all come from q itself, and the recurrence of the
    residual is checked against the truth at the end and restarted once, instead of being recomputed in every step.

    The counters are products with A and, as ``preconditioner_applications``, calls of the network, which cost far more
    (`products_per_call`). A network trained on other systems that points uphill or gives NaN is reported, not hidden.

    Parameters
    ----------
    model : torch.nn.Module
        See `network_inverse`; `unseen.models.grid_unet.GridUNet` for instance, trained with
        `unseen.training.inverse_up_to_scale.inverse_up_to_scale_loss`.
    interior : bool array or tuple of int
        The unknowns' places on the grid.
    window : int
        Directions kept, at least 1; 2 in the paper.

    Examples
    --------
    The identity as network makes these conjugate gradients:

    >>> from unseen.problems.linear.elliptic import poisson_matrix
    >>> from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
    >>> A, b = poisson_matrix((6, 5)), np.arange(30.0)
    >>> report = DeepConjugateDirections(nn.Identity(), (6, 5)).solve(A, b, tolerance=1e-4)
    >>> report.status, report.iterations == ConjugateGradient().solve(A, b, tolerance=1e-4).iterations
    ('converged', True)
    """

    model: nn.Module
    interior: Interior
    window: int = 2

    def __post_init__(self) -> None:
        FlexibleCG(window=self.window)

    def solve(
        self, A: Any, b: Array, *, tolerance: float = 1e-4, limit: int | None = None, start: Array | None = None
    ) -> SolveReport:
        """Solve; arguments and errors as in `LinearSolver.solve`, `start` is a first approximation.

        Raises
        ------
        ValueError
            Also if the grid has not as many unknowns as A rows.
        """
        method = FlexibleCG(network_inverse(self.model, self.interior), self.window)
        return method.solve(A, b, tolerance=tolerance, limit=limit, start=start)


def products_per_call(model: nn.Module, shape: tuple[int, ...], entries: int) -> float:
    """Multiplications of one call of a network on a grid, in units of those of a product with a sparse matrix.

    Parameters
    ----------
    model : torch.nn.Module
        Of its operations convolutions and products of matrices count, as PyTorch's ``FlopCounterMode`` counts them.
    shape : tuple of int
        Grid points per axis.
    entries : int
        Stored entries of the matrix, at least 1.

    Examples
    --------
    >>> products_per_call(nn.Conv2d(1, 1, 3, padding=1, bias=False), (10, 10), entries=300)
    3.0
    """
    if entries < 1:
        raise ValueError(f"entries must be at least 1, not {entries!r}")
    sample = next(iter(model.parameters()), torch.empty(0))
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(torch.zeros(1, 1, *shape, dtype=sample.dtype, device=sample.device))
    return float(counter.get_total_flops() / (2 * entries))
