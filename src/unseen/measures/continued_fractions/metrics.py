"""How polynomial continued fractions converge, measured without knowing where to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure
from unseen.measures.continued_fractions.convergents import Convergent, as_coefficients, convergents

Floats = NDArray[np.float64]

DEPTH = 600
FIRST_POINT = 6

FLAT = 0.05
"""|d| below which the reduced denominators count as growing exponentially, as in the paper's code."""

LIMIT_BITS = 200
"""Bits behind the point of the limits that are kept."""


@dataclass(frozen=True)
class FractionMetrics:
    """Metrics of n continued fractions; ``nan`` where a fraction ends, is rational or has a denominator of zero.

    Parameters
    ----------
    naive_delta, reduced_delta : float64 array, shape (n,)
        ``|L - p/q| = q^-(1 + delta)`` at half the depth, with q as it comes and divided by gcd(p, q).
    growth, superexponential : float64 array, shape (n,)
        c and d of ``log(q / gcd(p, q)) = c k + d k log k``, by least squares over five depths k; with `factorial`
        reduction d is 0 and c fitted alone.
    factorial : bool array, shape (n,)
        Factorial reduction: q / gcd(p, q) grows exponentially where q itself grows like a factorial.
    power, rate, superrate : float64 array, shape (n,)
        b, c, d of ``log |L - p/q| = b log k + c k + d k log k`` over the same depths.
    digits : float64 array, shape (n,)
        Decimal places behind the point that are sure: minus log10 of the difference between the convergents at the
        full depth and at half of it. Meaningful if it grows with depth; 0 or less where nothing converges.
    limits : object array, shape (n,)
        The last convergent times 2^200, rounded down to a Python integer; None where there is none.
    """

    naive_delta: Floats
    reduced_delta: Floats
    growth: Floats
    superexponential: Floats
    factorial: NDArray[np.bool_]
    power: Floats
    rate: Floats
    superrate: Floats
    digits: Floats
    limits: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: slice | NDArray[np.int64] | NDArray[np.bool_]) -> FractionMetrics:
        """Some of them, by slice, index or mask."""
        return FractionMetrics(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


def measured_depths(depth: int) -> tuple[int, ...]:
    """The five depths of the fits, and the full depth behind them.

    Raises
    ------
    ValueError
        If the depth is below 112.

    Examples
    --------
    >>> measured_depths(600)
    (6, 37, 75, 150, 300, 600)
    """
    half = depth // 2
    if depth < 112:
        raise ValueError(f"a depth of at least 112 keeps the five depths of the fits apart, not {depth}")
    return FIRST_POINT, half // 8, half // 4, half // 2, half, depth


def fraction_metrics(a: ArrayLike, b: ArrayLike, depth: int = DEPTH) -> FractionMetrics:
    """Metrics of many continued fractions from exact integers; logarithms of them are the first rounding.

    Parameters
    ----------
    a, b : array_like of int, shape (n, degree + 1)
        Coefficients, constant first.
    depth : int
        Depth of the convergent that stands for the limit, at least 112.

    Raises
    ------
    ValueError
        As for `convergents`, or if the depth is too small.

    References
    ----------
    Shalyt, Seligmann, Halachmi, David, Elimelech and Kaminer, "Unsupervised discovery of formulas for mathematical
    constants", NeurIPS 2024.

    Examples
    --------
    4 / pi has factorial reduction, a neighbour has none:

    >>> found = fraction_metrics([[1, 2], [2, 2]], [[0, 0, 1], [1, 0, 1]])
    >>> found.factorial.tolist()
    [True, False]
    """
    points = measured_depths(depth)
    first, second = as_coefficients(a), as_coefficients(b)
    rows = [_logs(found) for found in convergents(first, second, points)]
    logs = np.array([row[0] for row in rows], dtype=np.float64).reshape(len(rows), 3, len(points) - 1)
    limits = np.empty(len(rows), dtype=object)
    limits[:] = [row[1] for row in rows]
    q, gcd, error = logs[:, 0], logs[:, 1], logs[:, 2]
    steps = np.array(points[:-1], dtype=np.float64)
    shapes = np.stack([np.log(steps), steps, steps * np.log(steps)], axis=1)
    reduced = q - gcd
    growth, superexponential = (reduced @ np.linalg.pinv(shapes[:, 1:]).T).T
    factorial = np.abs(superexponential) < FLAT
    alone = reduced @ steps / (steps @ steps)
    power, rate, superrate = (error @ np.linalg.pinv(shapes).T).T
    with np.errstate(divide="ignore", invalid="ignore"):
        naive_delta, reduced_delta = -error[:, -1] / q[:, -1] - 1, -error[:, -1] / reduced[:, -1] - 1
    return FractionMetrics(
        naive_delta=naive_delta,
        reduced_delta=reduced_delta,
        growth=np.where(factorial, alone, growth),
        superexponential=np.where(factorial, 0.0, superexponential),
        factorial=factorial,
        power=power,
        rate=rate,
        superrate=superrate,
        digits=-error[:, -1] / math.log(10),
        limits=limits,
    )


@measure(low=-1, paper="144")
def blind_delta(a: Sequence[int], b: Sequence[int], *, depth: int = DEPTH) -> float:
    """Irrationality exponent of a polynomial continued fraction less one, found without its value.

    ``|L - p/q| = q^-(1 + delta)`` for reduced convergents at half the depth, the convergent at full depth in place of
    the limit L. Above 0 it proves L irrational if it stays so.

    Parameters
    ----------
    a, b : sequence of int
        Coefficients of a(n) and b(n), constant first.
    depth : int
        Depth of the reference, at least 112.

    Returns
    -------
    float
        The exponent; ``nan`` where the fraction ends or is exactly rational.

    Raises
    ------
    ValueError
        As for `fraction_metrics`.

    Examples
    --------
    Apery's fraction for 6 / zeta(3), whose exponent is 0.0805 in the limit:

    >>> round(blind_delta([5, 27, 51, 34], [0, 0, 0, 0, 0, 0, -1], depth=400), 2)
    0.08
    """
    return float(fraction_metrics([list(a)], [list(b)], depth).reduced_delta[0])


@measure(paper="144")
def reduced_growth(a: Sequence[int], b: Sequence[int], *, depth: int = DEPTH) -> float:
    """Factorial growth of the reduced denominators of a polynomial continued fraction.

    The d of ``log(q / gcd(p, q)) = c n + d n log n``; within 0.05 of 0 the fraction has factorial reduction, the mark
    of formulas for constants.

    Parameters
    ----------
    a, b, depth
        As for `blind_delta`.

    Returns
    -------
    float
        d before it is set to 0; ``nan`` where the fraction ends or is exactly rational.

    Raises
    ------
    ValueError
        As for `fraction_metrics`.

    Examples
    --------
    >>> abs(reduced_growth([1, 2], [0, 0, 1])) < 0.05, reduced_growth([2, 2], [1, 0, 1]) > 0.5
    (True, True)
    """
    points = measured_depths(depth)
    found = next(convergents([list(a)], [list(b)], points))
    q, gcd, _ = np.array(_logs(found)[0], dtype=np.float64).reshape(3, -1)
    steps = np.array(points[:-1], dtype=np.float64)
    shapes = np.stack([steps, steps * np.log(steps)], axis=1)
    return float((np.linalg.pinv(shapes) @ (q - gcd))[1])


def _logs(found: Sequence[Convergent]) -> tuple[list[float], int | None]:
    """Logarithms of q, gcd(p, q) and |L - p / q| at the five depths, end to end, and the limit."""
    last_p, last_q = found[-1]
    differences = [last_p * q - p * last_q for p, q in found[:-1]]
    if not last_q or not all(differences) or not all(q for _, q in found):
        return [math.nan] * (3 * len(differences)), None
    sizes = [_log(q) for _, q in found]
    divisors = [_log(math.gcd(p, q)) for p, q in found[:-1]]
    errors = [_log(top) - size - sizes[-1] for top, size in zip(differences, sizes, strict=False)]
    return sizes[:-1] + divisors + errors, (last_p << LIMIT_BITS) // last_q


def _log(number: int) -> float:
    """Logarithm of the size of a whole number too long for a float."""
    bits = max(number.bit_length() - 64, 0)
    return math.log(abs(number) >> bits) + bits * math.log(2)
