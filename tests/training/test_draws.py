from __future__ import annotations

import pytest
import torch

from unseen.training import DropoutMasks, Minibatches


def test_an_epoch_visits_every_example_of_a_lane_once_in_a_new_order():
    columns = torch.arange(12).view(1, 12).repeat(2, 1) + torch.tensor([[0], [100]])
    draw = Minibatches([columns, 2 * columns], size=4, seeds=(0, 1))
    epochs = []
    for epoch in range(2):
        batches = [draw(3 * epoch + step, (0, 1)) for step in range(3)]
        seen = torch.cat([inputs for inputs, _ in batches], dim=1)
        assert all(torch.equal(doubled, 2 * inputs) for inputs, doubled in batches)
        assert torch.equal(seen.sort(dim=1).values, columns)
        epochs.append(seen)
    assert not torch.equal(epochs[0], epochs[1])
    assert not torch.equal(epochs[0][0] + 100, epochs[0][1])


def test_draws_of_a_lane_do_not_depend_on_company_or_order():
    columns = torch.randn(3, 10, 2)
    draw = Minibatches([columns], size=3, seeds=(5, 6, 7))
    masks = DropoutMasks((4, 3), rate=0.3, seeds=(5, 6, 7))
    for source in (draw, masks):
        together = [source(step, (0, 1, 2))[0] for step in range(7)]
        for step in reversed(range(7)):
            assert torch.equal(source(step, (2,))[0][0], together[step][2])
            assert torch.equal(source(step, (0, 2))[0], together[step][[0, 2]])


def test_shared_columns_are_not_copied_and_give_the_same_batches():
    column = torch.randn(10, 2)
    shared = Minibatches([column.expand(2, 10, 2)], size=3, seeds=(0, 1))
    copied = Minibatches([column.repeat(2, 1, 1)], size=3, seeds=(0, 1))
    assert torch.equal(shared(4, (1, 0))[0], copied(4, (1, 0))[0])
    assert shared.tables[0][0].untyped_storage().data_ptr() == column.untyped_storage().data_ptr()


def test_masks_keep_the_stated_share_and_the_expectation():
    mask = DropoutMasks((200, 100), rate=0.3, seeds=(0,))(0, (0,))[0]
    # The rate is rounded to a multiple of 2**-16.
    assert sorted(mask.unique().tolist()) == pytest.approx([0, 1 / 0.7], rel=2**-16)
    # Five standard errors of a share over 20,000 draws.
    assert (mask == 0).float().mean().item() == pytest.approx(0.3, abs=5 * (0.21 / 20000) ** 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 11}, "1 to 10 examples, not 11"),
        ({"seeds": (0,)}, "2 lanes for 1 seeds"),
        ({"tensors": [torch.zeros(2, 10), torch.zeros(2, 9)]}, "one common shape"),
    ],
)
def test_misuse_is_named(options, message):
    arguments = {"tensors": [torch.zeros(2, 10)], "size": 2, "seeds": (0, 1)} | options
    with pytest.raises(ValueError, match=message):
        Minibatches(arguments.pop("tensors"), **arguments)


def test_a_dropout_rate_of_one_is_refused():
    with pytest.raises(ValueError, match=r"in \[0, 1\), not 1"):
        DropoutMasks((2,), rate=1, seeds=(0,))
