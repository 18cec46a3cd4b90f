from __future__ import annotations

import torch
from torch.nn import functional

from unseen.training import accuracy, one_hot_squared_error


def test_squared_error_is_that_of_one_hot_targets_with_its_gradient():
    logits = torch.randn(7, 5, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(5, (7,))
    expected = functional.mse_loss(logits, functional.one_hot(targets, 5).double())
    found = one_hot_squared_error(logits, targets)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, logits)[0] for value in (found, expected)))


def test_accuracy_counts_largest_logits():
    logits = torch.tensor([[0.0, 1.0], [2.0, 1.0], [0.0, 3.0], [1.0, 0.0]])
    assert accuracy(logits, torch.tensor([1, 0, 0, 0])).item() == 0.75
