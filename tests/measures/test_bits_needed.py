import math

import pytest
import torch
from torch import nn

from unseen.measures.bits_needed import accuracy_by_bits, bits_needed
from unseen.precision import FloatFormat, round_to


def fine_comparison(count):
    """Examples that differ in bit `count` of the significand alone, and which of the two numbers is the larger."""
    larger = torch.tensor([[1.0, 1 + 2.0**-count], [1 + 2.0**-count, 1.0]])
    return larger, torch.tensor([1, 0])


@pytest.mark.parametrize("count", [1, 2, 5, 11, 23])
def test_bits_that_tell_two_numbers_apart(count):
    """Among count - 1 bits the larger number is a tie and becomes the even 1, so that both are the same."""
    assert bits_needed(nn.Identity(), *fine_comparison(count)) == count


def test_drop_and_limits():
    inputs, targets = fine_comparison(9)
    assert bits_needed(nn.Identity(), inputs, targets, drop=0.5) == 1
    assert math.isinf(bits_needed(nn.Identity(), inputs, targets, most=8))
    assert accuracy_by_bits(nn.Identity(), inputs, targets, (8, 9)) == {8: 0.5, 9: 1.0}


def test_weights_alone_need_other_bits_than_every_operation():
    """256 + 1 takes 8 bits as a sum; weights and inputs of 1 and 256 take none."""
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    inputs, targets = torch.tensor([[256.0, 1.0]]), torch.tensor([0])
    swapped = nn.Sequential(layer, nn.Linear(2, 2, bias=False))
    swapped[1].weight.data = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert bits_needed(swapped, inputs, torch.tensor([1])) == 8
    assert bits_needed(swapped, inputs, torch.tensor([1]), operations=False) == 1
    assert bits_needed(layer, inputs, targets) == 1  # equal outputs: the first wins


def test_outputs_without_a_number_are_wrong():
    class Overflowing(nn.Module):
        def forward(self, x):
            return x * 1e38 * 10 - x * 1e38 * 10

    found = accuracy_by_bits(Overflowing(), torch.ones(1, 2), torch.tensor([0]), (5,))
    assert found == {5: 0.0}


def test_accuracy_is_that_of_rounded_weights():
    torch.manual_seed(0)
    layer, inputs = nn.Linear(5, 3, bias=False), torch.randn(200, 5)
    targets = layer(inputs).argmax(-1)
    form = FloatFormat(8, 2)
    by_hand = (round_to(inputs, form) @ round_to(layer.weight, form).T).argmax(-1)
    found = accuracy_by_bits(layer, inputs, targets, (2,), operations=False)[2]
    assert found == pytest.approx((by_hand == targets).double().mean().item())


def test_misuse_is_named():
    inputs, targets = fine_comparison(3)
    for call, words in (
        (lambda: bits_needed(nn.Identity(), inputs, targets, drop=1), "drop"),
        (lambda: bits_needed(nn.Identity(), inputs, targets, most=0), "most"),
        (lambda: bits_needed(nn.Identity(), inputs, targets[:1]), "as many targets"),
        (lambda: accuracy_by_bits(nn.Identity(), inputs[:0], targets[:0], (3,)), "as many targets"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
