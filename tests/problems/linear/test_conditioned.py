import numpy as np
import pytest

from unseen.problems.linear.conditioned import SPECTRA, random_with_condition


@pytest.mark.parametrize("mode", SPECTRA)
def test_singular_values_are_those_asked_for(mode):
    matrix = random_with_condition(25, 1e6, np.random.default_rng(1), mode)
    values = np.linalg.svd(matrix, compute_uv=False)
    assert np.isclose(values[0], 1)
    assert np.isclose(values[0] / values[-1], 1e6, rtol=1e-8)
    middle = {"geometric": 1e-3, "arithmetic": 0.5, "one-small": 1, "one-large": 1e-6}[mode]
    assert np.isclose(values[12], middle, rtol=1e-5)


def test_sides_are_uniform_over_rotations():
    """The first entry of a random orthogonal 4 x 4 matrix has mean 0 and variance 1/4."""
    rng = np.random.default_rng(0)
    drawn = np.array([random_with_condition(4, 1, rng)[0, 0] for _ in range(2000)])
    assert abs(drawn.mean()) < 4 * 0.5 / np.sqrt(2000)
    assert abs(drawn.var() - 0.25) < 0.03


def test_small_and_wrong_sizes():
    assert abs(random_with_condition(1, 1, np.random.default_rng(0))).item() == 1
    for arguments in ((0, 1), (2, 0.5), (2, np.inf), (2.0, 2)):
        with pytest.raises(ValueError, match="must be"):
            random_with_condition(*arguments, np.random.default_rng(0))
    with pytest.raises(ValueError, match="mode"):
        random_with_condition(2, 2, np.random.default_rng(0), "flat")
