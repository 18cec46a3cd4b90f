"""The U-Net on grids: what it can see, what it commutes with, and where it is linear."""

from __future__ import annotations

import pytest
import torch

from unseen.models.grid_unet import GridUNet


def network(dimension=2, **settings):
    torch.manual_seed(0)
    return GridUNet(dimension, width=4, **settings).double().eval().requires_grad_(False)


def seen_from(model, side, at):
    """Which points of the output change with the input at one point."""
    field = torch.randn(1, 1, side, side, dtype=torch.float64)
    changed = field.clone()
    changed[0, 0, at, at] += 100.0
    return ((model(field) - model(changed))[0, 0].abs() > 1e-9).nonzero()


def test_every_level_doubles_how_far_a_point_is_seen():
    reaches = []
    for levels in (0, 1, 2):
        seen = seen_from(network(levels=levels, steps=1), 64, 32)
        reaches.append(int((seen - 32).abs().max()))
    # Two convolutions per step and the first: 3 points without pooling. With a level more, two steps on this grid
    # and one on blocks of two.
    assert reaches[0] == 3
    assert 2 * 2 + 1 + 4 <= reaches[1] <= 2 * 2 + 1 + 6
    assert reaches[2] > 1.5 * reaches[1]


def test_shifting_by_whole_blocks_shifts_the_output():
    model = network(levels=2)
    field = torch.zeros(1, 1, 96, 96, dtype=torch.float64)
    field[0, 0, 44:50, 45:49] = torch.randn(6, 4, dtype=torch.float64)
    moved = torch.roll(field, (4, -8), dims=(2, 3))
    inner = (..., slice(32, 64), slice(32, 64))
    assert torch.allclose(torch.roll(model(field), (4, -8), dims=(2, 3))[inner], model(moved)[inner], atol=1e-12)
    by_one = torch.roll(field, 1, dims=2)
    assert not torch.allclose(torch.roll(model(field), 1, dims=2)[inner], model(by_one)[inner], atol=1e-6)


@pytest.mark.parametrize(("dimension", "shape"), [(2, (8, 8)), (2, (11, 5)), (3, (4, 7, 6))])
def test_without_biases_it_is_positively_homogeneous_and_nothing_becomes_nothing(dimension, shape):
    model = network(dimension, levels=2)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            parameter.zero_()
    field = torch.randn(2, 1, *shape, dtype=torch.float64)
    assert model(field).shape == field.shape
    assert torch.allclose(model(7.0 * field), 7.0 * model(field), atol=1e-12)
    assert not model(torch.zeros_like(field)).any()
    assert not torch.allclose(model(-field), -model(field), atol=1e-6)


def test_with_silent_steps_it_is_linear_and_adds_means_over_blocks():
    model = network(levels=1)
    for name, parameter in model.named_parameters():
        if ".outer." in name or name.endswith("bias"):
            parameter.zero_()
    # The first layer passes the field to all channels, the last one takes their mean.
    model.first.weight.zero_()
    model.first.weight[:, 0, 1, 1] = 1.0
    model.last.weight.fill_(0.25)
    field = torch.arange(16.0, dtype=torch.float64).view(1, 1, 4, 4)
    block = field.view(2, 2, 2, 2).mean((1, 3)).repeat_interleave(2, 0).repeat_interleave(2, 1)
    assert torch.allclose(model(field)[0, 0], field[0, 0] + block)


def test_examples_do_not_see_each_other():
    model = network()
    fields = torch.randn(3, 1, 9, 16, dtype=torch.float64)
    alone = torch.cat([model(field[None]) for field in fields])
    assert torch.allclose(model(fields), alone, atol=1e-12)


def test_misuse_is_named():
    with pytest.raises(ValueError, match="dimension must be 2 or 3, not 1"):
        GridUNet(1)
    with pytest.raises(ValueError, match="levels at least 0"):
        GridUNet(2, levels=-1)
    with pytest.raises(ValueError, match="2 grid axes"):
        network()(torch.zeros(1, 2, 8, 8, dtype=torch.float64))
