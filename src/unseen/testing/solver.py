"""The laws of solvers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unittest import SkipTest

import numpy as np

from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Solver, TrainableSolver
from unseen.testing.examples import fingerprint, garbled
from unseen.testing.laws import NONE_SKIPPED, LawBroken, check_laws, require
from unseen.testing.problem_case import ProblemCase, where
from unseen.testing.solver_answers import alike, answers_of, same_answers


@dataclass(frozen=True)
class SolverCase:
    """What the laws of a solver are given.

    Parameters
    ----------
    solver : Solver
        The solver; one that can be trained is trained on copies.
    problem : Problem
        What it is asked.
    seed : int
        What the problem is drawn with.
    """

    solver: Solver
    problem: Problem
    seed: int = 7

    @cached_property
    def train(self) -> Examples:
        """Training data, at most 1000."""
        return self.problem.sample("train", ProblemCase(self.problem).size("train", 1000), self.seed)

    @cached_property
    def ready(self) -> Any:
        """The solver, trained if it can be."""
        return deepcopy(self.solver).fit(self.train) if isinstance(self.solver, TrainableSolver) else self.solver

    def draws(self) -> Iterator[Examples]:
        """A few examples of every split."""
        return ProblemCase(self.problem, (self.seed,)).draws(40)


def solves_without_targets(case: SolverCase) -> None:
    """It answers examples whose targets and labels are hidden, one answer per question."""
    require(isinstance(case.ready, Solver), f"{case.ready!r} has no method solve(examples)")
    for examples in case.draws():
        answers = case.ready.solve(examples.questions_only())
        require(
            hasattr(answers, "__len__") and len(answers) == len(examples),
            f"{where(examples)}: {len(examples)} questions answered by {answers!r}",
        )
        # What the solver gives must be something that the problem can score.
        case.problem.score(examples, answers)


def never_reads_targets(case: SolverCase) -> None:
    """Its answers are the same when the examples do hold targets and labels, right ones or meaningless."""
    for examples in case.draws():
        hidden = answers_of(case.ready, examples.questions_only())
        for version in (examples, garbled(examples)):
            require(alike(answers_of(case.ready, version), hidden), f"{where(examples)}: targets change the answers")


def ignores_batch_and_order(case: SolverCase) -> None:
    """It gives the same answers one by one, seven at a time, all at once, in reverse and when asked again."""
    for examples in case.draws():
        found = same_answers(case.ready, examples)
        require(not found, f"{where(examples)}: {found}")


def leaves_the_questions_as_they_are(case: SolverCase) -> None:
    """Solving writes nothing into the examples."""
    for examples in case.draws():
        questions = examples.questions_only()
        writable = Examples(
            {name: np.array(column) for name, column in questions.inputs.items()},
            None,
            problem=questions.problem,
            split=questions.split,
            seed=questions.seed,
        )
        before = fingerprint(writable)
        case.ready.solve(writable)
        require(fingerprint(writable) == before, f"{where(examples)}: solving changed the questions")


def fit_returns_the_solver(case: SolverCase) -> None:
    """`fit` returns the solver itself, leaves the training data as they are and refuses examples without targets."""
    if not isinstance(case.solver, TrainableSolver):
        raise SkipTest("the solver is not trained")
    solver: Any = deepcopy(case.solver)
    before = fingerprint(case.train)
    require(solver.fit(case.train) is solver, "fit does not return the solver itself")
    require(fingerprint(case.train) == before, "fit changed the training data")
    try:
        deepcopy(case.solver).fit(case.train.questions_only())
    except ValueError as error:
        require(str(error) and "\n" not in str(error), f"the message is not one line: {error}")
    else:
        raise LawBroken("fit accepts examples without targets")


SOLVER_LAWS: tuple[Callable[[SolverCase], None], ...] = (
    solves_without_targets,
    never_reads_targets,
    ignores_batch_and_order,
    leaves_the_questions_as_they_are,
    fit_returns_the_solver,
)


def check_solver(
    solver: Solver, problem: Problem, *, seeds: Sequence[int] = (7,), skip: Mapping[str, str] = NONE_SKIPPED
) -> None:
    """Check that a solver obeys its laws on a problem.

    Parameters
    ----------
    solver : Solver
        The solver; one with a method `fit` is trained on copies, with at most 1000 training examples.
    problem : Problem
        What it is asked.
    seeds : sequence of int
        What the problem is drawn with.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        With every broken law and what was found.

    Examples
    --------
    >>> import unseen as un
    >>> check_solver(un.solver("lookup-table"), un.problem("modular-addition", modulus=7))
    """
    for seed in seeds:
        check_laws(type(solver).__name__, SolverCase(solver, problem, seed), SOLVER_LAWS, skip)
