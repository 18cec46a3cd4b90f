from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from unseen.solvers.windowed_adder import WindowedAdder
from unseen.studies.algorithmic import _complexity_arms as arms
from unseen.studies.algorithmic import p016_complexity_ood as p016
from unseen.studies.algorithmic.p016_complexity_ood import ARMS, CLAIMS, SHOWN, study, trial
from unseen.testing import imagined_trials

SMOKE = study.scales["smoke"]
SIZES = dataclasses.replace(SMOKE, digits=4, longest_chain=2, train_size=2000, pool=100_000)


def test_every_condition_is_an_arm_or_the_shortcuts_and_is_drawn():
    assert set(study.conditions) == {*ARMS, "shortcuts"} == {*SHOWN, "shortcuts"}


def test_tests_have_as_many_questions_of_every_kind_and_training_has_none_beyond_its_bound():
    asked = arms.tests_of(SIZES, 3)
    assert np.bincount(asked.chains.labels["carry_chain"]).tolist() == [10] * 5
    kinds = list(zip(asked.cells.labels["carry_chain"], asked.cells.labels["carry_reach"], strict=True))
    expected = {(0, 0), (1, 1), *((chain, reach) for chain in (2, 3, 4) for reach in range(1, chain + 1))}
    assert {kind: kinds.count(kind) for kind in set(kinds)} == dict.fromkeys(expected, 5)
    train = arms.training_of(SIZES, 3, False)
    assert train.labels["carry_chain"].max() == 2
    for examples in (asked.iid, asked.chains, asked.cells, train):
        assert set(examples.labels["digits"].tolist()) == {4}


@pytest.mark.parametrize("every_reach", [False, True])
def test_no_test_question_is_in_training(every_reach):
    problem, asked = arms.problem_of(SIZES), arms.tests_of(SIZES, 5)
    known = set(problem.canonical(arms.training_of(SIZES, 5, every_reach)))
    for examples in (asked.iid, asked.chains, asked.cells):
        assert not known & set(problem.canonical(examples))


def test_the_control_is_taught_every_kind_as_often_in_half_of_its_questions():
    train = arms.training_of(dataclasses.replace(SIZES, train_size=20_000), 3, True)
    assert len(train) == 20_000
    beyond = train[train.labels["carry_chain"] > 2]
    assert len(beyond) == 10_000
    kinds = list(zip(beyond.labels["carry_chain"], beyond.labels["carry_reach"], strict=True))
    counts = np.array([kinds.count(kind) for kind in set(kinds)])
    assert len(counts) == 7
    np.testing.assert_allclose(counts / len(beyond), 1 / 7, atol=0.015)


def test_a_short_sighted_rule_shows_what_each_number_measures():
    metrics, curves = p016._measured(WindowedAdder(2), arms.tests_of(SIZES, 3), SIZES)
    assert {metrics[name] for name in ("iid", "known", "long_chain", "chain_known", "matched_known")} == {1.0}
    assert metrics["far"] == metrics["matched_far"] == metrics["matched_retained"] == 0
    assert metrics["far_as_window_2"] == 1
    assert metrics["far_as_window_1"] < 1
    assert metrics["chain_beyond"] > 0.5
    assert metrics["matched_slope"] == pytest.approx(-0.5)
    assert curves["reach"]["level"] == [1, 2, 3, 4]
    assert curves["reach"]["mean_carry_chain"] == pytest.approx([4] * 4)
    for chain, reach, score in zip(*curves["cells"].values(), strict=True):
        assert score == (reach <= 2), (chain, reach)
    exact, _ = p016._measured(WindowedAdder(4), arms.tests_of(SIZES, 3), SIZES)
    assert exact["far"] == exact["chain_retained"] == exact["matched_retained"] == 1
    assert exact["far_as_window_1"] == exact["far_as_window_2"] == 0


def test_a_decoder_can_learn_its_training_questions_in_every_notation():
    config = dataclasses.replace(SMOKE, digits=2, train_size=6, width=32, steps=150, batch_size=6, learning_rate=1e-2)
    train = arms.training_of(config, 3, False)
    for arm in ARMS.values():
        solver = arms.untrained_decoder(config, arm.style, 3).fit(train)
        assert solver.solve(train.questions_only()) == train.targets.tolist(), arm.style


def test_a_diverged_seed_is_a_failure_not_a_number():
    outcome = trial("plain", 3, dataclasses.replace(SMOKE, learning_rate=1e20))
    assert outcome.failure.startswith("diverged at step")
    assert not outcome.metrics


def test_only_plain_order_is_written_with_one_number_of_tokens():
    tokens = {name: trial(name, 3, SMOKE).metrics["chain_tokens_apart"] for name in ARMS}
    assert tokens["plain"] == tokens["plain-every-reach"] == 0
    assert tokens["reversed"] > 0


def test_means_by_labels_are_counted_by_hand():
    found = p016.mean_by(np.array([1.0, 0.0, 1.0, 0.5]), np.array([2, 2, 1, 2]), np.array([0, 0, 3, 1]))
    assert found == [((1, 3), 1), ((2, 0), 0.5), ((2, 1), 0.5)]


# -- what the claims make of results ------------------------------------------------------------------------------

KEEPS = {
    "iid": 1.0,
    "known": 1.0,
    "far": 0.98,
    "chain_known": 1.0,
    "chain_beyond": 0.97,
    "matched_known": 0.99,
    "matched_far": 0.98,
}
LOSES = {**KEEPS, "far": 0.1, "chain_beyond": 0.5, "matched_far": 0.1}
EXPECTED = {
    "plain": LOSES,
    "reversed": LOSES,
    "scratchpad": KEEPS,
    "plain-every-reach": KEEPS,
    "shortcuts": {"window_2_far": 0.0},
}


def results(**changes):
    """Trials as the paper would have them; ``arm__metric=value`` changes one."""
    return imagined_trials(study, EXPECTED, changes, spread=lambda metric, value, seed: value - 1e-4 * seed)


def statuses(trials):
    return [finding.verdict.status for finding in study.judge(trials).findings]


def test_the_papers_results_hold():
    assert statuses(results()) == ["holds"] * len(CLAIMS)


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"plain__far": 0.9}, 0),
        ({"plain__chain_beyond": 0.9}, 1),
        ({"plain__matched_far": 0.8}, 2),
        ({"plain_every_reach__far": 0.3}, 3),
        ({"scratchpad__far": 0.6}, 4),
        ({"scratchpad__chain_beyond": 0.6}, 4),
    ],
)
def test_every_claim_can_fail(changes, claim):
    assert CLAIMS[claim].central == (claim == 0)
    assert statuses(results(**changes))[claim] == "fails"


def test_a_network_that_learned_nothing_says_nothing():
    assert statuses(results(plain__iid=0.6))[:4] == ["inconclusive"] * 4
    assert statuses(results(scratchpad__iid=0.6))[4] == "inconclusive"
    assert statuses(results(plain_every_reach__iid=0.6))[3] == "inconclusive"
    assert statuses(results(plain__far=math.nan))[0] == "inconclusive"


def test_the_broken_experiment_does_not_hold():
    assert study.judge(results().reading(study.broken)).verdict.status == "fails"
