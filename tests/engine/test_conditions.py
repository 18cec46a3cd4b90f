"""Runs of some of a study's conditions, and progress for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_only_the_conditions_asked_for_run_and_no_claim_is_judged(toys: Path, home: Path, unseen: Command) -> None:
    printed = unseen("run", "toy", "--conditions", "b", "--seeds", "0-1", "--scale", "smoke", "--json")
    (row,) = json.loads(printed.out)
    assert (printed.code, row["verdict"], row["trials"], row["figure"]) == (
        0,
        "inconclusive",
        {"done": 2, "failed": 0},
        None,
    )
    assert {line.split()[0] for line in toys.read_text().splitlines()} == {"b"}
    whole = unseen("run", "toy", "--seeds", "0-1", "--scale", "smoke", "--json")
    assert json.loads(whole.out)[0]["verdict"] == "holds"
    assert [line.split()[0] for line in toys.read_text().splitlines()].count("b") == 2  # not run again


def test_what_is_refused(toys: Path, home: Path, unseen: Command) -> None:
    assert "no condition 'c'" in unseen("run", "toy", "--conditions", "c").complaint
    assert "single study" in unseen("run", "toy", "toyslow", "--conditions", "a").complaint
    assert "does not exist" in unseen("run", "toy", "--progress", home / "no" / "file").complaint


def test_progress_rises_to_the_whole(toys: Path, home: Path, unseen: Command) -> None:
    path = home / "progress"
    assert unseen("run", "toyslow", "--scale", "smoke", "--seeds", "0", "--progress", path).code == 0
    told = [json.loads(line) for line in path.read_text().splitlines()]
    fractions = [line["fraction"] for line in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert all(set(line) == {"what", "fraction", "seconds_left", "words"} for line in told)
    path.unlink()
    assert unseen("evaluate", "classical", "modular-addition", "-n", 9, "--progress", path).code == 0
    assert json.loads(path.read_text().splitlines()[-1])["fraction"] == 1.0
