"""The enumerative solver of programming puzzles, and its training on what it solved itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from unseen.contracts.problem import Examples, random_stream
from unseen.contracts.solver import Unsolved
from unseen.problems.puzzles.programming_puzzles import ProgrammingPuzzles
from unseen.problems.puzzles.puzzle import Puzzle
from unseen.solvers.enumeration.grammar import RULES, evaluate
from unseen.solvers.enumeration.models import RuleModel, Solved, Uniform
from unseen.solvers.enumeration.search import Found, Table, search

Instance = tuple[Puzzle, tuple[Any, ...]]
"""A family and parameters."""


@dataclass
class Enumerator:
    """Tries expressions over a puzzle's parameters, the most probable first, until one satisfies the predicate.

    Parameters
    ----------
    candidates : int
        Expressions of the answer's type that are tried for each puzzle.
    steps : int
        Rules applied for each puzzle, for each candidate allowed: the budget for parts. A model with many contexts
        makes parts for each of them; with a small budget it would be held back by that, not by its candidates.
    seed : int
        Seed of the order among expressions that are equally probable.
    model : RuleModel
        How probable rules are.

    Examples
    --------
    >>> from unseen.problems.puzzles.puzzle import FAMILIES
    >>> found = Enumerator().find(FAMILIES["sum_to"], (20, 155))
    >>> found.answer
    135
    """

    candidates: int = 20_000
    steps: int = 100
    seed: int = 0
    model: RuleModel = field(default_factory=Uniform)

    def __post_init__(self) -> None:
        for name in ("candidates", "steps"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")
        self._order = random_stream("enumerator", self.seed).permutation(len(RULES)).tolist()

    def find(self, family: Puzzle, parameters: tuple[Any, ...]) -> Found:
        """Search for one instance."""
        return self.find_all([(family, parameters)])[0]

    def find_all(self, instances: Sequence[Instance]) -> list[Found]:
        """Search for each instance; the model is asked once for each family."""
        tables: dict[str, Table] = {}
        found = []
        for family, parameters in instances:
            if family.name not in tables:
                tables[family.name] = Table.of(self.model, family.types, family.parts, self._order)
            found.append(
                search(
                    _satisfying(family, parameters),
                    family.types,
                    parameters,
                    tables[family.name],
                    candidates=self.candidates,
                    steps=self.steps * self.candidates,
                )
            )
        return found

    def solve(self, examples: Examples) -> list[Any]:
        """One answer each, or `Unsolved` where the budget was spent."""
        found = self.find_all(ProgrammingPuzzles().asked(examples.questions_only()))
        return [Unsolved("budget spent") if each.expression is None else each.answer for each in found]


def _satisfying(family: Puzzle, parameters: tuple[Any, ...]) -> Callable[[Any], bool]:
    return lambda answer: family.holds(answer, parameters)


def self_bootstrap(
    solver: Enumerator,
    instances: Sequence[Instance],
    model: RuleModel,
    *,
    rounds: int,
    altered: Callable[[list[Solved]], list[Solved]] = lambda solved: solved,
) -> tuple[Enumerator, list[int]]:
    """Solve, train on the own solutions, and again.

    The first round is solved by the solver as it is, each later one by the model trained on all solutions of the round
    before. After the enumerative solvers of Schuster et al. (2021).

    Parameters
    ----------
    solver : Enumerator
        What solves the first round; its budget holds in every round.
    instances : sequence
        Puzzles for training.
    model : RuleModel
        What is trained.
    rounds : int
        Rounds of solving and training, at least 1.
    altered : callable
        What is trained on in place of the solutions, for controls.

    Returns
    -------
    Enumerator, list of int
        The solver with the trained model, and how many instances each round solved.

    Raises
    ------
    ValueError
        If there is no round.
    """
    if rounds < 1:
        raise ValueError(f"there is at least one round, not {rounds}")
    counts = []
    for _ in range(rounds):
        found = solver.find_all(instances)
        solved: list[Solved] = [
            (family.parts, each.expression)
            for (family, _), each in zip(instances, found, strict=True)
            if each.expression is not None
        ]
        counts.append(len(solved))
        solver = Enumerator(solver.candidates, solver.steps, solver.seed, model.fit(altered(solved)))
    return solver, counts


def holds_elsewhere(found: Found, family: Puzzle, others: Sequence[tuple[Any, ...]]) -> bool:
    """Whether the program found, run on other parameters of its family, satisfies each time: a rule, not an answer.

    Parameters
    ----------
    found : Found
        A search that found something.
    family : Puzzle
    others : sequence of tuples
        Parameters that it was not found with.

    Raises
    ------
    ValueError
        If nothing was found, or there are no other parameters.
    """
    if found.expression is None or not others:
        raise ValueError("a program and other parameters are needed")
    return all(family.holds(evaluate(found.expression, family.types[1:], other), other) for other in others)
