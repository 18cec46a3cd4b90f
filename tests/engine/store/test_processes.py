"""What real processes do to each other through one database."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from unseen.engine.store import Store, StoredTrial, StoreError, TrialKey, open_store
from unseen.engine.store.relational import RelationalStore

PRELUDE = """
import json, os, random, signal, sys, time
from unseen.contracts.study import Outcome
from unseen.engine.store import StoredTrial, TrialKey, open_store
url, owner = sys.argv[1:]
keys = [TrialKey("080", 1, "0123456789abcdef", "baseline", seed) for seed in range(300)]
def take(store, some):
    return store.claim(some, owner, scale="small", config={"width": 64})
def meet():
    print("ready", flush=True)
    sys.stdin.readline()
"""

RACE = """
random.Random(owner).shuffle(keys)
meet()
store = open_store(url)
meet()
owned = []
for first in range(0, 300, 10):
    owned += [key.seed for key in take(store, keys[first : first + 10])]
    time.sleep(0.002)  # SQLite lets the same writer win again and again; who works between claims leaves room
print(json.dumps(owned), flush=True)
meet()
"""

HOLD = """
store = open_store(url)
take(store, keys)
meet()
"""

KILLED_WHILE_FINISHING = """
from sqlalchemy import event
store = open_store(url)
held = take(store, keys)
@event.listens_for(store.engine, "commit")
def die(connection):
    os.kill(os.getpid(), signal.SIGKILL)
store.finish(owner, [StoredTrial(k, "small", "done", Outcome({}), "", 1.0, 1, {}, None) for k in held])
"""


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a script as a process of its own."""
    with ExitStack() as stack:

        def starter(script: str, url: str, owner: str) -> subprocess.Popen[str]:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", PRELUDE + script, url, owner],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            return process

        yield starter


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_processes_that_race_from_an_empty_database_share_the_trials(
    relational_url: str, start: Callable[..., subprocess.Popen[str]], key: Callable[..., TrialKey]
) -> None:
    racers = [start(RACE, relational_url, f"racer {index}") for index in range(5)]
    for _ in ("make the tables", "claim"):
        assert [line(racer) for racer in racers] == ["ready"] * 5
        for racer in racers:
            go(racer)
    owned = [json.loads(line(racer)) for racer in racers]
    assert sorted(seed for seeds in owned for seed in seeds) == list(range(300))
    assert sum(bool(seeds) for seeds in owned) > 1  # else nobody raced
    with open_store(relational_url) as store:
        assert len(store.get([key(seed) for seed in range(300)])) == 300


def test_a_killed_owner_is_taken_over_at_once(
    relational_url: str, start: Callable[..., subprocess.Popen[str]], key: Callable[..., TrialKey], take: Any
) -> None:
    keys = [key(seed) for seed in range(300)]
    holder = start(HOLD, relational_url, "holder")
    assert line(holder) == "ready"
    with open_store(relational_url) as store:
        assert take(store, keys, "me") == []
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert take(store, keys, "me") == keys


def test_a_process_killed_while_it_finishes_leaves_all_or_nothing(
    relational_url: str, start: Callable[..., subprocess.Popen[str]], key: Callable[..., TrialKey], take: Any
) -> None:
    writer = start(KILLED_WHILE_FINISHING, relational_url, "writer")
    assert writer.wait() == -signal.SIGKILL
    keys = [key(seed) for seed in range(300)]
    with open_store(relational_url) as store:
        assert {trial.status for trial in store.get(keys).values()} == {"running"}
        assert take(store, keys, "me") == keys


def inject_failure(store: RelationalStore, seed: int) -> Callable[[], None]:
    """Make the database itself refuse one trial; return what ends that."""
    if store.engine.dialect.name == "sqlite":
        make = [
            f"CREATE TRIGGER refuse BEFORE UPDATE ON unseen_trials WHEN NEW.status = 'done' AND NEW.seed = {seed} "
            "BEGIN SELECT RAISE(ABORT, 'injected'); END"
        ]
        unmake = "DROP TRIGGER refuse"
    else:
        refuse = f"NOT (status = 'done' AND seed = {seed})"
        make = [f"ALTER TABLE unseen_trials ADD CONSTRAINT injected CHECK ({refuse})"]
        unmake = "ALTER TABLE unseen_trials DROP CONSTRAINT injected"

    def execute(*statements: str) -> None:
        with store.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    execute(*make)
    return lambda: execute(unmake)


def test_a_batch_that_fails_in_the_middle_stores_nothing(
    relational: RelationalStore, key: Callable[..., TrialKey], done: Callable[..., StoredTrial], take: Any
) -> None:
    keys = [key(seed) for seed in range(9)]
    take(relational, keys, "me")
    end = inject_failure(relational, 5)
    with pytest.raises(StoreError, match="injected"):
        relational.finish("me", [done(k) for k in keys])
    assert relational.trials() == []
    assert {trial.status for trial in relational.get(keys).values()} == {"running"}
    end()
    relational.finish("me", [done(k) for k in keys])
    assert [trial.key for trial in relational.trials()] == keys


def test_a_forked_child_uses_the_store_beside_its_parent(
    relational: RelationalStore, key: Callable[..., TrialKey], take: Callable[[Store, list[TrialKey], str], Any]
) -> None:
    take(relational, [key(0)], "parent")
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            os._exit(0 if take(relational, [key(0), key(1)], "child") == [key(1)] else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert take(relational, [key(0), key(1), key(2)], "parent") == [key(1), key(2)]
