"""Trials that go wrong in every way: each is stored as failed with its reason, and touches no other."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unseen.engine.plan import Plan, plan
from unseen.engine.pool import Pool
from unseen.engine.runner import RunResult, run
from unseen.engine.store.memory import MemoryStore
from unseen.registry import study_name

REASONS = {
    "raises": "ArithmeticError: the loss [/red] is [nan]",
    "exits": "SystemExit: leaving",
    "exits-hard": "worker process exited with code 7",
    "killed": "last words\nworker process was killed by SIGKILL",
    "crashes": "worker process was killed by SIGSEGV",
    "forks": "worker process exited with code 8",
    "memory": "MemoryError",
    "says-so": "diverged at step 312",
    "nothing": "TypeError: a trial returns an Outcome, or one per seed if batched, not NoneType",
    "text": "ValueError: could not convert string to float: 'very good'",
    "ragged": "ValueError: curve 'loss' has columns of different lengths: {'step': 2, 'value': 1}",
}
KILLS_ITS_PROCESS = {"exits-hard", "killed", "crashes", "forks"}


def starts(log: Path) -> list[tuple[str, int]]:
    return [(line.split()[0], int(line.split()[1])) for line in log.read_text().splitlines()]


def errors(result: RunResult) -> dict[tuple[str, int], str]:
    return {(trial.key.condition, trial.key.seed): trial.error for trial in result.failed}


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2) as opened:
        yield opened


def planned(study: str) -> Plan:
    return plan(study_name(study))


def test_what_goes_wrong_is_stored_with_its_reason_and_only_that_is_tried_again(toys: Path, pool: Pool) -> None:
    faults, store, study = toys.with_name("faults"), MemoryStore(), planned("toyfaulty")
    faults.touch()
    result = run(study, store, pool=pool)
    assert set(errors(result)) == {(kind, 1) for kind in REASONS}
    for kind, reason in REASONS.items():
        assert reason in errors(result)[kind, 1], kind
    assert "Traceback" in errors(result)["raises", 1]
    assert "fault" in errors(result)["crashes", 1]  # the Python line that led to the crash
    assert len(result.finished) == 2 * 12 - 11
    verdict = result.judgement.verdict
    assert verdict.status == "inconclusive"
    assert verdict.why.startswith("trials missing: raises seed 1, exits seed 1")
    assert all(trial.environment["python"] and trial.seconds >= 0 for trial in result.failed)
    (forked,) = (trial for trial in result.failed if trial.key.condition == "forks")
    assert forked.seconds < 10  # its child sleeps for longer

    first = Counter(starts(toys))
    assert set(first.values()) == {1}
    faults.unlink()
    again = run(study, store, pool=pool)
    assert sorted(starts(toys)[len(first) :]) == sorted(set(errors(result)))
    assert (len(again.finished), again.failed) == (24, ())
    assert again.judgement.verdict.status == "holds"


def test_in_this_process_what_goes_wrong_is_stored_too(toys: Path) -> None:
    toys.with_name("faults").touch()
    study = planned("toyfaulty")
    harmless = tuple(kind for kind in study.conditions if kind not in KILLS_ITS_PROCESS)
    result = run(replace(study, conditions=harmless), MemoryStore())
    assert set(errors(result)) == {(kind, 1) for kind in REASONS if kind not in KILLS_ITS_PROCESS}
    assert "SystemExit: leaving" in errors(result)["exits", 1]


def test_a_batch_that_goes_wrong_fails_as_a_whole_and_a_seed_that_says_so_alone(toys: Path, pool: Pool) -> None:
    faults, store = toys.with_name("faults"), MemoryStore()
    faults.touch()
    result = run(planned("toyfaultybatched"), store, pool=pool)
    found = errors(result)
    assert set(found) == {("one-says-so", 1)} | {
        (kind, seed) for kind in ("too-few", "too-many", "one") for seed in (0, 1, 2)
    }
    assert found["one-says-so", 1] == "diverged"
    assert "the trial returned 2 outcomes for 3 seeds" in found["too-few", 0]
    assert "the trial returned 4 outcomes for 3 seeds" in found["too-many", 2]
    assert "TypeError" in found["one", 1]

    before = len(starts(toys))
    faults.unlink()
    assert not run(planned("toyfaultybatched"), store, pool=pool).failed
    assert sorted(starts(toys)[before:]) == sorted(found)  # of the batch that one seed failed, only that seed


def test_numbers_that_are_not_finite_survive(toys: Path, pool: Pool) -> None:
    (trial,) = run(planned("toynonfinite"), MemoryStore(), pool=pool).finished
    assert trial.outcome is not None
    metrics = {name: repr(value) for name, value in trial.outcome.metrics.items()}
    assert metrics == {"nan": "nan", "inf": "inf", "-inf": "-inf", "minus-zero": "-0.0", "value": repr(0.1 + 0.2)}
    assert repr(trial.outcome.curves["loss"]) == "{'step': [0.0, inf], 'value': [nan, -inf]}"


def test_the_command_names_what_failed_and_exits_with_1(toys: Path, unseen: Callable[..., Any]) -> None:
    faults = toys.with_name("faults")
    faults.touch()
    printed = unseen("run", "toyfaulty", "--workers", 2)
    assert printed.code == 1
    assert "trials missing: raises seed 1, exits seed 1" in printed.out
    assert "failed raises, seed 1: ArithmeticError: the loss [/red] is [nan]\n" in printed.out
    assert "Traceback" not in printed.out + printed.err
    row = json.loads(unseen("run", "toyfaulty", "--workers", 2, "--json").out)[0]
    assert row["trials"] == {"done": 13, "failed": 11}
    assert (row["verdict"], row["figure"], row["table"]) == ("inconclusive", None, None)
    faults.unlink()
    assert unseen("run", "toyfaulty", "--workers", 2).code == 0
