"""Questions with a margin: not worse than, and what a run of this size could have seen at all."""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import nct

from unseen.statistics._inputs import all_equal, as_sample, check_level, not_finite
from unseen.statistics.interval import Interval
from unseen.statistics.means import difference, paired_difference, two_sided_t


class NonInferiority(NamedTuple):
    """A difference and the bound that it must lie above."""

    interval: Interval
    """The difference a - b."""

    bound: float
    """Minus the margin; a claim compares the interval with the region ``above(bound)``."""

    @property
    def shown(self) -> bool:
        """Whether the whole interval lies above the bound: a one-sided test at ``(1 - level) / 2``."""
        return self.interval.determined and self.interval.low > self.bound


def non_inferiority(
    a: ArrayLike, b: ArrayLike, margin: float, *, paired: bool = True, level: float = 0.9
) -> NonInferiority:
    """Is `a` no worse than `b` by more than `margin`? More is better; for errors swap `a` and `b`.

    "On par" is a claim of its own, not a difference that failed to be significant: a wide interval shows nothing.
    For equivalence use `paired_difference` with the region ``between(-margin, margin)``, which is the two one-sided
    tests procedure at 5 % for 90 % intervals.

    Parameters
    ----------
    a, b : array_like of float, shape (n,)
        One value per seed, as for `paired_difference`, or `difference` if not `paired`.
    margin : float
        The largest loss that does not matter, positive and finite; fixed before the run.
    paired : bool
        Whether the conditions share their seeds.
    level : float
        Confidence level in (0, 1).

    Raises
    ------
    ValueError
        If the margin is not positive and finite, or for the reasons of `paired_difference` or `difference`.

    Examples
    --------
    >>> found = non_inferiority([0.90, 0.92, 0.91], [0.91, 0.92, 0.92], margin=0.03)
    >>> print(found.interval, found.bound, found.shown)
    -0.006667 [-0.0164, 0.003067] -0.03 True
    """
    if not 0 < margin < inf:
        raise ValueError(f"margin must be positive and finite, not {margin}")
    compared = paired_difference if paired else difference
    return NonInferiority(compared(a, b, level=level), -float(margin))


def smallest_detectable_effect(values: ArrayLike, *, level: float = 0.9, power: float = 0.8) -> float:
    """The true mean whose t interval would have stayed clear of zero, on the right side, with the given power.

    Printed next to an inconclusive claim, it says whether the run was too small: the standard deviation found is
    taken for the true one, and the noncentral t distribution is solved for the mean.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        Usually the paired differences, one per seed, as in the `values` of `paired_difference`.
    level : float
        Level of the two-sided interval, in (0, 1).
    power : float
        Probability of seeing the effect, above ``(1 - level) / 2`` (which no effect reaches too) and below 1.

    Returns
    -------
    float
        The effect in the unit of the values: infinite for one value, zero for equal ones, ``nan`` if a value is
        ``nan`` or infinite.

    Raises
    ------
    ValueError
        If there are no values, or `level` or `power` is out of range.

    Examples
    --------
    >>> round(smallest_detectable_effect([0.1, 0.3, 0.2, 0.4, 0.0]), 3)
    0.215
    """
    sample = as_sample(values)
    chance = (1 - check_level(level)) / 2
    if not chance < power < 1:
        raise ValueError(f"power must lie in ({chance:g}, 1), not {power}")
    n = sample.size
    if not_finite(sample):
        return float("nan")
    if n == 1:
        return inf
    if all_equal(sample):
        return 0.0
    critical = two_sided_t(level, n - 1)
    top = 2 * critical
    while nct.sf(critical, n - 1, top) < power:
        top *= 2
    noncentrality = brentq(lambda shift: nct.sf(critical, n - 1, shift) - power, 0.0, top, xtol=1e-10)
    return float(noncentrality) * float(sample.std(ddof=1)) / sqrt(n)
