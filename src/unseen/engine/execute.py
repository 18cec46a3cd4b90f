"""Execution of one job in the current process."""

from __future__ import annotations

import resource
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from unseen.contracts.study import Outcome, Run, Study, running
from unseen.engine.environment import environment
from unseen.engine.messages import Finished, Job, Progress, Raised
from unseen.registry import load

REPORT_EVERY = 0.2
"""Seconds between two progress messages: frequent enough for a live display, rare enough to cost nothing."""


def execute(job: Job, threads: int, tell: Callable[[Progress], None]) -> Finished | Raised:
    """Run a job; whatever the trial raises becomes a `Raised` message."""
    last = 0.0

    def report(fraction: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_EVERY:
            last = now
            tell(Progress(job.number, min(max(fraction, 0.0), 1.0)))

    started = time.perf_counter()
    _restart_peak_memory()
    try:
        with running(Run(job.device, report)):
            outcomes = _call(load(job.target), job)
    except Exception:
        trace = traceback.format_exc()
        return Raised(job.number, trace, time.perf_counter() - started, environment("cpu", threads))
    seconds = time.perf_counter() - started
    return Finished(job.number, outcomes, seconds, _peak_memory(), environment(job.device, threads))


def _call(study: Study, job: Job) -> tuple[Outcome, ...]:
    config = study.scales[job.scale]
    if not study.batched:
        return (study.trial(job.condition, job.seeds[0], config),)
    outcomes = tuple(study.trial(job.condition, job.seeds, config))
    if len(outcomes) != len(job.seeds):
        raise RuntimeError(f"the trial returned {len(outcomes)} outcomes for {len(job.seeds)} seeds")
    return outcomes


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
