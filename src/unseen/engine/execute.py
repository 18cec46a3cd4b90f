"""Execution of one job in the current process."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from unseen.contracts.study import Curve, Outcome, Run, Study, running
from unseen.engine.environment import environment, source_state
from unseen.engine.messages import Finished, Job, Progress, Raised
from unseen.registry import load

REPORT_EVERY = 0.2
"""Seconds between two progress messages: frequent enough for a live display, rare enough to cost nothing."""


def execute(job: Job, threads: int, tell: Callable[[Progress], None]) -> Finished | Raised:
    """Run a job; whatever the trial raises, or returns that cannot be stored, becomes a `Raised` message."""
    last = 0.0

    def report(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_EVERY:
            last = now
            tell(Progress(job.number, min(max(float(fraction), 0.0), 1.0)))

    source_state()  # asked before the study is imported: what is committed meanwhile is not what runs
    started = time.perf_counter()
    _restart_peak_memory()
    try:
        with running(Run(job.device, report)):
            outcomes = _call(load(job.target), job)
    except (Exception, SystemExit):
        trace = traceback.format_exc()
        return Raised(job.number, trace, time.perf_counter() - started, environment("cpu", threads))
    seconds = time.perf_counter() - started
    return Finished(job.number, outcomes, seconds, _peak_memory(), environment(job.device, threads))


def _call(study: Study, job: Job) -> tuple[Outcome, ...]:
    config = study.scales[job.scale]
    if not study.batched:
        return (_plain(study.trial(job.condition, job.seeds[0], config)),)
    outcomes = tuple(_plain(outcome) for outcome in study.trial(job.condition, job.seeds, config))
    if len(outcomes) != len(job.seeds):
        raise RuntimeError(f"the trial returned {len(outcomes)} outcomes for {len(job.seeds)} seeds")
    return outcomes


def _plain(outcome: object) -> Outcome:
    """The outcome with nothing but floats, which every process and every store takes.

    Raises
    ------
    TypeError, ValueError
        If it is none, or holds something else than numbers under names, or a curve's columns differ in length.
    """
    if not isinstance(outcome, Outcome):
        raise TypeError(f"a trial returns an Outcome, or one per seed if batched, not {type(outcome).__name__}")
    if outcome.failure:
        return Outcome({}, failure=str(outcome.failure))
    metrics = {_text(name): float(value) for name, value in outcome.metrics.items()}
    curves = {_text(name): _plain_curve(name, curve) for name, curve in outcome.curves.items()}
    return Outcome(metrics, curves)


def _plain_curve(name: str, curve: Curve) -> Curve:
    columns = {_text(column): [float(value) for value in values] for column, values in curve.items()}
    if len({len(values) for values in columns.values()}) > 1:
        lengths = {column: len(values) for column, values in columns.items()}
        raise ValueError(f"curve {name!r} has columns of different lengths: {lengths}")
    return columns


def _text(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"metrics, curves and their columns are named by text, not by {name!r}")
    return name


def _restart_peak_memory() -> None:
    """Let the kernel count the peak anew, so that a job does not inherit that of the one before."""
    with suppress(OSError):  # not Linux: the peak of the whole process is all there is
        Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int:
    """Peak resident memory in bytes."""
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
