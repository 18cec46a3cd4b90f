"""Exact convergents of many polynomial continued fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Coefficients = NDArray[np.int64]

Convergent = tuple[int, int]
"""Numerator and denominator, not reduced."""

BATCH = 1000
"""Fractions whose blocks of steps are multiplied at once: some 20 MB."""

LONGEST_BLOCK = 8
_SAFE = 2.0**62


def as_coefficients(polynomials: ArrayLike) -> Coefficients:
    """Coefficients of polynomials, int64 of shape (n, degree + 1), constant first; one polynomial counts as n = 1.

    Raises
    ------
    ValueError
        If they are no whole numbers.

    Examples
    --------
    >>> as_coefficients([1, 2]).tolist()
    [[1, 2]]
    """
    given = np.atleast_2d(np.asarray(polynomials))
    if given.ndim != 2 or given.dtype.kind not in "iu" or given.size == 0:
        raise ValueError(f"coefficients are whole numbers of shape (n, degree + 1), not {given.dtype} {given.shape}")
    return given.astype(np.int64)


def polynomial_values(coefficients: ArrayLike, steps: ArrayLike) -> NDArray[np.int64]:
    """Values of polynomials at whole numbers, int64 of shape (n, steps).

    Examples
    --------
    >>> polynomial_values([[1, 0, 2]], [0, 1, 2]).tolist()
    [[1, 3, 9]]
    """
    places = np.asarray(steps, dtype=np.int64)
    rows = as_coefficients(coefficients)
    values = np.zeros((len(rows), len(places)), dtype=np.int64)
    for column in rows.T[::-1]:
        values = values * places + column[:, None]
    return values


def convergents(a: ArrayLike, b: ArrayLike, depths: Sequence[int]) -> Iterator[list[Convergent]]:
    """Exact convergents p_n / q_n of each fraction at several depths.

    ``p_n = a(n) p_(n-1) + b(n) p_(n-2)``, the same for q, from p_-1 = 1, p_0 = a(0), q_-1 = 0, q_0 = 1. Several steps
    at a time are first multiplied together in 64 bits for all fractions, as many as fit; the long products are Python's
    own integers, one fraction after the other.

    Parameters
    ----------
    a, b : array_like of int, shape (n, degree + 1)
        Coefficients, constant first.
    depths : sequence of int
        Ascending, from 1 up.

    Yields
    ------
    list of (int, int)
        For each fraction its numerator and denominator at each depth, not reduced.

    Raises
    ------
    ValueError
        If the depths do not ascend from 1 up, the number of polynomials differs, or values exceed 62 bits.

    Examples
    --------
    The golden ratio:

    >>> next(convergents([1], [1], [1, 2, 3, 10]))
    [(2, 1), (3, 2), (5, 3), (144, 89)]
    """
    first, second = as_coefficients(a), as_coefficients(b)
    if len(first) != len(second):
        raise ValueError(f"{len(first)} polynomials a and {len(second)} polynomials b")
    wanted = [int(depth) for depth in depths]
    if not wanted or wanted[0] < 1 or any(later <= earlier for earlier, later in pairwise(wanted)):
        raise ValueError(f"depths ascend from 1 up, unlike {list(depths)}")
    for start in range(0, len(first), BATCH):
        yield from _batch(first[start : start + BATCH], second[start : start + BATCH], wanted)


def _batch(a: Coefficients, b: Coefficients, depths: list[int]) -> Iterator[list[Convergent]]:
    steps = np.arange(1, depths[-1] + 1)
    values, others = polynomial_values(a, steps), polynomial_values(b, steps)
    size = _block_length(float(_largest(a, depths[-1])), float(_largest(b, depths[-1])))
    ends = sorted({*range(size, depths[-1], size), *depths})
    starts = [0, *ends[:-1]]
    blocks = np.stack(
        [_product(values[:, low:high], others[:, low:high]) for low, high in zip(starts, ends, strict=True)], axis=1
    )
    kept = set(depths)
    keeps = [end in kept for end in ends]
    for constant, rows in zip(a[:, 0].tolist(), blocks.tolist(), strict=True):
        yield _walk(constant, rows, keeps)


def _walk(constant: int, blocks: list[list[int]], keeps: list[bool]) -> list[Convergent]:
    p, before_p, q, before_q = constant, 1, 1, 0
    found = []
    for (w, x, y, z), keep in zip(blocks, keeps, strict=True):
        p, before_p = w * p + x * before_p, y * p + z * before_p
        q, before_q = w * q + x * before_q, y * q + z * before_q
        if keep:
            found.append((p, q))
    return found


def _product(values: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Product of the matrices ((a, b), (1, 0)) of some steps, last step in front: (n, 4), row by row."""
    w, x = values[:, 0], others[:, 0]
    y, z = np.ones_like(w), np.zeros_like(w)
    for step in range(1, values.shape[1]):
        a, b = values[:, step], others[:, step]
        w, x, y, z = a * w + b * y, a * x + b * z, w, x
    return np.stack([w, x, y, z], axis=1)


def _largest(coefficients: Coefficients, depth: int) -> int:
    """A bound on all values up to a depth, in Python's integers so that it cannot overflow."""
    rows: list[list[int]] = coefficients.tolist()
    return max(sum(int(abs(c) * depth**power) for power, c in enumerate(row)) for row in rows)


def _block_length(a: float, b: float) -> int:
    """So many steps can be multiplied together without leaving 62 bits, given bounds on |a(n)| and |b(n)|."""
    if max(a, b) >= _SAFE:
        raise ValueError("values of the polynomials exceed 62 bits at this depth")
    before, now, length = 1.0, max(a, 1.0), 1
    while length < LONGEST_BLOCK and (a * now + b * before) * max(1.0, b) < _SAFE:
        before, now, length = now, a * now + b * before, length + 1
    return length
