"""Ratios of two conditions: how many times larger, slower or less accurate one is than the other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf, nan

import numpy as np
from numpy.typing import ArrayLike

from unseen.statistics._inputs import (
    ALL_EQUAL,
    ONE_VALUE,
    Array,
    all_equal,
    as_pairs,
    as_tuple,
    check_level,
    check_not_negative,
    missing,
    not_finite,
    not_positive_and_finite,
)
from unseen.statistics.interval import Interval
from unseen.statistics.means import mean
from unseen.statistics.resampling import quantiles, resampled


def geometric_mean_ratio(a: ArrayLike, b: ArrayLike, *, level: float = 0.9) -> Interval:
    """Geometric mean of ``a / b`` by seed, with Student's t interval on the logarithms.

    Swapping `a` and `b` gives the reciprocal interval. The first choice for errors and times.

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        One positive value per seed, in the same order of seeds. ``nan``, infinite or zero values have no logarithm
        and leave the result undetermined.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Interval
        Its `values` are the ratios by seed. One seed gives the ends 0 and infinity.

    Raises
    ------
    ValueError
        If lengths differ or are zero, a value is negative, or `level` lies outside (0, 1).

    Examples
    --------
    >>> print(geometric_mean_ratio([2.0, 4.0, 8.0], [1.0, 1.0, 1.0]))
    4 [1.243, 12.87]
    """
    first, second = _not_negative_pairs(a, b)
    method = f"Student t on log ratios, n = {first.size}"
    if note := not_positive_and_finite(first, second):
        return Interval(nan, nan, nan, level=check_level(level), method=method, note=note)
    ratios = first / second
    log = mean(np.log(ratios), level=level)
    return replace(
        log,
        estimate=_exp(log.estimate),
        low=_exp(log.low),
        high=_exp(log.high),
        method=method,
        values=as_tuple(ratios),
    )


def ratio_of_medians(
    a: ArrayLike, b: ArrayLike, *, level: float = 0.9, resamples: int = 10_000, seed: int = 0
) -> Interval:
    """Median of `a` over median of `b`, with a percentile bootstrap interval over pairs.

    One wild seed does not move it. With five seeds of log-normal values nominally 90 % intervals cover in 91 % of
    the cases.

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        One value per seed, not negative, in the same order of seeds. ``nan`` or infinite values leave the result
        undetermined; for runs that did not get there, use `ratio_censored`.
    level : float
        Confidence level in (0, 1).
    resamples : int
        Number of resamples.
    seed : int
        Seed of the resampling, from 0 up.

    Returns
    -------
    Interval
        Its `values` are the ratios by seed. The estimate is infinite if the median of `b` alone is zero, and
        undetermined if both are. One seed gives the ends 0 and infinity.

    Raises
    ------
    ValueError
        If lengths differ or are zero, a value is negative, or an option is out of range.
    """
    first, second = _not_negative_pairs(a, b)
    made = partial(Interval, level=check_level(level), method=f"paired percentile bootstrap, n = {first.size}")
    if note := not_finite(first, second):
        return made(nan, nan, nan, note=note)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = partial(made, values=as_tuple(first / second))
        estimate = float(np.median(first) / np.median(second))
    if np.isnan(estimate):
        return made(nan, nan, nan, note="both medians are zero")
    if first.size == 1:
        return made(estimate, 0.0, inf, note=ONE_VALUE)
    if all_equal(first) and all_equal(second):
        return made(estimate, estimate, estimate, note=ALL_EQUAL)
    found = resampled(_median_ratio, (first, second), paired=True, resamples=resamples, seed=seed)
    low, high = quantiles(found, (1 - level) / 2, (1 + level) / 2)
    return made(estimate, max(low, 0.0), high)


def ratio_censored(
    a: ArrayLike, b: ArrayLike, cap: float, *, level: float = 0.9, resamples: int = 10_000, seed: int = 0
) -> Interval:
    r"""Ratio of medians of two times of which some are only known to be `cap` or more.

    A run that did not get there by the cap is *right-censored*: its true value lies anywhere in [cap, inf].
    The interval is the smallest that contains the bootstrap interval of `ratio_of_medians` for every choice of the
    true values. The ratio grows with each a and falls with each b, so the ends are attained:

    - low: a quantile of :math:`\mathrm{med}(a)/\mathrm{med}(b)` over the resamples with each censored a at the cap
      and each censored b at infinity; it is 0 when more than the tail's share of resamples has a censored median of b;
    - high: the same with each censored a at infinity and each censored b at the cap; it is infinite when more than
      the tail's share of resamples has a censored median of a.

    The estimate puts censored values at the cap. It is exact if neither median is censored, a lower bound of the
    ratio if that of `a` is, an upper bound if that of `b` is, and undetermined if both are; the note says which.

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        One time (or count of steps) per seed, not negative, in the same order of seeds; at or above `cap`, ``inf``
        included, means that the run did not get there. ``nan`` leaves the result undetermined.
    cap : float
        When the runs were stopped: positive and finite, and the same for both conditions.
    level : float
        Confidence level in (0, 1).
    resamples : int
        Number of resamples.
    seed : int
        Seed of the resampling, from 0 up.

    Returns
    -------
    Interval
        Its `values` are the ratios by seed with censored values at the cap, ``nan`` where both are censored.

    Raises
    ------
    ValueError
        If lengths differ or are zero, a value is negative, `cap` is not positive and finite, or an option is out of
        range.

    Examples
    --------
    >>> slow, fast = [4000, 5200, float("inf"), 6100, 5000], [1000, 1300, 1900, 1200, 1100]
    >>> ratio = ratio_censored(slow, fast, cap=10_000)
    >>> print(ratio, ratio.note)
    4.333 [4, inf] 1 of 5 of a censored, 0 of 5 of b
    """
    first, second = _not_negative_pairs(a, b)
    if not 0 < cap < inf:
        raise ValueError(f"cap must be positive and finite, not {cap}")
    n = first.size
    made = partial(Interval, level=check_level(level), method=f"paired percentile bootstrap with censoring, n = {n}")
    if note := missing(first, second):
        return made(nan, nan, nan, note=note)
    first_late, second_late = first >= cap, second >= cap
    early = np.minimum(first, cap), np.minimum(second, cap)
    late = np.where(first_late, inf, first), np.where(second_late, inf, second)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_seed = np.where(first_late & second_late, nan, early[0] / early[1])
        estimate = float(np.median(early[0]) / np.median(early[1]))
    note = f"{int(first_late.sum())} of {n} of a censored, {int(second_late.sum())} of {n} of b"
    # With an even number of values a median is censored as soon as one of the two middle values is.
    first_bound, second_bound = np.isinf(np.median(late[0])), np.isinf(np.median(late[1]))
    made = partial(made, values=as_tuple(by_seed))
    if first_bound and second_bound:
        return made(nan, nan, nan, note=f"{note}: neither median is known")
    if np.isnan(estimate):
        return made(nan, nan, nan, note="both medians are zero")
    if first_bound or second_bound:
        note = f"{note}: the estimate is {'a lower' if first_bound else 'an upper'} bound"
    if n == 1:
        return made(estimate, 0.0, inf, note=f"{ONE_VALUE}; {note}")
    if all_equal(late[0]) and all_equal(late[1]) and not (first_bound or second_bound):
        return made(estimate, estimate, estimate, note=f"{ALL_EQUAL}; {note}")
    tail = (1 - level) / 2
    low, _ = quantiles(
        resampled(_median_ratio, (early[0], late[1]), paired=True, resamples=resamples, seed=seed), tail, 1 - tail
    )
    _, high = quantiles(
        resampled(_median_ratio, (late[0], early[1]), paired=True, resamples=resamples, seed=seed), tail, 1 - tail
    )
    return made(estimate, max(low, 0.0), high, note=note)


def _not_negative_pairs(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    first, second = as_pairs(a, b)
    check_not_negative(first, "a")
    check_not_negative(second, "b")
    return first, second


def _median_ratio(a: Array, b: Array, axis: int) -> Array:
    return np.asarray(np.median(a, axis=axis) / np.median(b, axis=axis))


def _exp(value: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(value))
