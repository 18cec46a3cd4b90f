"""The median with an interval that assumes nothing of the distribution."""

from __future__ import annotations

from functools import partial
from math import inf, nan

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import bdtr

from unseen.statistics._inputs import ALL_EQUAL, ONE_VALUE, all_equal, as_sample, as_tuple, check_level, missing
from unseen.statistics.interval import Interval


def median(values: ArrayLike, *, level: float = 0.9) -> Interval:
    """Median with the exact interval between two order statistics.

    Between the k-th smallest and the k-th largest of n values the median lies with probability
    ``1 - 2 P(Binomial(n, 1/2) < k)`` or more, whatever the distribution; k is the largest with at least `level`.
    The method names this probability: for five values at 90 % the interval is the whole range, at 93.8 %.
    Fewer than five values allow no 90 % interval, and the ends are then infinite.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One value per seed. Infinite values are ordered like any other ("never got there" is ``inf``), and the
        estimate or an end may then be infinite; ``nan`` leaves the median undetermined.
    level : float
        Confidence level in (0, 1); the interval has at least this level.

    Raises
    ------
    ValueError
        If there are no values, or `level` lies outside (0, 1).

    Examples
    --------
    >>> steps = median([1200, 900, float("inf"), 1500, 1100])
    >>> print(steps, "by", steps.method)
    1200 [900, inf] by order statistics 1 and 5 of 5, exact level 93.8 %
    """
    sample = as_sample(values)
    n = sample.size
    made = partial(Interval, level=check_level(level), values=as_tuple(sample))
    method = f"order statistics, n = {n}"
    with np.errstate(invalid="ignore"):
        centre = float(np.median(sample))
    if note := missing(sample):
        return made(nan, nan, nan, method=method, note=note)
    if np.isnan(centre):
        return made(nan, nan, nan, method=method, note="the middle values are -inf and inf")
    if n == 1:
        return made(centre, -inf, inf, method=method, note=ONE_VALUE)
    ranks = np.arange(1, n // 2 + 1)
    exact_levels = 1 - 2 * bdtr(ranks - 1, n, 0.5)
    if exact_levels[0] < level:
        return made(centre, -inf, inf, method=method, note=f"n = {n}: too few for a {level:.3g} interval")
    k = int(np.count_nonzero(exact_levels >= level))
    ordered = np.sort(sample)
    return made(
        centre,
        float(ordered[k - 1]),
        float(ordered[n - k]),
        method=f"order statistics {k} and {n + 1 - k} of {n}, exact level {exact_levels[k - 1]:.1%}".replace("%", " %"),
        note=ALL_EQUAL if all_equal(sample) else "",
    )
