"""The program of a worker process: ``python -m unseen.engine.worker CHANNEL THREADS ENGINE``.

It takes jobs from the channel (an inherited socket) until the engine closes it, and dies with the engine.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection

SET_PARENT_DEATH_SIGNAL = 1
"""``PR_SET_PDEATHSIG`` of Linux's prctl."""

LOOK_FOR_ENGINE_EVERY = 1.0
"""Seconds between two looks whether the engine lives, where the system cannot tell by itself."""


def main(channel: int, threads: int, engine: int) -> None:
    """Serve jobs.

    Parameters
    ----------
    channel : int
        File descriptor of the inherited socket.
    threads : int
        Threads that the environment variables allow; noted with each trial.
    engine : int
        Number of the process to die with.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the engine decides when to stop
    faulthandler.enable()  # a crash in native code then names the Python line that led there
    os.set_inheritable(channel, False)
    _die_with(engine)
    connection: Connection = Connection(channel)
    from unseen.engine.execute import execute

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            connection.send(execute(connection.recv(), threads, connection.send))


def _die_with(engine: int) -> None:
    """End this process when the engine dies, whatever it is at."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(engine,), daemon=True).start()
    if os.getppid() != engine:  # it died before we could ask
        os.kill(os.getpid(), signal.SIGKILL)


def _watch(engine: int) -> None:
    while os.getppid() == engine:
        time.sleep(LOOK_FOR_ENGINE_EVERY)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
