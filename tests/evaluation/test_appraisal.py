"""Any solver beside the classical one; what fails keeps what was done."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unanswered, Unsolved
from unseen.errors import UsageError
from unseen.evaluation.appraisal import appraise
from unseen.evaluation.solver_names import NamedSolver, find_solver

PROBLEM = un.problem("modular-addition", modulus=31)


def test_the_two_ends_of_the_scale() -> None:
    assert appraise("classical", PROBLEM).diagnosis.kind == "rule"
    assert appraise("lookup-table", PROBLEM, seeds=(0, 1)).diagnosis.kind == "memory"


def test_a_solver_that_is_trained_already_is_not_trained_again() -> None:
    solver = un.solver("lookup-table")
    assert appraise(NamedSolver(solver, fit=False), PROBLEM, splits=["train"]).scores.interval("train").estimate == 0
    assert appraise(solver, PROBLEM, splits=["train"]).scores.interval("train").estimate == 1


def test_a_failure_on_the_way_keeps_what_was_done() -> None:
    def fails(examples: Examples) -> Any:
        if examples.seed == 1 and examples.split == "iid":
            raise ZeroDivisionError("by\nzero")
        return PROBLEM.truth(examples)

    found = appraise(fails, PROBLEM, seeds=(0, 1))
    assert set(found.scores.values) == {("train", 0), ("iid", 0), ("train", 1)}
    assert found.failure == "it raised ZeroDivisionError: by zero"
    assert found.diagnosis.kind == "cannot tell"
    assert found.solver == "fails"
    row = found.as_json()
    assert [split["seeds"] for split in row["splits"]] == [2, 1]
    json.dumps(row, allow_nan=False)


def test_unanswered_is_not_wrong_and_unsolved_is() -> None:
    def solver(examples: Examples) -> list[Any]:
        answers: list[Any] = PROBLEM.truth(examples).tolist()
        return [Unanswered("time-out"), Unsolved("refused"), *answers[2:]]

    scores = un.evaluate(solver, PROBLEM, splits=["iid"], n=10)
    assert np.isnan(scores.values["iid", 0][0])
    assert scores.values["iid", 0][1:].tolist() == [0.0] + [1.0] * 8
    assert scores.interval("iid").estimate == pytest.approx(8 / 9)
    assert appraise(solver, PROBLEM, n=10).as_json()["splits"][1]["unanswered"] == 1


def test_an_endless_training_split_is_cut() -> None:
    problem = un.problem("chain-sum")
    assert problem.splits["train"].size is None
    assert appraise("majority", problem, n=50).diagnosis.kind == "cannot tell"


def test_an_error_that_is_no_number_is_the_worst_error() -> None:
    problem = un.problem("linear-teacher")
    scores = un.evaluate(lambda examples: [None] * len(examples), problem, splits=["iid"], n=5)
    assert not np.isnan(scores.values["iid", 0]).any()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lookup-tabel", "no solver named 'lookup-tabel'; .* did you mean lookup-table"),
        ("no_such_module:f", "no_such_module:f cannot be imported: No module named"),
        ("json:nothing", "json:nothing does not exist"),
        ("math:pi", "math:pi is neither a function of examples"),
        ("hf:models/tiny", "no such folder, and nothing of that name"),
        ("a b:c", "no solver named 'a b:c'"),
        ("raises_on_import:f", "raises_on_import:f cannot be loaded: RuntimeError: no weights here"),
    ],
)
def test_names_that_are_no_solver(name: str, message: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('no weights\\nhere')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UsageError, match=message) as caught:
        find_solver(name, PROBLEM)
    assert "\n" not in str(caught.value)
