from __future__ import annotations

import dataclasses

import pytest
import torch
from torch.nn import functional

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.models.mlp import MLP
from unseen.studies.dynamics import _simplicity_arms as arms
from unseen.studies.dynamics import p041_simplicity_bias as p041
from unseen.studies.dynamics._simplicity_arms import ARMS, Arm
from unseen.studies.dynamics.p041_simplicity_bias import study

SMOKE = study.scales["smoke"]
BEST = {"auc": 1.0, "auc_simple": 0.5, "auc_others": 1.0, "test": 1.0, "ensemble": 1.0}
GOOD = {
    **dict.fromkeys(study.conditions, BEST),
    "ms-5": {**BEST, "auc_simple": 1.0, "auc_others": 0.5},
    "ms-7": {**BEST, "auc_simple": 1.0, "auc_others": 0.5},
    "noisy-lms-7": {**BEST, "test": 0.95, "ensemble": 0.95},
}


def made_up(**changes):
    """Trials of what the paper expects, with some arms' metrics changed; names of arms with underscores."""
    changed = {name.replace("_", "-"): metrics for name, metrics in changes.items()}
    return Trials(
        tuple(
            Trial(name, seed, Outcome({**metrics, **changed.get(name, {})}))
            for name, metrics in GOOD.items()
            for seed in range(5)
        )
    )


def statuses(**changes):
    return [finding.verdict.status for finding in study.judge(made_up(**changes)).findings]


def test_the_attack_on_a_linear_classifier_is_the_known_worst():
    config = dataclasses.replace(SMOKE, attack_radius=0.3, attack_steps=5)
    torch.manual_seed(0)
    model = MLP((6, 2)).double()
    x, classes = torch.randn(50, 6, dtype=torch.float64), torch.arange(50) % 2
    weights, biases = model.layers[0].weight, model.layers[0].bias
    along = weights[1] - weights[0]
    margins = (2 * classes - 1) * (x @ along + biases[1] - biases[0])
    # Nothing within the radius is worse than a move straight against the weights.
    worst = functional.softplus(-(margins - 0.3 * along.norm())).mean()
    assert arms._adversarial_loss(config)(model, (x, classes)).item() == pytest.approx(worst.item(), rel=1e-6)


def test_the_loss_is_cross_entropy_of_two_classes():
    model = MLP((4, 3, 2))
    x, classes = torch.randn(20, 4), torch.arange(20) % 2
    assert arms._loss(model, (x, classes)).item() == pytest.approx(
        functional.cross_entropy(model(x), classes).item(), rel=1e-5
    )


def test_a_trained_network_uses_the_linear_feature_alone():
    config = dataclasses.replace(SMOKE, features=8, width=32, train=8000, test=4000, batch=128, steps=300)
    outcome = p041.trial("lms-5", (3,), config)[0]
    assert outcome.metrics["auc"] > 0.99
    assert outcome.metrics["auc_simple"] < 0.6
    assert outcome.metrics["auc_others"] > 0.98
    assert outcome.metrics["accuracy_simple"] == pytest.approx(0.5, abs=0.05)
    # The curve's last point was measured apart, in single precision.
    assert outcome.curves["learning"]["test"][-1] == pytest.approx(outcome.metrics["test"], abs=1e-3)


def test_trees_read_the_slabs_where_the_linear_feature_tells_nothing():
    config = dataclasses.replace(SMOKE, features=10, noisy_train=8000, test=4000, trees=100)
    outcome = p041.trial("trees", (3,), config)[0]
    # The linear feature alone allows 0.95.
    assert outcome.metrics["test"] > 0.98
    assert outcome.metrics["accuracy_others"] < 0.95


def test_an_ensemble_of_one_is_its_member():
    config = dataclasses.replace(SMOKE, members=1)
    metrics = p041.trial("noisy-lms-7", (5,), config)[0].metrics
    assert metrics["ensemble"] == metrics["test"]
    assert len({arms._member_seed(seed, member) for seed in range(20) for member in range(5)}) == 100


@pytest.mark.parametrize(
    ("condition", "counts", "noise"),
    [
        ("lms-5", {"linear": 1, "slab5": 49, "slab7": 0}, 0.0),
        ("ms-5", {"linear": 0, "slab5": 50, "slab7": 0}, 0.0),
        ("ms-5-7", {"linear": 0, "slab5": 1, "slab7": 49}, 0.0),
        ("noisy-lms-7", {"linear": 1, "slab5": 0, "slab7": 49}, 0.1),
        ("ms-7", {"linear": 0, "slab5": 0, "slab7": 50}, 0.0),
        ("adversarial", {"linear": 1, "slab5": 49, "slab7": 0}, 0.0),
    ],
)
def test_data_sets_are_those_of_the_paper(condition, counts, noise):
    problem = ARMS[condition].problem(50)
    assert {block: getattr(problem, block) for block in counts} == counts
    assert (problem.linear_noise, problem.slab3, problem.dimension) == (noise, 0, 50)
    assert Arm("slab5", "slab7").problem(4).blocks["slab5"] == slice(0, 1)


def test_what_the_paper_expects_holds_and_the_broken_experiment_fails():
    assert statuses()[0] == "holds"
    assert study.judge(made_up().reading(study.broken)).verdict.status == "fails"


def test_each_claim_follows_its_numbers():
    assert statuses(ms_5_7={"auc_simple": 0.7})[:3] == ["fails", "fails", "holds"]
    assert statuses(lms_5={"auc_others": 0.9, "auc_simple": 0.45})[:3] == ["holds", "holds", "fails"]
    assert statuses(noisy_lms_7={"test": 0.99, "ensemble": 0.99})[3] == "fails"
    assert statuses(noisy_lms_7={"test": 0.95, "ensemble": 0.97})[5] == "fails"
    assert statuses(trees={"test": 0.96})[4] == "fails"
    assert statuses(adversarial={"auc_simple": 0.9})[6] == "fails"


def test_a_network_that_cannot_learn_slabs_shows_nothing():
    assert statuses(ms_7={"test": 0.6})[:4] == ["inconclusive", "inconclusive", "holds", "inconclusive"]
    assert statuses(ms_5={"test": 0.6})[6] == "inconclusive"
    assert statuses(adversarial={"auc": 0.8})[6] == "inconclusive"
