"""The Arnoldi process with blocked orthogonalisation and the least squares problem solved along with it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.blas import daxpy, dgemv

from unseen.solvers.linear.interface import Apply, Array

REORTHOGONALIZE = 1 / math.sqrt(2)
"""A vector that keeps a smaller share than this of its length is orthogonalised again: Daniel, Gragg, Kaufman, 1976."""
NEIGHBOURS = 2
"""Vectors that are taken out of a product first, one by one. A product with the matrix of an equation on a grid lies
mostly along them (all but entirely if the matrix is symmetric), so that what the pass over the whole basis then takes
out is small beside what stays, and no second pass is needed. The guarantee of `REORTHOGONALIZE` is about the last pass
and stands."""
LUCKY = 1e-14
"""Share of its length below which a new direction counts as none: the Krylov space is exhausted."""


@dataclass(frozen=True)
class ArnoldiCycle:
    """What a cycle found.

    Parameters
    ----------
    steps : int
        j, the steps made.
    coefficients : float64 array, shape (fixed + j + 1, j)
        Products as combinations of the basis: first those with the fixed vectors (B), below the Hessenberg matrix.
    weights : float64 array, shape (j,)
        The combination of Krylov vectors that leaves the smallest residual.
    finite : bool
        False if a product was not finite; the cycle then ends before it.
    exhausted : bool
        Whether the Krylov space is invariant: nothing can be added to it.
    """

    steps: int
    coefficients: Array
    weights: Array
    finite: bool
    exhausted: bool


def arnoldi(
    product: Apply, basis: Array, fixed: int, steps: int, beta: float, goal: float, record: Callable[[float], None]
) -> ArnoldiCycle:
    """Extend an orthonormal basis by up to `steps` products, until the residual of least squares is at most `goal`.

    Parameters
    ----------
    product : callable
        The linear map.
    basis : float64 array, shape (rows, n), C order
        Rows ``:fixed`` are kept orthogonal to all that follows, row `fixed` is the residual over its norm; the rows
        after it are filled. ``rows >= fixed + steps + 1``.
    fixed, steps : int
    beta : float
        Norm of the residual.
    goal : float
        Residual at which to stop.
    record : callable
        Told the norm of the residual after every step.
    """
    table = np.zeros((fixed + steps + 1, steps), order="F")
    triangle = np.zeros((steps + 1, steps), order="F")
    turned = np.zeros(steps + 1)
    turned[0] = beta
    cosines, sines = [0.0] * steps, [0.0] * steps
    done, finite, exhausted = 0, True, False
    for j in range(steps):
        have = basis[: fixed + j + 1]
        w = product(have[-1])
        if np.may_share_memory(w, basis):
            w = w.copy()
        whole = math.sqrt(w @ w)
        if not math.isfinite(whole):
            finite = False
            break
        h = np.zeros(len(have))
        for near in range(len(have) - 1, max(fixed, len(have) - NEIGHBOURS) - 1, -1):
            h[near] = have[near] @ w
            w = daxpy(have[near], w, a=-h[near])
        after = math.sqrt(w @ w)
        # One pass over the whole basis, and a second one where the first took much out.
        for _ in range(2):
            before = after
            more = have @ w
            w = dgemv(-1.0, have.T, more, beta=1.0, y=w, overwrite_y=1)
            h += more
            after = math.sqrt(w @ w)
            if after >= REORTHOGONALIZE * before:
                break
        exhausted = after <= LUCKY * whole
        table[: fixed + j + 1, j] = h
        table[fixed + j + 1, j] = 0.0 if exhausted else after
        residual = _turn(triangle, turned, cosines, sines, table[fixed : fixed + j + 2, j].tolist(), j)
        done = j + 1
        record(residual)
        if exhausted:
            break
        np.multiply(w, 1 / after, out=basis[fixed + j + 1])
        if residual <= goal:
            break
    square = triangle[:done, :done]
    # A singular square part: the exhausted space holds no solution, and the last direction gives nothing.
    sound = done
    while sound and abs(square[sound - 1, sound - 1]) <= LUCKY * abs(square).max():
        sound -= 1
    weights = np.zeros(done)
    weights[:sound] = solve_triangular(square[:sound, :sound], turned[:sound], check_finite=False) if sound else 0.0
    return ArnoldiCycle(done, table[: fixed + done + 1, :done], weights, finite, exhausted)


def _turn(
    triangle: Array, turned: Array, cosines: list[float], sines: list[float], column: list[float], j: int
) -> float:
    """Bring column j of the Hessenberg matrix to triangular form by Givens rotations; the residual that is left."""
    for i in range(j):
        c, s = cosines[i], sines[i]
        column[i], column[i + 1] = c * column[i] + s * column[i + 1], c * column[i + 1] - s * column[i]
    length = math.hypot(column[j], column[j + 1])
    cosines[j], sines[j] = (column[j] / length, column[j + 1] / length) if length else (1.0, 0.0)
    column[j] = length
    triangle[: j + 1, j] = column[: j + 1]
    rest = float(turned[j])
    turned[j], turned[j + 1] = cosines[j] * rest, -sines[j] * rest
    return abs(float(turned[j + 1])) if length else abs(rest)
