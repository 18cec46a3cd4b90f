from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.stats import norm

from unseen.measures.theory.ntk import relu_kernels
from unseen.measures.theory.permutation_ensemble import (
    log_failure,
    log_failure_anywhere,
    members_needed,
    output_law,
)


def all_inputs(k):
    return np.array(list(itertools.product([0, 1], repeat=k)))[1:]


def brute_force(k, regime):
    """Mean (inputs, k) and covariance (inputs, inputs) of one trained network at all 2^k - 1 inputs, identity rule."""
    x = all_inputs(k)
    unit = x / np.sqrt(x.sum(axis=1, keepdims=True))
    here, cross, basis = relu_kernels(unit, unit), relu_kernels(unit, np.eye(k)), relu_kernels(np.eye(k), np.eye(k))
    learned = "ntk" if regime == "ntk" else "nngp"
    w = getattr(cross, learned) @ np.linalg.inv(getattr(basis, learned))
    covariance = here.nngp + w @ basis.nngp @ w.T - w @ cross.nngp.T - cross.nngp @ w.T
    return x, w, covariance


@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_law_by_number_of_ones_is_that_of_every_single_input(k, regime):
    x, mean, covariance = brute_force(k, regime)
    ones = x.sum(axis=1)
    law = output_law(k, ones, regime=regime)
    np.testing.assert_allclose(mean, np.where(x == 1, law.on[:, None], law.off[:, None]), atol=1e-13)
    np.testing.assert_allclose(np.sqrt(np.maximum(np.diag(covariance), 0)), law.deviation, atol=1e-7)


@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
@pytest.mark.parametrize("k", [2, 3, 10, 100, 100_000])
def test_signs_of_the_means_are_the_bits(k, regime):
    law = output_law(k, np.arange(2, k + 1), regime=regime)
    assert (law.on > 0).all()
    assert (law.off < 0).all()
    assert (law.deviation > 0).all()


def test_training_inputs_are_reproduced():
    law = output_law(7, [1])
    assert (law.on, law.off, law.deviation) == (1, 0, 0)


@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
def test_failure_of_one_input_agrees_with_simulated_ensembles(regime):
    k, members, ones, draws = 6, 40, 2, 40_000
    x, mean, covariance = brute_force(k, regime)
    which = np.flatnonzero(x.sum(axis=1) == ones)[3]
    averages = mean[which] + math.sqrt(covariance[which, which] / members) * np.random.default_rng(0).normal(
        size=(draws, k)
    )
    failed = ((averages > 0) != x[which]).any(axis=1).mean()
    expected = math.exp(log_failure(k, members, ones, regime=regime))
    assert 0.02 < expected < 0.98
    assert failed == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / draws))


def test_failure_anywhere_bounds_simulated_ensembles_closely():
    k, draws = 5, 4000
    members = members_needed(k, failure=0.1, inputs="all")
    x, mean, covariance = brute_force(k, "ntk")
    unseen = x.sum(axis=1) > 1
    x, mean, covariance = x[unseen], mean[unseen], covariance[np.ix_(unseen, unseen)]
    root = np.linalg.cholesky(covariance + 1e-14 * np.eye(len(x)))
    noise = root @ np.random.default_rng(0).normal(size=(draws, len(x), k))
    wrong = ((mean + noise / math.sqrt(members) > 0) != x).any(axis=(1, 2)).mean()
    error = math.sqrt(wrong / draws)
    bound = math.exp(log_failure_anywhere(k, members))
    assert wrong < bound + 3 * error
    # Wrong bits are nearly exclusive events, so that the union bound loses little.
    assert wrong > 0.75 * bound - 3 * error


@pytest.mark.parametrize("inputs", ["one", "all"])
@pytest.mark.parametrize("regime", ["ntk", "last-layer"])
def test_members_needed_is_the_first_number_that_suffices(inputs, regime):
    k, failure = 12, 0.03
    needed = members_needed(k, failure=failure, inputs=inputs, regime=regime)

    def log_of(members):
        if inputs == "all":
            return log_failure_anywhere(k, members, regime=regime)
        return log_failure(k, members, np.arange(2, k + 1), regime=regime).max()

    assert log_of(needed) <= math.log(failure) < log_of(needed - 1)


def test_two_bits_by_hand():
    # Only the input (1, 1) is new and both bits are ones: members solve 1 - Phi(z)^2 = failure.
    law = output_law(2, 2)
    z = norm.ppf(math.sqrt(1 - 1e-6))
    assert members_needed(2, failure=1e-6) == math.ceil((z * law.deviation / law.on) ** 2)


def test_failure_probabilities_far_below_the_smallest_float_stay_exact():
    # Doubling members doubles the exponent of a Gaussian tail up to its slowly varying factor.
    single, double = log_failure(10, 10**6, 2), log_failure(10, 2 * 10**6, 2)
    assert single < -1000
    assert double == pytest.approx(2 * single, rel=2e-3)


def test_counts_match_published_experiment_in_the_last_layer_regime():
    # Stored results of the released code, one run each: first size with 90 % of inputs with two ones right.
    published = {10: 69, 20: 117, 30: 175}
    for k, count in published.items():
        assert 0.75 < count / members_needed(k, failure=0.1, ones=2, regime="last-layer") < 1.25
        assert count / members_needed(k, failure=0.1, ones=2, regime="ntk") < 0.25


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"k": 1}, "k must"),
        ({"failure": 0.0}, "failure"),
        ({"inputs": "some"}, "inputs"),
        ({"inputs": "all", "ones": 2}, "ones"),
        ({"ones": 1}, "training input"),
        ({"ones": 9}, "from 1 to 5"),
        ({"regime": "rich"}, "regime"),
    ],
)
def test_bad_parameters_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        members_needed(**{"k": 5, **options})
