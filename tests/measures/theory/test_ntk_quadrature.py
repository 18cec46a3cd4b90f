from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad

from unseen.measures.tangent_kernel import empirical_ntk
from unseen.measures.theory.ntk_quadrature import smooth_kernels
from unseen.models.mlp import MLP

RNG = np.random.default_rng(0)


def test_quadratic_units_have_polynomial_kernels():
    # Isserlis: E[u^2 v^2] = a b + 2 c^2 and E[2u 2v] = 4 c.
    x, y = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 3))
    gain, offset = 1.3**2, 0.4**2
    a, b = (gain * (z**2).sum(axis=1) / 3 + offset for z in (x, y))
    nngp = ntk = gain * x @ y.T / 3 + offset
    for _ in range(2):
        mixed, slopes = np.outer(a, b) + 2 * nngp**2, 4 * nngp
        a, b = (gain * 3 * z**2 + offset for z in (a, b))
        nngp = gain * mixed + offset
        ntk = gain * slopes * ntk + nngp
    found = smooth_kernels(x, y, activation="quadratic", depth=2, weight_scale=1.3, bias_scale=0.4)
    np.testing.assert_allclose(found.nngp, nngp, rtol=1e-10)
    np.testing.assert_allclose(found.ntk, ntk, rtol=1e-10)


def test_tanh_agrees_with_adaptive_integration():
    x, y = np.array([[1.0, 0.4]]), np.array([[-0.3, 1.2]])
    a, b, c = (float((u @ v.T).item()) / 2 + 0.01 for u, v in ((x, x), (y, y), (x, y)))
    root = np.linalg.cholesky([[a, c], [c, b]])

    def expectation(function):
        def integrand(s, t):
            u, v = root @ (s, t)
            return function(u) * function(v) * np.exp(-(s * s + t * t) / 2) / (2 * np.pi)

        return dblquad(integrand, -8, 8, -8, 8, epsabs=1e-10)[0]

    nngp = expectation(np.tanh) + 0.01
    ntk = c * expectation(lambda u: 1 - np.tanh(u) ** 2) + nngp
    found = smooth_kernels(x, y, bias_scale=0.1)
    assert found.nngp.item() == pytest.approx(nngp, rel=1e-6)
    assert found.ntk.item() == pytest.approx(ntk, rel=1e-6)


@pytest.mark.parametrize(("variance", "tolerance"), [(1.0, 1e-7), (2.0, 2e-5), (4.0, 1e-3)])
def test_the_default_nodes_are_enough(variance, tolerance):
    angle = np.linspace(0, np.pi, 9)
    x = np.sqrt(2 * variance) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found, finer = (smooth_kernels(x, x, **options) for options in ({}, {"nodes": 200}))
    np.testing.assert_allclose(found.ntk, finer.ntk, rtol=0, atol=tolerance * finer.ntk.max())


def test_wide_tanh_networks_tend_to_it():
    x = RNG.normal(size=(5, 3))
    limit = smooth_kernels(x, x, depth=2, weight_scale=1.4, bias_scale=0.3).ntk
    found = np.zeros_like(limit)
    for seed in range(6):
        torch.manual_seed(seed)
        model = MLP((3, 1024, 1024, 1), activation="tanh", parametrization="ntk", weight_scale=1.4, bias_scale=0.3)
        found += empirical_ntk(model, torch.tensor(x, dtype=torch.float32)) / 6
    np.testing.assert_allclose(found, limit, atol=0.04 * limit.max())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "relu"}, "no smooth activation"),
        ({"depth": 0}, "depth"),
        ({"nodes": 0}, "nodes"),
        ({"nodes": 201}, "at most 200"),
        ({"weight_scale": 0.0}, "weight_scale"),
        ({"bias_scale": -1.0}, "bias_scale"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        smooth_kernels([[1.0]], [[1.0]], **options)
    with pytest.raises(ValueError, match="shapes"):
        smooth_kernels([[1.0]], [[1.0, 2.0]])
