from __future__ import annotations

import math

import pytest
import torch

from unseen.models.mlp import MLP

SCALARS = {
    "relu": lambda x: max(x, 0.0),
    "tanh": math.tanh,
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "quadratic": lambda x: x * x,
}


@pytest.mark.parametrize("activation", SCALARS)
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_equal_the_formula_worked_out_number_by_number(activation, bias):
    model = MLP((3, 4, 5, 2), activation=activation, bias=bias).double()
    values = [0.3, -1.2, 0.7]
    inputs = torch.tensor([values], dtype=torch.float64)
    for index, layer in enumerate(model.layers):
        offset = layer.bias.tolist() if bias else [0.0] * layer.out_features
        values = [sum(w * v for w, v in zip(row, values, strict=True)) for row in layer.weight.tolist()]
        values = [v + b for v, b in zip(values, offset, strict=True)]
        if index < 2:
            values = [SCALARS[activation](v) for v in values]
    torch.testing.assert_close(model(inputs)[0], torch.tensor(values, dtype=torch.float64))
    assert all((layer.bias is not None) == bias for layer in model.layers)


@pytest.mark.parametrize("bias", [True, False])
def test_ntk_parametrization_is_the_standard_one_with_scaled_weights(bias):
    torch.manual_seed(0)
    scaled = MLP((3, 4, 2), bias=bias, parametrization="ntk", weight_scale=1.4, bias_scale=0.3).double()
    plain = MLP((3, 4, 2), bias=bias).double()
    with torch.no_grad():
        for layer, source in zip(plain.layers, scaled.layers, strict=True):
            layer.weight.copy_(1.4 / source.in_features**0.5 * source.weight)
            if bias:
                layer.bias.copy_(0.3 * source.bias)
    inputs = torch.randn(5, 3, dtype=torch.float64)
    torch.testing.assert_close(scaled(inputs), plain(inputs))


def test_ntk_parametrization_draws_from_the_standard_normal_law():
    torch.manual_seed(0)
    for parameter in MLP((200, 300, 400), parametrization="ntk").parameters():
        assert abs(parameter.mean().item()) < 5 / parameter.numel() ** 0.5
        assert parameter.std().item() == pytest.approx(1, abs=5 / (2 * parameter.numel()) ** 0.5)


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [
        ((3,), {}, "at least two"),
        ((3, 0), {}, "from 1 up"),
        ((3, 2), {"activation": "sine"}, "no activation 'sine'"),
        ((3, 2), {"parametrization": "mup"}, "'standard' or 'ntk'"),
        ((3, 2), {"parametrization": "ntk", "weight_scale": 0.0}, "weight_scale"),
        ((3, 2), {"parametrization": "ntk", "bias_scale": -1.0}, "bias_scale"),
        ((3, 2), {"weight_scale": 2.0}, "parametrization 'ntk'"),
    ],
)
def test_nonsense_is_refused(widths, options, message):
    with pytest.raises(ValueError, match=message):
        MLP(widths, **options)
