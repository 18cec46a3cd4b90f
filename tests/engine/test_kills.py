"""Runs that are killed at random moments, again and again, and come to what an undisturbed run comes to."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from unseen.engine.plan import Plan, parse_seeds, plan
from unseen.engine.runner import run
from unseen.engine.store import open_store
from unseen.engine.store.memory import MemoryStore
from unseen.registry import study_name
from unseen.report.summary import findings_json

Start = Callable[..., subprocess.Popen[str]]
Trial = tuple[str, int]

WORKERS = 2


def started(log: Path) -> list[Trial]:
    """The trials that were ever started, as the trials themselves noted it."""
    lines = log.read_text().splitlines() if log.exists() else []
    return [(condition, int(seed)) for condition, seed, _ in (line.split() for line in lines)]


def done(url: str, planned: Plan) -> set[Trial]:
    with open_store(url) as store:
        known = store.get(planned.keys)
    return {(key.condition, key.seed) for key, trial in known.items() if trial.status == "done"}


def wait_for_starts(log: Path, wanted: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while len(started(log)) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)


def all_die(log: Path, processes: Callable[[Path], list[int]]) -> bool:
    deadline = time.monotonic() + 5.0
    while processes(log) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not processes(log)


@pytest.mark.parametrize(("study", "seeds", "kills"), [("toy", "0-89", 14), ("toybatched", "0-2", 8)])
def test_a_run_killed_again_and_again_repeats_nothing_that_it_had_finished(
    study: str,
    seeds: str,
    kills: int,
    toys: Path,
    tmp_path: Path,
    spawn: Start,
    processes: Callable[[Path], list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import toy_studies

    url = f"sqlite:///{tmp_path / 'unseen.db'}"
    planned = plan(study_name(study), seeds=parse_seeds(seeds))
    dice = random.Random(f"{study} kills")
    with open_store(url):  # making the tables is slow, and killed while at it elsewhere
        pass

    def begin() -> subprocess.Popen[str]:
        return spawn("run", study, "--seeds", seeds, "--store", url, "--workers", WORKERS, "--json")

    for kill in range(kills):
        before, finished = len(started(toys)), done(url, planned)
        process = begin()
        most_seconds = dice.uniform(0.0, 1.0) if kill % 4 == 3 else 60.0  # some are killed while they start
        wait_for_starts(toys, before + dice.randint(1, 5), most_seconds)
        time.sleep(dice.uniform(0.0, 0.08))
        if kill % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, process.communicate()
        assert all_die(toys, processes)

        now, these = done(url, planned), started(toys)[before:]
        assert finished <= now, "a finished trial was lost"
        assert not finished.intersection(these), "a finished trial was started again"
        assert max(Counter(these).values(), default=0) <= 1, "a trial was started twice by one run"
        lost = set(these) - now
        in_flight = {condition for condition, _ in lost} if planned.study.batched else lost
        assert len(in_flight) <= WORKERS, "more was lost than was in flight"

    finished, before = done(url, planned), len(started(toys))
    assert finished < {(key.condition, key.seed) for key in planned.keys}  # else the last kills met no trials
    out, err = (last := begin()).communicate(timeout=60)
    assert last.returncode == 0, err
    assert sorted(started(toys)[before:]) == sorted(
        (key.condition, key.seed) for key in planned.keys if (key.condition, key.seed) not in finished
    )

    monkeypatch.delenv("TOY_LOG")
    undisturbed = run(planned, MemoryStore())
    with open_store(url) as store:
        stored = store.get(planned.keys)
        assert len(store.trials()) == len(planned.keys)
    outcomes = [stored[key].outcome for key in planned.keys]
    assert outcomes == [trial.outcome for trial in undisturbed.finished]
    assert outcomes == [toy_studies.result(key.condition, key.seed) for key in planned.keys]
    (row,) = json.loads(out)
    assert {name: row[name] for name in ("verdict", "claims")} == findings_json(undisturbed.judgement)
    assert row["trials"] == {"done": len(planned.keys), "failed": 0}
