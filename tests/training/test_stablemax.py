from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import grad, vmap
from torch.nn import functional

from unseen.training import softmax_cross_entropy, stablemax_cross_entropy
from unseen.training.stablemax import stablemax

finite = st.floats(-1e6, 1e6)


def logits_and_targets(seed=0, n=5, classes=4):
    generator = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(n, classes, generator=generator, dtype=torch.float64)
    return logits, torch.randint(classes, (n,), generator=generator)


def test_gradient_agrees_with_finite_differences():
    logits, targets = logits_and_targets()
    # At zero the two branches meet and one is as steep as the other, so the entry put there is checked as well.
    logits[0, 0], logits[1, 1] = 0.0, 1.0
    assert torch.autograd.gradcheck(
        lambda x: stablemax_cross_entropy(x, targets), logits.requires_grad_(), eps=1e-6, atol=1e-6
    )


def test_value_by_hand():
    # s(3) = 4, s(0) = 1, s(-1) = 1/2.
    assert stablemax(torch.tensor([3.0, 0.0, -1.0], dtype=torch.float64)).tolist() == pytest.approx(
        [8 / 11, 2 / 11, 1 / 11]
    )
    loss = stablemax_cross_entropy(torch.tensor([[3.0, 0.0, -1.0]], dtype=torch.float64), torch.tensor([2]))
    assert float(loss) == pytest.approx(math.log(11))


@given(st.lists(finite, min_size=2, max_size=6, unique=True))
def test_probabilities_are_positive_sum_to_one_and_keep_the_order(values):
    logits = torch.tensor(values, dtype=torch.float64)
    found = stablemax(logits)
    assert (found > 0).all()
    assert float(found.sum()) == pytest.approx(1)
    order = logits.argsort()
    assert (found[order].diff() >= 0).all()


def test_float32_gradient_survives_a_lead_at_which_softmax_saturates():
    logits = torch.tensor([[40.0, 0.0, -20.0]], requires_grad=True)
    target = torch.tensor([0])
    (collapsed,) = torch.autograd.grad(softmax_cross_entropy(logits, target), logits)
    (alive,) = torch.autograd.grad(stablemax_cross_entropy(logits, target), logits)
    (double,) = torch.autograd.grad(softmax_cross_entropy(logits, target, dtype=torch.float64), logits)
    assert collapsed[0, 0] == 0
    assert double[0, 0] == pytest.approx(-math.exp(-40), rel=1e-3)
    # d/dx of log((x + 1 + rest) / (x + 1)) with rest = 1 + 1/21.
    rest = 1 + 1 / 21
    assert alive[0, 0] == pytest.approx(1 / (41 + rest) - 1 / 41, rel=1e-4)


def test_softmax_agrees_with_torch_in_every_precision():
    logits, targets = logits_and_targets()
    for dtype in (torch.float16, torch.float32, torch.float64):
        ours = softmax_cross_entropy(logits, targets, dtype=dtype)
        assert ours.dtype == dtype
        assert float(ours) == pytest.approx(float(functional.cross_entropy(logits.to(dtype), targets)), rel=2e-3)


def test_lanes_get_what_each_gets_alone():
    pairs = [logits_and_targets(seed) for seed in range(3)]
    logits, targets = (torch.stack(part) for part in zip(*pairs, strict=True))
    together = vmap(grad(stablemax_cross_entropy))(logits, targets)
    for lane, (alone, target) in enumerate(pairs):
        torch.testing.assert_close(together[lane], grad(stablemax_cross_entropy)(alone, target))


@pytest.mark.parametrize("loss", [softmax_cross_entropy, stablemax_cross_entropy])
def test_bad_input_is_named(loss):
    logits, targets = logits_and_targets()
    with pytest.raises(ValueError, match=r"\(5, 4\) and \(4,\)"):
        loss(logits, targets[:4])
    with pytest.raises(ValueError, match="floating"):
        loss(logits, targets, dtype=torch.int64)
