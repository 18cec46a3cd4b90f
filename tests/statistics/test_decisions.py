"""Non-inferiority, and the smallest detectable effect by simulation."""

from __future__ import annotations

from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from scipy import stats

from unseen.statistics import difference, mean, non_inferiority, paired_difference, smallest_detectable_effect

OURS, THEIRS = np.array([0.90, 0.93, 0.91, 0.94]), np.array([0.92, 0.93, 0.92, 0.95])


@pytest.mark.parametrize("margin", [0.001, 0.01, 0.02, 0.1])
@pytest.mark.parametrize("paired", [True, False])
def test_shown_exactly_when_the_one_sided_test_rejects_the_margin(margin, paired):
    if paired:
        test = stats.ttest_rel(OURS + margin, THEIRS, alternative="greater")
    else:
        test = stats.ttest_ind(OURS + margin, THEIRS, equal_var=False, alternative="greater")
    found = non_inferiority(OURS, THEIRS, margin, paired=paired)
    assert found.shown == (test.pvalue < 0.05)
    assert found.interval == (paired_difference if paired else difference)(OURS, THEIRS)
    assert found.bound == -margin


def test_both_outcomes_occur_and_a_wide_interval_shows_nothing():
    assert non_inferiority(OURS, THEIRS, 0.03).shown
    assert not non_inferiority(OURS, THEIRS, 0.005).shown
    assert not non_inferiority([0.0, 1.0], [0.0, 0.9], 0.1).shown
    assert not non_inferiority([1.0, nan], [0.0, 0.0], 0.1).shown


@pytest.mark.parametrize("margin", [0, -0.1, inf, nan])
def test_a_margin_is_positive_and_finite(margin):
    with pytest.raises(ValueError, match="margin"):
        non_inferiority(OURS, THEIRS, margin)


@pytest.mark.parametrize(("n", "power"), [(2, 0.5), (3, 0.8), (5, 0.8), (8, 0.95)])
def test_the_effect_is_seen_with_the_stated_power(n, power):
    pattern = stats.zscore(np.arange(n), ddof=1)
    effect = smallest_detectable_effect(pattern, power=power)
    runs = np.random.default_rng(90_412).normal(effect, 1, size=(40_000, n))
    # Independent of the estimator: the confidence limit is above zero when t exceeds its critical value.
    t = runs.mean(axis=1) / runs.std(axis=1, ddof=1) * sqrt(n)
    seen = (t > stats.t.ppf(0.95, n - 1)).mean()
    assert seen == pytest.approx(power, abs=4 * sqrt(power * (1 - power) / 40_000))


def test_seeing_means_the_interval_lies_above_zero():
    effect = smallest_detectable_effect(stats.zscore(np.arange(5), ddof=1))
    runs = np.random.default_rng(31).normal(effect, 1, size=(4000, 5))
    assert np.mean([mean(run).low > 0 for run in runs]) == pytest.approx(0.8, abs=4 * sqrt(0.16 / 4000))


def test_with_many_values_it_is_the_normal_formula():
    values = np.random.default_rng(8).normal(size=2000)
    normal = (stats.norm.ppf(0.95) + stats.norm.ppf(0.8)) * values.std(ddof=1) / sqrt(2000)
    assert smallest_detectable_effect(values) == pytest.approx(normal, rel=1e-3)


def test_it_scales_with_the_spread_and_ignores_the_mean():
    values = np.array([0.1, 0.3, 0.2, 0.4])
    assert smallest_detectable_effect(3 * values + 7) == pytest.approx(3 * smallest_detectable_effect(values))


def test_edge_cases():
    assert smallest_detectable_effect([1.0]) == inf
    assert smallest_detectable_effect([1.0, 1.0]) == 0
    assert isnan(smallest_detectable_effect([1.0, nan]))
    assert isnan(smallest_detectable_effect([1.0, inf]))
    with pytest.raises(ValueError, match="at least one value"):
        smallest_detectable_effect([])
    with pytest.raises(ValueError, match="power"):
        smallest_detectable_effect([1.0, 2.0], power=0.04)
    with pytest.raises(ValueError, match="level"):
        smallest_detectable_effect([1.0, 2.0], level=1)
