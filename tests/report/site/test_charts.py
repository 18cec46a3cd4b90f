"""Where things lie on the drawing of an interval."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.contracts.study import Claim, Finding, Region, above, below, between, compare
from unseen.report.site.charts import LEFT, RIGHT, IntervalChart, interval_chart
from unseen.statistics.interval import UNDETERMINED, Interval


def chart(interval: Interval, region: Region) -> IntervalChart | None:
    claim = Claim("It is so.", lambda trials: interval, region, True)
    return interval_chart(Finding(claim, interval, compare(interval, region)))


def test_an_interval_within_its_region_is_drawn_within_it() -> None:
    drawn = chart(Interval(0.5, 0.4, 0.6, values=(0.45, 0.55)), between(0.3, 0.8))
    assert drawn is not None
    start, width = drawn.region
    assert start < drawn.low < drawn.seeds[0] < drawn.estimate < drawn.seeds[1] < drawn.high < start + width
    assert drawn.estimate == pytest.approx((drawn.low + drawn.high) / 2, abs=0.1)
    assert drawn.borders == pytest.approx((start, start + width), abs=0.11)
    assert not drawn.logarithmic


def test_what_has_no_end_goes_to_the_end_of_the_drawing() -> None:
    drawn = chart(Interval(0.5, 0.4, math.inf), above(0.45))
    assert drawn is not None
    assert (drawn.high, drawn.high_open, drawn.low_open) == (RIGHT, True, False)
    assert sum(drawn.region) == pytest.approx(RIGHT, abs=0.11)
    assert chart(Interval(0.5, -math.inf, 0.6), below(0.4)).low == LEFT  # type: ignore[union-attr]


def test_numbers_of_different_sizes_get_a_logarithmic_axis() -> None:
    drawn = chart(Interval(10.0, 1.0, 100.0), above(5.0))
    assert drawn is not None
    assert drawn.logarithmic
    assert drawn.estimate == pytest.approx((drawn.low + drawn.high) / 2, abs=0.1)
    assert [tick.label for tick in drawn.ticks] == ["1", "10", "100"]


def test_nothing_is_drawn_of_what_is_not_determined() -> None:
    assert chart(UNDETERMINED, above(0.0)) is None
    assert chart(Interval(math.inf, 1.0, math.inf), above(0.0)) is None


def test_words_say_what_is_drawn() -> None:
    drawn = chart(Interval(0.5, 0.4, 0.6, values=(0.45, 0.55)), above(0.3))
    assert drawn is not None
    assert drawn.title == "Estimate and interval: holds"
    for number in ("0.5", "0.4", "0.6", "above 0.3", "0.45, 0.55"):
        assert number in drawn.description


finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))


@given(st.tuples(finite, finite, finite).map(sorted), finite)
def test_everything_lies_on_the_drawing_and_in_order(ends: list[float], border: float) -> None:
    low, estimate, high = ends
    drawn = chart(Interval(estimate, low, high), above(border))
    assert drawn is not None
    assert LEFT <= drawn.low <= drawn.estimate <= drawn.high <= RIGHT
    assert all(LEFT <= tick.x <= RIGHT for tick in drawn.ticks)
    assert 1 <= len(drawn.ticks) <= 8
    (place,) = drawn.borders
    assert (place <= drawn.estimate) == (border <= estimate) or place == drawn.estimate
