from __future__ import annotations

import pytest
import torch
from torch.func import grad
from torch.nn import functional

from unseen.training.capture import capture


def operations(program):
    return " ".join(str(node.target) for node in program.forward.__self__.graph.nodes)


@pytest.mark.parametrize(("classes", "apart"), [(5, True), (100, False)])
def test_cross_entropy_and_its_gradient_are_kept(classes, apart):
    logits, targets = 10 * torch.randn(8, classes, dtype=torch.float64), torch.randint(classes, (8,))

    def loss(x, y):
        return functional.cross_entropy(x, y)

    program = capture(lambda x, y: [grad(loss)(x, y), loss(x, y)], parameters=[logits], drawn=[targets])
    assert ("log_softmax" not in operations(program)) == apart
    gradient, value = program.bind([logits])(targets)
    torch.testing.assert_close(value, loss(logits, targets), rtol=1e-13, atol=0)
    torch.testing.assert_close(gradient, grad(loss)(logits, targets), rtol=1e-12, atol=1e-15)


def test_small_differences_of_large_logits_are_not_rounded_away():
    logits = torch.tensor([[1000.0, 990.0]])
    replay = capture(lambda x: [torch.log_softmax(x, 1)], parameters=[logits]).bind([logits])
    exact = torch.log_softmax(logits.double(), 1)
    torch.testing.assert_close(replay()[0].double(), exact, rtol=1e-3, atol=0)
    assert torch.equal(replay()[0], torch.log_softmax(logits, 1))


def test_other_axes_are_left_to_pytorch():
    logits = torch.randn(3, 4, 2)
    program = capture(lambda x: [torch.log_softmax(x, 1)], parameters=[logits])
    assert "log_softmax" in operations(program)
    torch.testing.assert_close(program.bind([logits])()[0], torch.log_softmax(logits, 1))
