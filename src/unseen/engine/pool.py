"""Worker processes: started once, reused for many jobs, replaced when they die or a trial raised in them."""

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
from unseen.engine.messages import Job, Message, Progress, Raised

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""What PyTorch, NumPy and SciPy read when they are imported."""

LAST_WORDS = 2000
"""Bytes of a dead worker's output that are kept."""

GRACE = 5.0
"""Seconds that a worker which closed its channel has to end."""


class _Worker:
    """One process with its channel, its log, and the job it is at."""

    def __init__(self, threads: int) -> None:
        ours, theirs = socket.socketpair()
        self.log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self.threads = threads
        with theirs:
            arguments = (theirs.fileno(), threads, os.getpid())
            self.process = subprocess.Popen(
                # -P and PYTHONPATH: a worker imports what this process would, wherever it was started.
                [sys.executable, "-P", "-m", "unseen.engine.worker", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                pass_fds=[theirs.fileno()],
                env={
                    **os.environ,
                    **dict.fromkeys(THREAD_VARIABLES, str(threads)),
                    "PYTHONPATH": os.pathsep.join(sys.path),
                },
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
        error = f"worker process {self._end()}"
        self.log.seek(max(0, self.log.seek(0, os.SEEK_END) - LAST_WORDS))
        last_words = self.log.read().decode(errors="replace").strip()
        if last_words:
            error = f"{last_words}\n{error}"
        return Raised(self.job.number, error, time.perf_counter() - self.started, environment("cpu", self.threads))

    def _end(self) -> str:
        try:
            code = self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            return "closed its channel"
        if code == -signal.SIGKILL:
            return "was killed by SIGKILL (the system does so when memory runs out)"
        if code < 0:
            names = {number.value: number.name for number in signal.Signals}
            return f"was killed by {names.get(-code, f'signal {-code}')}"
        return f"exited with code {code}"

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
            self._dismiss(worker)
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
        ready = wait(list(busy), timeout)
        for channel, worker in busy.items():
            if channel in ready:
                yield self._receive(worker)
            elif worker.process.poll() is not None and not channel.poll():
                # A process that the trial forked holds the channel open beyond the worker's death.
                yield self._bury(worker)

    def _receive(self, worker: _Worker) -> Message:
        try:
            message: Message = worker.connection.recv()
        except (EOFError, OSError):  # OSError: it died in the middle of a word
            return self._bury(worker)
        if isinstance(message, Raised):
            # What the trial left behind (memory, a broken accelerator context) must not touch the next one.
            self._dismiss(worker)
        elif not isinstance(message, Progress):
            worker.job = None
        return message

    def _bury(self, worker: _Worker) -> Raised:
        last = worker.obituary()
        self._dismiss(worker)
        return last

    def _dismiss(self, worker: _Worker) -> None:
        worker.stop()
        self._workers.remove(worker)

    def close(self) -> None:
        """End all workers at once, whatever they are at."""
        for worker in self._workers:
            worker.stop()
        self._workers.clear()
