from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from unseen.measures.numerical_stability import logit_scale, scaling_alignment, softmax_collapse
from unseen.models.mlp import MLP
from unseen.training import softmax_cross_entropy


@pytest.mark.parametrize(("dtype", "digits"), [(torch.float16, 11), (torch.float32, 24), (torch.float64, 53)])
def test_two_classes_collapse_at_the_lead_where_one_plus_the_other_rounds_to_one(dtype, digits):
    # 1 + e^-lead rounds to 1 exactly when e^-lead <= 2^-digits: half the distance from 1 to the next number.
    border = digits * math.log(2)
    leads = torch.tensor([0.98 * border, 1.02 * border], dtype=torch.float64)
    logits = torch.stack([leads, torch.zeros(2)], dim=1)
    assert [float(softmax_collapse(row[None], dtype=dtype)) for row in logits] == [0.0, 1.0]


def test_collapsed_examples_are_those_without_loss():
    logits = torch.randn(200, 7, generator=torch.Generator().manual_seed(0)) * 15
    answers = logits.argmax(-1)
    losses = torch.stack(
        [softmax_cross_entropy(row[None], answer[None]) for row, answer in zip(logits, answers, strict=True)]
    )
    share = float((losses == 0).double().mean())
    assert 0.1 < share < 0.9
    assert float(softmax_collapse(logits)) == pytest.approx(share)


def test_logit_scale_is_numpys_deviation_within_rows():
    logits = np.random.default_rng(0).normal(3, 2, size=(50, 6))
    expected = math.sqrt(logits.var(axis=1).mean())
    assert float(logit_scale(torch.from_numpy(logits))) == pytest.approx(expected)
    shifted = torch.from_numpy(logits + np.arange(50)[:, None])
    assert float(logit_scale(3 * shifted)) == pytest.approx(3 * expected)


def test_alignment_is_minus_the_slope_of_the_loss_as_the_weights_are_scaled():
    torch.manual_seed(0)
    model = MLP((5, 8, 3), bias=False).double()
    inputs, targets = torch.randn(30, 5, dtype=torch.float64), torch.randint(3, (30,))
    softmax_cross_entropy(model(inputs), targets).backward()
    weights = {name: value.detach().clone() for name, value in model.named_parameters()}
    gradients = {name: value.grad for name, value in model.named_parameters()}

    def loss_at(scale):
        state = {name: scale * value for name, value in weights.items()}
        return float(softmax_cross_entropy(torch.func.functional_call(model, state, (inputs,)), targets))

    slope = (loss_at(1 + 1e-5) - loss_at(1 - 1e-5)) / 2e-5
    lengths = [math.sqrt(sum(float(v.square().sum()) for v in side.values())) for side in (weights, gradients)]
    assert float(scaling_alignment(weights, gradients)) == pytest.approx(-slope / (lengths[0] * lengths[1]), rel=1e-5)


def test_no_gradient_has_no_direction():
    assert math.isnan(float(scaling_alignment({"w": torch.ones(3)}, {"w": torch.zeros(3)})))
