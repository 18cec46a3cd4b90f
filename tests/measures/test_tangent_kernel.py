from __future__ import annotations

import numpy as np
import pytest
import torch

from unseen.measures.jacobian import jacobian
from unseen.measures.tangent_kernel import empirical_ntk, kernel_drift, kernel_spectrum
from unseen.measures.theory.ntk import relu_kernels
from unseen.models.mlp import MLP


def layerwise_kernel(model, x):
    """The kernel by backpropagation on paper: per layer, products of activations times products of deltas."""
    w, b = model.weight_scale, model.bias_scale
    activations, slopes, hidden = [x], [], x
    for layer in model.layers[:-1]:
        before = w / layer.in_features**0.5 * hidden @ layer.weight.T + b * layer.bias
        hidden = torch.tanh(before)
        slopes.append(1 - hidden**2)
        activations.append(hidden)
    delta = torch.ones(len(x), 1, dtype=x.dtype)
    kernel = torch.zeros(len(x), len(x), dtype=x.dtype)
    for position in reversed(range(len(model.layers))):
        layer, inputs = model.layers[position], activations[position]
        kernel += (delta @ delta.T) * (w**2 * inputs @ inputs.T / layer.in_features + b**2)
        if position:
            delta = w / layer.in_features**0.5 * (delta @ layer.weight) * slopes[position - 1]
    return kernel.detach().numpy()


@pytest.mark.parametrize("chunk", [2, 3, 7, 20])
def test_kernel_is_that_of_backpropagation_worked_out_by_layers(chunk):
    torch.manual_seed(0)
    model = MLP((3, 6, 5, 1), activation="tanh", parametrization="ntk", weight_scale=1.3, bias_scale=0.4).double()
    x = torch.randn(7, 3, dtype=torch.float64)
    expected = layerwise_kernel(model, x)
    found = empirical_ntk(model, x, chunk=chunk)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert (found == found.T).all()
    np.testing.assert_allclose(empirical_ntk(model, x[:4], x[2:], chunk=chunk), expected[:4, 2:], rtol=1e-12)


def test_blocks_of_several_outputs_are_products_of_jacobians():
    torch.manual_seed(1)
    model = MLP((3, 6, 2)).double()
    x = torch.randn(5, 3, dtype=torch.float64)
    rows = jacobian(model, x)
    expected = torch.einsum("iop,jqp->ijoq", rows, rows).numpy()
    np.testing.assert_allclose(empirical_ntk(model, x, chunk=2, trace=False), expected, rtol=1e-12)
    mean_of_diagonal = np.einsum("ijoo->ij", expected) / 2
    np.testing.assert_allclose(empirical_ntk(model, x, chunk=2), mean_of_diagonal, rtol=1e-12)


def test_wide_networks_tend_to_the_closed_form():
    x = np.random.default_rng(0).normal(size=(6, 3))
    limit = relu_kernels(x, x, depth=2, weight_scale=1.4, bias_scale=0.3).ntk
    errors = []
    for width in (64, 1024):
        found = []
        for seed in range(6):
            torch.manual_seed(seed)
            model = MLP((3, width, width, 1), parametrization="ntk", weight_scale=1.4, bias_scale=0.3)
            found.append(kernel_drift(limit, empirical_ntk(model, torch.tensor(x, dtype=torch.float32))))
        errors.append(np.mean(found))
    # Sixteen times the width: a quarter of the error.
    assert errors[1] < 0.15
    assert 2.5 < errors[0] / errors[1] < 6


def test_drift_ignores_the_scale_of_both_and_is_the_size_of_the_change():
    rng = np.random.default_rng(0)
    before, change = rng.normal(size=(2, 5, 5))
    change *= 0.3 * np.sqrt((before**2).sum() / (change**2).sum())
    assert kernel_drift(before, before + change) == pytest.approx(0.3)
    assert kernel_drift(1e6 * before, 1e6 * (before + change)) == pytest.approx(0.3)
    with pytest.raises(ValueError, match="zero"):
        kernel_drift(np.zeros((2, 2)), np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"\(2, 2\) and \(3, 3\)"):
        kernel_drift(np.eye(2), np.eye(3))


def test_spectrum_of_a_kernel_built_from_known_parts():
    rng = np.random.default_rng(0)
    vectors = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    values, weights = np.array([7.0, 3.0, 0.5, 0.0]), np.array([1.0, -2.0, 0.25, 3.0])
    eigenvalues, power = kernel_spectrum(vectors @ np.diag(values) @ vectors.T, vectors @ weights)
    np.testing.assert_allclose(eigenvalues, values, atol=1e-12)
    np.testing.assert_allclose(power, weights**2)
    with pytest.raises(ValueError, match="symmetric"):
        kernel_spectrum([[1.0, 2.0], [0.0, 1.0]], [1.0, 1.0])
    with pytest.raises(ValueError, match="shapes"):
        kernel_spectrum(np.eye(3), [1.0, 1.0])
