from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.models.mlp import MLP
from unseen.problems.algebra.modular import addition
from unseen.studies.dynamics.p085_numerical_stability import ARMS, CLAIMS, study, trial

SMOKE = study.scales["smoke"]


@pytest.fixture(scope="module")
def outcome():
    return trial("softmax-32", (3,), SMOKE)[0]


def test_every_condition_is_an_arm():
    assert set(study.conditions) == set(ARMS)


def test_plain_arm_is_what_a_plain_loop_gives(outcome):
    p = SMOKE.modulus
    train, held_out = (
        addition(p, train_fraction=SMOKE.train_fraction).sample(split, seed=3) for split in ("train", "iid")
    )

    def inputs(examples):
        sides = [functional.one_hot(torch.from_numpy(examples.inputs[side].copy()), p) for side in ("left", "right")]
        return torch.cat(sides, dim=1).float()

    torch.manual_seed(3)
    model = MLP((2 * p, SMOKE.width, SMOKE.width, p), bias=False)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=SMOKE.learning_rate, betas=(0.9, SMOKE.beta2), eps=SMOKE.epsilon, weight_decay=0
    )
    for _ in range(SMOKE.steps):
        optimizer.zero_grad()
        functional.cross_entropy(model(inputs(train)), torch.from_numpy(train.targets.copy())).backward()
        optimizer.step()
    with torch.no_grad():
        for name, examples in (("train", train), ("test", held_out)):
            answers = model(inputs(examples)).argmax(-1).numpy()
            assert outcome.metrics[name] == pytest.approx(addition(p).score(examples, answers).mean(), abs=0.03)
        logits = model(inputs(train)).numpy().astype(float)
    assert outcome.metrics["logits"] == pytest.approx(math.sqrt(logits.var(axis=1).mean()), rel=1e-3)


def test_arms_differ_only_where_they_should(outcome):
    for other in ("softmax-64", "stablemax-32"):
        found = trial(other, (3,), SMOKE)[0]
        first, second = (o.curves["learning"] for o in (outcome, found))
        assert first["logits"][0] == second["logits"][0]
    # Precision changes nothing while the logits are small; the other function does at once.
    double = trial("softmax-64", (3,), SMOKE)[0].metrics["logits"]
    assert outcome.metrics["logits"] == pytest.approx(double, rel=1e-4)
    assert outcome.metrics["logits"] != pytest.approx(trial("stablemax-32", (3,), SMOKE)[0].metrics["logits"], rel=1e-3)


def made_up(stable_solves, delay):
    """Trials of a world in which StableMax solves or not, and projected gradients take `delay` steps."""
    items = []
    for condition in study.conditions:
        for seed in range(5):
            solved = stable_solves if condition.startswith("stablemax") else condition in ("weight-decay",)
            metrics = {
                "train": 1.0,
                "test": 1.0 if solved else 0.2,
                "collapse": 0.95 if condition == "softmax-32" else 0.1 + 0.01 * seed,
                "alignment_after_fitting": 0.7,
                "solved_at": 300.0 + seed if solved else math.inf,
                "delay": delay + seed if condition.startswith("perpendicular") else 90.0 + seed,
            }
            items.append(Trial(condition, seed, Outcome(metrics, {"learning": {"step": [0.0, 1000.0]}})))
    return Trials(tuple(items))


def verdicts(trials):
    return [finding.verdict.status for finding in study.judge(trials).findings]


def test_claims_hold_in_the_papers_world_and_fail_in_others():
    central = next(index for index, claim in enumerate(CLAIMS) if claim.central)
    good, bad = verdicts(made_up(True, 10.0)), verdicts(made_up(False, 80.0))
    assert good[central] == "holds"
    assert good[-2:] == ["holds", "holds"]
    assert bad[central] == "fails"
    assert bad[-2:] == ["fails", "fails"]


def test_broken_experiment_does_not_hold():
    assert study.judge(made_up(True, 10.0).reading(study.broken)).verdict.status != "holds"


def test_alignment_is_taken_after_fitting_only():
    from unseen.studies.dynamics.p085_numerical_stability import _alignment_after_fitting
    from unseen.training import History

    history = History(
        (0,),
        [np.arange(5)],
        [{"train": np.array([0.1, 0.9, 1.0, 1.0, 1.0]), "alignment": np.array([9.0, 9.0, 0.2, 0.6, math.nan])}],
    )
    assert _alignment_after_fitting(history, 0) == pytest.approx(0.4)
