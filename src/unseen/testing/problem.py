"""The laws of problems, all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from unseen.contracts.problem import Problem
from unseen.testing.laws import NONE_SKIPPED, check_laws
from unseen.testing.problem_answers import ANSWER_LAWS
from unseen.testing.problem_case import SEEDS, ProblemCase
from unseen.testing.problem_draws import DRAWING_LAWS

PROBLEM_LAWS: tuple[Callable[[ProblemCase], None], ...] = (*DRAWING_LAWS, *ANSWER_LAWS)


def check_problem(problem: Problem, *, seeds: Sequence[int] = SEEDS, skip: Mapping[str, str] = NONE_SKIPPED) -> None:
    """Check that a problem obeys its laws.

    Parameters
    ----------
    problem : Problem
        The problem, with its parameters. Its class must be importable by another process.
    seeds : sequence of int
        What it is drawn with.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        With every broken law and what was found.

    Examples
    --------
    >>> import unseen as un
    >>> check_problem(un.problem("modular-addition", modulus=11))
    """
    check_laws(problem.name, ProblemCase(problem, tuple(seeds)), PROBLEM_LAWS, skip)
