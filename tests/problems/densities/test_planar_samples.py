from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.datasets import make_moons

from unseen.problems.densities.planar_samples import half_moons, noisy_ring


def test_half_moons_are_those_of_scikit_learn_moved_and_scaled():
    ours = half_moons(np.random.default_rng(0), 4000, noise=0.0)
    theirs = (make_moons(2001, shuffle=False, noise=None)[0] - [0.5, 0.25]) / 1.5
    nearest = np.abs(ours[:, None, :] - theirs[None, ::3]).max(axis=2).min(axis=1)
    assert nearest.max() < 0.01
    assert ours.mean(axis=0) == pytest.approx([0, 0], abs=0.03)
    assert np.abs(ours).max() <= 1.0 + 1e-12


def test_ring_is_uniform_in_angle_and_blurred_by_its_noise():
    points = noisy_ring(np.random.default_rng(1), 20_000, radius=2.0, noise=0.1)
    angles = np.arctan2(points[:, 1], points[:, 0])
    assert kstest(angles, "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3
    radii = np.linalg.norm(points, axis=1)
    assert radii.mean() == pytest.approx(2.0, abs=0.01)
    assert radii.std() == pytest.approx(0.1, abs=0.005)
