import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from unseen.errors import UsageError
from unseen.precision import FixedPoint, FloatFormat, round_to
from unseen.precision.networks import RoundedOperations, rounded_call


class Residual(nn.Module):
    """Convolution, normalization, a shortcut and attention-like products: what layers alone would not show."""

    def __init__(self):
        super().__init__()
        self.convolution, self.norm, self.output = nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.Linear(32, 3)

    def forward(self, x):
        x = x + torch.relu(self.norm(self.convolution(x)))
        weights = torch.softmax(x.flatten(2) @ x.flatten(2).mT, dim=-1)
        values, _ = (weights @ x.flatten(2)).sort(-1)
        return self.output(values.flatten(1))


def test_every_operation_is_rounded():
    torch.manual_seed(0)
    network, x = Residual().eval(), torch.randn(3, 2, 4, 4)
    form = FloatFormat(8, 4)

    def r(value):
        return round_to(value, form)

    c, n, o = network.convolution, network.norm, network.output
    given = r(x)
    h = r(functional.conv2d(given, r(c.weight), r(c.bias), padding=1))
    h = r(functional.batch_norm(h, r(n.running_mean), r(n.running_var), r(n.weight), r(n.bias)))
    h = r(given + torch.relu(h))
    weights = r(torch.softmax(r(h.flatten(2) @ h.flatten(2).mT), -1))
    h = r(weights @ h.flatten(2)).sort(-1)[0]
    by_hand = r(functional.linear(h.flatten(1), r(o.weight), r(o.bias)))
    assert torch.equal(rounded_call(network, x, to=form), by_hand)
    assert torch.equal(rounded_call(network, x, to="single"), network(x))
    weights_alone = rounded_call(network, x, to=form, operations=False)
    assert not torch.equal(weights_alone, r(weights_alone))


def test_the_network_itself_is_left_alone_and_gets_the_gradients():
    layer = nn.Linear(3, 2)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    rounded_call(layer, torch.ones(4, 3), to=FixedPoint(4, 4)).sum().backward()
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())
    assert layer.weight.grad.tolist() == [[4, 4, 4]] * 2


def test_stochastic_rounding_of_a_network_repeats_with_its_generator():
    layer, x = nn.Linear(20, 20), torch.ones(1, 20)
    once, again, other = (
        rounded_call(layer, x, to="e5m2", mode="stochastic", generator=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(once, again)
    assert not torch.equal(once, other)


def test_writing_into_tensors():
    class InPlace(nn.Module):
        def forward(self, x):
            alias = x = x / 3
            x += 1 / 7
            x.mul_(0.7)
            nn.functional.relu(x, inplace=True)
            return torch.add(alias, 2, out=torch.empty_like(x))

    def r(value):
        return round_to(value, "e4m3fn")

    x = torch.randn(50, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = rounded_call(InPlace(), x, to="e4m3fn")
    assert torch.equal(found, r(r(r(r(r(x) / 3) + 1 / 7) * 0.7).relu() + 2))
    with RoundedOperations("half"), pytest.raises(UsageError, match="no_grad"):
        (torch.zeros(2, requires_grad=True) * 2).relu_()
