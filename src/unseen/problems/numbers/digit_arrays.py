"""Exact arithmetic on numbers of any length, many at once, digit by digit.

A number is a row of digits, the highest place first; how many of them stand behind the point is said beside it. All
operations go from place to place and treat all rows together, as the schoolbook does, and count its carries.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Digits = NDArray[np.int8]
Counts = NDArray[np.int64]
Truths = NDArray[np.bool_]

WORD = 18
"""Digits that fit into one 64-bit integer."""


class Resolved(NamedTuple):
    """Digits, and the number of places that handed a carry on."""

    digits: Digits
    carries: Counts


def random_digits(generator: np.random.Generator, lengths: Counts, width: int, *, ending: bool = False) -> Digits:
    """Draw numbers of given lengths, left-aligned with zeros behind.

    Parameters
    ----------
    generator : numpy.random.Generator
    lengths : int64 array, shape (n,)
        Digits of each number, 1 to `width`; the first is not 0.
    width : int
    ending : bool
        Whether the last digit is not 0 either.

    Returns
    -------
    int8 array, shape (n, width)
    """
    n = len(lengths)
    digits = generator.integers(0, 10, size=(n, width), dtype=np.int8)
    digits[:, 0] = generator.integers(1, 10, size=n, dtype=np.int8)
    if ending:
        others = np.flatnonzero(lengths > 1)
        digits[others, lengths[others] - 1] = generator.integers(1, 10, size=len(others), dtype=np.int8)
    digits[np.arange(width) >= lengths[:, None]] = 0
    return digits


def moved(digits: Digits, by: Counts, width: int) -> Digits:
    """Each row moved to the right by its number of columns, in a new width; what falls off is lost."""
    columns = np.arange(width) - by[:, None]
    inside = (columns >= 0) & (columns < digits.shape[1])
    return np.where(inside, np.take_along_axis(digits, columns.clip(0, digits.shape[1] - 1), axis=1), np.int8(0))


def added(left: Digits, right: Digits) -> Resolved:
    """Sums, one place wider.

    Examples
    --------
    >>> total = added(np.array([[5, 8]], dtype=np.int8), np.array([[6, 7]], dtype=np.int8))
    >>> total.digits.tolist(), total.carries.tolist()
    ([[1, 2, 5]], [2])
    """
    return _resolved(left.astype(np.int64) + right, extra=1)


def subtracted(left: Digits, right: Digits) -> Resolved:
    """Differences of numbers of which the left is at least as large; carries are places that borrow."""
    return _resolved(left.astype(np.int64) - right, extra=0)


def multiplied(left: Digits, right: Digits) -> Resolved:
    """Products, as wide as both factors together; carries are those of the sums of all products of two digits."""
    n, width = left.shape
    sums = np.zeros((n, width + right.shape[1] - 1), dtype=np.int64)
    for place in range(right.shape[1]):
        sums[:, place : place + width] += left.astype(np.int64) * right[:, place : place + 1]
    return _resolved(sums, extra=1)


def larger(left: Digits, right: Digits) -> Truths:
    """Whether the left number exceeds the right one, shape (n,)."""
    rows = np.arange(len(left))
    first = (left != right).argmax(axis=1)
    return np.asarray(left[rows, first] > right[rows, first])


def signed_sum(left: Digits, left_minus: Truths, right: Digits, right_minus: Truths) -> tuple[Resolved, Truths]:
    """Sums of signed numbers, and which of them are negative."""
    swap = larger(right, left)
    high, low = np.where(swap[:, None], right, left), np.where(swap[:, None], left, right)
    total, rest = added(left, right), subtracted(high, low)
    same = left_minus == right_minus
    wide = np.pad(rest.digits, ((0, 0), (1, 0)))
    digits = np.where(same[:, None], total.digits, wide)
    minus = np.where(same | ~swap, left_minus, right_minus) & digits.any(axis=1)
    return Resolved(digits, np.where(same, total.carries, rest.carries)), minus


def packed(digits: Digits) -> Counts:
    """Rows of digits as rows of words of 18 digits, int64 of shape (n, words); different rows stay different."""
    n, width = digits.shape
    words = -(-width // WORD)
    wide = np.pad(digits, ((0, 0), (words * WORD - width, 0))).reshape(n, words, WORD)
    return wide.astype(np.int64) @ 10 ** np.arange(WORD, dtype=np.int64)[::-1]


def first_places(digits: Digits) -> Counts:
    """Column of the first digit that is not 0; 0 where there is none."""
    return np.asarray((digits != 0).argmax(axis=1), dtype=np.int64)


def last_places(digits: Digits) -> Counts:
    """Column of the last digit that is not 0; the last column where there is none."""
    return np.asarray(digits.shape[1] - 1 - (digits[:, ::-1] != 0).argmax(axis=1), dtype=np.int64)


def _resolved(places: NDArray[np.int64], *, extra: int) -> Resolved:
    """Turn sums per place into digits from the last place on; `extra` places are put in front."""
    n, width = places.shape
    digits = np.zeros((n, width + extra), dtype=np.int8)
    carry = np.zeros(n, dtype=np.int64)
    carries = np.zeros(n, dtype=np.int64)
    for column in range(width - 1, -1, -1):
        total = places[:, column] + carry
        carry = total // 10
        digits[:, column + extra] = total - 10 * carry
        carries += carry != 0
    if extra:
        digits[:, 0] = carry
    return Resolved(digits, carries)
