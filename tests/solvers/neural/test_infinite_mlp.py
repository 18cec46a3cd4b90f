from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from unseen.contracts.problem import Examples
from unseen.measures.theory.ntk import relu_kernels
from unseen.measures.theory.permutation_ensemble import output_law
from unseen.problems.binary.permutation import BinaryPermutation
from unseen.solvers.neural.infinite_mlp import InfiniteMLP
from unseen.solvers.neural.wide_networks import WideNetworks

RNG = np.random.default_rng(0)
TRAIN = Examples({"x": RNG.normal(size=(6, 3))}, RNG.normal(size=(6, 2)))
TEST = Examples({"x": RNG.normal(size=(5, 3))}, None)


def all_words(k):
    bits = np.array(list(itertools.product([0, 1], repeat=k)), dtype=np.int64)[1:]
    return Examples({"bits": bits}, None)


@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
@pytest.mark.parametrize("k", range(2, 9))
def test_bits_of_all_nonzero_words_are_exact(k, regime):
    problem = BinaryPermutation(k)
    network = InfiniteMLP(regime=regime, answers="bits").fit(problem.sample("train", seed=k))
    words = all_words(k)
    np.testing.assert_array_equal(network.solve(words), words.inputs["bits"][:, problem.permutation(k)])


@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
def test_posterior_agrees_with_the_law_by_number_of_ones(regime):
    k, words = 6, all_words(6)
    problem = BinaryPermutation(k)
    posterior = InfiniteMLP(regime=regime).fit(problem.sample("train", seed=1)).posterior(words)
    bits = words.inputs["bits"]
    ones = bits.sum(axis=1)
    law = output_law(k, ones, regime=regime)
    # Kernels are homogeneous: a word of length sqrt(ones) has sqrt(ones) times the outputs of the unit vector.
    size = np.sqrt(ones)
    right = bits[:, problem.permutation(1)] == 1
    np.testing.assert_allclose(
        posterior.mean, size[:, None] * np.where(right, law.on[:, None], law.off[:, None]), atol=1e-12
    )
    np.testing.assert_allclose(np.sqrt(np.maximum(np.diag(posterior.covariance), 0)), size * law.deviation, atol=1e-7)


@pytest.mark.parametrize(("regime", "time"), [("ntk", 0.7), ("ntk", 5.0), ("last-layer", 2.0)])
def test_finite_time_solves_the_equation_of_gradient_flow(regime, time):
    options = {"depth": 2, "weight_scale": 1.4, "bias_scale": 0.2}
    found = InfiniteMLP(regime=regime, time=time, **options).fit(TRAIN).posterior(TEST)
    both = np.concatenate([TRAIN.inputs["x"], TEST.inputs["x"]])
    kernels = relu_kernels(both, both, **options)
    learned = kernels.ntk if regime == "ntk" else kernels.nngp
    n = len(TRAIN)

    def outputs(start):
        """Outputs at all inputs after gradient flow from those at time 0, one target column."""
        flow = solve_ivp(
            lambda _, f: -learned[:, :n] @ (f[:n] - TRAIN.targets[:, 0]), (0, time), start, rtol=1e-9, atol=1e-11
        )
        return flow.y[n:, -1]

    mean = outputs(np.zeros(len(both)))
    np.testing.assert_allclose(found.mean[:, 0], mean, atol=1e-7)
    # The flow is affine in the start, so that its linear part carries the covariance at initialization over.
    linear = np.stack([outputs(row) - mean for row in np.eye(len(both))], axis=1)
    np.testing.assert_allclose(found.covariance, linear @ kernels.nngp @ linear.T, atol=1e-7)


def test_training_for_no_time_leaves_the_initial_process():
    posterior = InfiniteMLP(time=0.0).fit(TRAIN).posterior(TEST)
    assert not posterior.mean.any()
    np.testing.assert_allclose(posterior.covariance, relu_kernels(TEST.inputs["x"], TEST.inputs["x"]).nngp)


@pytest.mark.parametrize(("regime", "parametrization"), [("ntk", "ntk"), ("last-layer", "standard")])
def test_trained_wide_networks_have_this_law(regime, parametrization):
    # Orthogonal training inputs make the kernel well conditioned: few steps, and small corrections in 1 / width.
    train = Examples({"x": np.eye(4) + 0.1 * RNG.normal(size=(4, 4))}, RNG.normal(size=(4, 2)))
    test = Examples({"x": RNG.normal(size=(5, 4))}, None)
    posterior = InfiniteMLP(regime=regime).fit(train).posterior(test)
    networks = WideNetworks(2048, 300, parametrization=parametrization, tolerance=1e-3).fit(train)
    outputs = networks.outputs(test)
    error = np.sqrt(np.diag(posterior.covariance) / 300)
    assert (np.abs(outputs.mean(axis=0) - posterior.mean) < 4 * error[:, None] + 0.01).all()
    empirical = sum(np.cov(outputs[:, :, column].T) for column in range(2)) / 2
    np.testing.assert_allclose(empirical, posterior.covariance, atol=0.2 * np.diag(posterior.covariance).max())


def test_samples_have_the_posterior_law_and_independent_outputs():
    posterior = InfiniteMLP().fit(TRAIN).posterior(TEST)
    samples = posterior.sample(40_000, np.random.default_rng(1))
    scale = np.diag(posterior.covariance).max()
    np.testing.assert_allclose(samples.mean(axis=0), posterior.mean, atol=5 * np.sqrt(scale / 40_000))
    flat = np.swapaxes(samples, 1, 2).reshape(40_000, -1)
    expected = np.kron(np.eye(2), posterior.covariance)
    np.testing.assert_allclose(np.cov(flat.T), expected, atol=0.05 * scale)


def test_answers_do_not_depend_on_the_batch():
    problem = BinaryPermutation(8, by_ones=False)
    network = InfiniteMLP(answers="bits").fit(problem.sample("train"))
    words = problem.sample("composed")
    one_by_one = np.concatenate([network.solve(words[i : i + 1]) for i in range(len(words))])
    np.testing.assert_array_equal(network.solve(words), one_by_one)


def test_misuse_is_named():
    with pytest.raises(ValueError, match="regime"):
        InfiniteMLP(regime="rich")
    with pytest.raises(ValueError, match="depth"):
        InfiniteMLP(0)
    with pytest.raises(ValueError, match="time"):
        InfiniteMLP(time=float("nan"))
    with pytest.raises(ValueError, match="fitted"):
        InfiniteMLP().solve(TEST)
    with pytest.raises(ValueError, match="targets"):
        InfiniteMLP().fit(TEST)
    repeated = Examples({"x": np.ones((2, 3))}, np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="repeat"):
        InfiniteMLP().fit(repeated)
