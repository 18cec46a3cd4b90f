from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from unseen.models.quadratic_mlp import QuadraticMLP

P, N = 7, 11


def one_hot_pairs(pairs):
    return torch.cat([functional.one_hot(pairs[:, 0], P), functional.one_hot(pairs[:, 1], P)], dim=1).double()


def some_pairs(n=40):
    return torch.randint(P, (n, 2), generator=torch.Generator().manual_seed(1))


def test_logits_and_gradients_are_those_of_the_one_hot_formula():
    model, pairs = QuadraticMLP(modulus=P, width=N).double(), some_pairs()
    first = torch.cat([model.U, model.V])
    expected = (one_hot_pairs(pairs) @ first) ** 2 @ model.W.T
    logits = model(pairs)
    torch.testing.assert_close(logits, expected)
    for name in "UVW":
        weight = getattr(model, name)
        one, other = (torch.autograd.grad(out.tanh().sum(), weight, retain_graph=True)[0] for out in (logits, expected))
        torch.testing.assert_close(one, other)


def test_weights_have_the_published_spread():
    torch.manual_seed(0)
    model = QuadraticMLP(modulus=97, width=500)
    sigma = 0.5 / 1000 ** (1 / 3)
    for weight in model.parameters():
        # Five standard errors of a standard deviation over 48,500 draws.
        assert weight.std().item() == pytest.approx(sigma, rel=5 / (2 * weight.numel()) ** 0.5)
        assert abs(weight.mean().item()) < 5 * sigma / weight.numel() ** 0.5


def test_normalization_is_that_of_batch_norm_after_the_square():
    model, pairs = QuadraticMLP(modulus=P, width=N, norm="batch").double(), some_pairs()
    nn.init.normal_(model.scale)
    nn.init.normal_(model.shift)
    squared = (one_hot_pairs(pairs) @ torch.cat([model.U, model.V])) ** 2
    expected = functional.batch_norm(squared, None, None, model.scale, model.shift, training=True) @ model.W.T
    torch.testing.assert_close(model(pairs), expected)


def test_population_statistics_come_from_the_population_alone():
    model, training, test = QuadraticMLP(modulus=P, width=N, norm="batch").double(), some_pairs(), some_pairs(3)
    torch.testing.assert_close(model(training, population=training), model(training))
    whole = model(test, population=training)
    torch.testing.assert_close(model(test[:1], population=training), whole[:1])
    assert not torch.allclose(model(test), whole)


def test_the_mask_acts_before_the_square():
    model, pairs = QuadraticMLP(modulus=P, width=N).double(), some_pairs()
    mask = 2.0 * torch.randint(2, (len(pairs), N)).double()
    preactivation = one_hot_pairs(pairs) @ torch.cat([model.U, model.V])
    torch.testing.assert_close(model(pairs, mask=mask), (preactivation * mask) ** 2 @ model.W.T)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"modulus": 1}, "modulus"), ({"width": 0}, "width"), ({"norm": "layer"}, "'none' or 'batch', not 'layer'")],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        QuadraticMLP(**({"modulus": 5, "width": 4} | options))
