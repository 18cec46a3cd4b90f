"""Trained solvers as files."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from unseen.errors import UsageError
from unseen.models.decoder import Decoder
from unseen.problems.numbers.addition import WholeNumberAddition
from unseen.solvers.lookup import LookupTable
from unseen.solvers.neural.addition_decoder import AdditionDecoder
from unseen.solvers.saved import load_solver, save_solver

PROBLEM = WholeNumberAddition(digits=1, train_size=20)


@pytest.fixture(scope="module")
def trained() -> AdditionDecoder:
    network = partial(Decoder, width=32, layers=1, heads=2, positions="rotary")
    solver = AdditionDecoder("plain", network=network, steps=150, learning_rate=1e-2)
    return solver.fit(PROBLEM.sample("train"))


def test_a_saved_solver_answers_as_before(trained: AdditionDecoder, tmp_path: Path) -> None:
    save_solver(tmp_path / "adder.pt", trained)
    again: Any = load_solver(tmp_path / "adder.pt")
    for split in PROBLEM.splits:
        examples = PROBLEM.sample(split, 20 if PROBLEM.splits[split].size is None else None, 0)
        assert again.solve(examples) == trained.solve(examples)


def test_the_command_evaluates_a_file(unseen: Callable[..., Any], home: Path, trained: AdditionDecoder) -> None:
    save_solver(home / "adder.pt", trained)
    for name in (f"file:{home / 'adder.pt'}", str(home / "adder.pt")):
        settings = ("--set", "digits=1", "--set", "train_size=20", "--splits", "train,iid")
        printed = unseen("evaluate", name, "whole-number-addition", *settings, "--json")
        assert printed.code == 0, printed
        (found,) = json.loads(printed.out)["evaluations"]
        assert found["splits"][0]["estimate"] == 1.0


class Trap:
    def __reduce__(self) -> Any:
        return os.mkdir, ("trapped",)


def held(solver: AdditionDecoder, **changes: Any) -> dict[str, Any]:
    settings, state = solver.saved()
    whole = {"unseen": 1, "kind": "addition-decoder", "settings": settings, "state": state}
    return {**whole, **changes}


def test_code_in_a_file_is_never_run(
    unseen: Callable[..., Any], home: Path, trained: AdditionDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    torch.save(held(trained, extra=Trap()), home / "trap.pt")
    complaint = unseen("evaluate", "file:trap.pt", "whole-number-addition").complaint
    assert complaint == "trap.pt is no file of save_solver, or holds code, which is not loaded"
    assert not (home / "trapped").exists()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"unseen": 2}, "has layout 2; this version of unseen reads 1"),
        ({"kind": "lookup-table"}, "holds 'lookup-table'; kinds: addition-decoder"),
        ({"settings": {}}, "is damaged"),
        (
            {"settings": {"format": "plain", "network": {"vocabulary": 3, "context": 9}}},
            "is damaged: weights of another",
        ),
        ({"settings": {"format": "plain", "network": {"layers": 10**9, "vocabulary": 13, "context": 9}}}, "is damaged"),
        ({"state": {}}, "is damaged"),
    ],
)
def test_damaged_files_are_named(
    trained: AdditionDecoder, tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    torch.save(held(trained, **changes), tmp_path / "a.pt")
    with pytest.raises(UsageError, match=complaint):
        load_solver(tmp_path / "a.pt")


def test_what_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "text.pt").write_text("hello")
    torch.save({"a": 1}, tmp_path / "other.pt")
    for name, words in (
        ("text.pt", "is no file"),
        ("other.pt", "is no file of save_solver"),
        ("none.pt", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=words):
            load_solver(tmp_path / name)


def test_what_cannot_be_saved(trained: AdditionDecoder, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="LookupTable cannot be saved; kinds that can: addition-decoder"):
        save_solver(tmp_path / "a.pt", LookupTable())  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="it was not trained"):
        save_solver(tmp_path / "a.pt", AdditionDecoder())
    odd = AdditionDecoder("plain", network=lambda **sizes: Decoder(**sizes), steps=1).fit(PROBLEM.sample("train"))
    with pytest.raises(UsageError, match="its network is no partial"):
        save_solver(tmp_path / "a.pt", odd)
    assert not (tmp_path / "a.pt").exists()
