from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from unseen.measures.jacobian import jacobian
from unseen.models.mlp import MLP


def flat_gradient(model, value):
    parameters = [p for p in model.parameters() if p.requires_grad]
    return torch.cat([g.reshape(-1) for g in torch.autograd.grad(value, parameters, retain_graph=True)])


@pytest.mark.parametrize("chunk", [1, 2, 16])
def test_rows_are_what_backward_gives_one_output_at_a_time(chunk):
    torch.manual_seed(0)
    model = MLP((3, 5, 2), activation="tanh").double()
    x = torch.randn(5, 3, dtype=torch.float64)
    expected = torch.stack([torch.stack([flat_gradient(model, y) for y in row]) for row in model(x)])
    torch.testing.assert_close(jacobian(model, x, chunk=chunk), expected)


def test_gradients_of_a_loss_sum_to_the_batch_gradient_and_frozen_parameters_stay_out():
    torch.manual_seed(1)
    model = MLP((3, 5, 4)).double()
    model.layers[0].weight.requires_grad_(False)
    x, y = torch.randn(7, 3, dtype=torch.float64), torch.arange(7) % 4
    rows = jacobian(model, x, y, function=lambda net, a, b: functional.cross_entropy(net(a), b), chunk=3)
    assert rows.shape[:2] == (7, 1)
    total = flat_gradient(model, functional.cross_entropy(model(x), y, reduction="sum"))
    torch.testing.assert_close(rows.sum(dim=(0, 1)), total)


@pytest.mark.parametrize(
    ("examples", "chunk", "message"),
    [
        ((), 1, "one length above 0"),
        ((torch.zeros(0, 3),), 1, "above 0"),
        ((torch.zeros(2, 3), torch.zeros(3)), 1, r"\[2, 3\]"),
        ((torch.zeros(2, 3),), 0, "chunk"),
    ],
)
def test_nonsense_is_refused(examples, chunk, message):
    with pytest.raises(ValueError, match=message):
        jacobian(MLP((3, 1)), *examples, chunk=chunk)


def test_a_network_without_parameters_to_learn_is_refused():
    with pytest.raises(ValueError, match="no parameter that needs a gradient"):
        jacobian(MLP((3, 1)).requires_grad_(False), torch.zeros(2, 3))
