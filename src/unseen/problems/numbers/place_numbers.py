"""Numbers of each form as rows of digits: drawn many at once, and written."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from unseen.formats.number_forms import FormName
from unseen.formats.numerals import ABSENT, Codes, chosen, numerals
from unseen.problems.numbers.digit_arrays import (
    Counts,
    Digits,
    Truths,
    first_places,
    last_places,
    moved,
    packed,
    random_digits,
)

LARGEST_EXPONENT = 6
"""Powers of ten of scientific notation, up and down: more would make sums that are all zeros in between."""


SHORT = 18
"""Columns of fractions whose parts have at most nine digits, so that a product of two fits into 64 bits."""


def frame(form: FormName, digits: int) -> tuple[int, int]:
    """Columns of a row that holds numbers of up to `digits` digits: all of them, and those behind the point.

    Rows of fractions hold both numbers side by side, and no point.
    """
    if form == "integer":
        return digits, 0
    if form == "decimal":
        return 2 * digits, digits
    if form == "scientific":
        return 2 * LARGEST_EXPONENT + digits + 1, LARGEST_EXPONENT + digits
    return 2 * digits, 0


def drawn_numbers(generator: np.random.Generator, form: FormName, lengths: Counts, digits: int) -> Digits:
    """Draw positive numbers.

    Parameters
    ----------
    generator : numpy.random.Generator
    form : {"integer", "decimal", "fraction", "scientific"}
        Decimals and scientific numbers do not end in 0, at least one digit of a decimal stands behind the point;
        fractions are in lowest terms and no integers.
    lengths : int64 array, shape (n,)
        Digits of each number; of a fraction, those of the longer part.
    digits : int
        Most digits that a row has room for; at most 9 for fractions.

    Returns
    -------
    int8 array, shape (n, columns of `frame`)
    """
    if form == "fraction":
        return _drawn_fractions(generator, lengths, digits)
    width, places = frame(form, digits)
    found = random_digits(generator, lengths, digits, ending=form != "integer")
    if form == "integer":
        return moved(found, width - lengths, width)
    if form == "decimal":
        behind = 1 + (generator.random(len(lengths)) * lengths).astype(np.int64)
        return moved(found, width - places + behind - lengths, width)
    exponents = generator.integers(-LARGEST_EXPONENT, LARGEST_EXPONENT + 1, size=len(lengths))
    return moved(found, width - places - 1 - exponents, width)


def significant(form: FormName, rows: Digits) -> Counts:
    """Digits from the first to the last that counts, of fractions those of the longer part; int64 of shape (n,)."""
    if form == "fraction":
        half = rows.shape[1] // 2
        parts = rows[:, :half], rows[:, half:]
        return np.asarray(half - np.minimum(*(first_places(part) for part in parts)), dtype=np.int64)
    last = rows.shape[1] - 1 if form == "integer" else last_places(rows)
    return np.asarray(last - first_places(rows) + 1, dtype=np.int64)


def fraction_parts(rows: Digits) -> tuple[Counts, Counts]:
    """What stands above and below the bar of each fraction, int64 of shape (n,)."""
    above, below = (packed(part)[:, 0] for part in np.hsplit(rows, 2))
    return above, below


def larger_fraction(left: Digits, right: Digits) -> Truths:
    """Whether the left fraction exceeds the right one; by Python's integers where products exceed 64 bits."""
    (a, b), (c, d) = fraction_parts(left), fraction_parts(right)
    if left.shape[1] <= SHORT:
        return np.asarray(a * d > c * b)
    rows = zip(*(column.tolist() for column in (a, b, c, d)), strict=True)
    return np.array([p * s > r * q for p, q, r, s in rows], dtype=bool)


def written_rows(form: FormName, rows: Digits, places: int) -> Codes:
    """Rows of digits as rows of characters, without sign, as `NumberForm` writes them plainly.

    Parameters
    ----------
    form : {"integer", "decimal", "fraction", "scientific"}
    rows : int8 array, shape (n, columns)
    places : int
        Columns behind the point.
    """
    if form == "fraction":
        half = rows.shape[1] // 2
        bar = np.full((len(rows), 1), ord("/"), dtype=np.uint8)
        return np.concatenate([_whole(rows[:, :half]), bar, _whole(rows[:, half:])], axis=1)
    if form == "integer":
        return _whole(rows)
    if form == "decimal":
        whole = rows.shape[1] - places
        return np.concatenate([_whole(rows[:, :whole]), _point(len(rows)), _behind(rows[:, whole:])], axis=1)
    first = first_places(rows)
    exponents = np.where(rows.any(axis=1), rows.shape[1] - places - 1 - first, 0)
    left = moved(rows, -first, rows.shape[1])
    power = chosen(["e"], np.zeros(len(rows), dtype=np.int64))
    return np.concatenate(
        [_whole(left[:, :1]), _point(len(rows)), _behind(left[:, 1:]), power, numerals(exponents)], axis=1
    )


def _characters(rows: Digits) -> Codes:
    return (rows + np.int8(ord("0"))).view(np.uint8)


def _whole(rows: Digits) -> Codes:
    """Numerals without zeros in front."""
    known = np.maximum.accumulate(rows != 0, axis=1)
    known[:, -1] = True
    return np.where(known, _characters(rows), np.uint8(ABSENT))


def _behind(rows: Digits) -> Codes:
    """Digits behind the point without zeros at the end, but for the first."""
    known = np.maximum.accumulate(rows[:, ::-1] != 0, axis=1)[:, ::-1].copy()
    known[:, 0] = True
    return np.where(known, _characters(rows), np.uint8(ABSENT))


def _point(n: int) -> Codes:
    return np.full((n, 1), ord("."), dtype=np.uint8)


def _drawn_fractions(generator: np.random.Generator, lengths: Counts, digits: int) -> Digits:
    rows = np.zeros((len(lengths), 2 * digits), dtype=np.int8)
    left: NDArray[np.intp] = np.arange(len(lengths))
    while len(left):
        long = lengths[left]
        short = 1 + (generator.random(len(left)) * long).astype(np.int64)
        above = generator.random(len(left)) < 0.5
        for start, sizes in ((0, np.where(above, long, short)), (digits, np.where(above, short, long))):
            part = random_digits(generator, sizes, digits)
            rows[left, start : start + digits] = moved(part, digits - sizes, digits)
        parts = packed(rows[left, :digits])[:, 0], packed(rows[left, digits:])[:, 0]
        left = left[(np.gcd(*parts) > 1) | (parts[1] == 1)]
    return rows
