"""Runs that are stopped by their user, and two runs of one study at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.engine.plan import plan
from unseen.engine.runner import run
from unseen.engine.store import open_store
from unseen.engine.store.memory import MemoryStore
from unseen.registry import study_name
from unseen.report.summary import findings_json

Start = Callable[..., subprocess.Popen[str]]


def starts(log: Path) -> list[str]:
    return [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()] if log.exists() else []


def wait_for_starts(log: Path, wanted: int) -> None:
    deadline = time.monotonic() + 30
    while len(starts(log)) < wanted:
        assert time.monotonic() < deadline, "no trial started"
        time.sleep(0.01)


@pytest.mark.parametrize(("number", "group"), [(signal.SIGINT, True), (signal.SIGTERM, False), (signal.SIGINT, False)])
def test_a_stopped_run_says_one_line_keeps_what_is_finished_and_frees_the_rest(
    number: int,
    group: bool,
    toys: Path,
    tmp_path: Path,
    spawn: Start,
    processes: Callable[[Path], list[int]],
) -> None:
    url = f"sqlite:///{tmp_path / 'unseen.db'}"
    quick = plan(study_name("toyslow"), scale="smoke", seeds=(0, 1))  # the same trials as at scale small, but quick
    with open_store(url) as store:
        run(quick, store)
    process = spawn("run", "toyslow", "--store", url, "--workers", 2)
    wait_for_starts(toys, 4)
    (os.killpg if group else os.kill)(process.pid, number)
    began = time.monotonic()
    out, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert (process.returncode, out) == (130, "")
    assert err == "unseen: stopped; finished trials are kept, the same command goes on from here\n"
    assert processes(toys) == []
    with open_store(url) as store:
        assert [trial.key for trial in store.trials()] == list(quick.keys)
        slow = plan(study_name("toyslow"))
        assert list(store.get(slow.keys)) == list(quick.keys)
        assert store.claim(slow.keys, "another", scale="small", config=slow.config) == list(slow.keys[2:])


def test_stopping_twice_in_a_row_leaves_no_traceback_and_no_process(
    toys: Path, tmp_path: Path, spawn: Start, processes: Callable[[Path], list[int]]
) -> None:
    process = spawn("run", "toyslow", "--store", f"sqlite:///{tmp_path / 'unseen.db'}", "--workers", 2)
    wait_for_starts(toys, 2)
    for _ in range(3):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.005)
    _, err = process.communicate(timeout=10)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    deadline = time.monotonic() + 5
    while processes(toys) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(toys) == []


def test_a_run_in_the_background_that_is_to_ignore_ctrl_c_does(toys: Path, tmp_path: Path, spawn: Start) -> None:
    command = ("run", "toyslow", "--scale", "smoke", "--seeds", "0", "--store", "memory:", "--json")
    process = spawn(*command, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    wait_for_starts(toys, 1)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)[0]["verdict"] == "holds"


def test_two_runs_at_once_share_the_work_and_agree(
    toys: Path, tmp_path: Path, spawn: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'unseen.db'}"  # both make it
    both = [
        spawn("run", "toy", "--seeds", "0-29", "--store", url, "--workers", 2, "--json", "--out", tmp_path / f"{index}")
        for index in range(2)
    ]
    printed = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    counts = Counter(starts(toys))
    assert len(counts) == 60
    assert set(counts.values()) == {1}, "a trial was repeated"
    engines = {line.rsplit(" ", 1)[1] for line in toys.read_text().splitlines()}
    assert len(engines) == 4, "one of the runs did nothing"

    monkeypatch.delenv("TOY_LOG")
    alone = run(plan(study_name("toy"), seeds=range(30)), MemoryStore())
    for out, _ in printed:
        (row,) = json.loads(out)
        assert {name: row[name] for name in ("verdict", "claims")} == findings_json(alone.judgement)
        assert row["trials"] == {"done": 60, "failed": 0}
    tables = [(tmp_path / f"{index}" / "trials.csv").read_text() for index in range(2)]
    assert tables[0] == tables[1]
    assert tables[0].count("\n") == 61
