"""The program of a worker process: ``python -m unseen.engine.worker CHANNEL THREADS``.

It takes jobs from the channel (an inherited socket) until the engine closes it, and dies with the engine.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

SET_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux's prctl."""


def main(channel: int, threads: int) -> None:
    """Serve jobs from the socket with file descriptor `channel`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine decides when to stop
    _die_with_parent()
    connection: Connection = Connection(channel)
    from unseen.engine.execute import execute

    _set_threads(threads)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            connection.send(execute(connection.recv(), threads, connection.send))


def _set_threads(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when the engine dies; elsewhere the closed channel ends it after its job."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
