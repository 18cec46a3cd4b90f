from __future__ import annotations

import numpy as np
import pytest
import torch

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unsolved
from unseen.problems.binary.permutation import BinaryPermutation
from unseen.solvers.neural import wide_networks
from unseen.solvers.neural.wide_networks import WideNetworks

RNG = np.random.default_rng(0)
TRAIN = Examples({"x": np.eye(3) + 0.2 * RNG.normal(size=(3, 3))}, RNG.normal(size=(3, 2)))
TEST = Examples({"x": RNG.normal(size=(7, 3))}, None)


def trained_by_autograd(networks, member, steps):
    """One member's outputs after as many steps of gradient descent by PyTorch's own differentiation."""
    first, second = (w[member].clone().requires_grad_() for w in networks._initialized(3, 2))
    s1, s2 = networks._scales(3)
    x, y, z = (torch.tensor(a, dtype=torch.float32) for a in (TRAIN.inputs["x"], TRAIN.targets, TEST.inputs["x"]))

    def outputs(inputs, w1=first, w2=second):
        return s2 * torch.relu(s1 * inputs @ w1.T) @ w2.T

    start_x, start_z = outputs(x).detach(), outputs(z).detach()
    rate = 1 / networks._largest_rate(TRAIN.inputs["x"])
    optimizer = torch.optim.SGD([first, second], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        offset = start_x if networks.centred else 0
        (0.5 * (outputs(x) - offset - y) ** 2).sum().backward()
        optimizer.step()
    return (outputs(z) - (start_z if networks.centred else 0)).detach().numpy()


@pytest.mark.parametrize("parametrization", ["ntk", "standard"])
@pytest.mark.parametrize("centred", [False, True])
def test_training_is_gradient_descent_on_the_squared_error(parametrization, centred):
    networks = WideNetworks(256, 3, seed=4, parametrization=parametrization, centred=centred).fit(TRAIN)
    assert 5 < networks.steps < 2000
    assert networks.residual <= 1e-4
    for member in range(3):
        expected = trained_by_autograd(networks, member, networks.steps)
        np.testing.assert_allclose(networks.outputs(TEST)[member], expected, atol=2e-4)


def test_all_training_targets_are_fitted_and_the_average_answers():
    networks = WideNetworks(512, 5, seed=1).fit(TRAIN)
    outputs = networks.outputs(TRAIN)
    np.testing.assert_allclose(outputs, np.broadcast_to(TRAIN.targets, outputs.shape), atol=1.1e-4)
    np.testing.assert_allclose(networks.solve(TEST), networks.outputs(TEST).mean(axis=0), atol=1e-6)


def test_centred_networks_start_from_zero_and_vary_less():
    problem = BinaryPermutation(4)
    train, words = problem.sample("train"), problem.sample("composed:2")
    plain, centred = (WideNetworks(4096, 50, centred=centred).fit(train) for centred in (False, True))
    assert centred.outputs(words).std(axis=0).max() < 0.2 * plain.outputs(words).std(axis=0).min()


def test_without_biases_outputs_are_homogeneous():
    networks = WideNetworks(64, 2).fit(TRAIN)
    double = Examples({"x": 2 * TEST.inputs["x"]}, None)
    np.testing.assert_allclose(networks.outputs(double), 2 * networks.outputs(TEST), rtol=1e-4, atol=1e-5)


def test_seeds_decide_everything():
    again = [WideNetworks(64, 2, seed=seed).fit(TRAIN).outputs(TEST) for seed in (("a", 1), ("a", 1), ("a", 2))]
    np.testing.assert_array_equal(again[0], again[1])
    assert np.abs(again[0] - again[2]).max() > 0.01


def test_networks_that_cannot_fit_say_so(monkeypatch):
    contradiction = Examples({"x": np.ones((2, 3))}, np.array([0.0, 1.0]))
    monkeypatch.setattr(wide_networks, "MOST_STEPS", 50)
    networks = WideNetworks(32).fit(contradiction)
    assert networks.residual == pytest.approx(0.5, abs=0.01)
    assert networks.solve(TEST) == [Unsolved("not converged")] * 7


def test_an_ensemble_answers_permuted_words():
    problem = BinaryPermutation(5, by_ones=False)
    words = problem.sample("composed", seed=2)
    networks = WideNetworks(512, 900, seed=2, answers="bits").fit(problem.sample("train", seed=2))
    assert problem.score(words, networks.solve(words)).all()
    single = WideNetworks(512, 1, seed=2, answers="bits").fit(problem.sample("train", seed=2))
    assert problem.score(words, single.solve(words)).mean() < 1


def test_misuse_is_named():
    with pytest.raises(ValueError, match="width"):
        WideNetworks(0)
    with pytest.raises(ValueError, match="parametrization"):
        WideNetworks(8, parametrization="mean-field")
    with pytest.raises(ValueError, match="tolerance"):
        WideNetworks(8, tolerance=0.0)
    with pytest.raises(ValueError, match="fitted"):
        WideNetworks(8).outputs(TEST)
