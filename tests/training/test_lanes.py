from __future__ import annotations

import pytest
import torch
from torch import nn

from unseen.models.mlp import MLP
from unseen.training import SeedBatch


def test_lanes_equal_the_single_seed_networks_bit_for_bit():
    torch.manual_seed(99)
    before = torch.get_rng_state()
    lanes = SeedBatch.build(lambda seed: MLP((4, 5, 2)), seeds=(7, 1))
    assert torch.equal(torch.get_rng_state(), before)
    inputs = torch.randn(2, 6, 4)
    outputs = lanes(inputs)
    for lane, seed in enumerate((7, 1)):
        torch.manual_seed(seed)
        single = MLP((4, 5, 2))
        for name, parameter in single.named_parameters():
            assert torch.equal(lanes.parameters[name][lane], parameter)
        torch.testing.assert_close(outputs[lane], single(inputs[lane]))


def test_shared_inputs_reach_every_lane():
    lanes = SeedBatch.build(lambda seed: nn.Linear(3, 2), seeds=(0, 1))
    inputs = torch.randn(5, 3)
    torch.testing.assert_close(lanes(inputs, shared=True), lanes(inputs.expand(2, 5, 3)))


def test_a_module_is_a_copy():
    lanes = SeedBatch.build(lambda seed: nn.Linear(3, 2), seeds=(0, 1))
    module = lanes.module(1)
    assert torch.equal(module.weight, lanes.parameters["weight"][1])
    nn.init.zeros_(module.weight)
    assert lanes.parameters["weight"][1].abs().sum() > 0


def test_buffers_and_tied_parameters_are_kept_per_lane():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(3, 3, bias=False)
            self.second = nn.Linear(3, 3, bias=False)
            self.second.weight = self.first.weight
            self.register_buffer("offset", torch.randn(3))

        def forward(self, inputs):
            return self.second(self.first(inputs)) + self.offset

    lanes = SeedBatch.build(lambda seed: Tied(), seeds=(0, 1))
    inputs = torch.randn(2, 4, 3)
    for lane in range(2):
        torch.testing.assert_close(lanes(inputs)[lane], lanes.module(lane)(inputs[lane]))
    assert not torch.equal(lanes.buffers["offset"][0], lanes.buffers["offset"][1])


def test_different_architectures_are_refused_by_parameter():
    with pytest.raises(ValueError, match="seed 1 differs from that of seed 0 in weight"):
        SeedBatch.build(lambda seed: nn.Linear(3 + seed, 2), seeds=(0, 1))
    with pytest.raises(ValueError, match="at least one seed"):
        SeedBatch.build(lambda seed: nn.Linear(3, 2), seeds=())


def test_inputs_without_a_lane_axis_are_refused():
    lanes = SeedBatch.build(lambda seed: nn.Linear(3, 2), seeds=(0, 1))
    with pytest.raises(ValueError, match=r"input 0 has shape \(5, 3\).* 2 lanes"):
        lanes(torch.randn(5, 3))
