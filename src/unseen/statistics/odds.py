"""Odds ratios of two groups."""

from __future__ import annotations

import math

from scipy.stats import contingency

from unseen.statistics._inputs import check_level
from unseen.statistics.interval import Interval


def odds_ratio(successes: int, total: int, other_successes: int, other_total: int, *, level: float = 0.9) -> Interval:
    """How many times higher the odds of success are in one group than in another, with Fisher's exact interval.

    The conditional maximum likelihood estimate and the interval that inverts Fisher's exact test, so that rare
    successes are no difficulty; 0 or infinite where a group has no successes or no failures.

    Parameters
    ----------
    successes, total : int
        Counts of the one group, ``0 <= successes <= total`` and ``total >= 1``.
    other_successes, other_total : int
        Those of the other.
    level : float
        Confidence level in (0, 1).

    Returns
    -------
    Interval
        Undetermined if nobody or everybody succeeds.

    Raises
    ------
    ValueError
        If the counts are not whole numbers in these ranges, or `level` lies outside (0, 1).

    References
    ----------
    Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98 (1935).

    Examples
    --------
    Fisher's tea:

    >>> print(odds_ratio(3, 4, 1, 4, level=0.95))
    6.408 [0.2117, 626.2]
    """
    for good, size in ((successes, total), (other_successes, other_total)):
        if good != int(good) or size != int(size) or not 0 <= good <= size or size < 1:
            raise ValueError(f"counts need 0 <= successes <= total and total >= 1, not {good} of {size}")
    check_level(level)
    method = f"Fisher, {successes:g} of {total:g} against {other_successes:g} of {other_total:g}"
    if successes + other_successes in (0, total + other_total):
        return Interval(math.nan, math.nan, math.nan, level=level, method=method, note="all outcomes are the same")
    table = [
        [int(successes), int(total - successes)],
        [int(other_successes), int(other_total - other_successes)],
    ]
    found = contingency.odds_ratio(table)
    ends = found.confidence_interval(level)
    return Interval(float(found.statistic), float(ends.low), float(ends.high), level=level, method=method)
