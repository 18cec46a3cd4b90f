from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from unseen.engine.store import liveness
from unseen.engine.store.liveness import Process, is_gone, this_process

REPORT = (
    "import sys; from dataclasses import astuple; from unseen.engine.store.liveness import this_process; "
    "print(*astuple(this_process()), sep='|', flush=True); sys.stdin.read()"
)


@pytest.fixture
def child() -> Iterator[tuple[subprocess.Popen[str], Process]]:
    with subprocess.Popen(
        [sys.executable, "-c", REPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        host, pid, started = process.stdout.readline().strip("\n").split("|")
        yield process, Process(host, int(pid), started)
        process.kill()


def test_a_process_lives_until_it_is_killed(child: tuple[subprocess.Popen[str], Process]) -> None:
    process, known = child
    assert known.pid == process.pid
    assert not is_gone(known)
    assert not is_gone(this_process())
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still listed as a zombie
    assert is_gone(known)
    process.wait()
    assert is_gone(known)


def test_of_other_hosts_nothing_is_known(child: tuple[subprocess.Popen[str], Process]) -> None:
    process, known = child
    process.kill()
    process.wait()
    assert not is_gone(replace(known, host="another host"))


def test_a_process_that_started_at_another_time_is_another() -> None:
    assert is_gone(replace(this_process(), started="another boot 1"))
    assert not is_gone(replace(this_process(), started=""))


def test_without_a_list_of_processes_the_system_is_asked(
    child: tuple[subprocess.Popen[str], Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    process, known = child
    monkeypatch.setattr(liveness, "_state_and_start", lambda pid: None)
    assert this_process().started == ""
    assert not is_gone(known)
    process.kill()
    process.wait()
    assert is_gone(known)
