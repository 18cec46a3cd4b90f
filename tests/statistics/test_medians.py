"""The exact interval of the median against its binomial definition."""

from __future__ import annotations

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import median


@pytest.mark.parametrize("n", [*range(5, 31), 200])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_ends_are_the_tightest_order_statistics_with_the_level(n, level):
    found = median(np.arange(1.0, n + 1), level=level)
    if found.low == -inf:
        assert stats.binom.cdf(0, n, 0.5) > (1 - level) / 2
        return
    k = int(found.low)
    assert found.high == n + 1 - k
    # Too few or too many of the n values below the true median is what makes the interval miss it.
    assert 2 * stats.binom.cdf(k - 1, n, 0.5) <= 1 - level
    assert 2 * stats.binom.cdf(k, n, 0.5) > 1 - level or k == (n + 1) // 2
    assert found.estimate == (n + 1) / 2


@pytest.mark.parametrize(("n", "level"), [(2, 0.9), (4, 0.9), (5, 0.95)])
def test_too_few_values_for_the_level_give_no_ends(n, level):
    found = median(np.arange(n), level=level)
    assert (found.low, found.high) == (-inf, inf)
    assert "too few" in found.note


def test_the_method_names_the_exact_level():
    assert "93.8 %" in median([1, 2, 3, 4, 5]).method


def test_infinite_values_are_ordered_like_any_other():
    assert median([3, inf, 1, 2, 5]).estimate == 3
    assert median([3, inf, 1, 2, 5]).high == inf
    assert median([inf, inf, inf, 1, 2]).estimate == inf
    assert median([-inf, -inf, inf, inf, 0]).estimate == 0
    assert isnan(median([-inf, -inf, inf, inf, -inf, inf]).estimate)


@given(st.lists(st.floats(-10, 10), min_size=5, max_size=30), st.sampled_from([np.exp, np.cbrt, np.arctan]))
def test_ends_follow_every_growing_function(values, grow):
    before, after = median(values), median(grow(values))
    assert (after.low, after.high) == pytest.approx((grow(before.low), grow(before.high)))
