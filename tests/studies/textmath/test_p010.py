from __future__ import annotations

import numpy as np
import pytest

from unseen.contracts.problem import Examples
from unseen.contracts.study import Outcome, Trial, Trials
from unseen.problems.omega.applied_table import AppliedTable
from unseen.studies.textmath._omega_arms import (
    SPLITS,
    TOKENIZER,
    Config,
    answers_read,
    classical,
    corrected_for_chance,
    questions,
    steps_written,
)
from unseen.studies.textmath.p010_omega import study

ARMS = ("majority", "nearest", "rules", "table-only", "remainder-only")


def trials(**decoder):
    """Five seeds with these scores of the decoder; the baselines as they are by construction."""
    chance = dict.fromkeys((*SPLITS, "remainder"), 0.0)
    scores = dict.fromkeys(ARMS, chance) | {"rules": dict.fromkeys(chance, 1.0)}
    scores["decoder"] = {"iid": 1.0, "remainder": 1.0, **decoder}
    return Trials(
        tuple(
            Trial(arm, seed, Outcome({name: value + 1e-4 * seed * (arm == "decoder") for name, value in found.items()}))
            for seed in range(5)
            for arm, found in scores.items()
        )
    )


def statuses(found):
    return [finding.verdict.status for finding in study.judge(found).findings]


def test_every_claim_can_hold_and_can_fail():
    assert statuses(trials(longer=0.6, composed=0.1, transformed=0.0)) == ["holds"] * 5
    assert statuses(trials(longer=0.9, composed=0.95, transformed=0.99))[:4] == ["fails"] * 4


def test_a_decoder_without_the_skills_says_nothing():
    assert set(statuses(trials(longer=0.6, composed=0.1, transformed=0.0, remainder=0.7))) == {"inconclusive"}


def test_the_broken_experiment_does_not_hold():
    broken = trials(longer=0.6, composed=0.1, transformed=0.0).reading(study.broken)
    assert statuses(broken)[0] != "holds"


def test_following_the_rules_answers_every_axis_within_the_budget():
    metrics = classical("rules", 50, Config(tested=200)).metrics
    assert metrics["remainder"] == 1
    assert [metrics[split] for split in SPLITS] == pytest.approx([1.0] * 4)


@pytest.mark.parametrize(("arm", "known"), [("table-only", ("iid", "longer")), ("remainder-only", ("remainder",))])
def test_one_rule_alone_answers_what_needs_no_other(arm, known):
    metrics = classical(arm, 50, Config(tested=400)).metrics
    for name in (*SPLITS, "remainder"):
        assert metrics[name] == pytest.approx(1.0) if name in known else metrics[name] < 0.1


def test_texts_are_those_of_the_definition():
    table = [2, 4, 1, 3, 6, 5]
    rows = [[0, *table, 1, 3, 0, 0], [1, *[0] * 8, 345, 7], [2, *table, 2, 0, 345, 7], [0, *table, 1, 4711, 0, 0]]
    examples = Examples({"question": np.array(rows)}, None)
    assert questions(examples) == ["AbBdCaDcEfFe:a*3=", "345%7=", "AbBdCaDcEfFe:b*345%7=", "AbBdCaDcEfFe:a*4711="]
    # 3, 34 and 345 leave 3, 6 and 2 when divided by 7; 4, 47, 471 and 4711 leave 4, 5, 3 and 1 when divided by 6.
    assert steps_written(examples) == ["b2d1c0", "362", "362d1c0", "4531b0"]
    assert answers_read(examples, steps_written(examples), 32) == [3, 2, 3, 2]
    assert answers_read(examples, ["", "x", "abc", "d" * 32], 32) == [-1, -1, 3, -1]
    assert TOKENIZER.encode(questions(examples)).max() < TOKENIZER.vocabulary


def test_looking_up_step_by_step_exceeds_the_budget_where_reducing_first_does_not():
    examples = AppliedTable().sample("transformed", 300, 50)
    assert 2 * examples.labels["steps"].min() > 60 * Config().budget
    assert max(map(len, steps_written(examples))) + 1 <= 17


def test_guessing_is_zero_and_knowing_is_one():
    assert corrected_for_chance(np.array([1.0, 0, 0, 0, 0, 0]), 6).mean() == pytest.approx(0)
    assert corrected_for_chance(np.ones(4), 6).mean() == pytest.approx(1)
