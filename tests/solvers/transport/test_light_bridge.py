from __future__ import annotations

import numpy as np
import pytest
import torch

from unseen.measures.bures_wasserstein import conditional_bures_wasserstein
from unseen.problems.densities.bridges import gaussian_pair, mixture_pair, planar_pair
from unseen.solvers.transport.couplings import GaussianBridge
from unseen.solvers.transport.light_bridge import LightSB, fit_light_bridge
from unseen.solvers.transport.mixture_updates import Bounds, Cloud, Parameters, loss, sweep

RNG = np.random.default_rng


def clouds(pair, n, seed=0):
    rng = RNG(seed)
    return pair.source(n, rng), pair.target(n, rng)


def discrepancy(bridge, pair, seed=1):
    x = pair.source(200, RNG(seed))
    return conditional_bures_wasserstein(*bridge.moments(x), *pair.truth.moments(x), pair.target_variance)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("dimension", [1, 2, 8])
def test_one_component_is_the_closed_form_of_the_sample_moments(dimension, epsilon):
    x, y = clouds(gaussian_pair(dimension, epsilon, 0), 500)
    bridge = LightSB(dimension, 1, epsilon).fit(x, y, held_out=0.0)
    assert bridge.report.converged
    exact = GaussianBridge(epsilon).fit(x, y)
    scale = 500 / 499  # sample covariances divide by n - 1
    points = RNG(1).standard_normal((20, dimension))
    for found, wanted in zip(bridge.moments(points), exact.moments(points), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=2 * (scale - 1), atol=2 * (scale - 1))
    slope = bridge.plan.slopes[0]
    moments = [np.cov(z.T, ddof=0).reshape(dimension, dimension) for z in (x, y)]
    np.testing.assert_allclose(slope @ moments[0] @ slope + epsilon * slope, moments[1], rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("diagonal", [False, True])
def test_sweeps_end_where_the_gradient_of_the_loss_vanishes(diagonal):
    """By automatic differentiation of the loss as it stands in the paper, written anew."""
    x, y = clouds(mixture_pair(2, 1.0, 5), 400)
    source, target = (Cloud(z - z.mean(axis=0), diagonal=diagonal) for z in (x, y))
    slopes = np.full((3, 2), 0.3) if diagonal else 0.3 * np.tile(np.eye(2), (3, 1, 1))
    fit = Parameters(np.zeros(3), target.points[:3], slopes)

    def gradient(fit):
        raw = [torch.tensor(part, requires_grad=True) for part in (fit.log_weights, fit.centres, fit.slopes)]
        a, r, s = raw
        matrices = torch.diag_embed(s) if diagonal else s
        xs, ys = torch.tensor(source.points), torch.tensor(target.points)
        given = torch.logsumexp(a + torch.einsum("nd,kde,ne->nk", xs, matrices, xs) / 2 + xs @ r.T, dim=1)
        components = torch.distributions.MultivariateNormal(r, matrices)
        taken = torch.logsumexp(a + components.log_prob(ys[:, None, :]), dim=1)
        value = given.mean() - taken.mean()
        value.backward()
        return value.item(), torch.cat([part.grad.flatten() for part in raw])

    value, before = gradient(fit)
    assert loss(source, target, fit) == pytest.approx(value, abs=1e-10)
    assert sweep(source, target, fit, Bounds(1e-6, 1e6)).loss == pytest.approx(value, abs=1e-10)
    for _ in range(400):
        fit = sweep(source, target, fit, Bounds(1e-6, 1e6)).after
    lower, after = gradient(fit)
    assert lower < value - 0.1
    assert float(after.norm()) < 1e-5 * float(before.norm())


@pytest.mark.parametrize(("epsilon", "samples"), [(0.1, 20_000), (1.0, 3000), (10.0, 3000)])
def test_fitted_loss_is_as_low_as_that_of_the_truth(epsilon, samples):
    """The true potential minimises the loss of all points; a fit may exceed it by what its points leave open."""
    pair = mixture_pair(2, epsilon, 7)
    bridge = fit_light_bridge(*clouds(pair, samples), epsilon, components=(5, 10))
    x, y = clouds(pair, 20_000, seed=2)
    assert bridge.loss(x, y) - pair.truth.loss(x, y) < 0.02
    assert discrepancy(bridge, pair) < 2


def test_plan_of_a_target_outside_the_family_is_found():
    pair = planar_pair("moons", 0.5)
    assert discrepancy(fit_light_bridge(*clouds(pair, 2000), 0.5), pair) < 1


def test_moving_and_scaling_the_clouds_moves_and_scales_the_plan():
    x, y = clouds(mixture_pair(2, 0.5, 8), 500)
    plain = LightSB(2, 4, 0.5).fit(x, y, held_out=0.0, sweeps=5)
    moved = LightSB(2, 4, 50.0).fit(10 * x + 300, 10 * y - 70, held_out=0.0, sweeps=5)
    mean, covariance = plain.moments(x[:20])
    other_mean, other_covariance = moved.moments(10 * x[:20] + 300)
    np.testing.assert_allclose(other_mean, 10 * mean - 70, rtol=1e-6, atol=1e-5)
    np.testing.assert_allclose(other_covariance, 100 * covariance, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(moved.drift(10 * x[:5] + 115, 0.5), 10 * plain.drift(x[:5], 0.5) - 370, rtol=1e-5)


def test_held_out_points_stop_an_overfit():
    pair = gaussian_pair(8, 1.0, 3)
    x, y = clouds(pair, 300)
    stopped = LightSB(8, 20, 1.0).fit(x, y)
    trained = LightSB(8, 20, 1.0).fit(x, y, held_out=0.0, sweeps=60)
    fresh = clouds(pair, 20_000, seed=4)
    assert stopped.loss(*fresh) < trained.loss(*fresh)
    assert stopped.losses["held_out"].argmin() < len(stopped.losses["held_out"]) - 1
    assert fit_light_bridge(x, y, 1.0, components=(1, 20)).components == 1


def test_slopes_are_bounded_so_that_outlying_points_stay_within_reach():
    x, y = clouds(planar_pair("eight", 0.1), 300)
    free, bound = LightSB(2, 40, 0.1), LightSB(2, 40, 0.1, largest_slope=0.2)
    assert bound.fit(x, y).plan.spectrum.max() <= 0.2 + 1e-9
    assert free.fit(x, y).plan.spectrum.max() > 0.2
    mean, covariance = bound.moments(np.array([[1e4, 0.0]]))
    assert np.abs(mean).max() < 1e4
    assert np.isfinite(covariance).all()


def test_same_seed_same_fit():
    x, y = clouds(planar_pair("ring", 1.0), 200)
    fits = [LightSB(2, 6, 1.0).fit(x, y, seed=seed).moments(x[:5])[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0], fits[1])
    assert not np.array_equal(fits[0], fits[2])


def test_points_that_coincide_do_no_harm():
    x = RNG(0).standard_normal((60, 2))
    y = np.repeat([[1.0, 2.0], [3.0, 4.0]], 30, axis=0)
    bridge = LightSB(2, 4, 0.5).fit(x, y)
    assert all(np.isfinite(moment).all() for moment in bridge.moments(x))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epsilon": 0.0}, "epsilon must be above 0"),
        ({"epsilon": float("nan")}, "epsilon must be above 0"),
        ({"epsilon": "1"}, "epsilon must be a number"),
        ({"dimension": 0}, "dimension must be a whole number"),
        ({"components": 1.5}, "components must be a whole number"),
        ({"covariance": "round"}, "covariance must be 'full' or 'diagonal'"),
        ({"largest_slope": -1.0}, "largest_slope must be above 0"),
    ],
)
def test_bad_settings_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        LightSB(**{"dimension": 2, "components": 3, "epsilon": 1.0, **arguments})


def test_bad_points_are_named():
    x = RNG(0).standard_normal((50, 2))
    hurt = x.copy()
    hurt[3, 1] = np.nan
    for bridge, source, target, message in (
        (LightSB(3, 2, 1.0), x, x, r"source must have the shape \(n, 3\), not \(50, 2\)"),
        (LightSB(2, 2, 1.0), x, hurt, "target must be finite: 1 coordinates are not"),
        (LightSB(2, 45, 1.0), x, x, "45 components need at least 45 points to fit on either side, not 40 and 40"),
        (LightSB(2, 2, 1e-300), 1e10 * x, x, "too far apart for float64"),
    ):
        with pytest.raises(ValueError, match=message):
            bridge.fit(source, target)
    with pytest.raises(ValueError, match="must be fitted"):
        LightSB(2, 2, 1.0).sample(x, RNG(0))
    with pytest.raises(ValueError, match="too few to fit any"):
        fit_light_bridge(x[:4], x[:4], 1.0, components=(5, 10))
