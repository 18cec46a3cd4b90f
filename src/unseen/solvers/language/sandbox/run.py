"""Runs a program in the sandbox, watches it from outside and says how it ended."""

from __future__ import annotations

import ast
import contextlib
import marshal
import math
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from pathlib import PurePath
from typing import Any

from unseen.solvers.language.sandbox.limits import Limits
from unseen.solvers.language.sandbox.machine import (
    DEVICES,
    SCRATCH,
    Mode,
    bubblewrap,
    confinement,
    interpreter,
    machine,
    stranger,
    visible,
)
from unseen.solvers.language.sandbox.memory import private_memory
from unseen.solvers.language.sandbox.result import Ending, ProgramResult
from unseen.solvers.language.sandbox.system_calls import MACHINES, system_call_filter

STARTING = 20.0
"""Seconds that building the sandbox may take on a busy machine."""
LOOK_EVERY = 0.05
"""Seconds between looks at the memory of all processes."""
CHUNK = 1 << 16

PYTHON = ("-s", "-S", "-E")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUTF8": "1",
}
"""All that a program finds in its environment."""


def run_program(
    source: str, *, stdin: str = "", limits: Limits | None = None, mode: Mode | None = None
) -> ProgramResult:
    r"""Run a Python program in the sandbox.

    The program is ``__main__`` of a fresh interpreter with the standard library alone, in an empty scratch folder that
    vanishes with it. When its first process ends, or a limit is reached, all processes it started are killed.

    Parameters
    ----------
    source : str
        The program's text.
    stdin : str
        What it reads from standard input.
    limits : Limits, optional
        What it may use.
    mode : str, optional
        ``"bubblewrap"`` or ``"namespaces"``; by default whichever works here, in this order.

    Returns
    -------
    ProgramResult
        Its `ending` is ``"refused"``, with the reason, where this machine cannot confine it: it is not run then.

    Raises
    ------
    ValueError
        If the mode is unknown.

    Examples
    --------
    >>> result = run_program("print(sum(range(10)))")
    >>> result.stdout if result.ending != "refused" else "45\n"
    '45\n'
    """
    found = confinement(mode)
    if found.mode is None:
        return ProgramResult("refused", found.missing)
    try:
        return run_in(found.mode, source, stdin=stdin, limits=limits)
    except OSError as error:
        return ProgramResult("refused", f"the sandbox could not be built: {error}")


def run_programs(
    sources: Iterable[str],
    *,
    stdin: str = "",
    limits: Limits | None = None,
    mode: Mode | None = None,
    workers: int | None = None,
) -> list[ProgramResult]:
    """Run several programs, some at the same time; results in their order.

    Parameters
    ----------
    sources, stdin, limits, mode
        As for `run_program`, with the same input and limits for each.
    workers : int, optional
        Programs at one time; as many as this process has cores by default.

    Raises
    ------
    ValueError
        If the mode is unknown or `workers` is below 1.
    """
    workers = len(os.sched_getaffinity(0)) if workers is None else workers
    if workers < 1:
        raise ValueError(f"at least one program runs at a time, not {workers}")
    confinement(mode)
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(lambda source: run_program(source, stdin=stdin, limits=limits, mode=mode), sources))


def run_in(mode: Mode, source: str, *, stdin: str = "", limits: Limits | None = None) -> ProgramResult:
    """Run a program in a mode that may not confine it: `run_program` asks first, and is what others call.

    Raises
    ------
    OSError
        If the sandbox cannot be built.
    """
    limits = limits or Limits()
    with contextlib.ExitStack() as open_files:
        read, report = os.pipe()
        reports = open_files.enter_context(open(read, "rb", buffering=0))
        passed = {"report": report, "stdin": _readable(stdin.encode("utf-8", "surrogatepass"))}
        try:
            if mode == "bubblewrap":
                passed["information"] = os.dup(report)
            config = _configuration(mode, source, limits, passed)
            command = _bubblewrap(config, passed["information"]) if mode == "bubblewrap" else _namespaces()
            given = _readable(marshal.dumps(config))
            passed["config"] = given
            process = subprocess.Popen(
                command,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                pass_fds=[descriptor for name, descriptor in passed.items() if name != "config"],
                start_new_session=True,
            )
        finally:
            for descriptor in passed.values():
                os.close(descriptor)
        open_files.enter_context(process)
        watch = _Watch(process, reports, limits)
        try:
            watch.follow()
        finally:
            watch.end()
    return watch.result()


class _Watch:
    """Reads what a program writes and what its monitor reports, and stops it where a limit is passed."""

    def __init__(self, process: subprocess.Popen[bytes], reports: Any, limits: Limits) -> None:
        self.process, self.limits = process, limits
        self.written = {process.stdout: bytearray(), process.stderr: bytearray(), reports: bytearray()}
        self.reports = reports
        self.stopped: tuple[Ending, str] | None = None
        self.begun = time.monotonic()

    def follow(self) -> None:
        """Return when the program has ended or is to be stopped."""
        latest = self.begun + self.limits.wall_seconds + STARTING
        with selectors.DefaultSelector() as selector:
            for stream in self.written:
                selector.register(stream, selectors.EVENT_READ)
            looked = time.monotonic()
            while selector.get_map() and self.stopped is None:
                now = time.monotonic()
                if now >= latest:
                    self.stopped = "time limit", f"no sign of an end after {now - self.begun:.3g} seconds"
                for key, _ in selector.select(LOOK_EVERY):
                    if not self._read(key.fileobj):
                        selector.unregister(key.fileobj)
                        if key.fileobj is self.reports and self._last("seconds") is not None:
                            self._drain()
                            return
                if now - looked >= LOOK_EVERY and (monitor := self._monitor()):
                    looked = now
                    if private_memory(monitor) > self.limits.memory:
                        self.stopped = "memory limit", f"all processes together use over {self.limits.memory} bytes"

    def end(self) -> None:
        """Kill what is left, and wait until it is gone."""
        if self.process.poll() is None and (self.stopped is not None or self._last("seconds") is None):
            if monitor := self._monitor():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(monitor, signal.SIGKILL)
            else:
                self.process.kill()
        try:
            self.process.wait(STARTING)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def result(self) -> ProgramResult:
        """What came of it."""
        stdout, stderr = (
            bytes(self.written[stream][: self.limits.output]).decode("utf-8", "replace")
            for stream in (self.process.stdout, self.process.stderr)
        )
        seconds = float(self._last("seconds") or time.monotonic() - self.begun)
        if refused := self._last("refused"):
            return ProgramResult("refused", str(refused))
        if self.stopped is not None:
            return ProgramResult(*self.stopped, stdout, stderr, seconds)
        if self._last("late"):
            why = f"ran longer than {self.limits.wall_seconds:g} seconds"
            return ProgramResult("time limit", why, stdout, stderr, seconds)
        status = self._last("status")
        if status is None:
            if self._last("started"):
                return ProgramResult("crashed", "its whole sandbox was killed", stdout, stderr, seconds)
            return ProgramResult("refused", stderr.strip()[-300:] or "the sandbox could not be built")
        cpu = float(self._last("cpu") or 0.0)
        ending, why = self._ending(int(status), cpu, stderr)
        code = os.waitstatus_to_exitcode(int(status))
        left, killed = (code, None) if code >= 0 else (None, -code)
        return ProgramResult(ending, why, stdout, stderr, seconds, cpu, left, killed)

    def _ending(self, status: int, cpu: float, stderr: str) -> tuple[Ending, str]:
        code = os.waitstatus_to_exitcode(status)
        if code < 0:
            whole = math.ceil(self.limits.cpu_seconds)
            if -code == signal.SIGXCPU or (-code == signal.SIGKILL and cpu >= whole):
                return "time limit", f"used more than {whole} s of processor time"
            return "crashed", f"killed by {signal.Signals(-code).name}"
        if code == 0:
            return "finished", ""
        last = stderr.rstrip().rpartition("\n")[2]
        if last.startswith("MemoryError"):
            return "memory limit", f"a process needs over {self.limits.memory} bytes"
        return "failed", last[:300] or f"left with status {code}"

    def _read(self, stream: Any) -> bool:
        read = os.read(stream.fileno(), CHUNK)
        kept = self.written[stream]
        kept += read
        if stream is not self.reports and len(kept) > self.limits.output:
            del kept[self.limits.output :]
            self.stopped = "output limit", f"wrote over {self.limits.output} bytes"
        return bool(read)

    def _drain(self) -> None:
        """Read what is in the pipes already: whoever could write more is dead or about to be."""
        for stream in (self.process.stdout, self.process.stderr):
            if stream is None:
                continue
            os.set_blocking(stream.fileno(), False)
            with contextlib.suppress(BlockingIOError):
                while self.stopped is None and self._read(stream):
                    pass

    def _last(self, name: str) -> Any:
        found = None
        # Bubblewrap's own information stands between the lines; it has no braces on one line.
        for line in bytes(self.written[self.reports]).splitlines():
            if line.startswith(b"{") and line.endswith(b"}"):
                found = ast.literal_eval(line.decode()).get(name, found)
        return found

    def _monitor(self) -> int | None:
        """Process id of the monitor, as seen from here."""
        found = re.search(rb'"child-pid": (\d+)', bytes(self.written[self.reports]))
        return int(found[1]) if found else None


def _configuration(mode: Mode, source: str, limits: Limits, passed: dict[str, int]) -> dict[str, Any]:
    folders, links = visible()
    user = stranger()
    cpu = math.ceil(limits.cpu_seconds)
    # The monitor counts too where it has the same user as the program.
    processes = limits.processes + (user is None)
    return {
        "parent": os.getpid(),
        "uid": user,
        "report": passed["report"],
        "stdin": passed["stdin"],
        "wall_seconds": limits.wall_seconds,
        "scratch": SCRATCH,
        "scratch_bytes": limits.scratch,
        "visible": folders,
        "links": links,
        "devices": [device for device in DEVICES if os.path.exists(device)],
        "monitor": _text("monitor.py") if mode == "namespaces" else "",
        "filter": system_call_filter(machine()).hex() if machine() in MACHINES else "",
        "program": source,
        "command": [interpreter(), "-s", "-S", "-P", f"{SCRATCH}/program.py"],
        "environment": ENVIRONMENT,
        "limits": {
            "RLIMIT_CPU": (cpu, cpu + 1),
            "RLIMIT_AS": (limits.memory, limits.memory),
            "RLIMIT_FSIZE": (limits.scratch, limits.scratch),
            "RLIMIT_NOFILE": (limits.open_files, limits.open_files),
            "RLIMIT_NPROC": (processes, processes),
            "RLIMIT_CORE": (0, 0),
            "RLIMIT_MEMLOCK": (0, 0),
            "RLIMIT_MSGQUEUE": (0, 0),
        },
    }


def _namespaces() -> list[str]:
    return [interpreter(), *PYTHON, "-c", _text("namespaces.py")]


def _bubblewrap(config: dict[str, Any], information: int) -> list[str]:
    confined = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    if config["uid"] is None:
        confined += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    else:
        confined += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    # Bubblewrap makes folders above a private one private too.
    above = {str(parent) for path in (*config["visible"], *config["devices"]) for parent in PurePath(path).parents} - {
        "/"
    }
    shown = [word for path in sorted(above) for word in ("--perms", "0755", "--dir", path)]
    shown += [word for path in config["visible"] for word in ("--ro-bind", path, path)]
    shown += [word for path, to in config["links"].items() for word in ("--symlink", to, path)]
    shown += [word for path in config["devices"] for word in ("--dev-bind", path, path)]
    return [
        bubblewrap(),
        *confined,
        *("--die-with-parent", "--as-pid-1", "--new-session", "--info-fd", str(information)),
        *shown,
        *("--size", str(config["scratch_bytes"]), "--perms", "1777", "--tmpfs", SCRATCH),
        *("--remount-ro", "/", "--chdir", "/", "--"),
        *(interpreter(), *PYTHON, "-c", _text("monitor.py")),
    ]


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _readable(content: bytes) -> int:
    """A descriptor from which the content can be read, and nothing can be written to it."""
    held = os.memfd_create("content")
    try:
        with open(held, "wb", closefd=False) as file:
            file.write(content)
        return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(held)
