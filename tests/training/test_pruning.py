from __future__ import annotations

import pytest
import torch

from unseen.models.quadratic_mlp import QuadraticMLP
from unseen.training.pruning import prune_units

PAIRS = torch.cartesian_prod(torch.arange(5), torch.arange(5))


@pytest.fixture(params=["none", "batch"])
def model(request):
    torch.manual_seed(81)
    return QuadraticMLP(modulus=5, width=7, norm=request.param)


def units(*chosen):
    return torch.tensor(chosen, dtype=torch.int64)


def test_what_is_left_is_the_sum_over_the_units_kept(model):
    cut = [1, 4, 5]
    hidden = model.hidden(PAIRS)
    if model.norm == "batch":
        hidden = model.normalized(hidden, hidden)
    left = sum(hidden[:, [unit]] * model.W[:, unit] for unit in range(7) if unit not in cut)
    torch.testing.assert_close(prune_units(model, units(*cut))(PAIRS), left)


def test_cutting_nothing_changes_nothing_and_cutting_all_leaves_silence(model):
    assert torch.equal(prune_units(model, units())(PAIRS), model(PAIRS))
    assert not prune_units(model, torch.arange(7))(PAIRS).any()


def test_the_network_itself_is_left_alone(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pruned = prune_units(model, units(0, 3))
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    pruned.U.data.zero_()
    assert torch.equal(model.U, before["U"])


def test_cutting_in_steps_or_twice_is_cutting_at_once(model):
    at_once = prune_units(model, units(2, 6, 0))
    in_steps = prune_units(prune_units(model, units(6, 2)), units(0, 2))
    assert torch.equal(at_once(PAIRS), in_steps(PAIRS))


def test_a_unit_that_is_not_there_is_refused(model):
    with pytest.raises(IndexError):
        prune_units(model, units(7))
