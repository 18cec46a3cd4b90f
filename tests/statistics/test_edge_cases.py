"""What every estimator does with nothing, one value, equal values, nan and infinity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from unseen import statistics

CLUSTERS = np.array([0, 0, 1, 1, 2])
REFERENCE = np.array([1.0, 2.0, 1.5, 3.0, 2.5])
VALUES = np.array([2.0, 1.0, 4.0, 3.0, 7.0])

# From a sample of positive values to an interval; the second sample, where there is one, is fixed.
ONE_SAMPLE = {
    "mean": statistics.mean,
    "median": statistics.median,
    "bootstrap": lambda values, **options: statistics.bootstrap(np.mean, values, **options),
    "bca": lambda values, **options: statistics.bootstrap(np.mean, values, method="bca", **options),
    "clustered_bootstrap": lambda values, **options: statistics.clustered_bootstrap(
        values, CLUSTERS[: len(values)], **options
    ),
}
TWO_SAMPLES = {
    "paired_difference": statistics.paired_difference,
    "difference": statistics.difference,
    "geometric_mean_ratio": statistics.geometric_mean_ratio,
    "ratio_of_medians": statistics.ratio_of_medians,
    "ratio_censored": lambda a, b, **options: statistics.ratio_censored(a, b, 100.0, **options),
    "non_inferiority": lambda a, b, **options: statistics.non_inferiority(a, b, 0.1, **options).interval,
}
TRENDS = {
    "rank_correlation": statistics.rank_correlation,
    "slope": statistics.slope,
    "power_law_exponent": statistics.power_law_exponent,
}
ALL = {
    **ONE_SAMPLE,
    **{
        name: lambda values, estimator=estimator, **options: estimator(values, REFERENCE[: len(values)], **options)
        for name, estimator in TWO_SAMPLES.items()
    },
    **{
        name: lambda values, estimator=estimator, **options: estimator(REFERENCE[: len(values)], values, **options)
        for name, estimator in TRENDS.items()
    },
}
everywhere = pytest.mark.parametrize("estimator", ALL.values(), ids=ALL)


@everywhere
def test_no_values_are_an_error(estimator):
    with pytest.raises(ValueError, match=r"at least one value|not be empty"):
        estimator([])


@everywhere
@pytest.mark.parametrize("level", [0, 1, 1.5, math.nan])
def test_an_impossible_level_is_an_error(estimator, level):
    with pytest.raises(ValueError, match="level must lie in"):
        estimator(VALUES, level=level)


@everywhere
def test_nan_leaves_it_undetermined_and_says_so(estimator):
    found = estimator([2.0, math.nan, 4.0, 3.0, 7.0])
    assert not found.determined
    assert math.isnan(found.estimate)
    assert "1 of" in found.note
    assert "nan" in found.note
    assert found.level == 0.9
    assert found.method


@everywhere
def test_more_confidence_means_a_wider_interval_around_the_same_estimate(estimator):
    narrow, wide = estimator(VALUES, level=0.5), estimator(VALUES, level=0.9)
    assert narrow.estimate == wide.estimate
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert wide.high - wide.low > narrow.high - narrow.low
    assert narrow.level == 0.5


@everywhere
def test_the_answer_is_the_same_every_time_and_made_of_plain_floats(estimator):
    found = estimator(VALUES)
    assert found == estimator(list(VALUES))
    assert all(type(number) is float for number in (found.estimate, found.low, found.high, *found.values))
    assert type(found.level) is float


@pytest.mark.parametrize("estimator", ONE_SAMPLE.values(), ids=ONE_SAMPLE)
def test_one_value_is_an_estimate_without_an_interval(estimator):
    found = estimator([2.0])
    assert (found.estimate, found.low, found.high) == (2.0, -math.inf, math.inf)
    assert "no interval" in found.note


@pytest.mark.parametrize("estimator", ONE_SAMPLE.values(), ids=ONE_SAMPLE)
def test_equal_values_have_no_width_and_a_note(estimator):
    found = estimator([0.1] * 5)
    assert found.estimate == found.low == found.high == 0.1
    assert found.note == "all values equal"


@pytest.mark.parametrize("name", TWO_SAMPLES)
def test_one_pair_is_an_estimate_without_an_interval(name):
    found = TWO_SAMPLES[name]([3.0], [2.0])
    is_ratio = "ratio" in name
    assert found.estimate == pytest.approx(1.5 if is_ratio else 1.0, abs=1e-15)
    assert (found.low, found.high) == (0.0 if is_ratio else -math.inf, math.inf)
    assert "no interval" in found.note


@pytest.mark.parametrize("name", TWO_SAMPLES)
def test_equal_pairs_have_no_width_and_a_note(name):
    found = TWO_SAMPLES[name]([3.0] * 5, [2.0] * 5)
    assert found.low == found.high == found.estimate
    assert found.estimate == pytest.approx(1.5 if "ratio" in name else 1.0)
    assert "all values equal" in found.note


@pytest.mark.parametrize("name", [*TWO_SAMPLES])
def test_pairs_must_match(name):
    if name == "difference":
        assert TWO_SAMPLES[name]([1.0, 2.0, 4.0], [1.0, 2.0]).determined
    else:
        with pytest.raises(ValueError, match="equal length, not 3 and 2"):
            TWO_SAMPLES[name]([1.0, 2.0, 4.0], [1.0, 2.0])


@pytest.mark.parametrize(
    "name", ["mean", "paired_difference", "difference", "geometric_mean_ratio", "ratio_of_medians", "slope"]
)
def test_where_a_mean_is_taken_infinity_leaves_it_undetermined(name):
    found = ALL[name]([2.0, math.inf, 4.0, 3.0, 7.0])
    assert not found.determined
    assert "1 of" in found.note
    assert "infinite" in found.note


@pytest.mark.parametrize("name", ["geometric_mean_ratio", "power_law_exponent"])
def test_zero_has_no_logarithm(name):
    found = ALL[name]([2.0, 0.0, 4.0, 3.0, 7.0])
    assert not found.determined
    assert "zero" in found.note


@pytest.mark.parametrize("name", ["geometric_mean_ratio", "ratio_of_medians", "ratio_censored", "power_law_exponent"])
def test_negative_values_are_refused_where_they_make_no_sense(name):
    with pytest.raises(ValueError, match=r"must not be negative, but holds -4\.0"):
        ALL[name]([2.0, -4.0, 4.0, 3.0, 7.0])


@pytest.mark.parametrize("name", [*ONE_SAMPLE, *TWO_SAMPLES])
def test_tables_are_refused(name):
    with pytest.raises(ValueError, match=r"shape|equal length"):
        ALL[name](np.ones((5, 2)))


@pytest.mark.parametrize("name", [name for name in ALL if "ratio" not in name and name != "power_law_exponent"])
@pytest.mark.parametrize("size", [1e-170, 1e-244, 1e-320, 1e120])
def test_spreads_whose_squares_underflow_do_not_break_it(name, size):
    found = ALL[name](VALUES * size)
    assert not found.determined or found.low <= found.estimate <= found.high
