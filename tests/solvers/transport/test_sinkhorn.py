from __future__ import annotations

import numpy as np
import pytest

from unseen.problems.densities.bridges import gaussian_pair, planar_pair
from unseen.solvers.transport.couplings import GaussianBridge, IndependentCoupling
from unseen.solvers.transport.sinkhorn import BarycentricMap, SinkhornBridge

RNG = np.random.default_rng


def clouds(pair, n, m=None, seed=0):
    rng = RNG(seed)
    return pair.source(n, rng), pair.target(m or n, rng)


@pytest.mark.parametrize("epsilon", [0.05, 1.0, 20.0])
def test_own_iteration_and_pot_give_one_plan(epsilon):
    pytest.importorskip("ot")
    x, y = clouds(gaussian_pair(3, epsilon, 0), 120, 150)
    ours = SinkhornBridge(epsilon).fit(x, y, iterations=20_000, tolerance=1e-10)
    pots = SinkhornBridge(epsilon, "pot").fit(x, y, iterations=20_000, tolerance=1e-10)
    assert ours.report.converged
    for found, wanted in zip(ours.moments(x), pots.moments(x), strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_plan_has_the_marginals_at_the_points_themselves():
    x, y = clouds(planar_pair("moons", 0.1), 200)
    bridge = SinkhornBridge(0.1).fit(x, y)
    weights = bridge.plan.weights(x)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert np.abs(weights.mean(axis=0) - 1 / 200).sum() <= 1.1e-5


def test_tiny_epsilon_needs_logarithms_and_gets_them():
    """Costs of a thousand epsilons underflow without potentials in the kernel; the plan tends to an assignment."""
    from scipy.optimize import linear_sum_assignment

    x, y = RNG(1).standard_normal((2, 12, 2))
    bridge = SinkhornBridge(2e-4).fit(x, y, iterations=100_000)
    cost = ((x[:, None] - y) ** 2).sum(axis=2)
    assert cost.max() / (2 * 2e-4) > 1000
    np.testing.assert_array_equal(bridge.plan.weights(x).argmax(axis=1), linear_sum_assignment(cost)[1])


def test_limit_is_a_status_not_an_exception():
    x, y = clouds(planar_pair("ring", 0.1), 100)
    report = SinkhornBridge(0.1).fit(x, y, iterations=3).report
    assert report.status == "limit-reached"
    assert "after 3 iterations" in report.why


def test_moving_both_clouds_moves_the_plan():
    x, y = clouds(planar_pair("eight", 0.5), 100)
    mean = SinkhornBridge(0.5).fit(x, y, tolerance=1e-10).moments(x)[0]
    moved = SinkhornBridge(0.5).fit(x - 40, y + 90, tolerance=1e-10).moments(x - 40)[0]
    np.testing.assert_allclose(moved, mean + 90, atol=1e-6)


def test_barycentric_map_keeps_means_and_gives_all_one_spread():
    x, y = clouds(planar_pair("moons", 0.3), 150)
    bridge = SinkhornBridge(0.3).fit(x, y)
    flat = BarycentricMap(bridge, x)
    mean, covariance = flat.moments(x)
    np.testing.assert_allclose(mean, bridge.moments(x)[0])
    np.testing.assert_allclose(covariance.mean(axis=0), bridge.moments(x)[1].mean(axis=0))
    drawn = flat.sample(np.tile(x[:1], (50_000, 1)), RNG(2))
    np.testing.assert_allclose(np.cov(drawn.T), covariance[0], atol=0.02)


def test_couplings_know_their_moments():
    pair = gaussian_pair(2, 0.5, 4)
    x, y = clouds(pair, 20_000)
    for found, wanted in zip(GaussianBridge(0.5).fit(x, y).moments(x[:9]), pair.truth.moments(x[:9]), strict=True):
        np.testing.assert_allclose(found, wanted, atol=0.1)
    independent = IndependentCoupling().fit(x, y)
    drawn = independent.sample(np.tile(x[:1], (50_000, 1)), RNG(3))
    mean, covariance = independent.moments(x[:1])
    np.testing.assert_allclose(drawn.mean(axis=0), mean[0], atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), covariance[0], atol=0.05)


def test_bad_input_is_named():
    x = RNG(0).standard_normal((5, 2))
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        SinkhornBridge(-1.0)
    with pytest.raises(ValueError, match="method must be 'absorbed' or 'pot'"):
        SinkhornBridge(1.0, "magic")
    with pytest.raises(ValueError, match=r"target must have the shape \(n, 2\), not \(5, 3\)"):
        SinkhornBridge(1.0).fit(x, np.zeros((5, 3)))
    with pytest.raises(ValueError, match="source must"):
        SinkhornBridge(1.0).fit(x[0], x)
    with pytest.raises(ValueError, match="points on either side"):
        SinkhornBridge(1.0).fit(x[:0], x)
    with pytest.raises(ValueError, match="must be fitted"):
        SinkhornBridge(1.0).moments(x)
    for coupling in (GaussianBridge(1.0), IndependentCoupling()):
        with pytest.raises(ValueError, match="at least two points"):
            coupling.fit(x[:1], x)
        with pytest.raises(ValueError, match="must be fitted"):
            coupling.moments(x)
