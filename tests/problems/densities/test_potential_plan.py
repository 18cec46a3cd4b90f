from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import logsumexp

from unseen.problems.densities.bridges import mixture_pair
from unseen.problems.densities.gaussian_plan import gaussian_plan, gaussian_slope
from unseen.problems.densities.point_plan import PointPlan
from unseen.problems.densities.potential_plan import PotentialPlan

RNG = np.random.default_rng


def line_plan(epsilon=0.7):
    """Three components in one dimension."""
    return PotentialPlan(
        np.log([0.2, 0.5, 0.3]), np.array([[-1.0], [0.5], [2.0]]), np.array([[0.3], [0.6], [0.1]]), None, epsilon
    )


def plane_plan(epsilon=0.5):
    return mixture_pair(2, epsilon, 3).truth


def test_plan_is_the_tilted_potential_by_integration_on_the_line():
    plan = line_plan()
    x = 0.8

    def tilted(y):
        return float(np.exp(x * y / plan.epsilon + plan.log_potential([[y]])[0]))

    total = quad(tilted, -15, 20, limit=200)[0]
    assert plan.log_normaliser([[x]])[0] == pytest.approx(np.log(total), abs=1e-8)
    for y in (-1.0, 0.7, 2.5):
        assert plan.log_plan([[x]], [[y]])[0] == pytest.approx(np.log(tilted(y) / total), abs=1e-8)
    mean = quad(lambda y: y * tilted(y), -15, 20, limit=200)[0] / total
    second = quad(lambda y: y * y * tilted(y), -15, 20, limit=200)[0] / total
    found = plan.moments([[x]])
    assert found[0][0, 0] == pytest.approx(mean, abs=1e-7)
    assert found[1][0, 0, 0] == pytest.approx(second - mean**2, abs=1e-7)


@given(st.floats(-20, 20), st.floats(0.05, 5))
def test_plan_adds_up_to_one(x, epsilon):
    plan = line_plan(epsilon)
    mean, covariance = plan.moments([[x]])
    reach = 12 * np.sqrt(covariance[0, 0, 0]) + 1
    grid = np.linspace(mean[0, 0] - reach, mean[0, 0] + reach, 4001)[:, None]
    density = np.exp(plan.log_plan(np.full_like(grid, x), grid))
    assert density.sum() * (grid[1, 0] - grid[0, 0]) == pytest.approx(1, abs=1e-6)


def test_samples_have_the_moments_and_density():
    plan, x = plane_plan(), np.array([0.4, -1.2])
    drawn = plan.sample(np.tile(x, (200_000, 1)), RNG(0))
    mean, covariance = plan.moments(x[None])
    np.testing.assert_allclose(drawn.mean(axis=0), mean[0], atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), covariance[0], atol=0.03)
    inside = (np.abs(drawn - mean[0]) < 0.3).all(axis=1).mean()
    axis = np.linspace(-0.3, 0.3, 61)
    centres = mean[0] + np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    cells = np.exp(plan.log_plan(np.tile(x, (len(centres), 1)), centres)) * (axis[1] - axis[0]) ** 2
    weights = np.outer(*(np.where(np.isin(np.arange(61), (0, 60)), 0.5, 1.0),) * 2).ravel()
    assert inside == pytest.approx((cells * weights).sum(), abs=0.005)


@pytest.mark.parametrize("plan", [line_plan(), plane_plan()], ids=["line", "plane"])
@pytest.mark.parametrize("t", [0.0, 0.3, 0.9])
def test_drift_is_the_gradient_of_the_smoothed_potential(plan, t):
    """epsilon times the gradient of log E[phi(x + sqrt(epsilon (1 - t)) Z)], phi(y) = v(y) exp(|y|^2 / 2 epsilon)."""
    dimension = plan.dimension
    x = RNG(1).standard_normal((3, dimension))
    axis = np.linspace(-14, 14, 1401 if dimension == 1 else 561)
    grid = np.stack(np.meshgrid(*[axis] * dimension), -1).reshape(-1, dimension)
    log_phi = plan.log_potential(grid) + (grid**2).sum(axis=1) / (2 * plan.epsilon)

    def smoothed(point):
        kernel = -((grid - point) ** 2).sum(axis=1) / (2 * plan.epsilon * (1 - t))
        return float(logsumexp(log_phi + kernel))

    step = 1e-3
    for point in x:
        slope = [
            (smoothed(point + step * unit) - smoothed(point - step * unit)) / (2 * step) for unit in np.eye(dimension)
        ]
        np.testing.assert_allclose(plan.drift(point[None], t)[0], plan.epsilon * np.array(slope), atol=2e-4)


def test_simulated_diffusion_reaches_what_the_plan_samples():
    plan, rng = plane_plan(), RNG(2)
    start = np.tile([0.7, -0.3], (6000, 1))
    here, steps = start.copy(), 100
    for step in range(steps):
        here = here + plan.drift(here, step / steps) / steps
        here += np.sqrt(plan.epsilon / steps) * rng.standard_normal(here.shape)
        if step + 1 == steps // 2:
            np.testing.assert_allclose(here.mean(axis=0), plan.at_time(start, 0.5, rng).mean(axis=0), atol=0.06)
    mean, covariance = (moment[0] for moment in plan.moments(start[:1]))
    np.testing.assert_allclose(here.mean(axis=0), mean, atol=0.08)
    np.testing.assert_allclose(np.cov(here.T), covariance, atol=0.15)


def test_diagonal_and_rotated_forms_agree():
    plan = line_plan()
    turned = PotentialPlan(plan.log_weights, plan.centres, plan.spectrum, np.full((3, 1, 1), -1.0), plan.epsilon)
    x, y = RNG(3).standard_normal((2, 5, 1))
    for name in ("log_normaliser", "log_potential"):
        np.testing.assert_allclose(getattr(plan, name)(x), getattr(turned, name)(x), atol=1e-12)
    np.testing.assert_allclose(plan.log_plan(x, y), turned.log_plan(x, y), atol=1e-12)
    np.testing.assert_allclose(plan.drift(x, 0.4), turned.drift(x, 0.4), atol=1e-12)
    for one, other in zip(plan.moments(x), turned.moments(x), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_points_are_the_limit_of_narrow_components():
    points, log_potential = RNG(4).standard_normal((6, 2)), RNG(5).standard_normal(6)
    discrete = PointPlan(points, log_potential, 0.3)
    narrow = PotentialPlan(log_potential, points, np.full((6, 2), 1e-10), None, 0.3)
    x = RNG(6).standard_normal((4, 2))
    for one, other in zip(discrete.moments(x), narrow.moments(x), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)
    np.testing.assert_allclose(discrete.drift(x, 0.6), narrow.drift(x, 0.6), atol=1e-6)
    drawn = discrete.sample(np.tile(x[:1], (50_000, 1)), RNG(7))
    np.testing.assert_allclose(drawn.mean(axis=0), discrete.moments(x[:1])[0][0], atol=0.02)
    np.testing.assert_array_equal(discrete.at_time(x, 0.0, RNG(8)), x)


def test_small_epsilon_and_outlying_points_stay_finite():
    plan = mixture_pair(4, 0.01, 0).truth
    x = 1e3 * RNG(9).standard_normal((10, 4))
    assert all(np.isfinite(moment).all() for moment in plan.moments(x))
    assert np.isfinite(plan.drift(x, 0.999)).all()
    assert np.isfinite(plan.log_plan(x, plan.sample(x, RNG(10)))).all()


@pytest.mark.parametrize("dimension", [1, 3])
def test_slope_solves_its_equation_even_for_singular_covariances(dimension):
    source, target = (root @ root.T for root in RNG(11).standard_normal((2, dimension, dimension)))
    for first, second in ((source, target), (0 * source, target), (source, np.diag(np.arange(dimension) * 1.0))):
        slope = gaussian_slope(first, second, 0.3)
        np.testing.assert_allclose(slope @ first @ slope + 0.3 * slope, second, atol=1e-12)
        assert np.linalg.eigvalsh(slope).min() > -1e-12


def test_gaussian_plan_is_that_of_sinkhorn_on_a_grid():
    epsilon, means, deviations = 0.5, (0.3, -1.0), (1.0, 0.6)
    axes = [mean + np.linspace(-7, 7, 281) * deviation for mean, deviation in zip(means, deviations, strict=True)]
    logs = [-((axis - m) ** 2) / (2 * s**2) for axis, m, s in zip(axes, means, deviations, strict=True)]
    logs = [log - logsumexp(log) for log in logs]
    kernel = -((axes[0][:, None] - axes[1]) ** 2) / (2 * epsilon)
    second = np.zeros(281)
    for _ in range(60):
        first = -logsumexp(kernel + second + logs[1], axis=1)
        second = -logsumexp(kernel + first[:, None] + logs[0][:, None], axis=0)
    plan = gaussian_plan([means[0]], [[deviations[0] ** 2]], [means[1]], [[deviations[1] ** 2]], epsilon)
    for place in (80, 140, 200):
        weights = np.exp(kernel[place] + second + logs[1])
        weights /= weights.sum()
        mean = weights @ axes[1]
        found = plan.moments([[axes[0][place]]])
        assert found[0][0, 0] == pytest.approx(mean, abs=1e-9)
        assert found[1][0, 0, 0] == pytest.approx(weights @ (axes[1] - mean) ** 2, abs=1e-9)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        gaussian_plan([0], [[1]], [0], [[1]], 0)
    with pytest.raises(ValueError, match="must be symmetric"):
        gaussian_plan([0, 0], [[1, 1], [0, 1]], [0, 0], np.eye(2), 1)
    with pytest.raises(ValueError, match="negative eigenvalues"):
        gaussian_plan([0], [[-1]], [0], [[1]], 1)
    with pytest.raises(ValueError, match=r"shape \(n, 2\), not \(3,\)"):
        plane_plan().moments(np.zeros(3))
    with pytest.raises(ValueError, match="1 coordinates are not"):
        plane_plan().moments([[0.0, np.nan]])
    with pytest.raises(ValueError, match=r"times must lie in \[0, 1\)"):
        plane_plan().drift([[0.0, 0.0]], 1.0)
    with pytest.raises(ValueError, match="must be pairs"):
        plane_plan().log_plan(np.zeros((2, 2)), np.zeros((3, 2)))
