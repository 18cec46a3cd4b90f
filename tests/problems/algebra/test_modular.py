from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unseen.problems.algebra.modular import ModularArithmetic, addition, multiplication, subtraction

OPERATIONS = {
    "addition": lambda a, b: a + b,
    "subtraction": lambda a, b: a - b,
    "multiplication": lambda a, b: a * b,
}


def pairs(examples):
    return list(zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True))


@st.composite
def problems(draw, most=30):
    operation, modulus = draw(st.sampled_from(sorted(OPERATIONS))), draw(st.integers(2, most))
    fraction = draw(st.floats(0.05, 0.95))
    corrupted = draw(st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1)))
    try:
        return ModularArithmetic(operation, modulus, fraction, corrupted)
    except ValueError as error:
        assume("leaves a split" not in str(error))
        raise


@settings(max_examples=80, deadline=None)
@given(problems(), st.integers(0, 10**6))
def test_the_two_splits_are_the_whole_table_answered_by_brute_force(problem, seed):
    rule, p = OPERATIONS[problem.operation], problem.modulus
    found = {}
    for split, about in problem.splits.items():
        examples = problem.sample(split, seed=seed)
        assert len(examples) == about.size
        found[split] = pairs(examples)
        # A residue counted up to, not computed by the remainder that the code takes.
        wanted = [next(r for r in range(p) if (rule(a, b) - r) % p == 0) for a, b in found[split]]
        assert problem.truth(examples).tolist() == wanted
        assert problem.classical().solve(examples.questions_only()) == wanted
    assert sorted(found["train"] + found["iid"]) == sorted(itertools.product(range(p), repeat=2))


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 10**6))
def test_twins_stand_on_one_side_where_the_operation_commutes(problem, seed):
    train = set(pairs(problem.sample("train", seed=seed)))
    twins = {(b, a) for a, b in train}
    if problem.operation == "subtraction":
        forms = problem.canonical(problem.sample("train", seed=seed))
        assert len(set(forms)) == len(forms)
    else:
        assert twins == train


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 10**6))
def test_split_sizes_are_the_shares_rounded_on_and_off_the_diagonal(problem, seed):
    p, share = problem.modulus, problem.train_fraction
    train = pairs(problem.sample("train", seed=seed))
    diagonal = sum(a == b for a, b in train)
    assert diagonal == round(share * p)
    if problem.operation == "subtraction":
        assert len(train) - diagonal == round(share * p * (p - 1))
    else:
        assert len(train) - diagonal == 2 * round(share * p * (p - 1) / 2)
    # Rounding moves at most half a question on the diagonal and a pair of twins beside it.
    assert abs(len(train) - share * p * p) <= 1.5


@settings(max_examples=60, deadline=None)
@given(problems(), st.integers(0, 10**6))
def test_wrong_labels_are_flagged_and_nothing_else_is_touched(problem, seed):
    for split in problem.splits:
        examples = problem.sample(split, seed=seed)
        truth = problem.truth(examples)
        assert (examples.labels["corrupted"] == (examples.targets != truth)).all()
        assert ((examples.targets >= 0) & (examples.targets < problem.modulus)).all()
    assert not problem.sample("iid", seed=seed).labels["corrupted"].any()
    redrawn = round(problem.corrupted * problem.splits["train"].size)
    assert problem.sample("train", seed=seed).labels["corrupted"].sum() <= redrawn
    clean = ModularArithmetic(problem.operation, problem.modulus, problem.train_fraction)
    for split in problem.splits:
        assert pairs(clean.sample(split, seed=seed)) == pairs(problem.sample(split, seed=seed))


def test_one_redrawn_label_in_p_stays_right_and_the_wrong_ones_are_spread_evenly():
    problem = addition(5, train_fraction=0.8, corrupted=1.0)
    size, seeds = problem.splits["train"].size, 2000
    drawn = [problem.sample("train", seed=seed) for seed in range(seeds)]
    wrong = sum(int(examples.labels["corrupted"].sum()) for examples in drawn)
    # Binomial with chance 4/5: five standard deviations either way.
    spread = np.sqrt(size * seeds * 0.8 * 0.2)
    assert abs(wrong - 0.8 * size * seeds) < 5 * spread
    shift = np.concatenate([(e.targets - problem.truth(e)) % 5 for e in drawn])
    counts = np.bincount(shift, minlength=5)
    assert np.abs(counts - len(shift) / 5).max() < 5 * np.sqrt(len(shift) * 0.2 * 0.8)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5, 1.0])
def test_the_share_of_wrong_labels_is_the_share_redrawn_less_one_in_p(share):
    problem = multiplication(61, train_fraction=0.5, corrupted=share)
    rates = [problem.sample("train", seed=seed).labels["corrupted"].mean() for seed in range(20)]
    expected = share * 60 / 61
    spread = np.sqrt(share / 61 / (20 * problem.splits["train"].size)) + 1e-3
    assert abs(np.mean(rates) - expected) < 5 * spread


@settings(max_examples=40, deadline=None)
@given(problems(), st.integers(0, 10**6), st.data())
def test_fewer_questions_are_the_first_of_more_and_seeds_are_hashed(problem, seed, data):
    split = data.draw(st.sampled_from(["train", "iid"]))
    n = data.draw(st.integers(0, problem.splits[split].size))
    whole = problem.sample(split, seed=seed)
    part = problem.sample(split, n, seed)
    assert pairs(part) == pairs(whole)[:n]
    assert part.targets.tolist() == whole.targets.tolist()[:n]
    again = ModularArithmetic(problem.operation, problem.modulus, problem.train_fraction, problem.corrupted)
    assert pairs(again.sample(split, seed=np.int64(seed))) == pairs(whole)


def test_every_question_is_as_likely_to_be_trained_on_as_any_other():
    problem = addition(7, train_fraction=0.4)
    seen = np.zeros((7, 7))
    for seed in range(1500):
        for a, b in pairs(problem.sample("train", seed=seed)):
            seen[a, b] += 1
    for places, share in ((np.eye(7, dtype=bool), round(0.4 * 7) / 7), (~np.eye(7, dtype=bool), round(0.4 * 21) / 21)):
        spread = np.sqrt(1500 * share * (1 - share))
        assert np.abs(seen[places] - 1500 * share).max() < 5 * spread


def test_neighbouring_seeds_agree_no_more_than_chance():
    problem = addition(97)
    first, second = (np.array(pairs(problem.sample("train", seed=seed))) for seed in (5, 6))
    assert (first == second).all(axis=1).mean() < 0.01
    assert len({*map(tuple, first)} & {*map(tuple, second)}) / len(first) == pytest.approx(0.5, abs=0.03)


def test_returned_arrays_are_shared_and_therefore_read_only():
    examples = addition(7).sample("train", seed=1)
    for column in (*examples.inputs.values(), examples.targets, *examples.labels.values()):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (3, 1), (3.0, 1), ("3", 1), (" +3 ", 1), ("03", 1), (np.int8(3), 1), (np.float32(3), 1),
        (10, 0), (-4, 0), (3.5, 0), ("3.0", 0), ("three", 0), ("3 or 4", 0), ("٣", 0), (True, 0), (None, 0),
        (b"3", 0), ([3], 0), (float("nan"), 0), (float("inf"), 0), (3 + 0j, 0), (10**400, 0), ("3" * 5000, 0),
        ("1_0", 0), ("", 0), ("-", 0), ("0x3", 0), (np.array([3]), 0),
    ],
)  # fmt: skip
def test_what_counts_as_the_answer_three(answer, score):
    problem = addition(7)
    examples = problem.sample("iid", seed=2)
    three = examples[problem.truth(examples) == 3][:1]
    assert problem.score(three, [answer]).tolist() == [score]


def test_one_is_not_truth():
    problem = addition(7)
    examples = problem.sample("train", seed=2)
    one = examples[problem.truth(examples) == 1]
    assert problem.score(one, [True] * len(one)).sum() == 0
    assert problem.score(one, np.ones(len(one), dtype=bool)).sum() == 0
    assert problem.score(one, np.ones(len(one), dtype=np.uint8)).mean() == 1


def test_a_column_of_answers_is_not_compared_with_a_row_of_truths():
    problem = addition(7)
    examples = problem.sample("iid", 6, seed=2)
    column = problem.truth(examples)[:, None]
    assert problem.score(examples, column).shape == (6,)
    assert problem.score(examples, np.repeat(column, 6, axis=1)).tolist() == [0] * 6
    with pytest.raises(ValueError, match="5 answers for 6 questions"):
        problem.score(examples, column[:5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"operation": "division"}, "operation must be one of addition, subtraction, multiplication, not 'division'"),
        ({"modulus": 1}, "modulus must be a whole number from 2 to 4096, not 1"),
        ({"modulus": 4097}, "not 4097"),
        ({"modulus": 7.0}, "not 7.0"),
        ({"train_fraction": 0}, r"train_fraction must lie in \(0, 1\), not 0"),
        ({"train_fraction": 1.0}, "not 1.0"),
        ({"train_fraction": float("nan")}, "not nan"),
        ({"corrupted": -0.1}, r"corrupted must lie in \[0, 1\], not -0.1"),
        ({"corrupted": 1.5}, "not 1.5"),
        ({"modulus": 2, "train_fraction": 0.01}, "train_fraction 0.01 leaves a split of modulus 2 empty"),
    ],
)
def test_parameters_out_of_range_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        ModularArithmetic(**{"operation": "addition", **arguments})


def test_text_says_the_question():
    examples = subtraction(5).sample("iid", 3, seed=1)
    assert subtraction(5).text(examples) == [f"What is {a} - {b} modulo 5?" for a, b in pairs(examples)]
