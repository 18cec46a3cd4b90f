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


@pytest.mark.parametrize(
    ("widths", "options", "message"),
    [((3,), {}, "at least two"), ((3, 0), {}, "from 1 up"), ((3, 2), {"activation": "sine"}, "no activation 'sine'")],
)
def test_nonsense_is_refused(widths, options, message):
    with pytest.raises(ValueError, match=message):
        MLP(widths, **options)
