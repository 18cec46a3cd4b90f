"""Running of studies: what is done is taken from the store, the rest is run, every finished trial is stored at once.

Trials are claimed in the store just before they start, a job at a time, so that several runs of one study share the
work instead of repeating it. Only this process writes to the store; a worker that outlives it can spoil nothing.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from unseen.contracts.study import Judgement, Trial, Trials
from unseen.engine.environment import available_cores
from unseen.engine.execute import execute
from unseen.engine.messages import Finished, Job, Message, Progress, Raised
from unseen.engine.plan import Plan
from unseen.engine.pool import Pool
from unseen.engine.store import Store, StoredTrial, TrialKey
from unseen.errors import UnseenError

HEARTBEAT_EVERY = 10.0
"""Seconds between two signs of life in the store."""
LOOK_AGAIN_AFTER = 1.0
"""Seconds between two looks at trials that another run is at."""


@dataclass
class Standing:
    """How a run stands, for the progress display."""

    total: int
    """Trials in the plan."""
    reused: int = 0
    """Trials that were in the store already."""
    done: int = 0
    """Trials finished by this run, failed ones included."""
    elsewhere: int = 0
    """Trials that another run is at."""
    in_flight: dict[int, tuple[Job, float]] = field(default_factory=dict)
    """Jobs running now, each with the fraction of it that is done."""
    started: float = field(default_factory=time.monotonic)

    @property
    def fraction(self) -> float:
        """Share of the plan that is done, in [0, 1]."""
        partial = sum(len(job.seeds) * fraction for job, fraction in self.in_flight.values())
        return (self.reused + self.done + partial) / self.total

    @property
    def seconds_left(self) -> float | None:
        """Time left at the pace so far; None as long as there is no pace."""
        partial = sum(len(job.seeds) * fraction for job, fraction in self.in_flight.values())
        worked = self.done + partial
        if worked <= 0:
            return None
        return (time.monotonic() - self.started) * (self.total - self.reused - worked) / worked


@dataclass(frozen=True)
class RunResult:
    """What a run of one study came to."""

    plan: Plan
    finished: tuple[StoredTrial, ...]
    """The trials that are done, in the plan's order."""
    failed: tuple[StoredTrial, ...]
    judgement: Judgement
    seconds: float
    """Wall-clock time of this run; trials taken from the store cost it nothing."""

    @property
    def trials(self) -> Trials:
        """The finished trials as claims and figures see them."""
        return as_trials(self.finished)


def as_trials(stored: tuple[StoredTrial, ...]) -> Trials:
    """Stored trials as claims and figures see them; failed ones are left out."""
    return Trials(tuple(Trial(t.key.condition, t.key.seed, t.outcome) for t in stored if t.outcome is not None))


def run(
    plan: Plan,
    store: Store,
    *,
    pool: Pool | None = None,
    watch: Callable[[Standing], None] = lambda standing: None,
) -> RunResult:
    """Run what the store lacks of a plan and judge the whole.

    Parameters
    ----------
    plan : Plan
        Which trials.
    store : Store
        Where finished trials are and go.
    pool : Pool, optional
        Worker processes; without any, trials run one after the other in this process.
    watch : callable
        Told of every change of standing.

    Notes
    -----
    On any exception, Ctrl-C included, trials in flight are given up and released; finished ones stay in the store.
    """
    started = time.monotonic()
    owner = uuid.uuid4().hex
    standing = Standing(len(plan.keys))
    with _signs_of_life(store, owner):
        try:
            known = _run_missing(plan, store, owner, pool, standing, watch)
        except BaseException:
            if pool is not None:
                pool.close()
            with suppress(UnseenError):  # a store that failed says so once
                store.release(owner)
            raise
    stored = [known[key] for key in plan.keys if key in known]
    finished = tuple(trial for trial in stored if trial.status == "done")
    failed = tuple(trial for trial in stored if trial.status == "failed")
    judgement = plan.study.judge(as_trials(finished), plan.seeds)
    return RunResult(plan, finished, failed, judgement, time.monotonic() - started)


def _run_missing(
    plan: Plan,
    store: Store,
    owner: str,
    pool: Pool | None,
    standing: Standing,
    watch: Callable[[Standing], None],
) -> dict[TrialKey, StoredTrial]:
    """Run until every trial of the plan is done or has failed; return what the store then knows of them."""
    in_flight: dict[int, tuple[TrialKey, ...]] = {}
    known = store.get(plan.keys)
    done_before = {key for key, trial in known.items() if trial.status == "done"}
    standing.reused = len(done_before)
    waiting = plan.groups([key for key in plan.keys if key not in done_before])
    elsewhere: list[TrialKey] = []
    looked = time.monotonic()
    number = 0
    watch(standing)
    while waiting or elsewhere or in_flight:
        while waiting and (pool is None or pool.free):
            group = waiting.pop(0)
            ours = store.claim(group, owner, scale=plan.scale, config=plan.config)
            refused = set(group).difference(ours)
            elsewhere += [key for key in group if key in refused]
            if not ours:
                continue
            number += 1
            job = plan.job(number, ours)
            in_flight[number] = tuple(ours)
            standing.in_flight[number] = (job, 0.0)
            watch(standing)
            if pool is None:
                message = execute(job, available_cores(), _teller(standing, watch))
                _take(message, plan, store, owner, in_flight, standing)
            else:
                pool.submit(job)
        if len(elsewhere) != standing.elsewhere:
            standing.elsewhere = len(elsewhere)
            watch(standing)
        if pool is not None and in_flight:
            for heard in pool.messages(LOOK_AGAIN_AFTER):
                _take(heard, plan, store, owner, in_flight, standing)
        elif elsewhere:
            time.sleep(max(0.0, looked + LOOK_AGAIN_AFTER - time.monotonic()))
        if elsewhere and time.monotonic() >= looked + LOOK_AGAIN_AFTER:
            looked = time.monotonic()
            known = store.get(elsewhere)
            left = [key for key in elsewhere if key not in known or known[key].status != "done"]
            standing.reused += len(elsewhere) - len(left)
            waiting += plan.groups(left)  # claimed again: their owner may have died
            elsewhere, standing.elsewhere = [], len(left)
        if not (waiting or elsewhere or in_flight):
            known = store.get(plan.keys)
            # A process that slept for minutes was taken for dead, and others may be at its trials now.
            elsewhere = [key for key in plan.keys if key not in known or known[key].status == "running"]
            standing.done -= len(elsewhere)
        watch(standing)
    return known


def _take(
    message: Message,
    plan: Plan,
    store: Store,
    owner: str,
    in_flight: dict[int, tuple[TrialKey, ...]],
    standing: Standing,
) -> None:
    """Act on what a worker said; results go to the store before anything else."""
    if isinstance(message, Progress):
        _note(message, standing)
        return
    keys = in_flight[message.number]
    store.finish(owner, list(_results(message, keys, plan.scale)))
    del in_flight[message.number]
    del standing.in_flight[message.number]
    standing.done += len(keys)


def _note(progress: Progress, standing: Standing) -> None:
    job, _ = standing.in_flight[progress.number]
    standing.in_flight[progress.number] = (job, progress.fraction)


def _results(message: Finished | Raised, keys: tuple[TrialKey, ...], scale: str) -> Iterator[StoredTrial]:
    now = datetime.now(UTC)
    share = message.seconds / len(keys)
    if isinstance(message, Raised):
        for key in keys:
            yield StoredTrial(key, scale, "failed", None, message.error, share, 0, message.environment, now)
        return
    for key, outcome in zip(keys, message.outcomes, strict=True):
        about = (share, message.peak_memory, message.environment, now)
        if outcome.failure:
            yield StoredTrial(key, scale, "failed", None, outcome.failure, *about)
        else:
            yield StoredTrial(key, scale, "done", outcome, "", *about)


def _teller(standing: Standing, watch: Callable[[Standing], None]) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        _note(progress, standing)
        watch(standing)

    return tell


@contextmanager
def _signs_of_life(store: Store, owner: str) -> Iterator[None]:
    """Stamp the owner's heartbeat in the background while the block runs."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT_EVERY):
            try:
                store.heartbeat(owner)
            except UnseenError:
                continue  # a missed beat is harmless, a lost store shows at the next result

    thread = threading.Thread(target=beat, name="unseen-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=1.0)  # a beat that waits for a broken store must not keep the run from ending
