"""Means and their differences by Student's t, the right interval for the few seeds that a study can afford."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from unseen.statistics._inputs import (
    ALL_EQUAL,
    ONE_VALUE,
    all_equal,
    as_pairs,
    as_sample,
    as_tuple,
    check_level,
    not_finite,
)
from unseen.statistics.interval import Interval


def mean(values: ArrayLike, *, level: float = 0.9) -> Interval:
    r"""Mean with Student's t interval.

    :math:`\bar x \pm t_{n-1} s / \sqrt n`. Exact for independent normal values, whatever their number.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One value per seed. ``nan`` or infinite values leave the mean undetermined.
    level : float
        Confidence level in (0, 1).

    Raises
    ------
    ValueError
        If there are no values, or `level` lies outside (0, 1).

    Examples
    --------
    >>> reached = mean([0.91, 0.95, 0.90, 0.97, 0.93])
    >>> print(reached, "by", reached.method)
    0.932 [0.9047, 0.9593] by Student t, n = 5
    """
    sample = as_sample(values)
    n = sample.size
    made = partial(Interval, level=check_level(level), method=f"Student t, n = {n}", values=as_tuple(sample))
    if note := not_finite(sample):
        return made(nan, nan, nan, note=note)
    first = float(sample[0])
    if n == 1:
        return made(first, -inf, inf, note=ONE_VALUE)
    if all_equal(sample):
        return made(first, first, first, note=ALL_EQUAL)
    centre = float(sample.mean())
    half = two_sided_t(level, n - 1) * float(sample.std(ddof=1)) / sqrt(n)
    return made(centre, centre - half, centre + half)


def paired_difference(a: ArrayLike, b: ArrayLike, *, level: float = 0.9) -> Interval:
    """Mean of ``a - b`` by seed, with Student's t interval on the differences.

    What the two conditions share by seed (data, initialization) cancels, so that few seeds go far.

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        One value per seed, in the same order of seeds. ``nan`` or infinite values leave the result undetermined.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Interval
        Its `values` are the differences.

    Raises
    ------
    ValueError
        If lengths differ or are zero, or `level` lies outside (0, 1).

    Examples
    --------
    >>> print(paired_difference([0.9, 0.8, 0.7], [0.5, 0.5, 0.5]))
    0.3 [0.1314, 0.4686]
    """
    first, second = as_pairs(a, b)
    method = f"Student t on paired differences, n = {first.size}"
    with np.errstate(invalid="ignore"):
        differences = first - second
    compared = mean(differences, level=level)
    return replace(compared, method=method, note=not_finite(first, second) or compared.note)


def difference(a: ArrayLike, b: ArrayLike, *, level: float = 0.9) -> Interval:
    """Mean of `a` minus mean of `b`, unpaired, with Welch's t interval (variances may differ).

    Use `paired_difference` wherever the two share seeds.

    Parameters
    ----------
    a, b : array_like of float, shapes (n,) and (m,)
        One value per seed. ``nan`` or infinite values leave the result undetermined.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Interval
        Its `values` are those of `a`, then those of `b`.

    Raises
    ------
    ValueError
        If either is empty, or `level` lies outside (0, 1).
    """
    first, second = as_sample(a, "a"), as_sample(b, "b")
    n, m = first.size, second.size
    values = as_tuple(first) + as_tuple(second)
    made = partial(Interval, level=check_level(level), method=f"Welch t, n = {n} and {m}", values=values)
    if note := not_finite(first, second):
        return made(nan, nan, nan, note=note)
    centre = float(first.mean() - second.mean())
    if min(n, m) == 1:
        return made(centre, -inf, inf, note=ONE_VALUE)
    squared_errors = float(first.var(ddof=1)) / n, float(second.var(ddof=1)) / m
    variance = sum(squared_errors)
    # Rounding of the mean gives equal values a variance, underflow takes it from nearly equal ones.
    if variance == 0 or (all_equal(first) and all_equal(second)):
        centre = float(first[0] - second[0])
        return made(centre, centre, centre, note=f"{ALL_EQUAL} within a and within b")
    # Welch and Satterthwaite's degrees of freedom, in shares of the variance: its square could underflow.
    shares = squared_errors[0] / variance, squared_errors[1] / variance
    freedom = 1 / (shares[0] ** 2 / (n - 1) + shares[1] ** 2 / (m - 1))
    half = two_sided_t(level, freedom) * sqrt(variance)
    return made(centre, centre - half, centre + half)


def two_sided_t(level: float, freedom: float) -> float:
    """The value that Student's t with `freedom` degrees of freedom exceeds in size with probability 1 - `level`."""
    return float(stdtrit(freedom, (1 + level) / 2))
