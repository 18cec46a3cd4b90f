"""The run itself: standing, heartbeats, work that others hold, stores that fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unseen.contracts.study import Outcome
from unseen.engine import runner
from unseen.engine.messages import Job
from unseen.engine.plan import Plan, plan
from unseen.engine.pool import Pool
from unseen.engine.runner import Standing, run
from unseen.engine.store import StoredTrial, StoreError, TrialKey, open_store
from unseen.engine.store.memory import MemoryStore
from unseen.registry import study_name


def planned(study: str = "toy", seeds: Sequence[int] = (0, 1), scale: str = "smoke") -> Plan:
    return plan(study_name(study), scale=scale, seeds=seeds)


def take(store: MemoryStore, what: Plan, keys: Sequence[TrialKey], owner: str) -> None:
    assert store.claim(keys, owner, scale=what.scale, config=what.config) == list(keys)


def done(key: TrialKey) -> StoredTrial:
    return StoredTrial(key, "smoke", "done", Outcome({"value": 0.5}), "", 1.0, 1, {}, None)


# -- standing -----------------------------------------------------------------------------------------------------


def batch(*seeds: int) -> Job:
    return Job(1, "m:a", "c", seeds, "small", "cpu")


def test_the_share_done_counts_reused_finished_and_partial_trials() -> None:
    standing = Standing(total=20, reused=5, done=3)
    assert standing.fraction == 8 / 20
    standing.in_flight = {1: (batch(0, 1, 2, 3), 0.5), 2: (batch(4), 0.25)}
    assert standing.fraction == (8 + 4 * 0.5 + 0.25) / 20


def test_the_time_left_follows_from_the_pace_of_this_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing(total=20, reused=8, started=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: 130.0)
    assert standing.seconds_left is None  # reused trials are no pace
    standing.done = 2
    assert standing.seconds_left == pytest.approx(30 / 2 * 10)
    standing.in_flight = {1: (batch(0, 1), 0.5)}
    assert standing.seconds_left == pytest.approx(30 / 3 * 9)
    standing.in_flight, standing.done = {}, 12
    assert standing.seconds_left == 0


def test_the_display_is_told_of_a_share_that_only_grows(toys: Path) -> None:
    shares: list[float] = []
    with Pool(2) as pool:
        run(planned("toyslow", (0, 1, 2)), MemoryStore(), pool=pool, watch=lambda s: shares.append(s.fraction))
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert set(shares) - {number / 3 for number in range(4)}  # trials tell their own progress


# -- others -------------------------------------------------------------------------------------------------------


def test_what_another_run_is_at_is_waited_for_and_not_repeated(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LOOK_AGAIN_AFTER", 0.05)
    what, store = planned(), MemoryStore()
    key = what.keys[0]
    take(store, what, [key], "another")
    standings: list[int] = []
    later = threading.Timer(0.3, lambda: store.finish("another", [done(key)]))
    later.start()
    result = run(what, store, watch=lambda standing: standings.append(standing.elsewhere))
    assert {(t.key.condition, t.key.seed): t.outcome and t.outcome.metrics["value"] for t in result.finished}[
        key.condition, key.seed
    ] == 0.5
    assert f"{key.condition} {key.seed} " not in toys.read_text()
    assert len(result.finished) == 4
    assert max(standings) == 1
    assert standings[-1] == 0
    assert sum(standings) > len(standings) / 2  # nearly all the time there was nothing else to tell


@pytest.mark.parametrize("how", ["released", "failed"])
def test_what_another_run_gave_up_is_run(how: str, toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "LOOK_AGAIN_AFTER", 0.05)
    what, store = planned(), MemoryStore()
    key = what.keys[0]
    take(store, what, [key], "another")
    failed = replace(done(key), status="failed", outcome=None, error="no memory")
    give_up = store.release if how == "released" else (lambda owner: store.finish(owner, [failed]))
    threading.Timer(0.2, give_up, ["another"]).start()
    assert len(run(what, store).finished) == 4
    assert toys.read_text().count(f"{key.condition} {key.seed} ") == 1


class Robbing(MemoryStore):
    """Before the first result another run takes its trial over, as after a minute of sleep; `later` ends that run."""

    def __init__(self, later: Callable[[MemoryStore, TrialKey], None]) -> None:
        super().__init__()
        self.later, self.robbed = later, False

    def finish(self, owner: str, results: Sequence[StoredTrial]) -> None:
        if owner != "robber" and not self.robbed:
            self.robbed = True
            (result,) = results
            self._owners.pop(owner)
            self.claim([result.key], "robber", scale=result.scale, config={})
            threading.Timer(0.2, self.later, [self, result.key]).start()
        super().finish(owner, results)


@pytest.mark.parametrize("later", ["finishes", "gives up"])
def test_a_run_that_was_taken_for_dead_ends_with_all_trials(
    later: str, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LOOK_AGAIN_AFTER", 0.05)
    end = {
        "finishes": lambda store, key: store.finish("robber", [done(key)]),
        "gives up": lambda store, key: store.release("robber"),
    }[later]
    shares: list[float] = []
    result = run(planned(), Robbing(end), watch=lambda standing: shares.append(standing.fraction))
    assert len(result.finished) == 4
    assert result.judgement.verdict.status == "holds"
    assert max(shares) == shares[-1] == 1.0


# -- heartbeats and failures of the store -------------------------------------------------------------------------


def test_the_store_hears_of_the_run_while_it_lasts(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "HEARTBEAT_EVERY", 0.01)
    beats: list[str] = []

    class Listening(MemoryStore):
        def heartbeat(self, owner: str) -> None:
            beats.append(owner)
            raise StoreError("the store does not answer")  # the run goes on: results tell whether it is lost

    assert len(run(planned("toyslow", (0,)), Listening()).finished) == 1
    assert len(beats) > 5
    assert len(set(beats)) == 1
    count = len(beats)
    time.sleep(0.05)
    assert len(beats) == count


class Full(MemoryStore):
    """A store whose disk is full after two results; nothing can be given back either."""

    def finish(self, owner: str, results: Sequence[StoredTrial]) -> None:
        if len(self.trials()) == 2:
            raise StoreError("the disk is full")
        super().finish(owner, results)

    def release(self, owner: str) -> None:
        raise StoreError("and so it is here")


@pytest.mark.parametrize("workers", [0, 2])
def test_a_store_that_fails_ends_the_run_with_its_first_complaint(
    workers: int, toys: Path, processes: Callable[[Path], list[int]]
) -> None:
    store = Full()
    with Pool(max(1, workers)) as pool, pytest.raises(StoreError, match=r"^the disk is full$"):
        run(planned(seeds=range(5)), store, pool=pool if workers else None)
    assert len(store.trials()) == 2
    assert processes(toys) == []


def test_an_interrupted_run_gives_back_what_it_was_at(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_studies

    what, store = planned(), MemoryStore()

    def interrupted(condition: str, seed: int, config: Any) -> Any:
        if seed == 1:
            raise KeyboardInterrupt
        return toy_studies.result(condition, seed)

    monkeypatch.setattr(toy_studies, "steady", replace(what.study, trial=interrupted))
    with pytest.raises(KeyboardInterrupt):
        run(what, store)
    assert [trial.key.seed for trial in store.trials()] == [0]
    take(store, what, list(what.keys[1:]), "another")


# -- size ---------------------------------------------------------------------------------------------------------


def test_many_trials_cost_a_few_milliseconds_each(toys: Path, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path / 'unseen.db'}") as store, Pool(2) as pool:
        began = time.process_time()
        result = run(planned("toymany", range(40)), store, pool=pool)
        assert len(result.finished) == 40
        assert time.process_time() - began < 40 * 0.03
        began = time.process_time()
        assert len(run(planned("toymany", range(40)), store, pool=pool).finished) == 40
        assert time.process_time() - began < 40 * 0.005  # nothing but a look


def test_a_batch_of_thousands_is_cut_and_stored_without_quadratic_work(toys: Path) -> None:
    what = replace(planned("toybatched", range(3000)), conditions=("arm-0",))
    began = time.process_time()
    assert len(run(what, MemoryStore()).finished) == 3000
    assert time.process_time() - began < 3
