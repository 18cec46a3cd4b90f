"""The hostile programs, run once for each way to confine; and the modules beside this file."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from unseen.solvers.language.sandbox import ProgramResult, confinement, run_program

sys.path.insert(0, str(Path(__file__).parent))

from hostile_programs import HOSTILE
from watched import LIMITS, SECRET, Outside, programs_left


@pytest.fixture(scope="session", params=["bubblewrap", "namespaces"])
def outside(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    found = confinement(request.param)
    if found.mode is None:
        pytest.skip(found.missing)
    secret = tmp_path_factory.mktemp("home") / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    canary = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    tcp, local = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX)
    port = tcp.getsockname()[1]
    local.bind(f"\0unseen-{port}")
    local.listen()
    words = {
        "SECRET_FILE": str(secret),
        "SECRET_FOLDER": str(secret.parent),
        "PORT": str(port),
        "CALLER": str(os.getpid()),
        "CANARY": str(canary.pid),
    }

    def run(source: str) -> ProgramResult:
        for word, value in words.items():
            source = source.replace(word, value)
        return run_program(source, limits=LIMITS, mode=found.mode)

    os.environ["UNSEEN_TEST_SECRET"] = SECRET
    try:
        with ThreadPoolExecutor(6) as pool:
            results = dict(
                zip([each.name for each in HOSTILE], pool.map(run, [e.source for e in HOSTILE]), strict=True)
            )
    finally:
        del os.environ["UNSEEN_TEST_SECRET"]
    visitors = 0
    for listening in (tcp, local):
        listening.setblocking(False)
        try:
            listening.accept()
            visitors += 1
        except BlockingIOError:
            pass
        listening.close()
    yield Outside(results, secret, canary, visitors, programs_left())
    canary.kill()
    canary.wait()
