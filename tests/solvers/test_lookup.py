from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import TrainableSolver, Unsolved
from unseen.problems.algebra.modular import addition
from unseen.problems.binary.permutation import BinaryPermutation
from unseen.solvers.lookup import LookupTable


def table_of(questions, targets):
    return Examples(
        {"left": np.array([q[0] for q in questions]), "right": np.array([q[1] for q in questions])}, targets
    )


cells = st.tuples(st.integers(-3, 3), st.integers(-3, 3))


@given(st.lists(st.tuples(cells, st.integers(0, 99)), min_size=1), st.lists(cells, min_size=1))
def test_it_answers_as_a_dictionary_does(shown, asked):
    known = dict(shown)
    solver = LookupTable().fit(table_of([q for q, _ in shown], np.array([a for _, a in shown])))
    answers = solver.solve(table_of(asked, None))
    for question, answer in zip(asked, answers, strict=True):
        if question in known:
            assert answer == known[question]
        else:
            assert answer == Unsolved("never seen")


def test_it_repeats_wrong_labels_and_solves_nothing_unseen():
    problem = addition(13, corrupted=0.4)
    train = problem.sample("train", seed=3)
    solver = LookupTable().fit(train)
    assert solver.solve(train.questions_only()) == train.targets.tolist()
    scores = un.evaluate(solver, problem, n=None, seeds=[3])
    assert scores.interval("train").estimate == pytest.approx(1 - train.labels["corrupted"].mean())
    assert scores.interval("iid").estimate == 0


def test_twins_are_different_questions_to_it():
    solver = LookupTable().fit(table_of([(1, 2)], np.array([3])))
    assert solver.solve(table_of([(1, 2), (2, 1)], None)) == [3, Unsolved("never seen")]


def test_columns_are_told_apart_by_name_not_by_place():
    shown = table_of([(1, 2)], np.array([3]))
    asked = dataclasses.replace(shown, inputs=dict(reversed(shown.inputs.items())), targets=None)
    assert LookupTable().fit(shown).solve(asked) == [3]


def test_questions_of_many_numbers_and_of_text_can_be_looked_up():
    problem = BinaryPermutation(5)
    train = problem.sample("train", seed=2)
    answers = LookupTable().fit(train).solve(train.questions_only())
    assert problem.score(train, answers).tolist() == [1] * 5
    words = Examples({"word": np.array(["a", "bb"])}, np.array(["x", "y"]))
    assert LookupTable().fit(words).solve(words[::-1].questions_only()) == ["y", "x"]


def test_training_again_forgets():
    first, second = table_of([(1, 1)], np.array([1])), table_of([(2, 2)], np.array([2]))
    solver = LookupTable().fit(first)
    assert solver.fit(second) is solver
    assert solver.solve(first) == [Unsolved("never seen")]
    assert isinstance(solver, TrainableSolver)


def test_nothing_can_be_learned_without_targets():
    with pytest.raises(ValueError, match="needs examples with targets"):
        LookupTable().fit(table_of([(1, 1)], None))
    assert LookupTable().solve(table_of([(1, 1)], None)) == [Unsolved("never seen")]
