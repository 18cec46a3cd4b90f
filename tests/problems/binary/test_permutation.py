from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.problems.binary.permutation import BinaryPermutation


def matrix(problem, seed):
    train = problem.sample("train", seed=seed)
    order = train.inputs["bits"].argmax(axis=1).argsort()
    return train.targets[order]


@settings(max_examples=30, deadline=None)
@given(k=st.integers(2, 9), seed=st.integers(0, 10**9))
def test_splits_partition_all_nonzero_words_and_the_rule_is_linear(k, seed):
    problem = BinaryPermutation(k)
    rule = matrix(problem, seed)
    assert (rule.sum(axis=0) == 1).all()
    assert (rule.sum(axis=1) == 1).all()
    words = []
    for split in problem.splits:
        examples = problem.sample(split, seed=seed)
        words += problem.canonical(examples)
        np.testing.assert_array_equal(examples.targets, examples.inputs["bits"] @ rule)
        np.testing.assert_array_equal(examples.targets, problem.truth(examples.questions_only()))
    assert sorted(words) == sorted("".join(bits) for bits in itertools.product("01", repeat=k))[1:]


def test_one_split_holds_what_the_others_divide():
    divided, whole = BinaryPermutation(7), BinaryPermutation(7, by_ones=False)
    parts = [w for s in divided.splits if s != "train" for w in divided.canonical(divided.sample(s, seed=4))]
    examples = whole.sample("composed", seed=4)
    assert sorted(parts) == sorted(whole.canonical(examples))
    # Both ask for the same rule, so that a solver trained on one can be examined on the other.
    np.testing.assert_array_equal(divided.permutation(4), whole.permutation(4))
    assert (examples.labels["ones"] >= 2).all()


def test_seeds_change_the_rule_and_the_order():
    problem = BinaryPermutation(10)
    rules = {tuple(problem.permutation(seed)) for seed in range(50)}
    assert len(rules) == 50
    first, second = (problem.sample("composed:5", 20, seed).inputs["bits"] for seed in (0, 1))
    assert (first != second).any()


@pytest.mark.parametrize("by_ones", [True, False])
def test_endless_splits_only_append_and_hold_what_they_say(by_ones):
    problem = BinaryPermutation(40, by_ones=by_ones)
    split = "composed:9" if by_ones else "composed"
    assert problem.splits[split].size is None
    short, long = (problem.sample(split, n, seed=2).inputs["bits"] for n in (10, 5000))
    np.testing.assert_array_equal(short, long[:10])
    ones = long.sum(axis=1)
    assert (ones == 9).all() if by_ones else abs(ones.mean() - 20) < 5 * math.sqrt(10 / 5000)
    # Every place is as likely as any other.
    share = ones.mean() / 40
    np.testing.assert_allclose(long.mean(axis=0), share, atol=5 * math.sqrt(share * (1 - share) / 5000))
    with pytest.raises(ValueError, match="endless"):
        problem.sample(split)


def test_hardly_any_bits_still_leave_two_ones():
    problem = BinaryPermutation(17, by_ones=False)
    assert problem.sample("composed", 200_000, seed=0).labels["ones"].min() == 2


@settings(max_examples=20, deadline=None)
@given(k=st.integers(2, 8), seed=st.integers(0, 10**6))
def test_checker_accepts_right_forms_and_rejects_near_misses(k, seed):
    problem = BinaryPermutation(k, by_ones=False)
    examples = problem.sample("composed", seed=seed)
    for form, answers in problem.right_forms(examples).items():
        assert problem.score(examples, answers).all(), form
    for mistake, answers in problem.near_misses(examples, seed).items():
        assert not problem.score(examples, answers).any(), mistake


def test_checker_does_not_read_targets_and_never_raises_on_malformed_answers():
    problem = BinaryPermutation(3)
    examples = problem.sample("composed:2", seed=0).questions_only()
    odd = ["", "01", object(), [[0, 1], [1]], [0, None, 1], {"a": 1}, b"011", np.zeros((3, 3)), 11]
    for answer in odd:
        assert not problem.score(examples, [answer] * len(examples)).any()
    with pytest.raises(ValueError, match="2 answers for 3"):
        problem.score(examples, ["011", "011"])


@pytest.mark.parametrize("k", [2, 5, 12])
def test_the_linear_map_is_exact_whatever_the_batch(k):
    problem = BinaryPermutation(k, by_ones=False)
    examples = problem.sample("composed", seed=9)
    solver = problem.classical()
    whole = solver.solve(examples.questions_only())
    assert problem.score(examples, whole).all()
    np.testing.assert_array_equal(solver.solve(examples[:1].questions_only()), whole[:1])


def test_text_holds_the_rule_and_the_question():
    problem = BinaryPermutation(4)
    examples = problem.sample("composed:2", 1, seed=6)
    (text,) = problem.text(examples)
    pairs = [part.split(" becomes ") for part in text.split(": ")[1].split(". ")[0].split(", ")]
    shown = {before.index("1"): after.index("1") for before, after in pairs}
    question = text.split("What does ")[1].split()[0]
    answer = ["0"] * 4
    for place, bit in enumerate(question):
        answer[shown[place]] = bit
    assert problem.score(examples, ["".join(answer)]).all()


@pytest.mark.parametrize(
    ("options", "named"), [({"k": 1}, "k must"), ({"k": 4.0}, "k must"), ({"by_ones": 1}, "by_ones")]
)
def test_bad_parameters_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        BinaryPermutation(**options)


def test_unknown_splits_and_sizes_are_named():
    problem = BinaryPermutation(4)
    with pytest.raises(ValueError, match="composed:5"):
        problem.sample("composed:5")
    with pytest.raises(ValueError, match="6 instances"):
        problem.sample("composed:2", 7)
