"""Families of polynomial continued fractions, and which of their members are the same formula."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from unseen.measures.continued_fractions.convergents import Coefficients, as_coefficients, polynomial_values

LARGEST_FAMILY = 20_000_000


def all_fractions(degree_a: int, degree_b: int, largest: int) -> tuple[Coefficients, Coefficients]:
    """All fractions with polynomials of exactly these degrees and coefficients from -`largest` to `largest`.

    Parameters
    ----------
    degree_a, degree_b : int
        Degrees, 0 or more; leading coefficients are not 0.
    largest : int
        Largest coefficient, 1 or more.

    Returns
    -------
    a, b : int64 array, shapes (n, degree_a + 1) and (n, degree_b + 1)
        Coefficients, constant first.

    Raises
    ------
    ValueError
        If a size is out of range, or there would be more than 20 million.

    Examples
    --------
    >>> a, b = all_fractions(1, 2, 5)
    >>> len(a), len(a) == (10 * 11) * (10 * 11**2)
    (133100, True)
    """
    if min(degree_a, degree_b) < 0 or largest < 1:
        raise ValueError(f"degrees are 0 or more and coefficients reach 1, not {degree_a}, {degree_b} and {largest}")
    count = (2 * largest) ** 2 * (2 * largest + 1) ** (degree_a + degree_b)
    if count > LARGEST_FAMILY:
        raise ValueError(f"{count} fractions are more than {LARGEST_FAMILY}")
    values = range(-largest, largest + 1)
    sides = [
        np.array([row for row in product(values, repeat=degree + 1) if row[-1]], dtype=np.int64)
        for degree in (degree_a, degree_b)
    ]
    return np.repeat(sides[0], len(sides[1]), axis=0), np.tile(sides[1], (len(sides[0]), 1))


def ends(b: ArrayLike, depth: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether b(n) = 0 for some n from 1 to `depth`: the fraction ends there and is rational.

    Examples
    --------
    >>> ends([[-4, 0, 1], [4, 0, 1]], 10).tolist()
    [True, False]
    """
    rows = as_coefficients(b)
    found = np.zeros(len(rows), dtype=bool)
    for start in range(1, depth + 1, 64):
        found |= (polynomial_values(rows, np.arange(start, min(start + 64, depth + 1))) == 0).any(axis=1)
    return found


def canonical_fractions(a: ArrayLike, b: ArrayLike) -> tuple[Coefficients, Coefficients]:
    """One member for all fractions that are the same formula: scaled, with the other sign, or begun elsewhere.

    ``(c a, c^2 b)`` has c times the limit, and ``(a(n + s), b(n + s))`` is what is left of the fraction behind its
    first s steps: limits that follow from one another by whole coefficients. The canonical member has a positive
    leading coefficient of a, the coefficient below it between 0 and degree times the leading one (that of b where a is
    constant), and no c > 1 left to divide by.

    Parameters
    ----------
    a, b : array_like of int, shape (n, degree + 1)
        Coefficients, constant first; leading ones not 0.

    Returns
    -------
    a, b : int64 array
        The canonical members, of the same shapes.

    Raises
    ------
    ValueError
        If a leading coefficient is 0.

    Examples
    --------
    >>> canonical_fractions([[-6, -4]], [[4, 8, 4]])
    (array([[1, 2]]), array([[0, 0, 1]]))
    """
    first, second = as_coefficients(a), as_coefficients(b)
    if not (first[:, -1].all() and second[:, -1].all()):
        raise ValueError("leading coefficients must not be 0")
    first = first * np.sign(first[:, -1:])
    leading = first if first.shape[1] > 1 else second
    degree = leading.shape[1] - 1
    if degree:
        shift = -(leading[:, -2] // (degree * leading[:, -1]))
        if leading is second:
            shift = -np.sign(second[:, -1]) * (second[:, -2] // (degree * np.abs(second[:, -1])))
        first, second = _shifted(first, shift), _shifted(second, shift)
    contents = np.gcd.reduce(first, axis=1)
    for c in range(int(contents.max()), 1, -1):
        divides = (first % c == 0).all(axis=1) & (second % c**2 == 0).all(axis=1)
        first[divides] //= c
        second[divides] //= c**2
    return first, second


def distinct_fractions(a: ArrayLike, b: ArrayLike) -> tuple[Coefficients, Coefficients]:
    """One member of every class of the same formula, the first given.

    Parameters
    ----------
    a, b : array_like of int, shape (n, degree + 1)
        Coefficients, constant first.

    Examples
    --------
    >>> distinct_fractions([[1, 2], [-1, -2], [3, 2]], [[0, 0, 1], [0, 0, 1], [1, 0, 1]])
    (array([[1, 2],
           [3, 2]]), array([[0, 0, 1],
           [1, 0, 1]]))
    """
    first, second = as_coefficients(a), as_coefficients(b)
    rows = np.concatenate(canonical_fractions(first, second), axis=1)
    order = np.lexsort(rows.T)
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (rows[order][1:] != rows[order][:-1]).any(axis=1)
    # Sorting is stable: the first of equal rows is the first given.
    chosen = np.sort(order[new])
    return first[chosen], second[chosen]


def _shifted(coefficients: Coefficients, shift: Coefficients) -> Coefficients:
    """Coefficients of c(n + s), s of shape (n,)."""
    size = coefficients.shape[1]
    columns = [
        sum((comb(i, j) * shift ** (i - j) * coefficients[:, i] for i in range(j, size)), np.zeros_like(shift))
        for j in range(size)
    ]
    return np.stack(columns, axis=1)
