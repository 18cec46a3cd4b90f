"""Worker processes: started once, reused for many jobs, replaced when they die."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import IO, Self

from unseen.engine.environment import available_cores, environment
from unseen.engine.messages import Finished, Job, Message, Raised

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


class _Worker:
    """One process with its channel, its log, and the job it is at."""

    def __init__(self, threads: int) -> None:
        ours, theirs = socket.socketpair()
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.threads = threads
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "unseen.engine.worker", str(theirs.fileno()), str(threads)],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))},
            )
        self.connection: Connection = Connection(ours.detach())
        self.job: Job | None = None
        self.started = 0.0

    def begin(self, job: Job) -> None:
        self.job = job
        self.started = time.perf_counter()
        self.connection.send(job)

    def obituary(self) -> Raised:
        """What to say of the job that a dead worker leaves."""
        assert self.job is not None
        code = self.process.wait()
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
        self.log.seek(0)
        last_words = self.log.read()[-2000:].decode(errors="replace").strip()
        error = f"worker process {how}" + (f"\n{last_words}" if last_words else "")
        return Raised(self.job.number, error, time.perf_counter() - self.started, environment("cpu", self.threads))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()
        self.log.close()


class Pool:
    """A fixed number of worker processes, the machine's cores divided between them.

    Parameters
    ----------
    workers : int
        Number of processes, at least 1.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise ValueError(f"a pool needs at least one worker, not {workers}")
        self._threads = max(1, available_cores() // workers)
        self._size = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def free(self) -> int:
        """How many jobs could be started now."""
        return self._size - sum(worker.job is not None for worker in self._workers)

    def submit(self, job: Job) -> None:
        """Start a job on a free worker; starts a process if there are fewer than allowed."""
        for worker in [w for w in self._workers if w.job is None and w.process.poll() is not None]:
            worker.stop()
            self._workers.remove(worker)
        idle = [worker for worker in self._workers if worker.job is None]
        if not idle:
            if len(self._workers) >= self._size:
                raise RuntimeError("no worker is free")
            idle = [_Worker(self._threads)]
            self._workers.extend(idle)
        with suppress(BrokenPipeError, ConnectionResetError):  # a dead worker is found by `messages`
            idle[0].begin(job)

    def messages(self, timeout: float) -> Iterator[Message]:
        """What the workers have said since, waiting at most `timeout` seconds for the first word."""
        busy = {worker.connection: worker for worker in self._workers if worker.job is not None}
        for channel in wait(list(busy), timeout):
            worker = busy[channel]  # type: ignore[index]
            try:
                message: Message = worker.connection.recv()
            except (EOFError, ConnectionResetError):
                yield worker.obituary()
                worker.stop()
                self._workers.remove(worker)
                continue
            if isinstance(message, Finished | Raised):
                worker.job = None
            yield message

    def close(self) -> None:
        """End all workers at once, whatever they are at."""
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
