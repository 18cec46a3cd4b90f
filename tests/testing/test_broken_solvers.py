"""Solvers broken on purpose, one per law: each must make exactly the law it breaks fail."""

from __future__ import annotations

import pytest

import unseen as un
from unseen.solvers.lookup import LookupTable
from unseen.testing import SOLVER_LAWS, LawsBroken, check_solver


class Adder:
    def solve(self, examples):
        return (examples.inputs["left"] + examples.inputs["right"]) % 11


class ReadsTargets(Adder):
    def solve(self, examples):
        return super().solve(examples) if examples.targets is None else examples.targets


class ReadsLabels(Adder):
    def solve(self, examples):
        return super().solve(examples) * (1 - examples.labels.get("corrupted", 0))


class DependsOnBatchSize(Adder):
    def solve(self, examples):
        return super().solve(examples) + len(examples) // 40


class DependsOnOrder(Adder):
    def solve(self, examples):
        answers = super().solve(examples)
        return answers if len(answers) < 8 else answers * (answers[0] >= answers[-1])


class RewritesQuestions(Adder):
    def solve(self, examples):
        answers = super().solve(examples)
        if examples.inputs["left"].flags.writeable:
            examples.inputs["left"][:1] = 7 - examples.inputs["left"][:1]
        return answers


class FitGivesAnother(LookupTable):
    def fit(self, examples):
        return LookupTable().fit(examples)


class FitNeedsNoTargets(LookupTable):
    def fit(self, examples):
        return self if examples.targets is None else super().fit(examples)


BROKEN = {
    ReadsTargets: "never_reads_targets",
    ReadsLabels: "never_reads_targets",
    DependsOnBatchSize: "ignores_batch_and_order",
    DependsOnOrder: "ignores_batch_and_order",
    RewritesQuestions: "leaves_the_questions_as_they_are",
    FitGivesAnother: "fit_returns_the_solver",
    FitNeedsNoTargets: "fit_returns_the_solver",
}


def broken_laws(solver) -> set[str]:
    problem = un.problem("modular-addition", modulus=11, corrupted=0.5)
    try:
        check_solver(solver, problem)
    except LawsBroken as error:
        return set(error.breaches)
    return set()


@pytest.mark.parametrize("solver", [Adder, LookupTable])
def test_sound_solvers_obey_every_law(solver):
    assert broken_laws(solver()) == set()


@pytest.mark.parametrize("solver", BROKEN, ids=lambda solver: solver.__name__)
def test_a_broken_solver_breaks_its_law_alone(solver):
    assert broken_laws(solver()) == {BROKEN[solver]}


def test_a_missing_answer_is_noticed():
    class TooFew(Adder):
        def solve(self, examples):
            return super().solve(examples)[:-1]

    # Whatever compares answers stumbles over a missing one too.
    assert "solves_without_targets" in broken_laws(TooFew())


def test_every_solver_law_has_an_item_that_breaks_it():
    assert {*BROKEN.values(), "solves_without_targets"} == {law.__name__ for law in SOLVER_LAWS}
