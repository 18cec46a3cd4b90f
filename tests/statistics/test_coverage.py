"""How often the intervals hold the truth, over thousands of simulated studies of five seeds.

Tolerances are four standard errors of the simulation. A shortfall of the size that a wrong quantile or divisor
causes at five seeds is many times that, which the last test shows.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from unseen import statistics

REPETITIONS = 4000
X = np.arange(5.0)
CLUSTERS = np.repeat(np.arange(5), 20)
FEW = {"resamples": 600}


def share_covered(estimator, studies, truth):
    """How many of the studies give an interval that holds the truth."""
    intervals = [estimator(study) for study in studies]
    return np.mean([interval.low <= truth <= interval.high for interval in intervals])


def agrees(share, expected, repetitions=REPETITIONS):
    return abs(share - expected) < 4 * sqrt(expected * (1 - expected) / repetitions)


def normal(*shape, seed):
    return np.random.default_rng(seed).normal(size=(REPETITIONS, *shape))


def sharing_seeds(studies):
    """Two conditions whose seeds they share: (studies, 3, n) noise to (studies, 2, n) values."""
    return studies[:, :1] * 3 + studies[:, 1:]


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_mean(level):
    share = share_covered(lambda study: statistics.mean(study, level=level), normal(5, seed=1961), 0)
    assert agrees(share, level)


def test_paired_difference_and_geometric_mean_ratio():
    studies = sharing_seeds(normal(3, 5, seed=1962))
    assert agrees(share_covered(lambda study: statistics.paired_difference(*study), studies, 0), 0.9)
    assert agrees(share_covered(lambda study: statistics.geometric_mean_ratio(*study), np.exp(studies), 1), 0.9)


def test_difference_with_unequal_variances():
    studies = normal(2, 5, seed=1963) * np.array([[1.0], [3.0]])
    # Welch's freedom is an approximation: at five values a side it is known to be off by up to a percent or so.
    assert share_covered(lambda study: statistics.difference(*study), studies, 0) == pytest.approx(0.9, abs=0.025)


def test_median_has_the_exact_level_it_names():
    skewed = np.exp(normal(5, seed=1964))
    assert agrees(share_covered(statistics.median, skewed, 1), 0.9375)


def test_slope_of_one_curve_and_of_several_seeds():
    assert agrees(share_covered(lambda study: statistics.slope(X, study), normal(5, seed=1965), 0), 0.9)
    wandering = normal(5, 5, seed=1966).cumsum(axis=-1)
    assert agrees(share_covered(lambda study: statistics.slope(X, study), wandering, 0), 0.9)
    # Points of one wandering curve depend on each other: the interval of one sample is wrong for them, and it shows.
    assert not agrees(share_covered(lambda study: statistics.slope(X, study[0]), wandering, 0), 0.9)


@pytest.mark.parametrize(("n", "stated"), [(10, 0.92), (20, 0.91)])
def test_rank_correlation_covers_as_its_docstring_says(n, stated):
    spearman = 0.8
    pearson = 2 * np.sin(np.pi / 6 * spearman)  # exact for normal pairs
    studies = normal(2, n, seed=1967)
    studies[:, 1] = pearson * studies[:, 0] + sqrt(1 - pearson**2) * studies[:, 1]
    share = share_covered(lambda study: statistics.rank_correlation(*study), studies, spearman)
    assert share == pytest.approx(stated, abs=0.02)


@pytest.mark.parametrize(("method", "stated"), [("percentile", 0.78), ("bca", 0.79)])
def test_bootstrap_of_five_undercovers_as_its_docstring_says(method, stated):
    def estimator(study):
        return statistics.bootstrap(np.mean, study, method=method, **FEW)

    share = share_covered(estimator, normal(5, seed=1968), 0)
    assert share == pytest.approx(stated, abs=0.03)
    assert not agrees(share, 0.9)


def test_ratio_of_medians_covers_as_its_docstring_says():
    studies = np.exp(sharing_seeds(normal(3, 5, seed=1969)[:2000]))
    share = share_covered(lambda study: statistics.ratio_of_medians(*study, **FEW), studies, 1)
    assert share == pytest.approx(0.91, abs=0.03)


def test_clusters_undercover_as_the_docstring_says_and_means_per_seed_do_not():
    noise = normal(5, 21, seed=1970)
    studies = noise[..., :1] + noise[..., 1:]
    share = share_covered(
        lambda study: statistics.clustered_bootstrap(study.ravel(), CLUSTERS, resamples=400), studies[:1000], 0
    )
    assert share == pytest.approx(0.80, abs=0.04)
    assert agrees(share_covered(lambda study: statistics.mean(study.mean(axis=-1)), studies, 0), 0.9)


def test_a_normal_quantile_in_the_place_of_t_is_found_out():
    def too_narrow(study):
        half = stats.norm.ppf(0.95) * study.std(ddof=1) / sqrt(study.size)
        return statistics.Interval(study.mean(), study.mean() - half, study.mean() + half)

    def wrong_divisor(study):
        half = stats.t.ppf(0.95, 4) * study.std() / sqrt(study.size)
        return statistics.Interval(study.mean(), study.mean() - half, study.mean() + half)

    for wrong in (too_narrow, wrong_divisor):
        assert not agrees(share_covered(wrong, normal(5, seed=1961), 0), 0.9)
