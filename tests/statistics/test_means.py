"""Student and Welch intervals against SciPy, and how they move with the data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from unseen.statistics import difference, mean, paired_difference

numbers = st.floats(-1e3, 1e3, allow_subnormal=False)
samples = arrays(np.float64, st.integers(2, 12), elements=numbers)
levels = st.floats(0.05, 0.99)


def ends(interval):
    return interval.low, interval.high


@given(samples, levels)
def test_mean_is_scipys_one_sample_interval(sample, level):
    assume(np.ptp(sample) > 1e-6)
    expected = stats.ttest_1samp(sample, 0).confidence_interval(level)
    found = mean(sample, level=level)
    assert ends(found) == pytest.approx((expected.low, expected.high), rel=1e-8, abs=1e-8)
    assert found.estimate == pytest.approx(sample.mean())
    assert found.values == tuple(sample)


@given(arrays(np.float64, st.tuples(st.just(2), st.integers(2, 12)), elements=numbers), levels)
def test_paired_difference_is_scipys_related_interval(pair, level):
    assume(np.ptp(pair[0] - pair[1]) > 1e-6)
    expected = stats.ttest_rel(*pair).confidence_interval(level)
    assert ends(paired_difference(*pair, level=level)) == pytest.approx(tuple(expected), rel=1e-8, abs=1e-8)


@given(samples, samples, levels)
def test_difference_is_scipys_welch_interval(first, second, level):
    assume(np.ptp(first) > 1e-6)
    assume(np.ptp(second) > 1e-6)
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(level)
    assert ends(difference(first, second, level=level)) == pytest.approx(tuple(expected), rel=1e-7, abs=1e-7)


def test_difference_with_one_constant_condition_is_the_others_interval():
    sample = np.array([1.0, 2.0, 4.0])
    assert ends(difference(sample, [5.0, 5.0])) == pytest.approx(ends(mean(sample - 5)))


@given(samples, numbers, st.floats(0.1, 10))
def test_mean_moves_and_stretches_with_its_values(sample, shift, scale):
    before = np.array(ends(mean(sample)))
    assert ends(mean(scale * sample + shift)) == pytest.approx(tuple(scale * before + shift), rel=1e-6, abs=1e-6)
    assert ends(mean(-sample)) == pytest.approx(tuple(-before[::-1]), rel=1e-9, abs=1e-9)


@given(samples, st.randoms())
def test_the_order_of_seeds_does_not_matter_as_long_as_pairs_stay_together(sample, random):
    other = np.sin(sample)
    order = random.sample(range(sample.size), sample.size)
    again = paired_difference(sample[order], other[order])
    assert ends(again) == pytest.approx(ends(paired_difference(sample, other)), rel=1e-9, abs=1e-9)


def test_breaking_the_pairs_shows():
    shared = np.array([1.0, 5.0, 9.0, 13.0, 17.0])
    better, worse = shared + np.array([0.9, 1.1, 1.0, 0.8, 1.2]), shared
    assert paired_difference(better, worse).low > 0.5
    assert paired_difference(better, np.roll(worse, 1)).low < 0


@given(samples, samples)
def test_swapping_the_conditions_mirrors_the_difference(first, second):
    mirrored = difference(second, first)
    assert ends(difference(first, second)) == pytest.approx((-mirrored.high, -mirrored.low), rel=1e-9, abs=1e-9)


def test_difference_lists_the_values_of_both():
    assert difference([1.0, 2.0], [3.0, 4.0, 6.0]).values == (1.0, 2.0, 3.0, 4.0, 6.0)
