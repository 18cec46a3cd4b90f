from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import unseen as un
from unseen.contracts.problem import Problem
from unseen.errors import UsageError
from unseen.evaluation import Scores
from unseen.problems.algebra.modular import addition
from unseen.statistics import mean, wilson

PROBLEM = addition(modulus=11, train_fraction=0.6)


def small_sums_only(examples):
    """Right exactly where no reduction is needed."""
    return examples.inputs["left"] + examples.inputs["right"]


class Witness:
    """Keeps what it was shown."""

    def __init__(self):
        self.seen = []

    def solve(self, examples):
        self.seen.append(examples)
        return PROBLEM.truth(examples)


def test_scores_are_those_of_the_checker_on_the_instances_drawn():
    scores = un.evaluate(small_sums_only, PROBLEM, n=30, seeds=(3, 9))
    assert set(scores.values) == {(split, seed) for split in PROBLEM.splits for seed in (3, 9)}
    for (split, seed), values in scores.values.items():
        examples = PROBLEM.sample(split, 30, seed)
        right = examples.inputs["left"] + examples.inputs["right"] < 11
        assert values.tolist() == right.astype(float).tolist()
    assert scores.axes == {"train": "train", "iid": "iid"}


def test_the_solver_sees_neither_targets_nor_labels():
    witness = Witness()
    scores = un.evaluate(witness, PROBLEM, seeds=(0, 1))
    assert len(witness.seen) == 4
    assert all(examples.targets is None and not examples.labels for examples in witness.seen)
    assert scores.interval("iid").estimate == 1


@pytest.mark.parametrize(("n", "drawn"), [(5, 5), (1000, 48), (None, 48)])
def test_at_most_all_of_a_finite_split_is_drawn(n, drawn):
    size = PROBLEM.splits["iid"].size
    assert drawn in (5, size)
    assert len(un.evaluate(small_sums_only, PROBLEM, splits=["iid"], n=n).values["iid", 0]) == drawn


def test_fitting_is_of_a_copy_on_the_training_data_of_each_seed():
    memoriser = un.solver("lookup-table")
    scores = un.evaluate(memoriser, PROBLEM, seeds=range(3), fit=True)
    assert scores.interval("train").estimate == 1
    assert scores.interval("iid").estimate == 0
    # The caller's own solver has learned nothing.
    assert un.evaluate(memoriser, PROBLEM, splits=["train"]).interval("train").estimate == 0


def test_one_seed_of_right_or_wrong_has_wilsons_interval_and_several_have_students():
    one = un.evaluate(small_sums_only, PROBLEM, splits=["iid"], n=None, seeds=(3,))
    values = one.values["iid", 3]
    expected = wilson(int(values.sum()), len(values), level=0.8)
    found = one.interval("iid", level=0.8)
    assert (found.estimate, found.low, found.high) == (expected.estimate, expected.low, expected.high)
    several = un.evaluate(small_sums_only, PROBLEM, splits=["iid"], n=None, seeds=range(4))
    means = [several.values["iid", seed].mean() for seed in range(4)]
    assert several.seed_means("iid").tolist() == means
    expected = mean(means)
    found = several.interval("iid")
    assert (found.estimate, found.low, found.high) == (expected.estimate, expected.low, expected.high)


def test_errors_and_partial_scores_have_students_interval_over_instances():
    values = {("iid", 0): np.array([0.0, 0.25, 1.0, 4.0])}
    for scored_by in ("error", "accuracy"):
        scores = Scores("toy", scored_by, {"iid": "iid"}, values)
        assert scores.interval("iid").low == pytest.approx(mean([0, 0.25, 1, 4]).low)
    infinite = Scores("toy", "error", {"iid": "iid"}, {("iid", 0): np.array([0.0, math.inf])})
    assert not infinite.interval("iid").determined


def test_tables_hold_what_the_scores_say():
    scores = un.evaluate(small_sums_only, PROBLEM, n=20, seeds=(3, 4))
    table = scores.table()
    assert len(table) == 4
    for row in table.itertuples():
        assert row.score == scores.values[row.split, row.seed].mean()
        assert (row.problem, row.instances, row.axis) == ("modular-addition", 20, scores.axes[row.split])
    summary = scores.summary(level=0.9).set_index("split")
    for split in PROBLEM.splits:
        interval = scores.interval(split)
        assert summary.loc[split, "accuracy"] == interval.estimate
        assert summary.loc[split, ["low", "high"]].tolist() == [interval.low, interval.high]
    assert summary["seeds"].tolist() == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"splits": ["iid", "longer"]}, "modular-addition has no split 'longer'; it has train, iid"),
        ({"fit": True}, "fit=True needs a solver with a method fit"),
        ({"solver": 3}, "got 3"),
        ({"solver": Witness}, "got <class"),
        ({"solver": lambda examples: [0]}, "48 questions of split 'iid' were given 1 answers"),
        ({"solver": lambda examples: None}, "48 questions of split 'iid' were given NoneType, no answers"),
        ({"solver": lambda examples: (a for a in [0] * 48)}, "were given generator, no answers"),
    ],
)
def test_misuse_is_named_in_one_line(arguments, message):
    chosen = {"solver": small_sums_only, "splits": ["iid"], **arguments}
    with pytest.raises(UsageError) as caught:
        un.evaluate(chosen.pop("solver"), PROBLEM, **chosen)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_split_that_was_not_evaluated_has_no_interval():
    with pytest.raises(KeyError, match="split 'train' was not evaluated; evaluated: iid"):
        un.evaluate(small_sums_only, PROBLEM, splits=["iid"], n=5).interval("train")


def test_errors_of_a_regression_problem_are_not_turned_into_scores():
    from unseen.problems.regression.linear_teacher import LinearTeacher

    problem: Problem = LinearTeacher(inputs=5, samples=20)
    scores = un.evaluate(lambda examples: np.zeros(len(examples)), problem, splits=["iid"], n=500, seeds=range(4))
    squares = [np.mean(problem.truth(problem.sample("iid", 500, seed)) ** 2) for seed in range(4)]
    assert scores.scored_by == "error"
    assert scores.seed_means("iid") == pytest.approx(squares)
    assert "error" in scores.summary().columns
    assert dataclasses.is_dataclass(scores)
