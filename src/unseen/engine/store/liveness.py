"""Whether the process behind an owner still exists, as far as this machine can tell."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A process that can be told from every other one, also from a later one with the same number.

    Parameters
    ----------
    host : str
        Name of the machine; on Linux with its process namespace, because containers number their own processes.
    pid : int
        The process number.
    started : str
        When it started, on Linux as boot id and clock ticks since boot; empty where the system does not say.
    """

    host: str
    pid: int
    started: str


def this_process() -> Process:
    """The calling process."""
    return process_of(os.getpid())


def process_of(pid: int) -> Process:
    """A living process of this machine, by its number."""
    state = _state_and_start(pid)
    return Process(_host(), pid, state[1] if state else "")


def is_gone(process: Process) -> bool:
    """Whether the process certainly exists no more. False for processes of other machines: only heartbeats tell."""
    if process.host != _host():
        return False
    state = _state_and_start(process.pid)
    if state is not None:
        # A killed process whose parent has not yet asked for it is still listed, as a zombie.
        return state[0] in "ZX" or (process.started != "" and state[1] != process.started)
    return not _may_exist(process.pid)


@cache
def _host() -> str:
    try:
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _state_and_start(pid: int) -> tuple[str, str] | None:
    try:
        # The second field, the program's name in brackets, may itself hold spaces and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return fields[0], f"{boot} {fields[19]}"


def _may_exist(pid: int) -> bool:
    if sys.platform == "win32":  # there, signal 0 would interrupt the process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
