from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gamma, ive
from sklearn.linear_model import Ridge

from unseen.measures.theory.advani_saxe import (
    learning_curve,
    learning_curve_slope,
    marchenko_pastur_density,
    marchenko_pastur_quadrature,
    optimal_ridge_error,
    optimal_stopping_time,
    overtraining,
)
from unseen.measures.theory.gradient_flow import least_squares_flow

RATIOS = (0.05, 0.5, 0.97, 1.0, 1.03, 2.0, 20.0)


@pytest.mark.parametrize("ratio", RATIOS)
def test_law_has_the_mass_and_moments_of_a_wishart_matrix(ratio):
    nodes, weights = marchenko_pastur_quadrature(ratio)
    # tr(X^T X) / N and tr((X^T X)^2) / N for entries of variance 1/N, in the limit
    for power, moment in ((0, min(1, ratio)), (1, ratio), (2, ratio * (1 + ratio))):
        assert weights @ nodes**power == pytest.approx(moment, rel=1e-13)


@pytest.mark.parametrize("ratio", [0.3, 1.0, 3.0])
def test_quadrature_integrates_the_density(ratio):
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    nodes, weights = marchenko_pastur_quadrature(ratio)
    by_density, _ = quad(lambda x: float(marchenko_pastur_density(x, ratio)) * math.cos(x), low, high, limit=400)
    assert weights @ np.cos(nodes) == pytest.approx(by_density, rel=1e-6)
    assert marchenko_pastur_density([low - 1e-9, high + 1e-9], ratio).tolist() == [0, 0]


def test_eigenvalues_of_a_random_matrix_follow_the_density():
    design = np.random.default_rng(0).standard_normal((1200, 600)) / math.sqrt(600)
    values = np.linalg.eigvalsh(design.T @ design)
    for cut in (0.5, 1.0, 2.0, 4.0):
        below, _ = quad(lambda x: float(marchenko_pastur_density(x, 2.0)), 0, cut, limit=200)
        assert (values < cut).mean() == pytest.approx(below, abs=0.01)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("start", [0.0, 2.0])
def test_limits_in_closed_form(ratio, start):
    noise = 1 / 5
    first, last = learning_curve([0, np.inf], ratio=ratio, snr=5, initial_variance=start)
    assert first == pytest.approx(1 + start + noise, rel=1e-13)
    if ratio == 1:
        assert last == np.inf
        return
    # ridgeless risk: E tr (X^T X)^+ / N is A/(1 - A) below and 1/(A - 1) above the threshold
    frozen, variance = ((1 - ratio) * (1 + start), ratio / (1 - ratio)) if ratio < 1 else (0, 1 / (ratio - 1))
    assert last == pytest.approx(noise + frozen + noise * variance, rel=1e-10)
    assert learning_curve(1e9, ratio=ratio, snr=5, initial_variance=start) == pytest.approx(last, rel=1e-10)


def test_signal_term_at_equal_numbers_is_a_bessel_function():
    times = np.array([0.01, 1.0, 30.0, 1e3, 1e6])
    # Int rho exp(-s L) dL = exp(-2 s) (I0(2 s) + I1(2 s)) at A = 1
    exact = ive(0, 4 * times) + ive(1, 4 * times)
    np.testing.assert_allclose(learning_curve(times, ratio=1, snr=np.inf), exact, rtol=1e-10)


def test_noise_term_at_equal_numbers_grows_like_the_square_root_of_time():
    # rho ~ 1 / (pi sqrt(L)) at the lower edge, so the term is sqrt(t)/pi Int u^(-3/2) (1 - exp(-u))^2 du
    constant = gamma(-0.5) * (math.sqrt(2) - 2) / math.pi
    late = learning_curve(1e8, ratio=1, snr=1) - 1
    assert late == pytest.approx(constant * 1e4, rel=1e-3)


@pytest.mark.parametrize("ratio", [0.5, 0.97, 1.0, 1.03, 2.0])
@pytest.mark.parametrize("time", [0.1, 10.0, 1e3])
def test_curve_equals_an_independent_quadrature(ratio, time):
    low, high = abs(1 - math.sqrt(ratio)), 1 + math.sqrt(ratio)

    def integrand(root: float) -> float:
        value = root**2
        density = math.sqrt(max((high**2 - value) * (value - low**2), 0)) / (2 * math.pi * value)
        noise = (1 - math.exp(-value * time)) ** 2 / value if value * time > 1e-8 else value * time**2
        return 2 * root * density * (math.exp(-2 * value * time) + 0.2 * noise)

    scale = max(low, 1 / math.sqrt(time))
    knots = sorted({low, *(k for k in (1.01 * low, scale, 2 * scale, 5 * scale, 20 * scale) if low < k < high), high})
    bulk = sum(quad(integrand, a, b, epsabs=0, epsrel=1e-11, limit=500)[0] for a, b in pairwise(knots))
    expected = 0.2 + max(0, 1 - ratio) + bulk
    assert float(learning_curve(time, ratio=ratio, snr=5)) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("ratio", RATIOS)
def test_slope_is_the_derivative(ratio):
    times = np.geomspace(0.05, 500, 30)
    step = 1e-5 * times
    options = {"ratio": ratio, "snr": 2.0, "initial_variance": 0.3}
    numeric = (learning_curve(times + step, **options) - learning_curve(times - step, **options)) / (2 * step)
    np.testing.assert_allclose(learning_curve_slope(times, **options), numeric, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("snr", [0.1, 5.0, 1000.0])
def test_nothing_is_lower_than_the_optimal_stopping_time(ratio, snr):
    best = optimal_stopping_time(ratio=ratio, snr=snr, initial_variance=0.5)
    curve = learning_curve(np.geomspace(best / 1e3, best * 1e3, 2001), ratio=ratio, snr=snr, initial_variance=0.5)
    lowest = float(learning_curve(best, ratio=ratio, snr=snr, initial_variance=0.5))
    assert lowest <= curve.min() + 1e-12
    assert optimal_stopping_time(ratio=ratio, snr=np.inf) == np.inf


@pytest.mark.parametrize("ratio", RATIOS)
@pytest.mark.parametrize("snr", [0.2, 5.0, 100.0])
def test_ridge_optimum_solves_the_fixed_point_of_the_stieltjes_transform(ratio, snr):
    noise = 1 / snr
    # m = 1 / (noise + A / (1 + m)) for m = tr (X^T X + noise I)^-1 / N
    middle = noise + ratio - 1
    transform = (-middle + math.sqrt(middle**2 + 4 * noise)) / (2 * noise)
    assert optimal_ridge_error(ratio=ratio, snr=snr) == pytest.approx(noise + noise * transform, rel=1e-10)


@given(
    ratio=st.floats(0.02, 50),
    snr=st.floats(0.01, 1e4),
    time=st.floats(0, 1e5),
    start=st.floats(0, 3),
)
@settings(max_examples=200, deadline=None)
def test_no_stopping_time_beats_the_bayes_optimum(ratio, snr, time, start):
    reached = float(learning_curve(time, ratio=ratio, snr=snr, initial_variance=start))
    assert reached >= optimal_ridge_error(ratio=ratio, snr=snr) * (1 - 1e-12)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 2.0])
def test_simulation_with_scikit_learn_and_exact_flow(ratio):
    inputs, snr, times = 200, 5.0, np.array([0.3, 3.0, 30.0])
    generator = np.random.default_rng(1)
    ridge, flow = [], []
    for _ in range(16):
        design = generator.standard_normal((round(ratio * inputs), inputs)) / math.sqrt(inputs)
        teacher = generator.standard_normal(inputs)
        targets = design @ teacher + generator.standard_normal(len(design)) / math.sqrt(snr)
        student = Ridge(alpha=1 / snr, fit_intercept=False).fit(design, targets).coef_
        ridge.append(np.mean((student - teacher) ** 2) + 1 / snr)
        start = 0.5 * generator.standard_normal(inputs)
        flow.append(((least_squares_flow(design, targets, start, times) - teacher) ** 2).mean(axis=1) + 1 / snr)
    assert np.mean(ridge) == pytest.approx(optimal_ridge_error(ratio=ratio, snr=snr), rel=0.05)
    expected = learning_curve(times, ratio=ratio, snr=snr, initial_variance=0.25)
    np.testing.assert_allclose(np.mean(flow, axis=0), expected, rtol=0.06)


def test_overtraining_is_last_minus_best():
    assert overtraining([3.0, 1.0, 2.5]) == 1.5
    assert overtraining([3.0, 2.0, 1.0]) == 0.0


@pytest.mark.parametrize("curve", [[], [[1.0, 2.0]], [1.0, math.nan]])
def test_overtraining_refuses_what_is_no_curve(curve):
    with pytest.raises(ValueError, match="curve"):
        overtraining(curve)


@pytest.mark.parametrize(
    "wrong", [{"ratio": 0}, {"ratio": np.inf}, {"snr": 0}, {"snr": math.nan}, {"initial_variance": -1}, {"time": -1.0}]
)
def test_impossible_arguments_are_named(wrong):
    arguments = {"time": 1.0, "ratio": 1.0, "snr": 1.0} | wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        learning_curve(**arguments)
