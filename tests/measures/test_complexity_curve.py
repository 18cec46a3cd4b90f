from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import isotonic_regression

import unseen as un
from unseen.contracts.problem import Examples
from unseen.measures.complexity_curve import (
    complexity_curve,
    retained_accuracy,
    slope_beyond_training,
    solver_complexity_curve,
)
from unseen.problems.numbers.addition import WholeNumberAddition

ADDITION = WholeNumberAddition(digits=4, sampler="fixed-length", longest_chain=2, train_size=2000)
ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 2), st.sampled_from("ab"), st.floats(0, 1)), min_size=2, max_size=40
)


def columns(rows):
    depth, length, kind, scores = zip(*rows, strict=True)
    return {"depth": np.array(depth), "length": np.array(length), "kind": np.array(kind)}, np.array(scores)


@given(ROWS)
def test_unmatched_scores_are_the_means_of_the_levels(rows):
    labels, scores = columns(rows)
    depth = labels["depth"]
    if len(set(depth)) < 2:
        return
    curve = complexity_curve(scores, labels, "depth", trained=depth.min())
    assert curve.levels.tolist() == sorted(set(depth.tolist()))
    for level, score, length, questions, used in zip(
        curve.levels, curve.scores, curve.labels["length"], curve.questions, curve.used, strict=True
    ):
        assert score == pytest.approx(scores[depth == level].mean())
        assert length == pytest.approx(labels["length"][depth == level].mean())
        assert questions == used == (depth == level).sum()
    assert set(curve.labels) == {"depth", "length"}


@given(ROWS)
def test_matching_is_the_mean_over_groups_that_occur_at_every_level(rows):
    labels, scores = columns(rows)
    depth = labels["depth"]
    if len(set(depth)) < 2:
        return
    groups = list(zip(labels["length"].tolist(), labels["kind"].tolist(), strict=True))
    levels = sorted(set(depth.tolist()))
    members = {
        (level, group): [i for i in range(len(rows)) if depth[i] == level and groups[i] == group]
        for level in levels
        for group in set(groups)
    }
    share = {group: min(len(members[level, group]) for level in levels) for group in set(groups)}
    if not any(share.values()):
        with pytest.raises(ValueError, match="no value of length, kind occurs at every level of 'depth'"):
            complexity_curve(scores, labels, "depth", trained=levels[0], matched_on=["length", "kind"])
        return
    curve = complexity_curve(scores, labels, "depth", trained=levels[0], matched_on=["length", "kind"])
    for level, score, used in zip(levels, curve.scores, curve.used, strict=True):
        by_hand = sum(share[g] * scores[members[level, g]].mean() for g in share if share[g]) / sum(share.values())
        assert score == pytest.approx(by_hand)
        assert used == sum(len(members[level, g]) for g in share if share[g])
    # The point of it all: what was matched no longer differs.
    assert np.ptp(curve.labels["length"]) == pytest.approx(0)


def test_complexity_that_only_goes_along_with_length_disappears_by_matching():
    stream = np.random.default_rng(3)
    depth = stream.integers(0, 4, size=4000)
    length = depth + stream.integers(0, 4, size=4000)
    right = (length < 3).astype(float)
    labels = {"depth": depth, "length": length}
    assert retained_accuracy(complexity_curve(right, labels, "depth", trained=1)) < 0.5
    matched = complexity_curve(right, labels, "depth", trained=1, matched_on=["length"])
    assert np.ptp(matched.scores) == pytest.approx(0)
    # Only length 3 occurs at every depth; all its questions are answered wrong.
    assert matched.labels["length"] == pytest.approx([3, 3, 3, 3])
    assert math.isnan(retained_accuracy(matched))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.data())
def test_fit_is_the_isotonic_regression_with_weights(levels, data):
    counts = data.draw(st.lists(st.integers(1, 5), min_size=len(levels), max_size=len(levels)))
    depth = np.repeat(np.arange(len(levels)), counts)
    curve = complexity_curve(np.repeat(levels, counts), {"depth": depth}, "depth", trained=0)
    expected = isotonic_regression(levels, sample_weight=np.array(counts, float), increasing=False)
    np.testing.assert_allclose(curve.fitted, expected, atol=1e-12)
    assert (np.diff(curve.fitted) <= 1e-12).all()


def test_retained_area_and_slope_by_hand():
    labels = {"steps": np.repeat([1, 2, 3, 5], [10, 2, 5, 1])}
    scores = np.concatenate([np.full(10, 0.8), np.full(2, 0.6), np.full(5, 0.4), [0.1]])
    curve = complexity_curve(scores, labels, "steps", trained=2)
    assert curve.inside.tolist() == [True, True, False, False]
    # Levels count once each, however many questions they have.
    assert retained_accuracy(curve) == pytest.approx(((0.4 + 0.1) / 2) / ((0.8 + 0.6) / 2))
    assert slope_beyond_training(curve) == pytest.approx(np.polyfit([2, 3, 5], [0.6, 0.4, 0.1], 1)[0])
    table = curve.table()
    assert table["trained"].tolist() == [True, True, False, False]
    assert table["questions"].tolist() == [10, 2, 5, 1]


@pytest.mark.parametrize("lower", [0, 1, 2, 3, 4])
def test_a_rule_that_looks_so_far_keeps_accuracy_so_far(lower):
    curve = solver_complexity_curve(
        un.solver("windowed-adder", lower=lower), ADDITION, "carry_reach", splits=("iid", "longer:carries"), n=4000
    )
    assert curve.trained == 2
    assert curve.scores.tolist() == [float(reach <= lower) for reach in range(5)]
    assert retained_accuracy(curve) == {3: 0.5, 4: 1.0}.get(lower, 0.0)


def test_at_equal_chains_and_digits_the_reach_alone_decides_for_such_a_rule():
    curve = solver_complexity_curve(
        un.solver("windowed-adder", lower=2),
        ADDITION,
        "carry_reach",
        splits=["longer:carries"],
        n=4000,
        trained=2,
        matched_on=["carry_chain", "digits"],
    )
    assert curve.scores.tolist() == [1, 1, 0, 0]
    # Only chains of four places can reach four places.
    assert curve.labels["carry_chain"] == pytest.approx([4, 4, 4, 4])
    assert (curve.used < curve.questions)[:3].all()


def test_a_solver_sees_neither_labels_nor_targets():
    def spy(examples: Examples):
        assert examples.targets is None
        assert not examples.labels
        return ADDITION.truth(examples)

    curve = solver_complexity_curve(spy, ADDITION, "carry_chain", splits=("iid", "longer:carries"), n=500)
    assert curve.scores.tolist() == [1] * 5


@pytest.mark.parametrize(
    ("scores", "labels", "options", "message"),
    [
        ([1, 0], {"a": [1, 2]}, {"key": "b"}, "no label 'b'; there are a"),
        ([1, 0], {"a": [1, 2]}, {"matched_on": ["c"]}, "no label 'c'"),
        ([], {"a": []}, {}, "at least one question"),
        ([1, math.nan], {"a": [1, 2]}, {}, "scores must be finite"),
        ([1, 0, 1], {"a": [1, 2]}, {}, "shape"),
        ([1, 0], {"a": [1.0, math.inf]}, {}, "'a' must be finite"),
        ([1, 0], {"a": [1, 2]}, {"trained": 2}, "both sides of the highest trained one, 2,"),
        ([1, 0], {"a": [1, 2]}, {"trained": 0}, "there are 1 to 2"),
        ([1, 0], {"a": [1, 2], "b": [1, 2]}, {"matched_on": ["b"]}, "no value of b occurs at every level"),
    ],
)
def test_misuse_is_named(scores, labels, options, message):
    with pytest.raises(ValueError, match=message):
        complexity_curve(scores, labels, **{"key": "a", "trained": 1, **options})


def test_errors_are_not_accuracies():
    with pytest.raises(ValueError, match="linear-teacher is scored by an error"):
        solver_complexity_curve(lambda examples: examples, un.problem("linear-teacher"), "x", splits=("iid",))


def test_a_problem_without_the_label_is_named():
    with pytest.raises(ValueError, match="no label 'depth'; there are"):
        solver_complexity_curve(ADDITION.truth, ADDITION, "depth", splits=("iid", "longer:carries"))


def test_of_an_endless_training_split_the_first_questions_say_what_was_trained():
    problem = un.problem("chain-sum", terms=4)
    curve = solver_complexity_curve(problem.truth, problem, "steps", splits=("iid", "longer:terms"), n=300)
    assert (curve.trained, curve.levels.tolist(), retained_accuracy(curve)) == (3, [1, 2, 3, 4, 5, 6, 7], 1)
