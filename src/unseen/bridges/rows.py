"""Questions of a registered problem as plain rows, split by split."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from unseen.bridges.check import pack
from unseen.contracts.problem import Examples, Problem
from unseen.errors import UsageError

DEFAULT_ROWS = 1000
"""Questions per split, or all of a smaller split."""


def split_rows(
    name: str,
    *,
    splits: Iterable[str] | None = None,
    n: int = DEFAULT_ROWS,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each split's name with its rows.

    Parameters
    ----------
    name : str
        A registered problem; others join by the entry-point group ``unseen.problems``.
    splits : iterable of str, optional
        Which splits, under their own names; all by default.
    n : int
        Questions per split, at most what a finite split has.
    seed : int
        What they are drawn with.
    parameters : mapping, optional
        Of the problem.

    Yields
    ------
    (str, list of dict)
        Rows hold ``id``, ``problem``, ``split``, ``axis``, ``seed``, ``question``, ``answer`` (text) and ``check``,
        from which `unseen.bridges.check` scores any answer.

    Raises
    ------
    UsageError
        If there is no such problem or split, or `n` or `seed` is out of range.

    Examples
    --------
    >>> for split, rows in split_rows("chain-sum", splits=["iid"], n=1):
    ...     print(split, rows[0]["id"], rows[0]["axis"], sorted(rows[0]))
    iid chain-sum/iid/0/0 iid ['answer', 'axis', 'check', 'id', 'problem', 'question', 'seed', 'split']
    """
    from unseen.evaluation.scores import checked_splits
    from unseen.registry import problem

    given = dict(parameters or {})
    found = problem(name, **given)
    if isinstance(n, bool) or n < 1:
        raise UsageError(f"the number of questions per split must be at least 1, not {n}")
    for split in checked_splits(found, splits):
        size = found.splits[split].size
        try:
            examples = found.sample(split, n if size is None else min(n, size), seed)
        except ValueError as error:
            raise UsageError(str(error)) from error
        yield split, _rows(found, name, examples, given)


def _rows(problem: Problem, name: str, examples: Examples, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    from dataclasses import replace

    checks = pack(replace(examples, problem=name), parameters)
    shared = {"problem": name, "split": examples.split, "axis": problem.splits[examples.split].axis or "train"}
    zipped = zip(problem.text(examples), answer_texts(problem, examples), checks, strict=True)
    return [
        {
            "id": f"{name}/{examples.split}/{examples.seed}/{index}",
            **shared,
            "seed": examples.seed,
            "question": question,
            "answer": answer,
            "check": check,
        }
        for index, (question, answer, check) in enumerate(zipped)
    ]


def answer_texts(problem: Problem, examples: Examples) -> list[str]:
    """The right answers as text that the problem's checker accepts; as JSON where it accepts none.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("modular-addition", modulus=7)
    >>> answer_texts(problem, problem.sample("train", 2, seed=0)) == [
    ...     str(t) for t in problem.sample("train", 2, seed=0).targets]
    True
    """
    for answers in problem.right_forms(examples).values():
        if all(isinstance(answer, str) for answer in answers):
            return [answer.strip() for answer in answers]
    return [json.dumps(np.asarray(answer).tolist()) for answer in problem.truth(examples)]
