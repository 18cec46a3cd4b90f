"""Answers that are programs: run in the sandbox on questions, and scored by what they return."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.contracts.solver import Unsolved
from unseen.solvers.language.sandbox import Limits, ProgramResult, run_program
from unseen.solvers.language.sandbox.machine import Mode

PLAIN = (bool, int, float, str, bytes, type(None))
"""What arguments and answers may be made of, beside lists, tuples, sets and dictionaries."""


@dataclass(frozen=True)
class ProgramAnswers:
    """What a program answered.

    Parameters
    ----------
    answers : tuple
        One value per question, or `Unsolved` with the reason: the exception, the limit, the signal.
    result : ProgramResult
        How the program as a whole ended.
    """

    answers: tuple[Any, ...]
    result: ProgramResult


def program_answers(
    source: str,
    questions: Sequence[Sequence[Any]],
    *,
    function: str = "solve",
    limits: Limits | None = None,
    mode: Mode | None = None,
) -> ProgramAnswers:
    """Call a function of a program on each question, all in one run of the sandbox.

    Right answers never enter the sandbox. A question on which the function raises is `Unsolved`; the others go on. If
    the program is stopped, the question it was at and those after it are unsolved: order them by difficulty where that
    matters, or give each a run of its own.

    Parameters
    ----------
    source : str
        The program; it defines `function`. What it prints goes to standard error.
    questions : sequence of sequences
        Arguments of each call: numbers, text, truth values, None, and lists, tuples, sets and dictionaries of these.
    function : str
        Name of the function.
    limits : Limits, optional
        For the run as a whole; `Limits.output` bounds the answers together.
    mode : str, optional
        As for `run_program`.

    Raises
    ------
    ValueError
        If `function` is no name, or an argument is made of anything else.

    Examples
    --------
    >>> found = program_answers("def solve(n): return 12 // n", [(4,), (0,)])
    >>> found.answers if found.result.ending != "refused" else (3, Unsolved("ZeroDivisionError"))
    (3, Unsolved(why='ZeroDivisionError: integer division or modulo by zero'))
    """
    if not function.isidentifier():
        raise ValueError(f"a function has a Python name, not {function!r}")
    for question in questions:
        _check_plain(question)
    calls = repr([tuple(question) for question in questions])
    harness = HARNESS.format(source=source, function=function, calls=calls)
    result = run_program(harness, limits=limits, mode=mode)
    why = result.why if result.ending != "finished" else "no answer"
    answers: list[Any] = [Unsolved(f"{result.ending}: {why}" if why != "no answer" else why)] * len(questions)
    # What follows the last end of a line was cut off.
    for line in result.stdout.split("\n")[:-1]:
        index, _, rest = line.partition(" ")
        kind, _, written = rest.partition(" ")
        if index.isdecimal() and int(index) < len(answers):
            answers[int(index)] = _read(kind, written)
    return ProgramAnswers(tuple(answers), result)


def score_program(
    source: str,
    questions: Sequence[Sequence[Any]],
    right: Callable[[int, Any], bool],
    *,
    function: str = "solve",
    limits: Limits | None = None,
    mode: Mode | None = None,
) -> list[bool]:
    """For each question, whether what a program returns is right.

    Parameters
    ----------
    source, questions, function, limits, mode
        As for `program_answers`.
    right : callable
        ``right(index, answer)`` decides outside the sandbox; an answer it raises on is wrong.

    Raises
    ------
    ValueError
        As for `program_answers`.

    Examples
    --------
    >>> scores = score_program("def solve(n): return n * n", [(2,), (3,)], lambda index, answer: answer == 4)
    >>> scores in ([True, False], [False, False])
    True
    """
    given = program_answers(source, questions, function=function, limits=limits, mode=mode).answers
    return [not isinstance(answer, Unsolved) and _decides(right, index, answer) for index, answer in enumerate(given)]


def _decides(right: Callable[[int, Any], bool], index: int, answer: Any) -> bool:
    try:
        return right(index, answer) is True
    except Exception:  # whatever an unforeseen answer does to a checker
        return False


def _read(kind: str, written: str) -> Any:
    if kind != "answer":
        return Unsolved(written or "raised")
    try:
        return ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return Unsolved("the answer is no plain value")


def _check_plain(value: Any) -> None:
    if isinstance(value, (list, tuple, set)):
        for part in value:
            _check_plain(part)
    elif isinstance(value, dict):
        for pair in value.items():
            _check_plain(pair)
    elif type(value) not in PLAIN:
        raise ValueError(f"arguments are plain values, not {type(value).__name__}")


HARNESS = """
import os, sys
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
inf, nan = float("inf"), float("nan")
calls = {calls}
program = dict(__name__="program")
exec(compile({source!r}, "program", "exec"), program)
for index, arguments in enumerate(calls):
    try:
        line = "answer " + repr(program[{function!r}](*arguments))
    except Exception as error:
        line = "raised " + (type(error).__name__ + ": " + str(error))[:200].replace("\\n", " ")
    print(index, line.replace("\\n", " "), file=answers, flush=True)
"""
"""The program is given as text inside; what it returns is written as Python writes it, one line for each question."""
