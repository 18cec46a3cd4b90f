from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from unseen.measures.bures_wasserstein import bures_wasserstein_squared, conditional_bures_wasserstein

RNG = np.random.default_rng(0)
MEANS = RNG.standard_normal((2, 6, 3))
ROOTS = RNG.standard_normal((2, 6, 3, 3))
COVARIANCES = ROOTS @ ROOTS.swapaxes(-1, -2)


def test_distance_is_that_of_the_definition_and_of_pot():
    ot = pytest.importorskip("ot")
    found = bures_wasserstein_squared(MEANS[0], COVARIANCES[0], MEANS[1], COVARIANCES[1])
    for index, value in enumerate(found):
        a, b = COVARIANCES[:, index]
        root = np.real(sqrtm(a))
        by_hand = ((MEANS[0, index] - MEANS[1, index]) ** 2).sum() + np.trace(
            a + b - 2 * np.real(sqrtm(root @ b @ root))
        )
        assert value == pytest.approx(by_hand, rel=1e-9)
        library = ot.gaussian.bures_wasserstein_distance(MEANS[0, index], MEANS[1, index], a, b)
        assert value == pytest.approx(library**2, rel=1e-9)


def test_distance_is_symmetric_zero_on_itself_and_infinite_for_no_number():
    forwards = bures_wasserstein_squared(MEANS[0], COVARIANCES[0], MEANS[1], COVARIANCES[1])
    backwards = bures_wasserstein_squared(MEANS[1], COVARIANCES[1], MEANS[0], COVARIANCES[0])
    np.testing.assert_allclose(forwards, backwards)
    assert bures_wasserstein_squared(MEANS[0], COVARIANCES[0], MEANS[0], COVARIANCES[0]).max() < 1e-12
    broken = MEANS[0].copy()
    broken[2, 1] = np.nan
    found = bures_wasserstein_squared(broken, COVARIANCES[0], MEANS[0], COVARIANCES[0])
    assert np.isinf(found[2])
    assert np.isfinite(np.delete(found, 2)).all()


def test_independent_coupling_has_the_share_of_the_variance_that_x_explains():
    """With y = b x + noise of equal conditional variance, only means differ when the spread is right."""
    x = RNG.standard_normal((100_000, 1))
    covariance = np.full((len(x), 1, 1), 0.36)
    share = conditional_bures_wasserstein(np.zeros_like(x), covariance, 0.8 * x, covariance, 1.0)
    assert share == pytest.approx(64, rel=0.02)


def test_shapes_are_checked():
    with pytest.raises(ValueError, match="covariances must have the shape"):
        conditional_bures_wasserstein(MEANS[0], MEANS[0], MEANS[1], COVARIANCES[1], 1.0)
    with pytest.raises(ValueError, match="means must have one shape"):
        conditional_bures_wasserstein(MEANS[0], COVARIANCES[0], MEANS[1, :2], COVARIANCES[1], 1.0)
    with pytest.raises(ValueError, match="target_variance must be above 0"):
        conditional_bures_wasserstein(MEANS[0], COVARIANCES[0], MEANS[1], COVARIANCES[1], 0.0)
