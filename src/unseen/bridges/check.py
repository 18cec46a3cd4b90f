"""A question as one line of JSON that goes anywhere, and the score of an answer to it by the problem's own checker."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Unsolved
from unseen.errors import UsageError


class CheckError(UsageError):
    """The text holds no question of ours."""


def pack(examples: Examples, parameters: Mapping[str, Any]) -> list[str]:
    """Each question as a line of JSON: problem, parameters, split, seed and inputs, never the answer.

    Parameters
    ----------
    examples : Examples
        Drawn from a registered problem.
    parameters : mapping
        What that problem was made with.

    Raises
    ------
    UsageError
        If a parameter is nothing that JSON can hold.
    """
    shared = {
        "problem": examples.problem,
        "parameters": dict(parameters),
        "split": examples.split,
        "seed": examples.seed,
    }
    try:
        begun = json.dumps(shared, allow_nan=False)[:-1]
    except (TypeError, ValueError) as error:
        raise UsageError(f"parameters of {examples.problem} that JSON cannot hold: {error}") from error
    columns = {name: (column.dtype.str, column.tolist()) for name, column in examples.inputs.items()}
    lines = []
    for index in range(len(examples)):
        inputs = {name: [kind, values[index]] for name, (kind, values) in columns.items()}
        lines.append(f'{begun}, "inputs": {json.dumps(inputs, ensure_ascii=False)}}}')
    return lines


def unpack(line: str) -> tuple[Problem, Examples]:
    """The problem and the question, as `Examples` of one.

    Raises
    ------
    CheckError
        If the line is none that `pack` wrote, or its problem is not registered here.
    """
    try:
        held = json.loads(line)
        parameters = json.dumps(held["parameters"], sort_keys=True)
        found = _problem(str(held["problem"]), parameters)
        inputs = {name: np.array([value], dtype=kind) for name, (kind, value) in held["inputs"].items()}
        examples = Examples(inputs, None, {}, found.name, str(held["split"]), int(held["seed"]))
        if not inputs or len(examples) != 1:
            raise CheckError("a question without inputs")
    except CheckError:
        raise
    except UsageError as error:
        raise CheckError(str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckError(f"{line!r:.80} is no question that unseen exported") from error
    return found, examples


@lru_cache(maxsize=64)
def _problem(name: str, parameters: str) -> Problem:
    from unseen.registry import problem

    return problem(name, **json.loads(parameters))


def score_answers(checks: Sequence[str], answers: Sequence[Any]) -> NDArray[np.float64]:
    """Score bare answers; shape (n,).

    Scores are those of the problem's checker; an error e becomes ``1 / (1 + e)``, so that higher is better everywhere.

    Parameters
    ----------
    checks : sequence of str
        What `pack` wrote.
    answers : sequence
        One answer each, in any form that the problem reads.

    Raises
    ------
    CheckError
        If a check cannot be read.
    ValueError
        If there are not as many answers as checks.

    Examples
    --------
    >>> import unseen as un
    >>> examples = un.problem("modular-addition", modulus=7).sample("train", 2, seed=0)
    >>> checks = pack(examples, {"modulus": 7})
    >>> score_answers(checks, [str(examples.targets[0]), "8"]).tolist()
    [1.0, 0.0]
    """
    scores = np.zeros(len(checks))
    for index, (line, answer) in enumerate(zip(checks, answers, strict=True)):
        problem, examples = unpack(line)
        value = float(problem.score(examples, [answer])[0])
        if (row := _row(answer)) is not None:  # some checkers read rows of numbers, but no text
            other = float(problem.score(examples, [row])[0])
            value = max(value, other) if problem.scored_by == "accuracy" else min(value, other)
        if problem.scored_by == "error":
            value = 1 / (1 + value)
        scores[index] = 0.0 if np.isnan(value) else value
    return scores


def _row(answer: Any) -> list[Any] | None:
    """The row that an answer is as JSON text; None if it is none."""
    if not (isinstance(answer, str) and answer.lstrip().startswith("[")):
        return None
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def score_replies(checks: Sequence[str], replies: Sequence[str]) -> NDArray[np.float64]:
    """Score what a language model wrote: its final answer is read first; a reply without one scores 0.

    Examples
    --------
    >>> import unseen as un
    >>> examples = un.problem("chain-sum").sample("train", 1, seed=0)
    >>> right = un.problem("chain-sum").truth(examples)[0]
    >>> score_replies(pack(examples, {}), [f"Step by step. The answer is {right}."]).tolist()
    [1.0]
    """
    from unseen.solvers.language.answers import final_answer

    answers: list[Any] = []
    for line, reply in zip(checks, replies, strict=True):
        problem, _ = unpack(line)
        found = final_answer(reply, getattr(problem, "read", None))
        answers.append(Unsolved("no answer in the reply") if found is None else found)
    return score_answers(checks, answers)
