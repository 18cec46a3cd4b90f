from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unseen.measures.fourier import inverse_participation_ratio, unit_periodicity

rows = st.integers(3, 24).flatmap(lambda p: arrays(np.float64, p, elements=st.floats(-10, 10, width=32)))
varied = rows.filter(lambda row: np.ptp(row) > 0.1)


def by_definition(row, power):
    """The ratio from a Fourier sum written out."""
    p = len(row)
    frequencies = range(1, p // 2 + 1)
    size = [abs(sum(w * cmath.exp(-2j * math.pi * k * n / p) for n, w in enumerate(row))) for k in frequencies]
    norm = math.sqrt(sum(u**2 for u in size))
    return sum((u / norm) ** (2 * power) for u in size)


@settings(deadline=None)
@given(varied, st.integers(2, 5))
def test_the_ratio_is_its_definition(row, power):
    assert float(inverse_participation_ratio(row, power=power)) == pytest.approx(by_definition(row, power), rel=1e-6)


@given(st.integers(3, 101), st.data())
def test_a_pure_wave_has_ratio_one_whatever_its_frequency_phase_and_mean(p, data):
    frequency = data.draw(st.integers(1, (p - 1) // 2))
    phase, mean = data.draw(st.floats(0, 7)), data.draw(st.floats(-5, 5))
    wave = mean + np.cos(2 * np.pi * frequency * np.arange(p) / p + phase)
    assert float(inverse_participation_ratio(wave)) == pytest.approx(1, abs=1e-9)


@given(st.integers(3, 101), st.integers(2, 4), st.data())
def test_a_spike_has_all_frequencies_alike(p, power, data):
    spike = np.zeros(p)
    spike[data.draw(st.integers(0, p - 1))] = data.draw(st.sampled_from([-3.0, 0.5, 2.0]))
    expected = (p // 2) ** (1 - power)
    assert float(inverse_participation_ratio(spike, power=power)) == pytest.approx(expected, rel=1e-9)


def test_two_waves_share_by_their_energy():
    n = np.arange(31)
    both = 3 * np.cos(2 * np.pi * 4 * n / 31) + np.sin(2 * np.pi * 9 * n / 31)
    assert float(inverse_participation_ratio(both)) == pytest.approx(0.9**2 + 0.1**2)


@settings(deadline=None)
@given(varied, st.integers(0, 30), st.floats(-5, 5), st.sampled_from([-100.0, -1.0, 0.01, 7.0]))
def test_moving_scaling_and_lifting_a_row_change_nothing(row, places, lift, scale):
    before = float(inverse_participation_ratio(row))
    assert float(inverse_participation_ratio(np.roll(row, places))) == pytest.approx(before, rel=1e-5)
    assert float(inverse_participation_ratio(row * scale)) == pytest.approx(before, rel=1e-5)
    assert float(inverse_participation_ratio(row + lift)) == pytest.approx(before, rel=1e-5)
    assert float(inverse_participation_ratio(row[::-1])) == pytest.approx(before, rel=1e-5)


@given(varied, st.integers(2, 4))
def test_values_lie_between_an_even_spread_and_one(row, power):
    value = float(inverse_participation_ratio(row, power=power))
    assert (len(row) // 2) ** (1 - power) * (1 - 1e-9) <= value <= 1 + 1e-9


@pytest.mark.parametrize("constant", [0.0, 1.0, -3.7, 1e9, 1e-9])
@pytest.mark.parametrize("p", [3, 10, 97])
def test_a_constant_row_has_no_frequency(constant, p):
    assert math.isnan(inverse_participation_ratio(np.full(p, constant)))


def test_rows_are_measured_one_by_one():
    table = np.random.default_rng(5).normal(size=(2, 4, 11))
    table[1, 2] = 3
    values = inverse_participation_ratio(table)
    assert values.shape == (2, 4)
    for i, j in np.ndindex(2, 4):
        assert np.isclose(values[i, j], float(inverse_participation_ratio(table[i, j])), equal_nan=True)
    assert np.isnan(values).sum() == 1


def test_a_unit_is_as_periodic_as_its_tables_on_average():
    generator = np.random.default_rng(7)
    tables = [generator.normal(size=(6, 13)) for _ in range(3)]
    expected = [[float(inverse_participation_ratio(table[unit])) for table in tables] for unit in range(6)]
    np.testing.assert_allclose(unit_periodicity(*tables), np.mean(expected, axis=1))
    order = np.array([3, 1, 5, 0, 2, 4])
    np.testing.assert_allclose(unit_periodicity(*(t[order] for t in tables)), unit_periodicity(*tables)[order])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inverse_participation_ratio([1, 2]), r"at least 3 entries each, not shape \(2,\)"),
        (lambda: inverse_participation_ratio(3.0), r"not shape \(\)"),
        (lambda: inverse_participation_ratio([1, 2, 3], power=1), "power must be at least 2, not 1"),
        (lambda: unit_periodicity(), "needs tables of one shape, not none"),
        (lambda: unit_periodicity(np.ones((2, 5)), np.ones((2, 6))), r"not \[\(2, 5\), \(2, 6\)\]"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
