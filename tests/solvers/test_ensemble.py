from __future__ import annotations

import numpy as np
import pytest

from unseen.contracts.problem import Examples
from unseen.contracts.solver import TrainableSolver, Unsolved
from unseen.problems.binary.permutation import BinaryPermutation
from unseen.solvers.ensemble import Ensemble
from unseen.solvers.neural.infinite_mlp import InfiniteMLP
from unseen.solvers.reading import feature_matrix


class Noisy:
    """Answers with the first column of the question times what it was fitted to, plus noise of its own."""

    def __init__(self, seed):
        self.noise = np.random.default_rng(seed).normal()
        self.scale = 0.0

    def fit(self, examples):
        self.scale = examples.targets.mean()
        return self

    def solve(self, examples):
        return self.scale * examples.inputs["x"] + self.noise


class Sometimes(Noisy):
    def solve(self, examples):
        return [Unsolved("time limit") if x > 2 else x for x in examples.inputs["x"]]


QUESTIONS = Examples({"x": np.array([-1.0, 2.0, 3.0])}, np.array([2.0, 2.0, 2.0]))


def test_average_is_over_members_and_its_error_falls_with_their_root():
    ensembles = [Ensemble([Noisy(100 * e + m) for m in range(25)]).fit(QUESTIONS) for e in range(200)]
    errors = np.array([ensemble.solve(QUESTIONS) - [-2.0, 4.0, 6.0] for ensemble in ensembles])
    np.testing.assert_allclose(errors.std(), 1 / 5, rtol=0.15)
    members = [Noisy(m).fit(QUESTIONS) for m in range(3)]
    np.testing.assert_allclose(Ensemble(members).solve(QUESTIONS), sum(m.solve(QUESTIONS) for m in members) / 3)


def test_bits_are_the_averages_above_the_tolerance():
    members = [Noisy(m).fit(QUESTIONS) for m in range(3)]
    average = Ensemble(members).solve(QUESTIONS)
    assert Ensemble(members, answers="bits").solve(QUESTIONS).tolist() == (average > 0).astype(int).tolist()
    edge = float(average[1])
    assert Ensemble(members, answers="bits", tolerance=edge).solve(QUESTIONS).tolist() == [0, 0, 1]


def test_an_unsolved_question_stays_unsolved_and_the_others_are_averaged():
    found = Ensemble([Noisy(0).fit(QUESTIONS), Sometimes(0)]).solve(QUESTIONS)
    assert found[2] == Unsolved("time limit")
    expected = (2 * np.array([-1.0, 2.0]) + Noisy(0).noise + np.array([-1.0, 2.0])) / 2
    np.testing.assert_allclose(found[:2], expected)


def test_an_ensemble_is_a_solver_and_may_hold_ensembles():
    assert isinstance(Ensemble([Noisy(0)]), TrainableSolver)
    nested = Ensemble([Ensemble([Noisy(0), Noisy(1)]), Ensemble([Noisy(2), Noisy(3)])]).fit(QUESTIONS)
    flat = Ensemble([Noisy(m) for m in range(4)]).fit(QUESTIONS)
    np.testing.assert_allclose(nested.solve(QUESTIONS), flat.solve(QUESTIONS))


def test_members_of_different_regimes_average_to_bits():
    problem = BinaryPermutation(6)
    ensemble = Ensemble([InfiniteMLP(), InfiniteMLP(regime="last-layer")], answers="bits", tolerance=1e-9)
    ensemble.fit(problem.sample("train", seed=3))
    for split in problem.splits:
        examples = problem.sample(split, seed=3)
        assert problem.score(examples, ensemble.solve(examples)).all()


def test_misuse_is_named():
    with pytest.raises(ValueError, match="at least one member"):
        Ensemble([])
    with pytest.raises(ValueError, match="tolerance"):
        Ensemble([Noisy(0)], tolerance=-1.0)
    with pytest.raises(ValueError, match="answers"):
        Ensemble([Noisy(0)], answers="words")
    with pytest.raises(ValueError, match="one shape"):
        Ensemble([Noisy(0), InfiniteMLP().fit(QUESTIONS[:2])]).solve(QUESTIONS)


def test_columns_that_are_not_numbers_are_named():
    with pytest.raises(ValueError, match="'word'"):
        feature_matrix(Examples({"word": np.array(["a", "b"])}, None))
