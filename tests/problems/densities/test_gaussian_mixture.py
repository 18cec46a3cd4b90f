from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from unseen.problems.densities.gaussian_mixture import GaussianMixture, random_mixture, ring_mixture

MIXTURE = GaussianMixture([[0.0, 1.0, -1.0], [2.0, 0.5, 0.0]], [0.3, 0.8], [1.0, 3.0])


@pytest.fixture
def points():
    return np.random.default_rng(0).standard_normal((7, 3))


@pytest.mark.parametrize("alpha_bar", [1.0, 0.6, 0.01])
def test_density_is_that_of_the_noised_gaussians(points, alpha_bar):
    found = np.exp(MIXTURE.log_density(points, alpha_bar))
    expected = sum(
        weight * multivariate_normal(np.sqrt(alpha_bar) * mean, alpha_bar * deviation**2 + 1 - alpha_bar).pdf(points)
        for weight, mean, deviation in zip([0.25, 0.75], MIXTURE.means, MIXTURE.deviations, strict=True)
    )
    assert found == pytest.approx(expected, rel=1e-10)


@settings(max_examples=25, deadline=None)
@given(alpha_bar=st.floats(0.0, 1.0), seed=st.integers(0, 1000))
def test_score_is_the_gradient_of_the_density(alpha_bar, seed):
    x = 2 * np.random.default_rng(seed).standard_normal((4, 3))
    points = torch.tensor(x, requires_grad=True)
    (gradient,) = torch.autograd.grad(MIXTURE.log_density(points, alpha_bar).sum(), points)
    assert MIXTURE.score(x, alpha_bar) == pytest.approx(gradient.numpy(), rel=1e-8, abs=1e-8)


def test_predictions_are_conditional_means_of_noise_and_clean_point():
    # All noisy points that came out near one place: what was their noise, what were they before?
    generator = np.random.default_rng(1)
    mixture, alpha_bar = ring_mixture(3, deviation=0.4), 0.5
    clean, noise = mixture.sample(generator, 400_000), generator.standard_normal((400_000, 2))
    noisy = np.sqrt(alpha_bar) * clean + np.sqrt(1 - alpha_bar) * noise
    place = np.array([[0.4, -0.3]])
    near = (np.abs(noisy - place) < 0.1).all(axis=1)
    spread = 4 / np.sqrt(near.sum())
    assert mixture.noise_prediction(place, alpha_bar)[0] == pytest.approx(noise[near].mean(axis=0), abs=spread)
    assert mixture.data_prediction(place, alpha_bar)[0] == pytest.approx(clean[near].mean(axis=0), abs=spread)


def test_predictions_fit_together_at_one_level_per_point(points):
    levels = np.linspace(0.05, 0.95, len(points))
    noise, data = MIXTURE.noise_prediction(points, levels), MIXTURE.data_prediction(points, levels)
    assert np.sqrt(levels)[:, None] * data + np.sqrt(1 - levels)[:, None] * noise == pytest.approx(points)
    one = np.concatenate([MIXTURE.noise_prediction(points[i : i + 1], levels[i]) for i in range(len(points))])
    assert noise == pytest.approx(one)


@pytest.mark.parametrize("method", ["log_density", "score", "noise_prediction", "data_prediction"])
def test_torch_and_numpy_agree(points, method):
    for alpha_bar in (0.3, np.linspace(0.1, 0.9, len(points))):
        found = getattr(MIXTURE, method)(torch.tensor(points), alpha_bar)
        assert found.dtype == torch.float64
        assert found.numpy() == pytest.approx(getattr(MIXTURE, method)(points, alpha_bar), rel=1e-10)
    assert getattr(MIXTURE, method)(torch.tensor(points, dtype=torch.float32), 0.3).dtype == torch.float32


def test_samples_have_the_moments_of_the_mixture():
    x = MIXTURE.sample(np.random.default_rng(2), 100_000)
    mean = MIXTURE.weights @ MIXTURE.means
    second = sum(
        w * (s**2 * np.eye(3) + np.outer(m, m))
        for w, m, s in zip(MIXTURE.weights, MIXTURE.means, MIXTURE.deviations, strict=True)
    )
    assert x.mean(axis=0) == pytest.approx(mean, abs=0.02)
    assert x.T @ x / len(x) == pytest.approx(second, abs=0.03)


def test_far_away_nothing_overflows():
    far = np.full((1, 3), 1e4)
    assert np.isfinite(MIXTURE.log_density(far)).all()
    # The nearest wide mode alone is left.
    assert MIXTURE.score(far)[0] == pytest.approx((MIXTURE.means[1] - 1e4) / 0.64)


def test_named_mixtures():
    ring = ring_mixture(8, radius=2.0)
    assert np.linalg.norm(ring.means, axis=1) == pytest.approx(2 * np.ones(8))
    assert ring.means.sum(axis=0) == pytest.approx([0, 0], abs=1e-12)
    assert (random_mixture(10, 16, seed=3).means == random_mixture(10, 16, seed=3).means).all()
    assert random_mixture(10, 16, seed=3).means[0, 0] != random_mixture(10, 16, seed=4).means[0, 0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([1.0, 2.0], 1.0), "(2,)"),
        (([[0.0, np.nan]], 1.0), "means"),
        (([[0.0, 0.0]], 0.0), "deviations"),
        (([[0.0], [1.0]], 1.0, [1.0, -1.0]), "weights"),
    ],
)
def test_what_is_no_mixture_is_refused(arguments, named):
    with pytest.raises(ValueError, match=re.escape(named)):
        GaussianMixture(*arguments)


def test_misuse_is_refused(points):
    with pytest.raises(ValueError, match=r"\(n, 3\), not \(7, 2\)"):
        MIXTURE.score(points[:, :2])
    with pytest.raises(ValueError, match="alpha_bar must lie in"):
        MIXTURE.score(points, 1.2)
