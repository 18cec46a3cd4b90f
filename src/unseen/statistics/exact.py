"""Tests that assume nothing but symmetry under the null hypothesis, and the correction for asking several questions."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, nan
from operator import index
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.statistics._inputs import Array, as_sample, missing, not_finite

Alternative = Literal["two-sided", "greater", "less"]

EXACT_UP_TO = 15
"""Number of differences up to which all sign flips are counted: 32,768 of them take a millisecond or two."""

BLOCK_ELEMENTS = 2_000_000
"""Signs drawn at once: 16 MB."""


@dataclass(frozen=True)
class HypothesisTest:
    """What a test found.

    Parameters
    ----------
    statistic : float
        The test's statistic; ``nan`` when the data do not determine it.
    p_value : float
        Probability of a statistic at least as extreme if there were no effect; ``nan`` like the statistic.
    method : str
        How it was computed, in a few words.
    """

    statistic: float
    p_value: float
    method: str


def sign_test(differences: ArrayLike, *, alternative: Alternative = "two-sided") -> HypothesisTest:
    """Exact sign test: are positive and negative differences equally likely?

    Five of five positive give p = 1/32 one-sided and 1/16 two-sided.

    Parameters
    ----------
    differences : array_like of float, shape (n,)
        One difference per seed. Zeros are left out, infinite values count by their sign; with ``nan`` the result
        is undetermined.
    alternative : {"two-sided", "greater", "less"}
        Whether differences of either sign speak against the null hypothesis, only positive or only negative ones.

    Returns
    -------
    HypothesisTest
        Its statistic is the number of positive differences.

    Raises
    ------
    ValueError
        If there are no differences or the alternative is unknown.

    Examples
    --------
    >>> sign_test([0.3, 0.1, 0.2, 0.4, 0.1], alternative="greater").p_value
    0.03125
    """
    _check(alternative)
    sample = as_sample(differences, "differences")
    if note := missing(sample):
        return HypothesisTest(nan, nan, f"sign test: {note}")
    positive, negative = int((sample > 0).sum()), int((sample < 0).sum())
    n = positive + negative
    # Whole numbers until the last division, so that the probability is exact.
    at_least = sum(comb(n, k) for k in range(positive, n + 1)) / 2**n
    at_most = sum(comb(n, k) for k in range(positive + 1)) / 2**n
    p_value = {"greater": at_least, "less": at_most, "two-sided": min(1.0, 2 * min(at_least, at_most))}[alternative]
    zeros = f", {sample.size - n} zero left out" if n < sample.size else ""
    return HypothesisTest(float(positive), p_value, f"exact sign test, {alternative}, n = {n}{zeros}")


def permutation_test(
    differences: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    resamples: int = 100_000,
    seed: int = 0,
) -> HypothesisTest:
    """Test of a zero mean difference by flipping signs.

    Under the null hypothesis each difference is as likely as its negative. Up to 15 differences all flips are
    counted and the p-value is exact, with a least possible value of ``2**-n`` one-sided; above, flips are drawn and
    the observed one is counted among them, so that p is never zero.

    Parameters
    ----------
    differences : array_like of float, shape (n,)
        One difference per seed. With ``nan`` or infinite values the result is undetermined.
    alternative : {"two-sided", "greater", "less"}
        Whether a mean of either sign speaks against the null hypothesis, only a positive or only a negative one.
    resamples : int
        Number of flips drawn for more than 15 differences.
    seed : int
        Seed of the flips, from 0 up.

    Returns
    -------
    HypothesisTest
        Its statistic is the mean difference.

    Raises
    ------
    ValueError
        If there are no differences or an option is out of range.

    Examples
    --------
    >>> permutation_test([0.3, 0.1, 0.2, 0.4, 0.1]).p_value
    0.0625
    """
    _check(alternative)
    sample = as_sample(differences, "differences")
    n = sample.size
    if note := not_finite(sample):
        return HypothesisTest(nan, nan, f"sign flips: {note}")
    if index(resamples) < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    exact = n <= EXACT_UP_TO
    sums = _all_flips(sample) if exact else _drawn_flips(sample, resamples, seed)
    observed = float(sample.sum())
    # Flips that tie with the observed sum in exact arithmetic must not be lost to rounding.
    tolerance = 1e-12 * float(np.abs(sample).sum())
    if alternative == "two-sided":
        extreme = np.abs(sums) >= abs(observed) - tolerance
    elif alternative == "greater":
        extreme = sums >= observed - tolerance
    else:
        extreme = sums <= observed + tolerance
    count = int(extreme.sum())
    p_value = count / sums.size if exact else (count + 1) / (sums.size + 1)
    kind = f"all {sums.size} sign flips" if exact else f"{sums.size} sign flips"
    return HypothesisTest(observed / n, p_value, f"{kind}, {alternative}, n = {n}")


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values corrected for their number after Holm: rejecting those up to alpha errs anywhere at most alpha often.

    Parameters
    ----------
    p_values : array_like of float, shape (n,)
        P-values in [0, 1] of all questions that were asked; ``nan`` counts as a question without an answer.

    Returns
    -------
    ndarray of float64, shape (n,)
        The corrected p-values in the same order, ``nan`` where they were.

    Raises
    ------
    ValueError
        If there are none, or one lies outside [0, 1].

    References
    ----------
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = as_sample(p_values, "p_values")
    if ((given < 0) | (given > 1)).any():
        raise ValueError(f"p_values must lie in [0, 1], not {given.tolist()}")
    order = np.argsort(given)  # nan last
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(1, np.maximum.accumulate(given[order] * np.arange(given.size, 0, -1)))
    return corrected


def _check(alternative: Alternative) -> None:
    if alternative not in get_args(Alternative):
        raise ValueError(f"alternative must be one of {', '.join(get_args(Alternative))}, not {alternative!r}")


def _all_flips(sample: Array) -> Array:
    flips = np.arange(2**sample.size)[:, None] >> np.arange(sample.size) & 1
    return np.asarray((1 - 2 * flips) @ sample)


def _drawn_flips(sample: Array, resamples: int, seed: int) -> Array:
    generator = np.random.default_rng(index(seed))
    size = max(1, BLOCK_ELEMENTS // sample.size)
    blocks = [min(size, resamples - start) for start in range(0, resamples, size)]
    return np.concatenate([(1.0 - 2 * generator.integers(2, size=(count, sample.size))) @ sample for count in blocks])
