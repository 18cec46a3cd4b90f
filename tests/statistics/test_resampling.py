"""The bootstrap against enumeration of all resamples, closed-form variances, a plain loop, and SciPy."""

from __future__ import annotations

from itertools import product
from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import bootstrap, clustered_bootstrap

SKEWED = np.array([0.3, 1.1, 0.2, 5.0, 2.3, 0.9, 0.4, 1.7, 3.1, 0.6, 0.1, 8.0])
OTHER = np.array([1.3, 0.7, 1.9, 2.8, 1.1, 1.6, 0.9, 2.2, 1.5, 2.1, 1.2, 3.0])


def ratio_of_means(a, b, axis):
    return a.mean(axis) / b.mean(axis)


def listening(statistic, heard):
    """The statistic, with what it returned for the resamples put into `heard`."""

    def listener(*samples, axis):
        result = statistic(*samples, axis=axis)
        if np.ndim(result):
            heard.extend(result)
        return result

    return listener


@pytest.mark.parametrize("statistic", [np.mean, np.median, np.std])
def test_percentiles_are_those_of_all_resamples(statistic):
    sample = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    every = statistic(sample[np.array(list(product(range(5), repeat=5)))], axis=-1)
    found, draws = bootstrap(statistic, sample), 10_000
    slack = 4 * sqrt(0.05 * 0.95 / draws)
    assert np.quantile(every, 0.05 - slack) <= found.low <= np.quantile(every, 0.05 + slack)
    assert np.quantile(every, 0.95 - slack) <= found.high <= np.quantile(every, 0.95 + slack)
    assert found.estimate == statistic(sample)
    assert found.values == tuple(sample)


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("paired", [True, False])
def test_two_samples_agree_with_scipy(method, paired):
    found = bootstrap(ratio_of_means, SKEWED, OTHER, method=method, paired=paired, resamples=40_000)
    expected = stats.bootstrap(
        (SKEWED, OTHER),
        ratio_of_means,
        method=method,
        paired=paired,
        confidence_level=0.9,
        n_resamples=40_000,
        rng=np.random.default_rng(7),
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=0.02)


@pytest.mark.parametrize("statistic", [np.mean, np.var])
def test_bca_of_one_sample_agrees_with_scipy(statistic):
    found = bootstrap(statistic, SKEWED, method="bca", resamples=40_000)
    expected = stats.bootstrap(
        (SKEWED,), statistic, method="BCa", confidence_level=0.9, n_resamples=40_000, rng=np.random.default_rng(7)
    ).confidence_interval
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=0.03)
    assert found.high > bootstrap(statistic, SKEWED, resamples=40_000).high  # the correction for skewness shows


def test_pairing_shows_where_samples_share_their_seeds():
    shared = np.array([1.0, 10.0, 100.0, 1000.0, 10_000.0])
    together = bootstrap(ratio_of_means, 2 * shared, shared)
    assert together.low == together.high == 2
    assert bootstrap(ratio_of_means, 2 * shared, shared, paired=False).high > 10


def test_resamples_in_many_blocks_have_the_right_variance():
    sample = np.random.default_rng(66).normal(size=5000)
    means: list[float] = []
    bootstrap(listening(np.mean, means), sample, resamples=2000)
    assert len(means) == 2000
    assert len(set(means)) == 2000
    assert np.var(means) == pytest.approx(sample.var() / 5000, rel=4 * sqrt(2 / 2000))


@pytest.mark.parametrize("method", ["percentile", "bca"])
@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.integers(-9, 9), min_size=2, max_size=9), shift=st.integers(-5, 5))
def test_ends_shift_and_stretch_with_the_values(method, values, shift):
    # Whole numbers and powers of two keep ties exact.
    before = bootstrap(np.mean, values, method=method, resamples=200)
    after = bootstrap(np.mean, 4 * np.array(values) + shift, method=method, resamples=200)
    assert (after.low, after.high) == pytest.approx((4 * before.low + shift, 4 * before.high + shift))


def test_the_seed_decides():
    one, again, other = (bootstrap(np.mean, SKEWED, seed=seed) for seed in (3, 3, 4))
    assert one == again
    assert one != other


def test_undefined_resamples_count_against_both_ends():
    def undefined_below(bar):
        def statistic(values, axis):
            means = np.mean(values, axis=axis)
            return np.where(means < bar, nan, means)

        return statistic

    sample = np.arange(10.0)
    whole = bootstrap(np.mean, sample)
    few, many = bootstrap(undefined_below(1.5), sample), bootstrap(undefined_below(3.5), sample)
    assert "undefined" in few.note
    assert whole.low >= few.low > -inf
    assert whole.high <= few.high < inf
    assert (many.low, many.high) == (-inf, inf)
    assert not bootstrap(undefined_below(20), sample).determined


def test_infinite_values_go_to_the_statistic():
    found = bootstrap(np.median, [1.0, 2.0, 3.0, 4.0, inf])
    assert (found.estimate, found.low, found.high) == (3, 1, inf)


def test_misuse_is_refused():
    with pytest.raises(ValueError, match="at least one sample"):
        bootstrap(np.mean)
    with pytest.raises(ValueError, match="reduce the last axis"):
        bootstrap(lambda values, axis: np.mean(values), [1.0, 2.0])
    with pytest.raises(ValueError, match="method must be"):
        bootstrap(np.mean, [1.0, 2.0], method="basic")
    with pytest.raises(ValueError, match="equal length"):
        bootstrap(ratio_of_means, [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="resamples"):
        bootstrap(np.mean, [1.0, 2.0], resamples=0)
    with pytest.raises(ValueError, match="equal length"):
        clustered_bootstrap([1.0, 2.0], [1])


# -- clusters -----------------------------------------------------------------------------------------------------


def test_clustered_variance_of_the_mean_is_that_of_both_stages():
    table = np.random.default_rng(12).normal(size=(6, 8)) + np.arange(6)[:, None]
    means: list[float] = []
    found = clustered_bootstrap(table.ravel(), np.repeat(range(6), 8), statistic=listening(np.mean, means))
    # Davison and Hinkley 1997, section 3.8: variance between clusters plus mean variance within them, over counts.
    expected = table.mean(axis=1).var() / 6 + table.var(axis=1).mean() / (6 * 8)
    assert np.var(means) == pytest.approx(expected, rel=4 * sqrt(2 / 10_000))
    assert found.estimate == pytest.approx(table.mean())
    assert found.values == pytest.approx(tuple(table.mean(axis=1)))


@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_clusters_of_different_sizes_agree_with_a_plain_loop(statistic):
    groups = [[1.0, 2.0, 2.5], [7.0], [3.0, 4.0, 6.0, 9.0, 9.5], [2.0, 8.0]]
    values, labels = np.concatenate(groups), np.repeat(["d", "a", "c", "b"], [3, 1, 5, 2])
    order = np.random.default_rng(1).permutation(values.size)
    found = clustered_bootstrap(values[order], labels[order], statistic=statistic, resamples=20_000)
    generator = np.random.default_rng(2)
    plain = []
    for _ in range(5000):
        chosen = [groups[generator.integers(4)] for _ in range(4)]
        plain.append(statistic(np.concatenate([generator.choice(group, len(group)) for group in chosen])))
    slack = 4 * sqrt(0.05 * 0.95 * (1 / 5000 + 1 / 20_000))
    assert np.quantile(plain, 0.05 - slack) <= found.low <= np.quantile(plain, 0.05 + slack)
    assert np.quantile(plain, 0.95 - slack) <= found.high <= np.quantile(plain, 0.95 + slack)
    assert found.values == tuple(float(statistic(groups[i])) for i in (1, 3, 2, 0))


def test_ignoring_the_clusters_would_show():
    table = np.arange(5.0)[:, None] + np.linspace(-0.1, 0.1, 50)
    clustered = clustered_bootstrap(table.ravel(), np.repeat(range(5), 50))
    pooled = bootstrap(np.mean, table.ravel(), resamples=2000)
    assert clustered.high - clustered.low > 4 * (pooled.high - pooled.low)


def test_one_cluster_has_no_interval():
    found = clustered_bootstrap([1.0, 2.0, 3.0], [7, 7, 7])
    assert (found.estimate, found.low, found.high) == (2, -inf, inf)
    assert "1 cluster" in found.note
