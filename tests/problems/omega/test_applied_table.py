from __future__ import annotations

import numpy as np

import unseen as un
from unseen.problems.omega.applied_table import COMPOSED, REMAINDER


def followed(row, times):
    """Where literal looking up leads from a row's start."""
    table, at = row[1:7], row[7]
    for _ in range(times):
        at = table[at - 1]
    return at


def test_answers_are_what_looking_up_literally_gives():
    problem = un.problem("applied-table")
    for split in problem.splits:
        examples = problem.sample(split, 40, 5)
        for row, answer in zip(examples.inputs["question"].tolist(), problem.truth(examples).tolist(), strict=True):
            skill, times, number, divisor = row[0], *row[-3:]
            expected = number % divisor if skill == REMAINDER else followed(row, number % divisor if divisor else times)
            assert answer == expected


def test_no_table_of_training_is_asked_for_again():
    problem = un.problem("applied-table")
    tables = {
        split: {tuple(row[1:7]) for row in problem.sample(split, 3000, 4).inputs["question"].tolist() if row[1]}
        for split in problem.splits
    }
    for split in ("iid", "longer", "composed", "transformed"):
        assert tables[split]
        assert not tables[split] & tables["train"]


def test_neither_skill_alone_answers_a_composed_question():
    problem = un.problem("applied-table")
    examples = problem.sample("composed", 500, 6)
    rows = examples.inputs["question"].tolist()
    assert {row[0] for row in rows} == {COMPOSED}
    for column in (-2, -1):
        assert problem.score(examples, [followed(row, row[column]) for row in rows]).max() == 0
    # A remainder is the right number by chance alone.
    assert abs(problem.score(examples, [row[-2] % row[-1] for row in rows]).mean() - 1 / 6) < 0.08


def test_answers_to_tables_are_uniform():
    problem = un.problem("applied-table")
    for split in ("longer", "composed", "transformed"):
        counts = np.bincount(problem.sample(split, 6000, 2).targets)[1:]
        assert np.abs(counts / 1000 - 1).max() < 0.15


def test_the_trained_tactic_does_not_fit_where_the_idea_is_another_one():
    labels = un.problem("applied-table").sample("transformed", 500, 1).labels
    assert labels["steps"].min() >= 1000
    assert labels["fewest_steps"].max() <= 9
