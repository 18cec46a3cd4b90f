from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.measures.energy_distance import energy_distance


def test_in_one_dimension_it_is_scipys_squared():
    generator = np.random.default_rng(0)
    first, second = generator.standard_normal(40), generator.exponential(size=25)
    expected = stats.energy_distance(first, second) ** 2
    assert energy_distance(first[:, None], second[:, None]) == pytest.approx(expected)


def test_gaussians_moved_apart_in_closed_form():
    # For N(0, 1) and N(m, 1): E|X - Y| is the mean of a folded normal with mean m and variance 2.
    generator, shift = np.random.default_rng(1), 1.5
    first, second = generator.standard_normal((3000, 1)), shift + generator.standard_normal((3000, 1))

    def folded(mean):
        return 2 / np.sqrt(np.pi) * np.exp(-(mean**2) / 4) + mean * (1 - 2 * stats.norm.cdf(-mean / np.sqrt(2)))

    assert energy_distance(first, second) == pytest.approx(2 * folded(shift) - 2 * folded(0.0), rel=0.07)


@given(seed=st.integers(0, 1000), shift=st.floats(-3, 3))
def test_it_is_symmetric_blind_to_order_and_moves_with_the_points(seed, shift):
    generator = np.random.default_rng(seed)
    first, second = generator.standard_normal((6, 3)), generator.standard_normal((4, 3))
    value = energy_distance(first, second)
    assert value >= 0
    assert energy_distance(second[::-1], first) == pytest.approx(value)
    assert energy_distance(first + shift, second + shift) == pytest.approx(value)
    assert energy_distance(first, first[::-1]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([1.0, 2.0], [[1.0]], r"first must have shape .* not \(2,\)"),
        ([[1.0, 2.0]], [[1.0]], "2 and of 1 dimensions"),
        ([[np.nan]], [[1.0]], "first has a coordinate"),
    ],
)
def test_what_are_no_points_is_refused(first, second, message):
    with pytest.raises(ValueError, match=message):
        energy_distance(first, second)
