"""Random fields, coefficients, obstacles and matrices of prescribed spectrum."""

import numpy as np
import pytest

from unseen.problems.linear.coefficients import log_normal, random_obstacles, two_parameter, two_phase
from unseen.problems.linear.gaussian_field import field_spectrum, gaussian_field
from unseen.problems.linear.spectra import (
    random_orthogonal,
    random_with_condition,
    singular_values,
    spd_with_spectrum,
)


@pytest.mark.parametrize("shape", [(6,), (5, 4), (3, 4, 2)])
def test_field_has_the_covariance_of_its_spectrum(shape):
    # The sum over modes of variance times products of cosines, written out.
    variances = field_spectrum(shape, smoothness=1.5, inverse_length=2.0)
    n = int(np.prod(shape))
    modes = np.ones((n, n))
    for axis, points in enumerate(shape):
        k, x = np.arange(points), (np.arange(points) + 0.5) / points
        table = np.cos(np.pi * np.outer(k, x)) * np.where(k == 0, 1.0, np.sqrt(2.0))[:, None]
        index = np.indices(shape)[axis].ravel()
        modes *= table[np.ix_(index, index)]
    exact = modes.T @ (variances.ravel()[:, None] * modes)
    samples = 60_000
    fields = gaussian_field(np.random.default_rng(1), samples, shape, smoothness=1.5, inverse_length=2.0)
    found = np.cov(fields.reshape(samples, n).T)
    # The standard error of a covariance of normal variables is at most sqrt(2) times the variances over sqrt(samples).
    assert np.abs(found - exact).max() < 6 * np.sqrt(2) * exact.diagonal().max() / np.sqrt(samples)
    assert np.isclose(np.trace(exact) / n, 1)


def test_field_does_not_depend_on_how_many_are_drawn_at_once():
    together = gaussian_field(np.random.default_rng(3), 4, (8, 8))
    first = gaussian_field(np.random.default_rng(3), 2, (8, 8))
    assert (together[:2] == first).all()


def test_rougher_fields_vary_more_between_neighbours():
    rough, smooth = (
        np.square(np.diff(gaussian_field(np.random.default_rng(0), 200, (32,), smoothness=s), axis=1)).mean()
        for s in (1.0, 3.0)
    )
    assert rough > 10 * smooth


def test_coefficients():
    field = np.array([-1.0, 0.0, 2.0])
    assert np.allclose(log_normal(field, spread=2), np.exp([-2, 0, 4]))
    assert two_phase(field, low=3, high=7).tolist() == [3, 3, 7]
    found = two_parameter(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), (3, 3))
    assert np.allclose(found[0], 1)
    assert np.isclose(found[1][1, 1], np.e)
    assert np.isclose(found[2][1, 0], np.exp(-1))


def test_obstacles_are_discs_away_from_the_border():
    inside = random_obstacles(np.random.default_rng(0), 50, (40, 40), count=2)
    shares = 1 - inside.mean(axis=(1, 2))
    assert (shares > 0.005).all()
    assert (shares < 2 * np.pi * 0.15**2 + 0.03).all()
    assert inside[:, 0].all()
    assert inside[:, :, -1].all()
    assert not random_obstacles(np.random.default_rng(0), 5, (4, 4, 4)).all(axis=(1, 2, 3)).any()


@pytest.mark.parametrize("mode", ["geometric", "arithmetic", "one-small", "one-large", "log-uniform"])
@pytest.mark.parametrize("n", [1, 2, 30])
def test_matrices_have_the_condition_asked_for(mode, n):
    condition = 1.0 if n == 1 else 1e4
    for symmetric in (False, True):
        matrix = random_with_condition(np.random.default_rng(0), n, condition, mode, symmetric=symmetric)
        found = np.linalg.svd(matrix, compute_uv=False)
        assert np.allclose(found[[0, -1]], [1, 1 / condition], rtol=1e-9)
        if symmetric:
            assert (matrix == matrix.T).all()
            assert np.linalg.eigvalsh(matrix).min() > 0
    assert len(singular_values(np.random.default_rng(0), n, condition, mode)) == n


def test_prescribed_spectrum():
    values = np.array([1e-3, 1.0, 5.0, 5.0])
    matrix = spd_with_spectrum(np.random.default_rng(2), values)
    assert np.allclose(np.linalg.eigvalsh(matrix), values)


def test_orthogonal_matrices_are_haar_distributed():
    # Under the Haar measure an entry has variance 1/n, the trace variance 1, both signs alike.
    rng = np.random.default_rng(0)
    traces = [np.trace(random_orthogonal(rng, 4)) for _ in range(4000)]
    assert abs(np.mean(traces)) < 0.06
    assert abs(np.var(traces) - 1) < 0.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: spd_with_spectrum(rng, np.array([1.0, 0.0])), "above 0"),
        (lambda rng: random_with_condition(rng, 3, 0.5), "condition"),
        (lambda rng: random_with_condition(rng, 0, 2.0), "n must be"),
        (lambda rng: random_with_condition(rng, 3, 2.0, "flat"), "'flat'"),
        (lambda rng: gaussian_field(rng, 1, (1,)), "two points"),
        (lambda rng: gaussian_field(rng, 1, (4,), smoothness=-1), "smoothness"),
        (lambda rng: two_phase(np.zeros(2), low=0), "above 0"),
        (lambda rng: two_parameter(np.zeros(2), (3, 3)), "parameters"),
        (lambda rng: random_obstacles(rng, 1, (4, 4), radius=(0.3, 0.2)), "radius"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
