from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from unseen.problems.densities.bridges import gaussian_pair, mixture_pair, planar_pair
from unseen.problems.densities.grid_sinkhorn import SMALLEST_EPSILON, planar_plan
from unseen.problems.densities.planar import PLANAR

PAIRS = [
    gaussian_pair(3, 0.5, 1),
    mixture_pair(3, 0.5, 1),
    mixture_pair(2, 0.1, 2),
    *(planar_pair(target, 0.5) for target in PLANAR),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.name}-{pair.epsilon}")
def test_the_true_plan_carries_the_source_to_the_target(pair):
    rng = np.random.default_rng(0)
    x = pair.source(40_000, rng)
    arrived, wanted = pair.truth.sample(x[: 2000 if pair.name in PLANAR else None], rng), pair.target(40_000, rng)
    spread = np.sqrt(pair.target_variance)
    np.testing.assert_allclose(arrived.mean(axis=0), wanted.mean(axis=0), atol=0.08 * spread)
    np.testing.assert_allclose(np.cov(arrived.T), np.cov(wanted.T), atol=0.08 * spread**2)
    assert wanted.var(axis=0).sum() == pytest.approx(pair.target_variance, rel=0.03)
    # Characteristic functions see more than moments.
    for frequency in rng.standard_normal((5, pair.dimension)):
        waves = [np.exp(1j * points @ frequency).mean() for points in (arrived, wanted)]
        assert abs(waves[0] - waves[1]) < 0.08


def test_components_of_a_mixture_pair_share_the_source():
    pair = mixture_pair(2, 1.0, 4)
    terms = pair.truth.log_terms(np.random.default_rng(1).standard_normal((50_000, 2)))
    shares = np.exp(terms - logsumexp(terms, axis=1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(shares, 0.2, atol=0.02)


def test_seeds_and_sizes_decide_the_pair():
    assert gaussian_pair(2, 1.0, 0).target_variance == gaussian_pair(2, 5.0, 0).target_variance
    assert gaussian_pair(2, 1.0, 0).target_variance != gaussian_pair(2, 1.0, 1).target_variance
    with pytest.raises(ValueError, match="dimension must be a whole number from 1 up, not 0"):
        gaussian_pair(0, 1.0, 0)
    with pytest.raises(ValueError, match="epsilon must be above 0"):
        mixture_pair(2, -1.0, 0)


@pytest.mark.parametrize("name", sorted(PLANAR))
def test_planar_density_integrates_to_one_and_is_that_of_its_samples(name):
    target = PLANAR[name]
    axis = np.linspace(-4, 4, 161)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    mass = np.exp(target.log_density(grid)) * (axis[1] - axis[0]) ** 2
    assert mass.sum() == pytest.approx(1, abs=1e-6)
    drawn = target.sample(60_000, np.random.default_rng(2))
    for low, high in ((0, 1), (-1, 0.5)):
        inside = ((drawn > low) & (drawn < high)).all(axis=1).mean()
        cells = ((grid > low) & (grid < high)).all(axis=1)
        edges = ((grid >= low - 1e-9) & (grid <= high + 1e-9)).all(axis=1) & ~cells
        assert inside == pytest.approx(mass[cells].sum() + mass[edges].sum() / 2, abs=0.006)


def test_grid_reference_is_the_gaussian_closed_form_for_a_narrow_curve(monkeypatch):
    """With a curve that is one point the target is a Gaussian, whose bridge is known."""
    from unseen.problems.densities import grid_sinkhorn
    from unseen.problems.densities.gaussian_plan import gaussian_plan
    from unseen.problems.densities.planar import Planar

    point = Planar("point", lambda u: np.broadcast_to([0.5, -1.0], (len(u), 2)), 0.3)
    monkeypatch.setattr(grid_sinkhorn, "PLANAR", {"point": point})
    found = planar_plan("point", 0.2)
    exact = gaussian_plan([0, 0], np.eye(2), [0.5, -1.0], 0.09 * np.eye(2), 0.2)
    x = np.random.default_rng(3).standard_normal((50, 2))
    for one, other in zip(found.moments(x), exact.moments(x), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_grid_reference_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="no target 'spiral'; there are moons, ring, eight"):
        planar_plan("spiral", 1.0)
    with pytest.raises(ValueError, match=r"epsilon must be at least 0\.06"):
        planar_plan("ring", SMALLEST_EPSILON / 2)
