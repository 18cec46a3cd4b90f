"""Rank correlation, slope and exponent against SciPy and exact curves."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import mean, power_law_exponent, rank_correlation, slope

X = np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
NOISE = np.array([0.1, -0.3, 0.2, 0.05, -0.2, 0.15])
SEEDS = np.random.default_rng(440).normal(size=(5, 6)) + 0.2 * X
points = st.integers(4, 15).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 9), min_size=n, max_size=n)] * 2))


def ends(interval):
    return interval.low, interval.high


@given(points)
def test_rank_correlation_is_scipys_ties_included(pair):
    assume(all(len(set(side)) > 1 for side in pair))
    found = rank_correlation(*pair)
    assert found.estimate == pytest.approx(stats.spearmanr(*pair).statistic)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    assert found.high - found.low > 0


@given(points)
def test_rank_correlation_sees_only_the_order(pair):
    assume(all(len(set(side)) > 1 for side in pair))
    found = rank_correlation(*pair)
    assert ends(rank_correlation(np.exp(pair[0]), np.cbrt(pair[1]))) == pytest.approx(ends(found))
    mirrored = rank_correlation(-np.array(pair[0]), pair[1])
    assert ends(mirrored) == pytest.approx((-found.high, -found.low))


def test_infinite_values_are_ranked():
    assert rank_correlation([1, 2, 3, 4, 5], [1, 3, 2, 4, inf]).estimate == pytest.approx(0.9)


@pytest.mark.parametrize("n", [4, 5, 10, 100])
def test_a_perfect_order_leaves_an_interval_with_width(n):
    found = rank_correlation(range(n), np.arange(n) ** 3)
    assert found.estimate == pytest.approx(1)
    assert found.high == 1
    assert -1 < found.low < 1 - 1 / n**3
    assert "perfectly monotone" in found.note
    # It must not be tighter than for the same points with two neighbours swapped.
    swapped = np.arange(n)
    swapped[:2] = 1, 0
    assert found.low == pytest.approx(rank_correlation(range(n), swapped).low)


def test_three_points_have_no_interval():
    assert ends(rank_correlation([1, 2, 3], [1, 3, 2])) == (-1, 1)


def test_rank_correlation_over_seeds_is_t_over_the_seeds():
    per_seed = [stats.spearmanr(X, ys).statistic for ys in SEEDS]
    found, expected = rank_correlation(X, SEEDS), mean(per_seed)
    assert found.values == pytest.approx(tuple(per_seed))
    assert (found.estimate, found.low) == pytest.approx((expected.estimate, expected.low))
    assert found.high == pytest.approx(min(1, expected.high))
    assert found.method == "Spearman per seed, then Student t, n = 5"
    assert rank_correlation(SEEDS, X).values == pytest.approx(per_seed)
    assert rank_correlation(SEEDS, SEEDS).estimate == pytest.approx(1)


@given(st.lists(st.floats(-50, 50), min_size=6, max_size=6).filter(lambda ys: np.ptp(ys) > 0.1), st.floats(0.1, 0.99))
def test_slope_is_linear_regression(ys, level):
    fit = stats.linregress(X, ys)
    assume(fit.stderr > 1e-6)
    half = fit.stderr * stats.t.ppf((1 + level) / 2, 4)
    found = slope(X, ys, level=level)
    assert found.estimate == pytest.approx(fit.slope, abs=1e-9)
    assert ends(found) == pytest.approx((fit.slope - half, fit.slope + half), rel=1e-6, abs=1e-9)


def test_slope_follows_units():
    found, other = slope(X, NOISE), slope(X / 10 + 3, 5 * NOISE - 7)
    assert ends(other) == pytest.approx((50 * found.low, 50 * found.high))


def test_slope_over_seeds_is_t_over_the_seeds():
    per_seed = [stats.linregress(X, ys).slope for ys in SEEDS]
    found, expected = slope(X, SEEDS), mean(per_seed)
    assert (found.estimate, *ends(found)) == pytest.approx((expected.estimate, *ends(expected)))
    assert found.values == pytest.approx(tuple(per_seed))
    shifted = X + np.arange(5)[:, None]
    assert ends(slope(shifted, SEEDS)) == pytest.approx(ends(found))


@pytest.mark.parametrize("exponent", [-0.35, 0.5, 3.0])
def test_a_power_law_gives_its_exponent(exponent):
    found = power_law_exponent(X, 7 * X**exponent)
    assert (found.estimate, *ends(found)) == pytest.approx((exponent,) * 3)
    noisy = power_law_exponent(X, 7 * X**exponent * np.exp(NOISE))
    fit = stats.linregress(np.log(X), np.log(7 * X**exponent) + NOISE)
    assert noisy.estimate == pytest.approx(fit.slope)
    assert noisy.high - noisy.low == pytest.approx(2 * fit.stderr * stats.t.ppf(0.95, 4))


def test_power_law_over_seeds_ignores_each_seeds_own_factor():
    curves = 2.0 ** np.arange(4)[:, None] * X ** np.array([[0.4], [0.5], [0.6], [0.5]])
    found, expected = power_law_exponent(X, curves), mean([0.4, 0.5, 0.6, 0.5])
    assert (found.estimate, *ends(found)) == pytest.approx((expected.estimate, *ends(expected)))


@pytest.mark.parametrize("estimator", [slope, power_law_exponent])
def test_points_on_a_line_have_no_width(estimator):
    found = estimator([1.0, 2.0, 4.0], [1.0, 2.0, 4.0])
    assert ends(found) == pytest.approx((1, 1))
    assert found.note == "the points lie on a line"


@pytest.mark.parametrize("estimator", [slope, power_law_exponent])
def test_two_points_or_one_seed_have_no_interval(estimator):
    for found in (estimator([1.0, 2.0], [1.0, 2.0]), estimator(X, X[None])):
        assert found.estimate == pytest.approx(1)
        assert ends(found) == (-inf, inf)
        assert "no interval" in found.note
    assert ends(rank_correlation(X, NOISE[None])) == (-1, 1)


@pytest.mark.parametrize("estimator", [rank_correlation, slope, power_law_exponent])
def test_a_constant_x_or_a_nan_in_one_seed_leaves_it_undetermined(estimator):
    constant = estimator(np.ones(6), X)
    assert not constant.determined
    assert constant.note == "x is constant"
    holed = np.abs(SEEDS) + 0.1
    holed[2, 3] = nan
    assert not estimator(X, holed).determined
    assert not estimator([1.0], [1.0]).determined


def test_a_seed_with_a_constant_curve_has_no_rank_correlation_but_a_slope():
    flat = SEEDS.copy()
    flat[1] = 3
    assert rank_correlation(X, flat).note == "y is constant in 1 of 5 seeds"
    assert slope(X, flat).values[1] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("estimator", [rank_correlation, slope, power_law_exponent])
@pytest.mark.parametrize(("x", "y"), [((3,), (4,)), ((2, 3), (5, 3)), ((2, 2, 2), (2,)), ((), (2,))])
def test_shapes_that_do_not_fit_are_refused(estimator, x, y):
    with pytest.raises(ValueError, match="x and y must have"):
        estimator(np.ones(x), np.ones(y))
