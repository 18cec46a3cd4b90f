from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unsolved
from unseen.measures.memorisation import memorised_fraction
from unseen.problems.algebra.modular import addition

PROBLEM = addition(modulus=11, corrupted=0.5)
TRAIN = PROBLEM.sample("train", seed=3)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans()), min_size=1, max_size=30))
def test_wrong_labels_given_back_are_counted_one_by_one(rows):
    answers, targets, wrong = (list(column) for column in zip(*rows, strict=True))
    examples = Examples({"x": np.arange(len(rows))}, np.array(targets), {"corrupted": np.array(wrong)})
    if not any(wrong):
        with pytest.raises(ValueError, match="no example has a wrong label"):
            memorised_fraction(answers, examples)
        return
    counted = [answer == target for answer, target, flag in rows if flag]
    assert memorised_fraction(np.array(answers), examples) == pytest.approx(sum(counted) / len(counted))
    assert memorised_fraction(answers, examples) == memorised_fraction(np.array(answers), examples)


def test_who_knows_the_rule_has_memorised_nothing_and_who_knows_the_table_everything():
    assert memorised_fraction(PROBLEM.truth(TRAIN), TRAIN) == 0
    assert memorised_fraction(TRAIN.targets, TRAIN) == 1
    assert memorised_fraction(un.solver("lookup-table").fit(TRAIN).solve(TRAIN), TRAIN) == 1


def test_right_labels_do_not_count():
    wrong = TRAIN.labels["corrupted"]
    answers = np.where(wrong, PROBLEM.truth(TRAIN), -1)
    assert memorised_fraction(answers, TRAIN) == 0
    half = TRAIN.targets.copy()
    half[np.flatnonzero(wrong)[::2]] = -1
    assert memorised_fraction(half, TRAIN) == pytest.approx(wrong.sum() // 2 / wrong.sum())


def test_no_answer_is_not_the_wrong_label():
    assert memorised_fraction([Unsolved("never seen")] * len(TRAIN), TRAIN) == 0
    assert memorised_fraction([None] * len(TRAIN), TRAIN) == 0
    half = un.solver("lookup-table").fit(TRAIN[::2]).solve(TRAIN)
    assert memorised_fraction(half, TRAIN) == pytest.approx(
        TRAIN.labels["corrupted"][::2].sum() / TRAIN.labels["corrupted"].sum()
    )


@pytest.mark.parametrize(
    ("answers", "examples"),
    [
        (TRAIN.targets, TRAIN.questions_only()),
        (TRAIN.targets, dataclasses.replace(TRAIN, labels={})),
        (TRAIN.targets[:-1], TRAIN),
        (TRAIN.targets[:, None], TRAIN),
    ],
)
def test_misuse_is_named(answers, examples):
    with pytest.raises(ValueError, match="targets"):
        memorised_fraction(answers, examples)
