"""The interval itself."""

from __future__ import annotations

import math

import pytest

from unseen.statistics import UNDETERMINED, Interval


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90, math.nan])
def test_a_level_outside_0_and_1_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        Interval(0.0, -1.0, 1.0, level=level)


def test_ends_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="low <= high"):
        Interval(0.0, 1.0, -1.0)


def test_infinite_ends_are_determined_and_nan_is_not():
    assert Interval(0.0, -math.inf, math.inf).determined
    assert not Interval(0.0, math.nan, 1.0).determined
    assert not UNDETERMINED.determined


def test_it_prints_estimate_and_ends():
    assert str(Interval(0.5, 0.25, math.inf)) == "0.5 [0.25, inf]"
