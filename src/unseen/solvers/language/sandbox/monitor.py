"""The first process inside the sandbox: it starts the program under its limits, times it and says how it ended.

Nothing of ours is visible in there, so this file is handed to the interpreter as text and imports only the standard
library. As process 1 of its namespace it cannot be signalled by the program, and when it ends the kernel kills whatever
is left.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import signal
import sys
import time
from typing import Any

PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 4, 22, 24, 38
SECCOMP_FILTER = 2
CAPABILITY_VERSION = 0x20080522
"""Third version of the structure that ``capset`` takes."""
MOST_DESCRIPTORS = 1 << 20


def supervise(config: dict[str, Any]) -> None:
    """Run the program, report on the descriptor ``config["report"]``, and leave."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    failure, told = os.pipe()
    program = os.fork()
    if program == 0:
        try:
            os.close(failure)
            _become_program(config, libc, told)
        except BaseException as error:
            os.write(told, f"{type(error).__name__}: {error}".encode()[:1000])
        os._exit(1)
    os.close(told)
    for descriptor in (0, 1, 2, config["stdin"]):
        os.close(descriptor)
    if refused := os.read(failure, 1000):
        _report(config, {"refused": refused.decode()})
    start = time.monotonic()
    _report(config, {"started": True})
    while (left := start + config["wall_seconds"] - time.monotonic()) > 0:
        while (ended := _reaped()) is not None:
            child, status, used = ended
            if child == program:
                seconds = time.monotonic() - start
                _report(config, {"status": status, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime})
                os._exit(0)
        signal.sigtimedwait({signal.SIGCHLD}, left)
    _report(config, {"late": True, "seconds": time.monotonic() - start})
    os._exit(0)


def _reaped() -> tuple[int, int, Any] | None:
    try:
        ended = os.wait4(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return ended if ended[0] else None


def _report(config: dict[str, Any], message: dict[str, Any]) -> None:
    os.write(config["report"], f"\n{message}\n".encode())
    if "refused" in message:
        os._exit(1)


def _become_program(config: dict[str, Any], libc: ctypes.CDLL, told: int) -> None:
    """Give up every right, then become the interpreter of the program; only `told` stays open until then."""
    os.setsid()
    os.dup2(config["stdin"], 0)
    os.closerange(3, told)
    os.closerange(told + 1, MOST_DESCRIPTORS)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    if config["uid"] is not None:
        for capability in range(64):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        os.setgroups([])
        os.setresgid(config["uid"], config["uid"], config["uid"])
        os.setresuid(config["uid"], config["uid"], config["uid"])
    os.chdir(config["scratch"])
    with open("program.py", "wb") as file:
        file.write(config["program"].encode("utf-8", "surrogatepass"))
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    none = (ctypes.c_uint32 * 6)()
    if libc.capset(header, none) != 0 or libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "privileges cannot be dropped")
    os.umask(0o077)
    for name, value in config["limits"].items():
        resource.setrlimit(getattr(resource, name), tuple(value))
    _filter_system_calls(bytes.fromhex(config["filter"]), libc)
    os.execve(config["command"][0], config["command"], config["environment"])


def _filter_system_calls(instructions: bytes, libc: ctypes.CDLL) -> None:
    if not instructions:
        return

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    program = Program(len(instructions) // 8, instructions)
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "system calls cannot be filtered")


if __name__ == "__main__":
    supervise(marshal.loads(sys.stdin.buffer.read()))
