"""Runs that were started from a page: each a process of its own and a folder that says all that is known of it.

Nothing about a run is kept in this process alone, so that a server that starts again finds every run where it is.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from unseen.engine.store.liveness import Process, is_gone, process_of
from unseen.errors import UsageError
from unseen.web.requests import Request, as_plain, from_plain

State = Literal["running", "done", "stopped", "failed"]

MOST_AT_ONCE = 4
"""Runs that may be going on at the same time; each takes all cores it is given."""

LOG_TAIL = 16_384
"""Bytes of a log that are shown."""

_NAME = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")


@dataclass(frozen=True)
class Progress:
    """How far a run is: `fraction` in [0, 1]."""

    fraction: float = 0.0
    seconds_left: float | None = None
    words: str = "starting"


@dataclass(frozen=True)
class Run:
    """A run as its folder tells it now."""

    name: str
    folder: Path
    request: Request
    started: str
    state: State
    progress: Progress

    @property
    def result(self) -> Any:
        """What the command printed, as JSON values; None if it has not finished."""
        return _read_json(self.folder / "result.json")

    @property
    def log(self) -> str:
        """The end of what it wrote to standard error."""
        try:
            with (self.folder / "log.txt").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LOG_TAIL))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


class Runs:
    """All runs in a folder.

    Parameters
    ----------
    folder : Path
        Where their folders are.
    store : str or None
        URL of the store that studies keep their trials in; None for the user's own.
    """

    def __init__(self, folder: Path, store: str | None = None) -> None:
        self.folder = folder
        self.store = store
        self._children: list[subprocess.Popen[bytes]] = []

    def start(self, request: Request) -> Run:
        """Start a process that outlives this one.

        Raises
        ------
        UsageError
            If too many are running.
        """
        if sum(run.state == "running" for run in self.all()) >= MOST_AT_ONCE:
            raise UsageError(f"{MOST_AT_ONCE} runs are going on; stop one, or wait for it")
        now = datetime.now(UTC)
        name = f"{now:%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
        folder = self.folder / name
        folder.mkdir(parents=True)
        about = {"request": as_plain(request), "started": now.isoformat(timespec="seconds")}
        (folder / "request.json").write_text(json.dumps(about), encoding="utf-8")
        environment = dict(os.environ)
        if self.store is not None:
            environment["UNSEEN_STORE"] = self.store  # a URL on the command line would show its password to everybody
        with (folder / "result.json").open("wb") as out, (folder / "log.txt").open("wb") as log:
            child = subprocess.Popen(
                request.command(folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self._children.append(child)
        _write_json(folder / "process.json", asdict(process_of(child.pid)))
        return self._read(folder)

    def all(self) -> list[Run]:
        """All runs, the newest first."""
        try:
            folders = sorted((path for path in self.folder.iterdir() if _NAME.fullmatch(path.name)), reverse=True)
        except FileNotFoundError:
            return []
        found = []
        for folder in folders:
            with suppress(OSError, ValueError, KeyError, TypeError):  # a folder that is no run is none of ours
                found.append(self._read(folder))
        return found

    def get(self, name: str) -> Run | None:
        """The run of that name; None if there is none, or it is no name."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return self._read(self.folder / name)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def stop(self, run: Run) -> None:
        """Ask a run to stop; what it has finished is kept."""
        process = _process(run.folder)
        if process is None or is_gone(process):
            return
        (run.folder / "stopped").touch()
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)

    def _read(self, folder: Path) -> Run:
        about = json.loads((folder / "request.json").read_text(encoding="utf-8"))
        self._children = [child for child in self._children if child.poll() is None]
        state = _state(folder)
        return Run(
            folder.name, folder, from_plain(about["request"]), str(about["started"]), state, _progress(folder, state)
        )


def _state(folder: Path) -> State:
    process = _process(folder)
    if process is not None and not is_gone(process):
        return "running"
    if _read_json(folder / "result.json") is not None:
        return "done"
    return "stopped" if (folder / "stopped").exists() else "failed"


def _process(folder: Path) -> Process | None:
    found = _read_json(folder / "process.json")
    return None if found is None else Process(**found)


def _progress(folder: Path, state: State) -> Progress:
    try:
        lines = (folder / "progress.jsonl").read_text(encoding="utf-8").splitlines()
    except OSError:
        return Progress(words="starting" if state == "running" else "")
    for line in reversed(lines):
        try:
            told = json.loads(line)
        except ValueError:  # the last line may be half written
            continue
        return Progress(float(told["fraction"]), told["seconds_left"], str(told["words"]))
    return Progress()


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _write_json(path: Path, value: Any) -> None:
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(value), encoding="utf-8")
    partial.replace(path)
