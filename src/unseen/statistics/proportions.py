"""Proportions of independent successes."""

from __future__ import annotations

from math import sqrt

from scipy.special import ndtri

from unseen.statistics._inputs import check_level
from unseen.statistics.interval import Interval


def wilson(successes: int, total: int, *, level: float = 0.9) -> Interval:
    """Share of successes with Wilson's score interval.

    Stays within [0, 1] and keeps a width at 0 and at all successes, also for one trial. The cases must be
    independent: instances answered by the same trained network are not, and pooled over seeds they call for `mean`
    of the shares per seed, or `clustered_bootstrap`.

    Parameters
    ----------
    successes, total : int
        Counts, ``0 <= successes <= total`` and ``total >= 1``.
    level : float
        Confidence level in (0, 1).

    Raises
    ------
    ValueError
        If the counts are not whole numbers in these ranges, or `level` lies outside (0, 1).

    References
    ----------
    Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples
    --------
    >>> print(wilson(5, 5))
    1 [0.6489, 1]
    """
    if successes != int(successes) or total != int(total):
        raise ValueError(f"successes and total must be whole numbers, not {successes} of {total}")
    if not 0 <= successes <= total or total < 1:
        raise ValueError(f"counts need 0 <= successes <= total and total >= 1, not {successes} of {total}")
    share = successes / total
    z = float(ndtri((1 + check_level(level)) / 2))
    shrink = 1 + z**2 / total
    centre = (share + z**2 / (2 * total)) / shrink
    half = z / shrink * sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    # The ends are exact at the borders; rounding must not push them past the estimate.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == total else centre + half
    return Interval(share, low, high, level=level, method=f"Wilson, {successes} of {total}")
