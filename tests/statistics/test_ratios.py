"""Ratios against closed form and enumeration, censored ones against all that the true values could have been."""

from __future__ import annotations

from itertools import product
from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import geometric_mean_ratio, ratio_censored, ratio_of_medians

CAP = 10.0
positive_pairs = st.integers(2, 8).flatmap(
    lambda n: st.tuples(*[st.lists(st.floats(0.01, 100), min_size=n, max_size=n)] * 2)
)
times = st.sampled_from([1.0, 2.0, 3.0, 5.0, 7.0, 9.0, 10.0, 12.0, inf])
timed_pairs = st.integers(2, 6).flatmap(lambda n: st.tuples(*[st.lists(times, min_size=n, max_size=n)] * 2))


def ends(interval):
    return interval.low, interval.high


@given(positive_pairs)
def test_geometric_mean_ratio_is_scipys_t_on_logs(pair):
    logs = np.log(pair[0]) - np.log(pair[1])
    if np.ptp(logs) < 1e-6:
        return
    expected = np.exp(stats.ttest_1samp(logs, 0).confidence_interval(0.9))
    found = geometric_mean_ratio(*pair)
    with np.errstate(over="ignore"):
        assert ends(found) == pytest.approx(tuple(expected), rel=1e-6)
    assert found.estimate == pytest.approx(stats.gmean(pair[0]) / stats.gmean(pair[1]))
    assert found.values == pytest.approx(np.divide(*pair))


@given(positive_pairs, st.floats(0.1, 10))
def test_geometric_mean_ratio_turns_over_and_scales(pair, scale):
    found, turned = geometric_mean_ratio(*pair), geometric_mean_ratio(pair[1], pair[0])
    scaled = geometric_mean_ratio(scale * np.array(pair[0]), pair[1])
    assert found.estimate == pytest.approx(1 / turned.estimate)
    assert scaled.estimate == pytest.approx(scale * found.estimate)
    if found.low > 1e-100 and found.high < 1e100:
        assert ends(found) == pytest.approx((1 / turned.high, 1 / turned.low), rel=1e-6)
        assert ends(scaled) == pytest.approx((scale * found.low, scale * found.high), rel=1e-6)


def test_ratio_of_medians_has_the_percentiles_of_all_resamples():
    a, b = np.array([3.0, 9.0, 5.0, 20.0, 7.0]), np.array([1.0, 2.0, 4.0, 3.0, 2.5])
    every = np.array(list(product(range(5), repeat=5)))
    ratios = np.median(a[every], axis=-1) / np.median(b[every], axis=-1)
    found = ratio_of_medians(a, b)
    slack = 4 * sqrt(0.05 * 0.95 / 10_000)
    assert found.estimate == 7 / 2.5
    assert np.quantile(ratios, 0.05 - slack) <= found.low <= np.quantile(ratios, 0.05 + slack)
    assert np.quantile(ratios, 0.95 - slack) <= found.high <= np.quantile(ratios, 0.95 + slack)
    assert found.values == tuple(a / b)


def test_ratio_of_medians_is_not_moved_by_one_wild_seed():
    a, b = [2.0, 2.1, 1.9, 2.0, 2.0, 2.1, 1.9, 2.0, 1e9], [1.0] * 9
    assert ratio_of_medians(a, b).high < 2.2
    assert geometric_mean_ratio(a, b).high > 100


def test_zero_medians():
    assert ratio_of_medians([1.0, 2.0, 3.0], [0.0, 0.0, 1.0]).estimate == inf
    assert not ratio_of_medians([0.0, 0.0, 3.0], [0.0, 0.0, 1.0]).determined
    # Many resamples have two zero medians: they open the interval, but not beyond what a ratio can be.
    assert ends(ratio_of_medians([0.0, 0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 2.0, 2.0, 3.0])) == (0, inf)
    solved = ratio_of_medians([0.0, 0.0, 0.0], [1.0, 2.0, 3.0])
    assert (solved.estimate, *ends(solved)) == (0, 0, 0)


# -- censored -----------------------------------------------------------------------------------------------------


@given(positive_pairs)
@settings(max_examples=20, deadline=None)
def test_without_censoring_it_is_the_ratio_of_medians(pair):
    censored, plain = ratio_censored(*pair, cap=1000, resamples=500), ratio_of_medians(*pair, resamples=500)
    assert (censored.estimate, *ends(censored)) == (plain.estimate, *ends(plain))
    assert censored.values == plain.values


@given(timed_pairs)
@settings(max_examples=60, deadline=None)
def test_it_is_the_hull_of_the_intervals_for_all_possible_true_values(pair):
    """Brute force: every censored value is tried at the cap, at twice the cap and as good as never."""
    found = ratio_censored(*pair, cap=CAP, resamples=200)
    never = 1e9
    both = np.concatenate(pair)
    late = np.flatnonzero(both >= CAP)
    if late.size > 4:
        late_choices = [np.full(late.size, CAP), np.full(late.size, never)]
        # The extreme choices: one condition's late runs at the cap, the other's never.
        is_first = late < len(pair[0])
        late_choices += [np.where(is_first, CAP, never), np.where(is_first, never, CAP)]
    else:
        late_choices = [np.array(choice) for choice in product([CAP, 2 * CAP, never], repeat=late.size)]
    lows, highs, estimates = [], [], []
    for choice in late_choices:
        true = both.copy()
        true[late] = choice
        possible = ratio_of_medians(*np.split(true, 2), resamples=200)
        lows.append(possible.low)
        highs.append(possible.high)
        estimates.append(possible.estimate)
    if not found.determined:
        # Neither median is known: the ratio itself can be anything.
        assert min(estimates) < 1e-6
        assert max(estimates) > 1e6
        return
    assert found.low == pytest.approx(min(lows), abs=1e-6)
    assert found.high == (inf if max(highs) > 1e6 else pytest.approx(max(highs)))
    exact = max(estimates) - min(estimates) < 1e-12
    if "lower bound" in found.note:
        assert found.estimate == pytest.approx(min(estimates))
        assert not exact
    elif "upper bound" in found.note:
        assert found.estimate == pytest.approx(max(estimates))
        assert not exact
    else:
        assert exact
        assert found.estimate == pytest.approx(estimates[0])


def test_the_end_that_censoring_concerns_opens_and_the_other_stays():
    fast, slow = [1.0, 1.2, 0.9, 1.1, 1.0], [5.0, 6.0, inf, inf, 12.0]
    ratio = ratio_censored(slow, fast, cap=CAP)
    assert ratio.high == inf
    assert ratio.low > 4
    assert ratio.estimate == CAP / 1.0
    assert ratio.note == "3 of 5 of a censored, 0 of 5 of b: the estimate is a lower bound"
    turned = ratio_censored(fast, slow, cap=CAP)
    assert (turned.low, turned.high) == pytest.approx((0, 1 / ratio.low))
    assert turned.note == "0 of 5 of a censored, 3 of 5 of b: the estimate is an upper bound"


def test_one_late_run_of_many_leaves_both_ends_finite():
    slow, fast = [*np.linspace(4, 6, 20), inf], np.linspace(1, 2, 21)
    found = ratio_censored(slow, fast, cap=CAP)
    assert np.isfinite(found.high)
    assert found.note == "1 of 21 of a censored, 0 of 21 of b"


def test_when_neither_arrives_nothing_is_known():
    found = ratio_censored([inf] * 5, [12.0] * 5, cap=CAP)
    assert isnan(found.estimate)
    assert "neither median is known" in found.note


def test_equal_runs_that_never_arrive_are_not_taken_for_certainty():
    found = ratio_censored([inf] * 5, [2.0] * 5, cap=CAP)
    assert (found.estimate, *ends(found)) == (5, 5, inf)
    turned = ratio_censored([2.0] * 5, [inf] * 5, cap=CAP)
    assert (turned.estimate, *ends(turned)) == (0.2, 0, 0.2)


def test_values_by_seed_do_not_pretend():
    values = ratio_censored([2.0, inf, 4.0], [1.0, inf, inf], cap=CAP).values
    assert values[::2] == (2, 0.4)
    assert isnan(values[1])


@pytest.mark.parametrize("cap", [0, -1, inf, nan])
def test_a_cap_is_positive_and_finite(cap):
    with pytest.raises(ValueError, match="cap"):
        ratio_censored([1.0], [1.0], cap)
