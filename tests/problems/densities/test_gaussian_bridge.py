from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from unseen.problems.densities.gaussian_bridge import GaussianBridge

PROBLEM = GaussianBridge()


@pytest.mark.parametrize("split", sorted(PROBLEM.splits))
def test_truth_conditions_the_joint_gaussian_whose_marginals_are_those_asked_for(split):
    """By the textbook form: cross-covariance C0^(1/2) (C0^(1/2) C1 C0^(1/2) + eps^2/4)^(1/2) C0^(-1/2) - eps/2."""
    examples = PROBLEM.sample(split, 20, seed=4)
    for index, truth in enumerate(PROBLEM.truth(examples)):
        part = {name: column[index] for name, column in examples.inputs.items()}
        root = np.real(sqrtm(part["source_covariance"]))
        inner = root @ part["target_covariance"] @ root + part["epsilon"] ** 2 / 4 * np.eye(len(root))
        cross = root @ np.real(sqrtm(inner)) @ np.linalg.inv(root) - part["epsilon"] / 2 * np.eye(len(root))
        slope = cross.T @ np.linalg.inv(part["source_covariance"])
        mean = part["target_mean"] + slope @ (part["x"] - part["source_mean"])
        np.testing.assert_allclose(truth[0], mean, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(truth[1:], part["target_covariance"] - slope @ cross, rtol=1e-6, atol=1e-7)


def test_x_is_drawn_from_the_source_of_its_own_instance():
    inputs = PROBLEM.sample("iid", 20_000, seed=5).inputs
    apart = inputs["x"] - inputs["source_mean"]
    squares = np.einsum("nd,nde,ne->n", apart, np.linalg.inv(inputs["source_covariance"]), apart)
    assert squares.mean() == pytest.approx(3, abs=0.1)
    far = PROBLEM.sample("shifted:outlying", 20_000, seed=5).inputs
    apart = far["x"] - far["source_mean"]
    squares = np.einsum("nd,nde,ne->n", apart, np.linalg.inv(far["source_covariance"]), apart)
    assert squares.mean() == pytest.approx(75, abs=3)


def test_splits_are_what_they_say():
    assert PROBLEM.sample("longer", 2, seed=0).inputs["x"].shape == (2, 8)
    for split, low, high in (("iid", 0.3, 3), ("perturbed:small-epsilon", 0.03, 0.1)):
        epsilon = PROBLEM.sample(split, 1000, seed=0).inputs["epsilon"]
        assert low <= epsilon.min() < 1.1 * low
        assert high / 1.1 < epsilon.max() <= high
    stretched = np.linalg.eigvalsh(PROBLEM.sample("shifted:elongated", 500, seed=0).inputs["target_covariance"])
    usual = np.linalg.eigvalsh(PROBLEM.sample("iid", 500, seed=0).inputs["target_covariance"])
    assert np.median(stretched[:, -1]) > 20 * np.median(usual[:, -1])


def test_score_by_hand():
    examples = PROBLEM.sample("iid", 3, seed=6)
    truth = PROBLEM.truth(examples)
    units = np.trace(examples.inputs["target_covariance"], axis1=1, axis2=2)
    moved, scaled = truth.copy(), truth.copy()
    moved[:, 0, 1] += 0.5
    scaled[:, 1:] *= 4
    np.testing.assert_allclose(PROBLEM.score(examples, moved), 0.25 / units)
    spread = np.trace(truth[:, 1:], axis1=1, axis2=2)
    np.testing.assert_allclose(PROBLEM.score(examples, scaled), spread / units)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="dimension must be a whole number from 1 up, not 0"):
        GaussianBridge(dimension=0)
    with pytest.raises(ValueError, match="longer must be above the dimension 3, not 3"):
        GaussianBridge(longer=3)
