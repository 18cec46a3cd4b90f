"""Worker processes and what surrounds a trial: threads, peak memory, imports, the death of the engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unseen.contracts.study import current_run
from unseen.engine import execute, worker
from unseen.engine.environment import available_cores, environment, source_state
from unseen.engine.execute import execute as run_job
from unseen.engine.messages import Finished, Job, Progress, Raised
from unseen.engine.plan import plan
from unseen.engine.pool import Pool
from unseen.engine.runner import run
from unseen.engine.store.memory import MemoryStore
from unseen.registry import study_name


def job(study: str, condition: str, *seeds: int) -> Job:
    return Job(1, f"toy_studies:{study}", condition, seeds or (0,), "smoke", "cpu")


def answer(pool: Pool, asked: Job) -> Finished | Raised:
    pool.submit(asked)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for message in pool.messages(1.0):
            if not isinstance(message, Progress):
                return message
    raise AssertionError("no answer")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_cores_are_divided_between_the_workers(workers: int, toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unseen.engine.pool.available_cores", lambda: 2)
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with Pool(workers) as pool:
        (trial,) = run(plan(study_name("toythreads")), MemoryStore(), pool=pool).finished
    assert trial.outcome is not None
    counts = dict(trial.outcome.metrics)
    assert counts.pop("value") == min(2 // workers, os.cpu_count() or 1)  # what PyTorch says
    assert set(counts.values()) == {2 // workers}  # the variables
    assert trial.environment["threads"] == 2 // workers


def test_more_workers_than_cores_get_a_thread_each(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unseen.engine.pool.available_cores", lambda: 2)
    with Pool(3) as pool:
        assert answer(pool, job("many", "only")).environment["threads"] == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts the peak anew")
def test_a_job_does_not_inherit_the_peak_memory_of_the_one_before(toys: Path) -> None:
    with Pool(1) as pool:
        large = answer(pool, job("memory", "large"))
        small = answer(pool, job("memory", "small"))
    assert isinstance(large, Finished)
    assert isinstance(small, Finished)
    assert large.peak_memory > 300 * 2**20 > 200 * 2**20 > small.peak_memory > 10 * 2**20


def test_a_worker_loads_nothing_heavy_of_its_own() -> None:
    script = "import sys, unseen.engine.worker, unseen.engine.execute; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "pandas", "scipy", "matplotlib", "sqlalchemy", "rich"}.intersection(loaded)


def test_a_worker_imports_what_the_engine_imports_and_nothing_from_where_it_was_started(
    toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dataclasses.py").write_text("raise RuntimeError('not the standard library')")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "borrowed_study.py").write_text("from toy_studies import many as study")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(elsewhere)
    monkeypatch.delenv("PYTHONPATH")
    with Pool(1) as pool:
        assert isinstance(answer(pool, replace(job("many", "only"), target="borrowed_study:study")), Finished)


def test_a_worker_is_used_again_until_it_dies_or_a_trial_raises_in_it(toys: Path) -> None:
    toys.with_name("faults").touch()

    def process() -> str:
        return toys.read_text().split()[-1]

    with Pool(1) as pool:
        assert isinstance(answer(pool, job("steady", "a")), Finished)
        first = process()
        assert isinstance(answer(pool, job("steady", "a")), Finished)
        assert process() == first
        assert isinstance(answer(pool, job("faulty", "raises", 1)), Raised)
        assert process() == first
        assert isinstance(answer(pool, job("steady", "a")), Finished)
        second = process()
        assert second != first
        os.kill(int(second), signal.SIGKILL)  # between two jobs
        time.sleep(0.2)
        assert isinstance(answer(pool, job("steady", "a")), Finished)
        assert process() not in (first, second)


def test_a_full_pool_refuses_another_job_and_a_pool_needs_a_worker(toys: Path) -> None:
    with Pool(1) as pool:
        pool.submit(job("slow", "a"))
        assert pool.free == 0
        with pytest.raises(RuntimeError, match="no worker is free"):
            pool.submit(job("slow", "a"))
    with pytest.raises(ValueError, match="at least one worker, not 0"):
        Pool(0)


def test_closing_a_pool_ends_its_workers_at_once(toys: Path, processes: Callable[[Path], list[int]]) -> None:
    pool = Pool(2)
    for _ in range(2):
        pool.submit(replace(job("slow", "a"), scale="small"))
    assert len(processes(toys)) == 2
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 1
    assert processes(toys) == []


ENGINE = """
import os, sys, time
from unseen.engine.messages import Job
from unseen.engine.pool import Pool
pool = Pool(1)
pool.submit(Job(1, "toy_studies:deaf", "a", (0,), "smoke", "cpu"))
{after}
"""


@pytest.mark.parametrize(
    "after", ["os.kill(os.getpid(), 9)", "while not os.path.exists(sys.argv[1]): time.sleep(0.01)"]
)
def test_a_worker_dies_with_its_engine_whether_it_has_begun_or_not(
    after: str, toys: Path, processes: Callable[[Path], list[int]]
) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", ENGINE.format(after=after + "\nos.kill(os.getpid(), 9)"), str(toys)]
    )
    assert engine.wait(timeout=30) == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while processes(toys) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert processes(toys) == []


def test_where_the_system_does_not_tell_of_the_engines_death_a_thread_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(worker, "LOOK_FOR_ENGINE_EVERY", 0.01)
    engine, killed = [os.getppid()], threading.Event()
    monkeypatch.setattr(os, "getppid", lambda: engine[0])
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.set() if pid == os.getpid() else None)
    worker._die_with(engine[0])
    assert not killed.wait(0.1)
    engine[0] = 1
    assert killed.wait(5)


def test_progress_is_told_now_and_then_as_a_share(toys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_studies

    def trial(condition: str, seed: int, config: Any) -> Any:
        for fraction in (-1, 0.25, 7):
            current_run().report(fraction)
        return toy_studies.result(condition, seed)

    monkeypatch.setattr(toy_studies, "many", toy_studies.toy(trial, {"only": ""}))
    monkeypatch.setattr(execute, "REPORT_EVERY", 0.0)
    told: list[Progress] = []
    run_job(job("many", "only"), 1, told.append)
    assert [message.fraction for message in told] == [0.0, 0.25, 1.0]
    monkeypatch.setattr(execute, "REPORT_EVERY", 60.0)
    told.clear()
    run_job(job("many", "only"), 1, told.append)
    assert len(told) <= 1


def test_the_environment_says_where_and_with_what_a_trial_ran() -> None:
    found = environment("cpu", 3)
    assert found["threads"] == 3
    assert found["device"] == "cpu"
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    import numpy

    assert found["numpy"] == numpy.__version__
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_the_environment_is_known_without_proc_and_git(monkeypatch: pytest.MonkeyPatch) -> None:
    from unseen.engine.environment import _processor

    monkeypatch.setattr(Path, "read_text", _raise(FileNotFoundError("/proc/cpuinfo")))
    monkeypatch.setattr(subprocess, "run", _raise(FileNotFoundError("git")))
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for cached in (_processor, source_state):
        cached.cache_clear()
    try:
        found = environment("cpu", 1)
        assert found["processor"]
        assert (found["commit"], found["modified"]) == ("", False)
        assert available_cores() == os.cpu_count()
    finally:
        for cached in (_processor, source_state):
            cached.cache_clear()


def _raise(error: Exception) -> Callable[..., Any]:
    def raiser(*_: object, **__: object) -> None:
        raise error

    return raiser
