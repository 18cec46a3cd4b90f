"""Solvers of people's own that misbehave: one line each, and what was reached before is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import unseen as un
from unseen.contracts.problem import Examples
from unseen.evaluation.appraisal import appraise

PROBLEM = un.problem("modular-addition", modulus=11)
Command = Callable[..., Any]


def right(examples: Examples) -> Any:
    return PROBLEM.truth(examples)


@pytest.mark.parametrize(
    "form",
    [
        list,
        tuple,
        torch.tensor,
        lambda truth: torch.tensor(truth, dtype=torch.float32, requires_grad=True),
        pd.Series,
        lambda truth: [torch.tensor(answer).item() for answer in truth],
        lambda truth: [str(answer) for answer in truth],
    ],
)
def test_answers_may_come_in_any_container(form: Callable[[Any], Any]) -> None:
    scores = un.evaluate(lambda examples: form(right(examples)), PROBLEM, splits=["iid"])
    assert scores.seed_means("iid").tolist() == [1.0]


@pytest.mark.parametrize(
    ("answers", "given"),
    [
        (lambda n: None, "NoneType, no answers"),
        (lambda n: 7, "int, no answers"),
        (lambda n: "7" * n, "str, no answers"),
        (lambda n: np.array(7), "ndarray, no answers"),
        (lambda n: dict.fromkeys(range(n), 7), "dict, no answers"),
        (lambda n: set(range(n)), "set, no answers"),
        (lambda n: (7 for _ in range(n)), "generator, no answers"),
        (lambda n: [7] * 9, "9 answers"),
        (lambda n: [7] * 99, "99 answers"),
        (lambda n: [], "0 answers"),
    ],
)
def test_what_is_no_answer_for_each_question_is_named(answers: Callable[[int], Any], given: str) -> None:
    found = appraise(lambda examples: answers(len(examples)), PROBLEM)
    assert found.failure == f"{PROBLEM.splits['train'].size} questions of split 'train' were given {given}"
    assert found.diagnosis.kind == "cannot tell"
    assert found.scores.values == {}


def test_a_solver_that_writes_into_its_questions_changes_none() -> None:
    def cheats(examples: Examples) -> Any:
        for column in examples.inputs.values():
            column[:] = 0
        return np.zeros(len(examples), dtype=np.int64)

    scores = un.evaluate(cheats, PROBLEM, splits=["iid"])
    assert scores.seed_means("iid")[0] < 0.5


def test_answers_of_the_wrong_kind_are_wrong_not_errors() -> None:
    odd = [None, object(), float("nan"), "seven", b"7", [], {}, 1j, Exception("no"), lambda: 7]
    found = un.evaluate(lambda examples: odd, PROBLEM, splits=["iid"], n=10)
    assert found.seed_means("iid").tolist() == [0.0]


MODULE = """
import sys
calls = 0
def raises(examples):
    raise ValueError("no\\nluck")
def leaves(examples):
    sys.exit("bye")
def deep(examples):
    return deep(examples)
def second(examples):
    global calls
    calls += 1
    if calls > 1:
        raise KeyError("left")
    return [0] * len(examples)
class Needs:
    def __init__(self, size): pass
    def solve(self, examples): return [0] * len(examples)
number = 7
"""


@pytest.fixture
def module(home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of solvers in the current folder, of a name of its own for each test."""
    import sys

    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "path", list(sys.path))
    name = f"odd_{abs(hash(str(home)))}"
    (home / f"{name}.py").write_text(MODULE)
    (home / f"{name}_quits.py").write_text("import sys; sys.exit(3)")
    (home / f"{name}_broken.py").write_text("def solve(:")
    return name


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("raises", "it raised ValueError: no luck"),
        ("leaves", "it raised SystemExit: bye"),
        ("deep", "it raised RecursionError"),
    ],
)
def test_a_function_that_raises(unseen: Command, module: str, attribute: str, words: str) -> None:
    printed = unseen("evaluate", f"{module}:{attribute}", "modular-addition", "--json")
    assert printed.code == 1
    assert printed.err.count("\n") == 1
    assert words in printed.err
    (found,) = json.loads(printed.out)["evaluations"]
    assert (found["splits"], found["diagnosis"]["kind"]) == ([], "cannot tell")


def test_what_was_reached_before_it_raised_is_printed(unseen: Command, module: str) -> None:
    printed = unseen("evaluate", f"{module}:second", "modular-addition", "chain-sum", "--json")
    assert printed.code == 1
    first, other = json.loads(printed.out)["evaluations"]
    assert [split["split"] for split in first["splits"]] == ["train"]
    assert other["splits"] == []
    assert printed.err.count("it raised KeyError") == 2


@pytest.mark.parametrize(
    ("suffix", "words"),
    [
        ("_quits:solve", "cannot be loaded: SystemExit: 3"),
        ("_broken:solve", "cannot be loaded: SyntaxError"),
        ("_none:solve", "cannot be imported: No module named"),
        (":nothing", "does not exist"),
        (":number", "is neither a function of examples nor has it a method solve"),
        (":Needs", "cannot be loaded: TypeError"),
        ("", "no solver named"),
        (":", "no solver named"),
        (":a b", "no solver named"),
    ],
)
def test_a_name_that_gives_no_solver(unseen: Command, module: str, suffix: str, words: str) -> None:
    complaint = unseen("evaluate", f"{module}{suffix}", "modular-addition").complaint
    assert words in complaint
    assert len(complaint) < 500
