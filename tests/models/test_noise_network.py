from __future__ import annotations

import pytest
import torch

from unseen.models.noise_network import NoiseNetwork


@pytest.fixture
def network():
    torch.manual_seed(0)
    return NoiseNetwork(2, width=12, depth=2).double()


def test_one_level_for_all_equals_one_per_point(network):
    x = torch.randn(6, 2, dtype=torch.float64)
    assert torch.allclose(network(x, 0.3), network(x, torch.full((6,), 0.3, dtype=torch.float64)))
    assert not torch.allclose(network(x, 0.3), network(x, 0.31))


def test_clean_and_empty_levels_are_finite_and_beyond_the_range_nothing_changes(network):
    x = torch.randn(3, 2, dtype=torch.float64)
    for level in (0.0, 1.0):
        assert network(x, level).isfinite().all()
    assert torch.equal(network(x, 1.0), network(x, 1 - 1e-9))


def test_points_do_not_see_each_other(network):
    x, levels = torch.randn(5, 2, dtype=torch.float64), torch.rand(5, dtype=torch.float64)
    alone = torch.cat([network(x[i : i + 1], levels[i : i + 1]) for i in range(5)])
    assert torch.allclose(network(x, levels), alone)


def test_level_enters_through_the_log_signal_to_noise_ratio(network):
    # Signal and noise exchanged: the ratio changes sign, the even features stay.
    seen = []
    network.layers.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0][0, 2:]))
    x = torch.zeros(1, 2, dtype=torch.float64)
    for level in (0.2, 0.8):
        network(x, level)
    sign = torch.tensor([-1.0, -1, 1, -1, 1, -1, 1], dtype=torch.float64)
    assert torch.allclose(seen[0], sign * seen[1])
