"""Somebody outside the sandbox who would notice harm."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECRET = "the-secret-nobody-must-see"
MARK = (128 << 20) + os.getpid()
"""Limit of memory by which the programs of these tests are told from others on the machine."""


@dataclass
class Outside:
    """A file, a process and two listening sockets."""

    secret: Path
    canary: subprocess.Popen[bytes]
    listening: tuple[socket.socket, ...]

    def names(self, source: str) -> str:
        """The program with the names of these things in it."""
        words = {
            "SECRET_FILE": str(self.secret),
            "SECRET_FOLDER": str(self.secret.parent),
            "PORT": str(self.listening[0].getsockname()[1]),
            "CALLER": str(os.getpid()),
            "CANARY": str(self.canary.pid),
        }
        for word, value in words.items():
            source = source.replace(word, value)
        return source

    def assert_unharmed(self) -> None:
        """Nothing was read into, changed, killed or called, and no program is left."""
        assert self.secret.read_text() == SECRET
        assert [path.name for path in self.secret.parent.iterdir()] == ["secret"]
        assert self.canary.poll() is None
        for each in self.listening:
            try:
                each.accept()
            except BlockingIOError:
                continue
            raise AssertionError(f"somebody called {each}")
        assert programs_left() == []


@contextmanager
def somebody_outside(folder: Path) -> Iterator[Outside]:
    """Everything that could be harmed, in `folder` and in this process."""
    secret = folder / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    os.environ["UNSEEN_TEST_SECRET"] = SECRET
    with (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True) as canary,
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as local,
    ):
        local.bind(f"\0unseen-{tcp.getsockname()[1]}")
        local.listen()
        for each in (tcp, local):
            each.setblocking(False)
        try:
            yield Outside(secret, canary, (tcp, local))
        finally:
            canary.kill()
            del os.environ["UNSEEN_TEST_SECRET"]


def programs_left(mark: int = MARK) -> list[str]:
    """Command lines of programs that are still there, of those that run with `mark` as their limit of memory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            limits = (process / "limits").read_text()
        except OSError:
            continue
        if b"/scratch/program.py" in words and str(mark) in limits:
            found.append(b" ".join(words).decode(errors="replace"))
    return found
