from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch

from unseen.models.third_order_attention import ThirdOrderAttention, attention_error_bound, third_order_attention
from unseen.problems.sequences.matching import triple_matching
from unseen.studies.algorithmic import _kronecker_errors as errors
from unseen.studies.algorithmic import _matching_by_hand as by_hand
from unseen.studies.algorithmic import _matching_networks as networks
from unseen.studies.algorithmic.p077_kronecker_attention import BOUNDS, CLAIMS, study, trial
from unseen.testing import imagined_trials

SMOKE = study.scales["smoke"]

# -- errors and counts --------------------------------------------------------------------------------------------


def test_entries_reach_their_bound_and_never_exceed_it():
    for arrangement in (errors.uniform_entries, errors.aligned_entries):
        *inputs, first_value, second_value = arrangement(200, 4, 1.5, 0)
        for tensor, bound in [(part, 1.5) for part in inputs] + [(first_value, 1.0), (second_value, 1.0)]:
            assert 0.98 * bound <= float(tensor.abs().max()) <= bound


def test_aligned_entries_have_the_output_that_can_be_computed_by_hand():
    tensors = errors.aligned_entries(64, 4, 1.0, 3)
    plus = float((tensors[1][:, 0] > 0).double().mean())
    ones, others = plus * math.e, (1 - plus) / math.e
    expected = torch.full((64, 4), (ones - others) / (ones + others), dtype=torch.float64)
    torch.testing.assert_close(third_order_attention(*tensors), expected)
    taylor = [sum(sign**t / math.factorial(t) for t in range(5)) for sign in (1, -1)]
    ones, others = plus * taylor[0], (1 - plus) * taylor[1]
    error = abs((ones - others) / (ones + others) - float(expected[0, 0]))
    assert errors.largest_error(tensors, expected, 4) == pytest.approx(error, rel=1e-6)


def test_metrics_are_the_errors_of_the_last_and_the_worst_length():
    metrics, curve = errors.measured_errors(1.0, lengths=(8, 16), degrees=(2, 4), columns=3, seed=1)
    for degree in (2, 4):
        assert metrics[f"error_degree_{degree}"] == curve[f"degree_{degree}"][-1]
        assert metrics[f"worst_error_degree_{degree}"] == max(curve[f"degree_{degree}"])
        assert metrics[f"aligned_error_degree_{degree}"] <= attention_error_bound(1.0, degree)
    assert metrics["bound_exceeded"] == 0


def test_an_exceeded_bound_is_counted(monkeypatch):
    monkeypatch.setattr(errors, "attention_error_bound", lambda bound, degree: 0.0)
    metrics, _ = errors.measured_errors(1.0, lengths=(8,), degrees=(2, 4), columns=3, seed=1)
    assert metrics["bound_exceeded"] == 4


def test_the_crossover_of_a_power_law_is_where_algebra_puts_it():
    bounds = [0.5, 1.0, 1.5, 2.0]
    assert errors.crossover(bounds, [b**6 for b in bounds], 1.25**6) != pytest.approx(1.2, rel=1e-3)
    assert errors.crossover(bounds, [b**6 for b in bounds], 1.25**6) == pytest.approx(1.25)
    assert errors.crossover(bounds, [0.0] * 4, 1.0) == math.inf
    assert math.isnan(errors.crossover(bounds, [2.0] * 4, 1.0))


def test_multiplications_are_those_of_the_formulas():
    n, d, degree = 12, 3, 4
    # Products of queries and first keys, scores, their division, exponentials and division, values one after the other.
    assert errors.multiplications(n, d, None) == n * n * d + n**3 * d + 3 * n**3 + n**3 * d + n * n * d
    columns = math.comb(d + degree, degree)
    monomials = 3 * n * (columns - 1 - d)
    sums = 2 * n * columns * d + columns * d
    outputs = n * columns + n * columns * d + n * columns + n * d
    assert errors.multiplications(n, d, degree) == monomials + sums + columns + outputs


# -- matching -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "modulus"), [(2, 3), (5, 21), (6, 23), (40, 201)])
def test_weights_written_down_mark_every_triple(length, modulus):
    problem = triple_matching(length, modulus)
    examples = problem.sample("longer" if length < 40 else "iid", 100 if length < 40 else 3, seed=0)
    marks = by_hand.marks_by_hand(examples.inputs["values"], modulus)
    np.testing.assert_array_equal(marks, problem.truth(examples).astype(bool))


@pytest.mark.parametrize("modulus", [1, 2, 10])
def test_weights_are_written_down_for_odd_moduli_only(modulus):
    with pytest.raises(ValueError, match="odd"):
        by_hand.triple_layer(modulus)


def test_ordinary_attention_is_that_of_torch():
    torch.manual_seed(0)
    ours, theirs = networks.PairAttention(8, heads=2), torch.nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.in_proj_weight.data, theirs.in_proj_bias.data = ours.inputs.weight.data, ours.inputs.bias.data
    theirs.out_proj.weight.data, theirs.out_proj.bias.data = ours.output.weight.data, ours.output.bias.data
    stream = torch.randn(3, 5, 8)
    torch.testing.assert_close(ours(stream), theirs(stream, stream, stream)[0])


def test_one_layer_of_pairs_has_no_fewer_parameters_and_nearly_as_many():
    def size(arm: str) -> int:
        network = networks.build_network(networks.ARMS[arm], study.scales["small"])
        return sum(parameter.numel() for parameter in network.parameters())

    assert size("third-order") <= size("pairs") <= 1.01 * size("third-order")
    assert size("pairs-two-layers") >= 1.8 * size("third-order")


@pytest.mark.parametrize("arm", networks.ARMS)
def test_networks_do_not_see_the_order_of_elements(arm):
    torch.manual_seed(0)
    network = networks.build_network(networks.ARMS[arm], SMOKE)
    values, order = torch.randint(SMOKE.modulus, (4, SMOKE.length)), torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(network(values[:, order]), network(values)[:, order])
    assert any(isinstance(module, ThirdOrderAttention) for module in network.modules()) == arm.startswith("third")


def test_balanced_accuracy_counts_ones_and_zeros_alike():
    marks = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    assert float(networks.balanced_accuracy(torch.ones(1, 4), marks)) == 0.5
    assert float(networks.balanced_accuracy(marks - 0.5, marks)) == 1.0
    assert float(networks.balanced_accuracy(torch.tensor([[1.0, 1.0, -1.0, -1.0]]), marks)) == pytest.approx(5 / 6)


def test_a_rule_of_pairs_alone_scores_what_the_page_says():
    small = study.scales["small"]
    problem = triple_matching(small.length, small.modulus)
    examples = problem.sample("iid", 4000, seed=50)
    values, marks = examples.inputs["values"], torch.from_numpy(problem.truth(examples)).float()
    first, second = values[:, :, None], values[:, None, :]
    rule = (((2 * first + second) % 23 == 0) | ((first + 2 * second) % 23 == 0)).any(axis=2)
    score = networks.balanced_accuracy(torch.from_numpy(rule).float() - 0.5, marks)
    assert float(score) == pytest.approx(0.813, abs=0.005)


# -- trials -------------------------------------------------------------------------------------------------------


def test_a_network_learns_the_triples_it_is_shown_and_a_trial_repeats():
    config = dataclasses.replace(
        SMOKE, length=3, modulus=7, train_size=256, batch_size=64, learning_rate=1e-2, steps=120, warmup=10
    )
    (outcome,) = trial("third-order", (3,), config)
    assert outcome.metrics["train"] >= 0.95
    assert outcome.curves["learning"]["step"][-1] == 120
    assert trial("pairs", (3,), SMOKE) == trial("pairs", (3,), SMOKE)


def test_a_diverged_network_says_so():
    (outcome,) = trial("pairs", (3,), dataclasses.replace(SMOKE, learning_rate=1e30, steps=60))
    assert "diverged at step" in outcome.failure


def test_errors_and_counts_repeat():
    (outcome,) = trial("entries-1", (3,), SMOKE)
    assert [outcome] == trial("entries-1", (3,), SMOKE)
    curve = outcome.curves["counts"]
    assert curve["exact"][3] == errors.multiplications(256, SMOKE.columns, None)
    longest = SMOKE.lengths[-1]
    ratio = errors.multiplications(longest, 4, None) / errors.multiplications(longest, 4, 4)
    assert outcome.metrics["fewer_multiplications"] == ratio


# -- claims -------------------------------------------------------------------------------------------------------


def imagined(**changes: float):
    numerics = {
        "error_degree_4": 1e-7,
        "worst_error_degree_4": 1e-6,
        "aligned_error_degree_10": 1e-8,
        "fewer_multiplications": 600.0,
        "bound_exceeded": 0.0,
    }
    results = {
        **dict.fromkeys(BOUNDS, numerics),
        "entries-2.5": numerics | {"error_degree_4": 1e-2},
        "by-hand": {"iid": 1.0},
        "third-order": {"iid": 0.98},
        "pairs": {"iid": 0.85},
        "pairs-two-layers": {"iid": 0.9},
    }
    found = imagined_trials(
        study, results, changes, spread=lambda metric, value, seed: value * (1 + 1e-3 * seed * (metric != "iid"))
    )
    counts = {"counts": {"n": [8.0, 16.0, 32.0], "exact": [1.0, 8.0, 64.0], "degree_4": [1.0, 2.0, 4.0]}}
    return dataclasses.replace(
        found,
        items=tuple(
            dataclasses.replace(item, outcome=dataclasses.replace(item.outcome, curves=counts)) for item in found.items
        ),
    )


def verdicts(**changes: float) -> list[str]:
    return [str(finding.verdict) for finding in study.judge(imagined(**changes)).findings]


def test_every_claim_holds_for_what_the_paper_would_find():
    assert verdicts() == ["holds"] * len(CLAIMS)


@pytest.mark.parametrize(
    ("place", "changes"),
    [
        (0, {"entries_1__error_degree_4": 1e-5}),
        (1, {"entries_1__worst_error_degree_4": 1e-3}),
        (2, {"entries_1__aligned_error_degree_10": 1e-5}),
        (3, {"entries_1__fewer_multiplications": 40.0}),
        (6, {"entries_2.5__error_degree_4": 1e-6}),
        (7, {"entries_2__bound_exceeded": 1.0}),
        (8, {"by_hand__iid": 0.99}),
        (9, {"pairs__iid": 0.95}),
    ],
)
def test_each_claim_fails_where_its_sentence_is_false(place, changes):
    assert verdicts(**changes)[place] == "fails"


def test_networks_that_learn_nothing_leave_the_comparison_open():
    assert verdicts(third_order__iid=0.9, pairs__iid=0.5)[9] == "inconclusive"


def test_the_broken_experiment_does_not_hold():
    assert str(study.judge(imagined().reading(study.broken)).verdict) == "fails"
