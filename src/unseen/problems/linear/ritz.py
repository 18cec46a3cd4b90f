r"""Ritz vectors of a symmetric matrix by Lanczos' process, and right-hand sides mixed from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXHAUSTED = 1e-12
"""A new Lanczos vector shorter than this share of the largest coefficient so far counts as none."""


@dataclass(frozen=True)
class RitzPairs:
    """Approximate eigenpairs of a symmetric matrix from a Krylov space.

    Parameters
    ----------
    values : float64 array, shape (m,)
        Ritz values, ascending.
    vectors : float64 array, shape (m, n)
        Orthonormal Ritz vectors, one per row.
    """

    values: Array
    vectors: Array


def ritz_vectors(A: Any, m: int, generator: np.random.Generator) -> RitzPairs:
    """Ritz pairs from `m` steps of Lanczos' process with full re-orthogonalisation, started at ``A z``, z normal.

    Every vector is made orthogonal to all before it, twice, without which copies of the outermost pairs return. Where
    the Krylov space is exhausted before, as it is after one vector per distinct eigenvalue, there are fewer pairs.

    Parameters
    ----------
    A : array, sparse array or callable, symmetric of size n
        A callable needs an attribute ``shape``, as SciPy's ``LinearOperator`` has.
    m : int
        From 1 to n.
    generator : numpy.random.Generator

    Raises
    ------
    ValueError
        If `m` is out of range or a product is not finite.

    Examples
    --------
    >>> pairs = ritz_vectors(np.diag([1.0, 2.0, 5.0]), 3, np.random.default_rng(0))
    >>> pairs.values.round(9).tolist(), abs(pairs.vectors).round(6).tolist()
    ([1.0, 2.0, 5.0], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    """
    n = int(A.shape[0])
    if isinstance(m, bool) or not isinstance(m, (int, np.integer)) or not 1 <= m <= n:
        raise ValueError(f"m must be a whole number from 1 to {n}, not {m!r}")
    product: Callable[[Array], Array] = A.__matmul__
    basis = np.empty((m, n))
    start = np.asarray(product(generator.standard_normal(n)), dtype=np.float64)
    diagonal: list[float] = []
    beside: list[float] = []
    length = float(np.linalg.norm(start))
    if not math.isfinite(length) or length == 0:
        raise ValueError(f"the product with A must be finite and not zero, but its length is {length}")
    np.divide(start, length, out=basis[0])
    for step in range(m):
        w = np.array(product(basis[step]), dtype=np.float64)
        diagonal.append(float(basis[step] @ w))
        have = basis[: step + 1]
        for _ in range(2):
            w -= (have @ w) @ have
        length = float(np.linalg.norm(w))
        if not math.isfinite(length):
            raise ValueError(f"the product with A is not finite in step {step + 1}")
        if step + 1 == m or length <= EXHAUSTED * max(*np.abs(diagonal), *beside, 0.0):
            break
        beside.append(length)
        np.divide(w, length, out=basis[step + 1])
    values, mixing = scipy.linalg.eigh_tridiagonal(np.array(diagonal), np.array(beside))
    return RitzPairs(values, mixing.T @ basis[: len(diagonal)])


def ritz_mixtures(
    pairs: RitzPairs,
    count: int,
    generator: np.random.Generator,
    *,
    emphasis: float = 9.0,
    extra: float = 0.05,
    least: float = 1e-8,
) -> Array:
    """Unit vectors mixed from Ritz vectors with normal weights, more of the lower half: Kaneda et al. (2023).

    The lowest ``(1/2 + extra) m`` weights are `emphasis` times as large as the rest.

    Parameters
    ----------
    pairs : RitzPairs
    count : int
        How many, at least 0.
    generator : numpy.random.Generator
    emphasis, extra : float
        9 and 500 of 10,000 in the authors' generator.
    least : float
        Vectors of Ritz values below this share of the largest are left out: they belong to a kernel.

    Returns
    -------
    float64 array, shape (count, n)

    Raises
    ------
    ValueError
        If a parameter is out of range or no pair is left.
    """
    if count < 0 or not (emphasis > 0 and 0 <= extra <= 0.5):
        raise ValueError(
            f"count is at least 0, emphasis above 0, extra between 0 and 0.5, not {count}, {emphasis}, {extra}"
        )
    kept = pairs.values >= least * np.abs(pairs.values).max()
    if not kept.any():
        raise ValueError("every Ritz value is below the least")
    vectors = pairs.vectors[kept]
    low = min(len(vectors), round((0.5 + extra) * len(pairs.values)))
    weights = generator.standard_normal((count, len(vectors)))
    weights[:, :low] *= emphasis
    mixed = weights @ vectors
    return np.asarray(mixed / np.linalg.norm(mixed, axis=1, keepdims=True))


def mode_mixtures(
    shape: tuple[int, ...], count: int, generator: np.random.Generator, *, emphasis: float = 9.0, extra: float = 0.05
) -> Array:
    """As `ritz_mixtures` of Poisson's matrix on a whole grid, from all its exact eigenvectors, by fast sine transforms.

    Parameters
    ----------
    shape : tuple of int
        Grid points per axis.
    count, generator, emphasis, extra
        As there.

    Returns
    -------
    float64 array, shape (count, *shape)
        Each of Euclidean length 1.
    """
    frequencies = [np.sin(np.arange(1, side + 1) * (math.pi / (2 * (side + 1)))) * (side + 1) for side in shape]
    values = sum(line**2 for line in np.meshgrid(*frequencies, indexing="ij"))
    order = np.argsort(np.asarray(values).ravel(), kind="stable")
    scale = np.ones(order.size)
    scale[order[: round((0.5 + extra) * order.size)]] = emphasis
    weights = generator.standard_normal((count, *shape)) * scale.reshape(shape)
    weights /= np.sqrt((weights**2).sum(axis=tuple(range(1, weights.ndim)), keepdims=True))
    return np.asarray(scipy.fft.dstn(weights, type=1, norm="ortho", axes=tuple(range(1, weights.ndim))))
