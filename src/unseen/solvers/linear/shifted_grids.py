"""Many small shifted Poisson systems at once, where only the number of iterations matters."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def sor_sweeps_on_grids(
    shifts: ArrayLike,
    right_sides: NDArray[np.float64],
    relaxations: ArrayLike,
    *,
    tolerance: float = 1e-8,
    limit: int = 10_000,
) -> NDArray[np.int64]:
    """Sweeps that SOR needs for each system ``(A + shift I) x = b`` with each relaxation parameter.

    A is the five-point Laplacian on a square grid, not scaled by the mesh width (4 on the diagonal, -1 for each
    neighbour), the unknowns are swept row by row, the start is zero and the end a residual of `tolerance` times the
    norm of b. Along an anti-diagonal of the grid no unknown depends on another, so that a sweep over s x s unknowns
    takes 2 s - 1 vectorised steps over all systems. The counts equal those of `SOR` on each system by itself.

    Parameters
    ----------
    shifts : array, shape (systems,)
        What is added to the diagonal; above minus the smallest eigenvalue of A, or SOR need not converge.
    right_sides : array, shape (systems, side, side)
        One right-hand side for each system, none of them zero.
    relaxations : array, shape (parameters,)
        Between 0 and 2.
    tolerance : float
        Positive.
    limit : int
        Sweeps at most.

    Returns
    -------
    array of int, shape (systems, parameters)
        Sweeps; ``limit`` where they did not suffice.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite or a parameter is out of range.

    Examples
    --------
    >>> right_sides = np.random.default_rng(0).standard_normal((1, 10, 10))
    >>> sor_sweeps_on_grids([0.0], right_sides, [1.0, 1.5, 1.8]).tolist()
    [[201, 57, 86]]
    """
    offsets, scaled = _checked(shifts, right_sides, tolerance, limit)
    factors = np.atleast_1d(np.asarray(relaxations, dtype=np.float64))
    if not ((factors > 0) & (factors < 2)).all():
        raise ValueError(f"relaxations lie between 0 and 2, not {factors[~((factors > 0) & (factors < 2))][0]}")
    pairs = len(offsets) * len(factors)
    system, parameter = np.divmod(np.arange(pairs), len(factors))
    sweeps = np.empty(pairs, dtype=np.int64)
    # Pairs that need about as many sweeps go together, so that none waits for others.
    order = np.argsort(grid_sor_radius(offsets[system], factors[parameter], right_sides.shape[1]))
    for first in range(0, pairs, _TOGETHER):
        part = order[first : first + _TOGETHER]
        chosen = system[part]
        sweeps[part] = _sweeps(offsets[chosen], scaled[chosen], factors[parameter[part]], tolerance, limit)
    return sweeps.reshape(len(offsets), len(factors))


def grid_sor_radius(shifts: ArrayLike, relaxations: ArrayLike, side: int) -> NDArray[np.float64]:
    """Spectral radius of SOR's iteration on the shifted five-point Laplacian, by Young's formula.

    Parameters
    ----------
    shifts, relaxations : array
        Broadcast against each other.
    side : int
        Unknowns along an edge of the grid.

    Returns
    -------
    array of float64
        Below 1 where SOR converges: the residual falls by this factor with each sweep in the end.

    References
    ----------
    D. M. Young (1954), "Iterative Methods for Solving Partial Difference Equations of Elliptic Type".

    Examples
    --------
    The best parameter without shift is ``2 / (1 + sin(pi / (side + 1)))``, and the radius there that minus 1:

    >>> best = 2 / (1 + np.sin(np.pi / 11))
    >>> bool(np.isclose(grid_sor_radius(0.0, best, 10), best - 1, atol=1e-6))
    True
    """
    factor = np.asarray(relaxations, dtype=np.float64)
    jacobi = 4 * np.cos(np.pi / (side + 1)) / (4 + np.asarray(shifts, dtype=np.float64))
    root = np.sqrt(np.maximum((factor * jacobi) ** 2 - 4 * (factor - 1), 0))
    return np.where(root > 0, ((factor * jacobi + root) / 2) ** 2, np.abs(factor - 1))


_TOGETHER = 512
"""Pairs of system and parameter that are swept together: what fits into a core's cache."""


def _sweeps(
    offsets: NDArray[np.float64], right: NDArray[np.float64], factor: NDArray[np.float64], tolerance: float, limit: int
) -> NDArray[np.int64]:
    """Unknown (i, j) stands at [i + j, i + 1], so that an anti-diagonal is contiguous."""
    count, side = right.shape[:2]
    row, column = np.divmod(np.arange(side * side), side)
    residual = np.zeros((2 * side - 1, side, count))
    residual[row + column, row] = right.reshape(count, -1).T
    # A rim of zeros stands for the boundary: one anti-diagonal at the end, one place on either side.
    step = np.zeros((2 * side, side + 2, count))
    by_diagonal, left_over = factor / (4 + offsets), (1 / factor - 1) * (4 + offsets)
    sweeps, running = np.full(count, limit), np.arange(count)
    spans = [(max(0, d - side + 1), min(side - 1, d) + 1) for d in range(2 * side - 1)]
    for sweep in range(1, limit + 1):
        squares = np.zeros(len(running))
        for d, (low, high) in enumerate(spans):
            # Above the first anti-diagonal stands the rim after the last one.
            now = step[d, low + 1 : high + 1]
            np.add(residual[d, low:high], step[d - 1, low:high], out=now)
            now += step[d - 1, low + 1 : high + 1]
            now *= by_diagonal
        for d, (low, high) in enumerate(spans):
            # With M the lower triangle that is inverted, r - A dx = (M - A) dx: what the step leaves over.
            now = residual[d, low:high]
            np.multiply(step[d, low + 1 : high + 1], left_over, out=now)
            now += step[d + 1, low + 1 : high + 1]
            now += step[d + 1, low + 2 : high + 2]
            squares += np.einsum("ij,ij->j", now, now)
        done = squares < tolerance**2
        ended = running[done]
        sweeps[ended] = np.minimum(sweeps[ended], sweep)
        if 8 * np.count_nonzero(done) > len(running):
            kept = ~done
            running, residual, step = running[kept], residual[..., kept], step[..., kept]
            by_diagonal, left_over = by_diagonal[kept], left_over[kept]
            if not len(running):
                break
    return sweeps


def cg_iterations_on_grids(
    shifts: ArrayLike, right_sides: NDArray[np.float64], *, tolerance: float = 1e-8, limit: int = 10_000
) -> NDArray[np.int64]:
    """Iterations of conjugate gradients for each system of `sor_sweeps_on_grids`, from zero to the same residual.

    Each costs one product with the matrix, as a sweep of SOR does.

    Parameters
    ----------
    shifts, right_sides, tolerance, limit
        As for `sor_sweeps_on_grids`.

    Returns
    -------
    array of int, shape (systems,)
        Iterations; ``limit`` where they did not suffice.

    Raises
    ------
    ValueError
        If shapes do not fit or a number is not finite.

    Examples
    --------
    >>> right_sides = np.random.default_rng(0).standard_normal((1, 10, 10))
    >>> cg_iterations_on_grids([0.0], right_sides).tolist()
    [32]
    """
    offsets, residual = _checked(shifts, right_sides, tolerance, limit)
    iterations, running = np.full(len(offsets), limit), np.arange(len(offsets))
    direction, squares = residual.copy(), np.ones(len(offsets))
    for iteration in range(1, limit + 1):
        product = (4 + offsets)[:, None, None] * direction
        product[:, 1:] -= direction[:, :-1]
        product[:, :-1] -= direction[:, 1:]
        product[:, :, 1:] -= direction[:, :, :-1]
        product[:, :, :-1] -= direction[:, :, 1:]
        residual -= (squares / np.einsum("nij,nij->n", direction, product))[:, None, None] * product
        before, squares = squares, np.einsum("nij,nij->n", residual, residual)
        kept = squares >= tolerance**2
        iterations[running[~kept]] = iteration
        if not kept.any():
            break
        running, offsets, before, squares = running[kept], offsets[kept], before[kept], squares[kept]
        residual = residual[kept]
        direction = residual + (squares / before)[:, None, None] * direction[kept]
    return iterations


def _checked(
    shifts: ArrayLike, right_sides: NDArray[np.float64], tolerance: float, limit: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shifts as an array, and right-hand sides of norm one, which do not change the number of iterations."""
    offsets = np.atleast_1d(np.asarray(shifts, dtype=np.float64))
    if right_sides.ndim != 3 or right_sides.shape[1] != right_sides.shape[2]:
        raise ValueError(f"right_sides has shape (systems, side, side), not {right_sides.shape}")
    if offsets.shape != right_sides.shape[:1]:
        raise ValueError(f"shifts of shape {offsets.shape} do not fit {len(right_sides)} right-hand sides")
    if not (np.isfinite(offsets).all() and np.isfinite(right_sides).all()):
        raise ValueError("shifts and right-hand sides must be finite")
    lowest = 8 * np.sin(np.pi / (2 * (right_sides.shape[1] + 1))) ** 2
    if not (offsets > -lowest).all():
        raise ValueError(f"shifts must exceed {-lowest:.6g}, or the matrix is not positive definite; {offsets.min()!r}")
    if not (tolerance > 0 and limit >= 1):
        raise ValueError(f"tolerance must be positive and limit at least 1, not {tolerance!r} and {limit!r}")
    norms = np.sqrt((right_sides**2).sum(axis=(1, 2)))
    if not norms.all():
        raise ValueError("a right-hand side is zero, and its residual relative to it undefined")
    return offsets, right_sides / norms[:, None, None]
