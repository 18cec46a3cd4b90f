from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from unseen.measures.theory.ntk import relu_kernels, relu_moments

RNG = np.random.default_rng(0)


def wide_net_parameters(sizes, seed, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    weights = [torch.randn(out, inner, generator=generator, dtype=dtype) for inner, out in itertools.pairwise(sizes)]
    biases = [torch.randn(out, generator=generator, dtype=dtype) for out in sizes[1:]]
    return weights, biases


def wide_net(parameters, x, weight_scale, bias_scale):
    weights, biases = parameters
    h = x
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        h = weight_scale / h.shape[-1] ** 0.5 * h @ w.T + bias_scale * b
        if layer < len(weights) - 1:
            h = torch.relu(h)
    return h[..., 0]


@pytest.mark.parametrize(
    ("depth", "weight_scale", "bias_scale"), [(1, 1.0, 0.0), (1, 1.4, 0.3), (2, 1.4, 0.0), (3, 1.2, 0.5)]
)
def test_autograd_kernel_of_a_wide_net_is_the_closed_form(depth, weight_scale, bias_scale):
    x = RNG.normal(size=(5, 3))
    width, draws = 1024, 6
    found = np.zeros((5, 5))
    for seed in range(draws):
        parameters = wide_net_parameters([3, *[width] * depth, 1], seed)
        gradients = torch.func.jacrev(lambda p: wide_net(p, torch.tensor(x), weight_scale, bias_scale))(parameters)
        rows = torch.cat([g.reshape(5, -1) for group in gradients for g in group], dim=1)
        found += (rows @ rows.T).numpy() / draws
    expected = relu_kernels(x, x, depth=depth, weight_scale=weight_scale, bias_scale=bias_scale).ntk
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.05 * expected.max())
    # The comparison is sharp enough to tell one depth from the next.
    other = relu_kernels(x, x, depth=depth + 1, weight_scale=weight_scale, bias_scale=bias_scale).ntk
    assert np.abs(found - other).max() > 2 * np.abs(found - expected).max()


@pytest.mark.parametrize("bias_scale", [0.0, 0.7])
def test_outputs_at_initialization_have_the_closed_covariance(bias_scale):
    x = RNG.normal(size=(4, 3))
    draws, width = 20_000, 128
    rng = np.random.default_rng(1)
    hidden = np.maximum(
        rng.normal(size=(draws, width, 3)) @ x.T / 3**0.5 + bias_scale * rng.normal(size=(draws, width, 1)), 0
    )
    outputs = np.einsum("sw,swn->sn", rng.normal(size=(draws, width)), hidden) / width**0.5
    outputs += bias_scale * rng.normal(size=(draws, 1))
    expected = relu_kernels(x, x, bias_scale=bias_scale).nngp
    np.testing.assert_allclose(outputs.T @ outputs / draws, expected, atol=0.05 * expected.max())


def test_moments_agree_with_quadrature():
    for angle in (0.3, 1.2, np.pi / 2, 2.8):
        # In polar coordinates u = r cos t, v = r cos(t - angle); both are positive on an arc of pi - angle.
        value, _ = quad(lambda t, a=angle: np.cos(t) * np.cos(t - a) / np.pi, angle - np.pi / 2, np.pi / 2)
        found, derivative = relu_moments(angle)
        assert found == pytest.approx(value, rel=1e-12)
        assert derivative == pytest.approx((np.pi - angle) / (2 * np.pi), rel=1e-12)


def test_second_moment_is_the_derivative_of_the_first_in_the_correlation():
    angle = np.linspace(0.2, 2.9, 30)
    step = 1e-6
    up, down = relu_moments(np.arccos(np.cos(angle) + step))[0], relu_moments(np.arccos(np.cos(angle) - step))[0]
    np.testing.assert_allclose((up - down) / (2 * step), relu_moments(angle)[1], rtol=1e-8)


@settings(max_examples=50, deadline=None)
@given(
    scale=st.floats(1e-3, 1e3),
    depth=st.integers(1, 4),
    seed=st.integers(0, 10**6),
)
def test_without_biases_kernels_are_homogeneous_symmetric_and_positive_definite(scale, depth, seed):
    x = np.random.default_rng(seed).normal(size=(6, 4))
    kernels = relu_kernels(x, x, depth=depth)
    scaled = relu_kernels(scale * x, x, depth=depth)
    for whole, part in ((kernels.nngp, scaled.nngp), (kernels.ntk, scaled.ntk)):
        np.testing.assert_allclose(part, scale * whole, rtol=1e-10)
        np.testing.assert_allclose(whole, whole.T, rtol=1e-12, atol=1e-15)
        assert np.linalg.eigvalsh(whole).min() > 0


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("bias_scale", [0.0, 0.4])
def test_equal_and_opposite_inputs_are_exact(depth, bias_scale):
    x = RNG.normal(size=(50, 7)) * np.exp(RNG.normal(size=(50, 1)) * 20)
    kernels = relu_kernels(x, x, depth=depth, bias_scale=bias_scale)
    variance = (x**2).sum(axis=1) / 7 + bias_scale**2
    tangent = variance
    for _ in range(depth):
        variance = variance / 2 + bias_scale**2
        tangent = tangent / 2 + variance
    np.testing.assert_allclose(np.diag(kernels.nngp), variance, rtol=1e-12)
    np.testing.assert_allclose(np.diag(kernels.ntk), tangent, rtol=1e-12)
    opposite = relu_kernels(x, -x)
    np.testing.assert_allclose(np.diag(opposite.ntk) / np.diag(relu_kernels(x, x).ntk), 0, atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_nearly_equal_inputs_keep_their_digits(depth):
    # ntk(theta) = ntk(0) - c theta + ...: with an arc cosine an angle of 1e-10 would be lost in rounding.
    mpmath = pytest.importorskip("mpmath")
    angle = 1e-10
    x = np.array([[1.0, 0.0]])
    y = np.array([[1.0, angle]])
    with mpmath.workdps(60):
        theta = mpmath.atan(mpmath.mpf(angle))
        size = mpmath.sqrt(1 + mpmath.mpf(angle) ** 2) / 2
        sigma, tangent = size * mpmath.cos(theta), size * mpmath.cos(theta)
        for _ in range(depth):
            correlation = (mpmath.sin(theta) + (mpmath.pi - theta) * mpmath.cos(theta)) / mpmath.pi
            sigma = size * correlation / 2
            tangent = tangent * (mpmath.pi - theta) / (2 * mpmath.pi) + sigma
            theta, size = mpmath.acos(correlation), size / 2
        expected = float(tangent)
    assert relu_kernels(x, y, depth=depth).ntk.item() == pytest.approx(expected, rel=1e-15)
    assert relu_kernels(x, x, depth=depth).ntk.item() != pytest.approx(expected, rel=1e-12)


def test_a_zero_input_has_zero_kernels_without_biases():
    kernels = relu_kernels([[0.0, 0.0]], [[0.0, 0.0], [1.0, 2.0]], depth=2)
    assert not kernels.nngp.any()
    assert not kernels.ntk.any()


@pytest.mark.parametrize(
    ("options", "named"),
    [({"depth": 0}, "depth"), ({"weight_scale": -1.0}, "weight_scale"), ({"bias_scale": float("nan")}, "bias_scale")],
)
def test_bad_parameters_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        relu_kernels([[1.0]], [[1.0]], **options)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(1, 2\) and \(1, 3\)"):
        relu_kernels([[1.0, 2.0]], [[1.0, 2.0, 3.0]])
