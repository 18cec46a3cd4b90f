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
"""Fractions whose terms are computed at once: some 10 MB at depth 600."""


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

    ``p_n = a(n) p_(n-1) + b(n) p_(n-2)``, the same for q, from p_-1 = 1, p_0 = a(0), q_-1 = 0, q_0 = 1. The terms of
    all fractions are computed at once; the long products are Python's own integers, one fraction after the other.
    (Neither python-flint nor several steps multiplied together beforehand were faster at depth 600.)

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
    if max(_largest(first, wanted[-1]), _largest(second, wanted[-1])) >= 2**62:
        raise ValueError(f"values of the polynomials exceed 62 bits at depth {wanted[-1]}")
    steps = np.arange(1, wanted[-1] + 1)
    for start in range(0, len(first), BATCH):
        rows, others = first[start : start + BATCH], second[start : start + BATCH]
        terms = (polynomial_values(part, steps).tolist() for part in (rows, others))
        for constant, values, partial in zip(rows[:, 0].tolist(), *terms, strict=True):
            yield _walk(constant, values, partial, wanted)


def _walk(constant: int, values: list[int], partial: list[int], depths: list[int]) -> list[Convergent]:
    p, before_p, q, before_q = constant, 1, 1, 0
    found = []
    for start, end in pairwise([0, *depths]):
        for a, b in zip(values[start:end], partial[start:end], strict=True):
            p, before_p = a * p + b * before_p, p
            q, before_q = a * q + b * before_q, q
        found.append((p, q))
    return found


def _largest(coefficients: Coefficients, depth: int) -> int:
    """A bound on all values up to a depth, in Python's integers so that it cannot overflow."""
    rows: list[list[int]] = coefficients.tolist()
    return max(sum(int(abs(c) * depth**power) for power, c in enumerate(row)) for row in rows)
