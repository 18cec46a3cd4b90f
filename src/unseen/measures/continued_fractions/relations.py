"""Relations with small whole coefficients between limits and constants, and how often they appear by chance."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import mpmath
import numpy as np
from numpy.typing import NDArray

from unseen.measures.continued_fractions.metrics import LIMIT_BITS

Floats = NDArray[np.float64]

LARGEST = 60
"""Largest coefficient of a relation."""

SPARE_DIGITS = 8
"""Digits beyond those that as many unknowns use up, before a relation is believed."""

SCREEN_SCALE = 1e12
"""What lattices are scaled by in double precision: relations with coefficients up to 60 are far shorter than chance."""

SWEEPS = 200
_LOVASZ = 0.99

CONSTANTS: Mapping[str, Callable[[], Any]] = {
    "pi": lambda: +mpmath.pi,
    "pi / sqrt 3": lambda: mpmath.pi / mpmath.sqrt(3),
    "e": lambda: +mpmath.e,
    "ln 2": lambda: mpmath.log(2),
    "ln 3": lambda: mpmath.log(3),
    "sqrt 2 ln(1 + sqrt 2)": lambda: mpmath.sqrt(2) * mpmath.log(1 + mpmath.sqrt(2)),
    "sqrt 3 ln(2 + sqrt 3)": lambda: mpmath.sqrt(3) * mpmath.log(2 + mpmath.sqrt(3)),
    "sqrt 5 ln(golden ratio)": lambda: mpmath.sqrt(5) * mpmath.log(mpmath.phi),
    "zeta(3)": lambda: mpmath.zeta(3),
    "sqrt 2": lambda: mpmath.sqrt(2),
    "sqrt 3": lambda: mpmath.sqrt(3),
    "sqrt 5": lambda: mpmath.sqrt(5),
}
"""Name -> the value in mpmath's working precision."""

Limits = Sequence[int]
"""Values times 2^200, rounded down."""


class Relation(NamedTuple):
    """``p + q K + r L + s K L = 0`` with whole p, q, r, s: a limit L is a fraction of first degree in a constant K."""

    constant: str
    coefficients: tuple[int, int, int, int]


def constant_limits(constants: Mapping[str, Callable[[], Any]] = CONSTANTS) -> dict[str, int]:
    """Constants as limits are kept: times 2^200, rounded down.

    Examples
    --------
    >>> constant_limits()["pi"] >> 190
    3216
    """
    with mpmath.workprec(LIMIT_BITS + 64):
        return {name: int(mpmath.floor(mpmath.ldexp(value(), LIMIT_BITS))) for name, value in constants.items()}


def digits_needed(unknowns: int = 4, largest: int = LARGEST) -> float:
    """Digits that a value must have before a relation of so many terms is believed.

    Examples
    --------
    >>> round(digits_needed(), 1)
    15.1
    """
    return unknowns * math.log10(largest) + SPARE_DIGITS


def identify(
    limit: int, digits: float, constants: Mapping[str, int] | None = None, *, largest: int = LARGEST
) -> Relation | None:
    """Which constant is a limit a fraction of first degree in, with small coefficients? By PSLQ.

    Parameters
    ----------
    limit : int
        The limit times 2^200, rounded down.
    digits : float
        Decimal places behind the point that are sure.
    constants : mapping of str to int, optional
        Constants as limits, by default twelve.
    largest : int
        Largest coefficient.

    Returns
    -------
    Relation or None
        None where the limit is rational within these coefficients, or no constant fits.

    Raises
    ------
    ValueError
        If there are too few digits for such a relation to mean anything: see `digits_needed`.

    Examples
    --------
    >>> four_by_pi = (4 << 400) // constant_limits()["pi"]
    >>> identify(four_by_pi, 50)
    Relation(constant='pi', coefficients=(4, 0, 0, -1))
    """
    _check_digits([digits], largest)
    used = min(digits, LIMIT_BITS * math.log10(2) - 2)
    with mpmath.workdps(int(used) + 10):
        value = mpmath.ldexp(limit, -LIMIT_BITS)
        tolerance = mpmath.mpf(10) ** (-used)
        if not limit or mpmath.pslq([1, value], maxcoeff=largest, maxsteps=1000, tol=tolerance * 4 * largest):
            return None
        for name, constant in (constant_limits() if constants is None else constants).items():
            k = mpmath.ldexp(constant, -LIMIT_BITS)
            bound = tolerance * largest * (1 + abs(k))
            found = mpmath.pslq([1, k, value, k * value], maxcoeff=largest, maxsteps=10_000, tol=bound)
            if found and _is_relation(np.array([found]))[0]:
                return Relation(name, _signed(found))
    return None


def identify_all(
    limits: Limits, digits: Sequence[float], constants: Mapping[str, int] | None = None, *, largest: int = LARGEST
) -> list[Relation | None]:
    """`identify` for many limits, by lattices: a search in double precision, then every candidate in full precision.

    Parameters
    ----------
    limits, digits, constants, largest
        As for `identify`, one limit and its digits for each fraction.

    Raises
    ------
    ValueError
        As for `identify`.

    Examples
    --------
    >>> known = constant_limits()
    >>> identify_all([(4 << 400) // known["pi"], 12345678901 << 180], [50, 50], known)
    [Relation(constant='pi', coefficients=(4, 0, 0, -1)), None]
    """
    _check_digits(digits, largest)
    found: list[Relation | None] = [None] * len(limits)
    values = np.array([limit / 2**LIMIT_BITS for limit in limits], dtype=np.float64)
    for name, constant in (constant_limits() if constants is None else constants).items():
        left = np.array([place for place, relation in enumerate(found) if relation is None], dtype=np.int64)
        if not len(left):
            break
        k = constant / 2**LIMIT_BITS
        x = np.stack([np.ones(len(left)), np.full(len(left), k), values[left], k * values[left]], axis=1)
        for place, row in zip(left.tolist(), small_relations(x, largest).tolist(), strict=True):
            if any(row) and _verified(row, constant, limits[place], digits[place], largest):
                found[place] = Relation(name, _signed(row))
    return found


def links(limits: Limits, digits: Sequence[float], *, largest: int = LARGEST) -> NDArray[np.bool_]:
    """Which limits are fractions of first degree in one another, with small coefficients.

    Parameters
    ----------
    limits, digits, largest
        As for `identify_all`.

    Returns
    -------
    bool array, shape (n, n)
        Symmetric, False on the diagonal.

    Raises
    ------
    ValueError
        As for `identify`.

    Examples
    --------
    >>> known = constant_limits()
    >>> links([known["pi"], (4 << 400) // known["pi"], known["e"]], [50] * 3).tolist()
    [[False, True, False], [True, False, False], [False, False, False]]
    """
    linked = np.zeros((len(limits), len(limits)), dtype=bool)
    for place in range(1, len(limits)):
        others = list(limits[:place])
        sure = [min(digits[place], other) for other in digits[:place]]
        found = identify_all(others, sure, {"": limits[place]}, largest=largest)
        linked[place, :place] = [relation is not None for relation in found]
    return linked | linked.T


def false_positive_bound(digits: float, constants: Mapping[str, int] | None = None, *, largest: int = LARGEST) -> float:
    """Largest expected number of constants that a limit without any relation is taken for.

    Every relation (p, q, r, s) holds within the tolerance for limits in one interval, of length two tolerances over
    |r + s K|. The bound is the sum of these lengths over all relations and constants, for a limit whose density is at
    most 1 where it lies: no more than that is assumed.

    Parameters
    ----------
    digits : float
        Decimal places behind the point that are compared.
    constants, largest
        As for `identify`.

    Examples
    --------
    >>> false_positive_bound(20) < 1e-6 < false_positive_bound(12)
    True
    """
    total = 0.0
    side = np.arange(-largest, largest + 1, dtype=np.float64)
    for constant in (constant_limits() if constants is None else constants).values():
        k = constant / 2**LIMIT_BITS
        slopes = np.abs(side[:, None] + side * k)
        tolerance = largest * (1 + abs(k)) * 10.0 ** (-digits)
        # Each relation and its negative are one.
        total += float((2 * tolerance / slopes[slopes > 0]).sum()) * len(side) ** 2 / 2
    return total


def small_relations(x: Floats, largest: int = LARGEST) -> NDArray[np.int64]:
    """Candidates for relations between the four numbers of each row, by reduced lattices in double precision.

    All lattices are reduced at once (LLL with exchanges of every other pair of neighbours); entries stay whole numbers
    below 2^53 and therefore exact.

    Parameters
    ----------
    x : float64 array, shape (n, 4)
    largest : int
        Largest coefficient.

    Returns
    -------
    int64 array, shape (n, 4)
        The shortest relation that makes the limit a fraction of first degree; zeros where none is small enough.

    Examples
    --------
    >>> row = np.array([[1, np.pi, 4 / np.pi, 4]])
    >>> np.abs(small_relations(row)).tolist()
    [[4, 0, 0, 1]]
    """
    scaled = np.round(x / np.abs(x).max(axis=1, keepdims=True) * SCREEN_SCALE)
    basis = np.concatenate([np.broadcast_to(np.eye(4), (len(x), 4, 4)), scaled[:, :, None]], axis=2)
    _reduce(basis)
    found = np.zeros((len(x), 4), dtype=np.int64)
    lengths = np.full(len(x), np.inf)
    for row in range(4):
        coefficients = basis[:, row, :4].astype(np.int64)
        length = (basis[:, row] ** 2).sum(axis=1)
        small = (np.abs(coefficients).max(axis=1) <= largest) & (np.abs(basis[:, row, 4]) <= 4 * largest)
        better = small & _is_relation(coefficients) & (length < lengths)
        found[better], lengths[better] = coefficients[better], length[better]
    return found


def _check_digits(digits: Sequence[float], largest: int) -> None:
    needed = digits_needed(4, largest)
    if fewest := [sure for sure in digits if sure < needed]:
        raise ValueError(f"a relation needs {needed:.1f} sure digits, not {min(fewest):.1f}")


def _reduce(basis: Floats) -> None:
    """LLL-reduce every lattice, in place; rows are vectors."""
    active = np.arange(len(basis))
    for sweep in range(SWEEPS):
        rows = basis[active]
        norms, mu = _size_reduced(rows)
        swap = norms[:, 1:] < (_LOVASZ - mu[:, [1, 2, 3], [0, 1, 2]] ** 2) * norms[:, :-1]
        going = swap.any(axis=1)
        # Exchanges of neighbouring pairs would meddle with one another: the pairs 0 and 2, then the pair 1.
        turn = np.array([True, False, True]) ^ bool(sweep % 2)
        for pair in np.flatnonzero(turn):
            at = swap[:, pair]
            rows[at, pair], rows[at, pair + 1] = rows[at, pair + 1], rows[at, pair].copy()
        basis[active] = rows
        active = active[going]
        if not len(active):
            return


def _size_reduced(rows: Floats) -> tuple[Floats, Floats]:
    """Subtract multiples of earlier rows, in place; squared lengths of the orthogonalized rows, and their factors."""
    count, size = rows.shape[:2]
    orthogonal = np.empty_like(rows)
    norms = np.empty((count, size))
    mu = np.broadcast_to(np.eye(size), (count, size, size)).copy()
    for i in range(size):
        # The last column is far longer than what is left of it: factors come from what earlier rows have left over,
        # and are computed again once the row is shorter.
        for last in (False, True):
            rest = rows[:, i].copy()
            for j in range(i):
                mu[:, i, j] = (rest * orthogonal[:, j]).sum(axis=1) / norms[:, j]
                rest -= mu[:, i, j, None] * orthogonal[:, j]
            if not last:
                for j in range(i - 1, -1, -1):
                    factor = np.round(mu[:, i, j])
                    rows[:, i] -= factor[:, None] * rows[:, j]
                    mu[:, i, :i] -= factor[:, None] * mu[:, j, :i]
        orthogonal[:, i], norms[:, i] = rest, (rest**2).sum(axis=1)
    return norms, mu


def _is_relation(coefficients: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether p + q K + r L + s K L = 0 ties L to K: otherwise one of them would be rational."""
    p, q, r, s = np.asarray(coefficients).T
    return np.asarray(p * s != q * r)


def _verified(row: Sequence[int], constant: int, limit: int, digits: float, largest: int) -> bool:
    """Whether a relation holds to all sure digits, in whole numbers."""
    p, q, r, s = row
    residual = (p << 2 * LIMIT_BITS) + (q * constant + r * limit << LIMIT_BITS) + s * constant * limit
    used = min(digits, LIMIT_BITS * math.log10(2) - 2)
    return bool(abs(residual) / 2 ** (2 * LIMIT_BITS) < largest * (1 + abs(constant) / 2**LIMIT_BITS) * 10.0**-used)


def _signed(row: Sequence[int]) -> tuple[int, int, int, int]:
    """The relation with its first coefficient that is not 0 positive."""
    sign = 1 if next(c for c in row if c) > 0 else -1
    p, q, r, s = (sign * int(c) for c in row)
    return p, q, r, s
