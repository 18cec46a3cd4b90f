r"""Finite differences for :math:`-\nabla\cdot(a\nabla u) + b\cdot\nabla u + c\,u` on the unit interval, square or cube.

The unknowns are the values at the inner points of an equidistant grid, u = 0 on the border and at the points of
obstacles. Poisson, Darcy, Helmholtz and convection-diffusion equations are the special cases named below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

Array = NDArray[np.float64]
Scheme = Literal["central", "upwind"]


@dataclass(frozen=True)
class GridSystem:
    """``matrix @ u = right_side`` for the unknowns of a grid.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array, shape (unknowns, unknowns)
    right_side : float64 array, shape (unknowns,)
    interior : bool array, shape (g_1, ..., g_d)
        True where a grid point is an unknown, false on obstacles, where u = 0.
    """

    matrix: Any
    right_side: Array
    interior: NDArray[np.bool_]

    def field(self, vector: Array) -> Array:
        """The unknowns on the grid, shape (g_1, ..., g_d), zero on obstacles."""
        found = np.zeros(self.interior.shape)
        found[self.interior] = vector
        return found

    def vector(self, field: Array) -> Array:
        """The values of a grid field at the unknowns, shape (unknowns,), in the order of the matrix."""
        return np.asarray(field)[self.interior]


def grid_points(shape: tuple[int, ...]) -> tuple[Array, ...]:
    """Coordinates of the inner points, one array of shape `shape` per axis: ``(i + 1) / (g + 1)`` along each.

    Examples
    --------
    >>> grid_points((3,))[0].tolist()
    [0.25, 0.5, 0.75]
    """
    axes = [np.arange(1, points + 1) / (points + 1) for points in shape]
    return tuple(np.meshgrid(*axes, indexing="ij"))


def elliptic_matrix(
    diffusion: Array,
    *,
    velocity: Array | None = None,
    reaction: Array | float = 0.0,
    interior: NDArray[np.bool_] | None = None,
    scheme: Scheme = "central",
) -> Any:
    r"""The matrix of :math:`-\nabla\cdot(a\nabla u) + b\cdot\nabla u + c\,u` with u = 0 on border and obstacles.

    Fluxes are in divergence form: a face between two points carries the harmonic mean of their coefficients, a face at
    the border or at an obstacle the coefficient of the point inside. So the matrix is symmetric whenever b = 0,
    and positive definite if also c >= 0. Second order in the grid width; with ``scheme="upwind"`` first order, and an
    M-matrix for any b if c >= 0.

    Parameters
    ----------
    diffusion : float64 array, shape (g_1, ..., g_d)
        a at the inner points, above 0; d from 1 to 3.
    velocity : float64 array, shape (d,) or (d, g_1, ..., g_d), optional
        b, constant or at the inner points.
    reaction : float or float64 array, shape (g_1, ..., g_d)
        c; minus the squared wave number for the Helmholtz equation.
    interior : bool array, shape (g_1, ..., g_d), optional
        False at the points of obstacles; all true by default.
    scheme : {"central", "upwind"}
        Differences for b.

    Returns
    -------
    scipy.sparse.csr_array, shape (unknowns, unknowns)
        Rows in the order of the grid (last axis fastest), obstacles left out; indices sorted.

    Raises
    ------
    ValueError
        If shapes do not fit, a coefficient is not finite, a is not above 0, or no point is left.

    Examples
    --------
    >>> (elliptic_matrix(np.ones(3)).toarray() / 16).tolist()
    [[2.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 2.0]]
    """
    a = np.asarray(diffusion, dtype=np.float64)
    shape, inside = a.shape, _checked_interior(a.shape, interior)
    if not (np.isfinite(a).all() and (a > 0).all()):
        raise ValueError("diffusion must be finite and above 0 at every point")
    b = _checked_velocity(velocity, shape)
    c = np.asarray(reaction, dtype=np.float64)
    if c.shape not in ((), shape) or not np.isfinite(c).all():
        raise ValueError(f"reaction must be a finite number or have shape {shape}, not {c.shape}")
    if scheme not in ("central", "upwind"):
        raise ValueError(f"scheme must be 'central' or 'upwind', not {scheme!r}")
    dimension = a.ndim
    # Entry 0 .. d-1: neighbours before the point, then the point itself, then neighbours after it: columns ascend.
    values = np.zeros((*shape, 2 * dimension + 1))
    present = np.zeros(values.shape, dtype=bool)
    centre = values[..., dimension]
    centre += c
    present[..., dimension] = True
    for axis, points in enumerate(shape):
        before, after = _along(axis, slice(None, -1), dimension), _along(axis, slice(1, None), dimension)
        face = 2 * a[before] * a[after] / (a[before] + a[after])
        face = np.where(inside[before] & inside[after], face, np.where(inside[before], a[before], a[after]))
        scale = (points + 1.0) ** 2
        to_last, to_next = np.array(a), np.array(a)
        to_next[before] = face
        to_last[after] = face
        to_last *= scale
        to_next *= scale
        centre += to_last + to_next
        low, high = -to_last, -to_next
        if b is not None:
            drift = np.broadcast_to(b[axis], shape) * (points + 1.0)
            if scheme == "central":
                low, high = low - drift / 2, high + drift / 2
            else:
                low, high = low - np.maximum(drift, 0), high + np.minimum(drift, 0)
                centre += np.abs(drift)
        values[..., axis], values[..., 2 * dimension - axis] = low, high
        both = inside[before] & inside[after]
        present[..., axis][after] = both
        present[..., 2 * dimension - axis][before] = both
    return _compressed(values, present, inside)


def poisson_matrix(shape: tuple[int, ...], interior: NDArray[np.bool_] | None = None) -> Any:
    """The (2d+1)-point matrix of ``-laplace(u)``, CSR; see `elliptic_matrix`.

    Raises
    ------
    ValueError
        If `shape` does not have one to three entries from 1 up.
    """
    return elliptic_matrix(np.ones(_checked_shape(shape)), interior=interior)


def darcy_matrix(diffusion: Array, interior: NDArray[np.bool_] | None = None) -> Any:
    """The matrix of ``-div(a grad u)`` in divergence form, CSR; see `elliptic_matrix`."""
    return elliptic_matrix(diffusion, interior=interior)


def helmholtz_matrix(wave_number: Array, interior: NDArray[np.bool_] | None = None) -> Any:
    """The matrix of ``-laplace(u) - k(x)^2 u``, CSR: symmetric, indefinite once k^2 exceeds d pi^2.

    Parameters
    ----------
    wave_number : float64 array, shape (g_1, ..., g_d)
        k at the inner points.
    interior : bool array, optional
        As in `elliptic_matrix`.
    """
    k = np.asarray(wave_number, dtype=np.float64)
    return elliptic_matrix(np.ones(_checked_shape(k.shape)), reaction=-(k**2), interior=interior)


def convection_diffusion_matrix(
    shape: tuple[int, ...],
    velocity: Array,
    *,
    diffusivity: float = 1.0,
    interior: NDArray[np.bool_] | None = None,
    scheme: Scheme = "central",
) -> Any:
    """The matrix of ``-diffusivity laplace(u) + b . grad(u)``, CSR, not symmetric; see `elliptic_matrix`."""
    diffusion = np.full(_checked_shape(shape), float(diffusivity))
    return elliptic_matrix(diffusion, velocity=velocity, interior=interior, scheme=scheme)


def neumann_matrix(shape: tuple[int, ...]) -> Any:
    """The matrix of ``-laplace(u)`` with zero flux through the border, on cell centres: singular, constants its kernel.

    A system with it has a solution only if the right-hand side sums to zero.

    Examples
    --------
    >>> (neumann_matrix((3,)).toarray() / 9).tolist()
    [[1.0, -1.0, 0.0], [-1.0, 2.0, -1.0], [0.0, -1.0, 1.0]]
    """
    total: Any = None
    for axis, points in enumerate(_checked_shape(shape)):
        diagonal = np.full(points, 2.0)
        diagonal[0] -= 1
        diagonal[-1] -= 1
        off = -np.ones(points - 1)
        line = scipy.sparse.diags_array([off, diagonal, off], offsets=[-1, 0, 1]) * float(points**2)
        before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        term = scipy.sparse.kron(scipy.sparse.kron(scipy.sparse.eye_array(before), line), scipy.sparse.eye_array(after))
        total = term if total is None else total + term
    return scipy.sparse.csr_array(total)


def _checked_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    if not 1 <= len(shape) <= 3 or any(points < 1 for points in shape):
        raise ValueError(f"a grid has one to three axes of at least one point, not {tuple(shape)}")
    return tuple(int(points) for points in shape)


def _checked_interior(shape: tuple[int, ...], interior: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    _checked_shape(shape)
    inside = np.ones(shape, dtype=bool) if interior is None else np.asarray(interior, dtype=bool)
    if inside.shape != shape:
        raise ValueError(f"interior has shape {inside.shape}, the grid {shape}")
    if not inside.any():
        raise ValueError("no grid point is left: interior is false everywhere")
    return inside


def _checked_velocity(velocity: Array | None, shape: tuple[int, ...]) -> Array | None:
    if velocity is None:
        return None
    b = np.asarray(velocity, dtype=np.float64)
    if b.shape not in ((len(shape),), (len(shape), *shape)) or not np.isfinite(b).all():
        raise ValueError(f"velocity must be finite, of shape {(len(shape),)} or {(len(shape), *shape)}, not {b.shape}")
    return b


def _along(axis: int, part: slice, dimension: int) -> tuple[slice, ...]:
    return tuple(part if other == axis else slice(None) for other in range(dimension))


def _compressed(values: Array, present: NDArray[np.bool_], inside: NDArray[np.bool_]) -> Any:
    """CSR from stencil values per grid point, rows and columns of obstacles left out."""
    unknowns = int(inside.sum())
    number = np.cumsum(inside.ravel(), dtype=np.int64) - 1
    strides = [math.prod(inside.shape[axis + 1 :]) for axis in range(inside.ndim)]
    offsets = np.array([-stride for stride in strides] + [0] + strides[::-1])
    rows = np.flatnonzero(inside.ravel())
    kept = present.reshape(-1, len(offsets))[rows]
    columns = (rows[:, None] + offsets)[kept]
    index = np.int32 if kept.sum() < np.iinfo(np.int32).max else np.int64
    starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(index)
    data = values.reshape(-1, len(offsets))[rows][kept]
    return scipy.sparse.csr_array((data, number[columns].astype(index), starts), shape=(unknowns, unknowns))
