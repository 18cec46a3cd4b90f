"""What programs say comes back, limits are checked, and where nothing confines them nothing runs."""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from watched import MARK, programs_left

from unseen.solvers.language.sandbox import Limits, confinement, run_program, run_programs
from unseen.solvers.language.sandbox import run as running
from unseen.solvers.language.sandbox.machine import Confinement, interpreter
from unseen.solvers.language.sandbox.system_calls import MACHINES, system_call_filter

SOURCE = Path(running.__file__).parents[4]


def test_what_it_reads_and_writes(mode):
    result = run_program(
        "import sys\nprint(input()[::-1], 'ß')\nprint('no', file=sys.stderr)", stdin="größe\n", mode=mode
    )
    assert (result.ending, result.stdout, result.stderr) == ("finished", "eßörg ß\n", "no\n")
    assert result.finished
    assert 0 < result.seconds < 5


def test_it_may_write_into_its_scratch_folder_and_use_threads_and_children(mode):
    source = """
import subprocess, sys, tempfile, threading
with tempfile.TemporaryFile() as file:
    file.write(b"kept"); file.seek(0); print(file.read())
done = []
threads = [threading.Thread(target=done.append, args=(i,)) for i in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(done), subprocess.run([sys.executable, "-c", "print(7)"], capture_output=True).stdout)
"""
    assert run_program(source, mode=mode).stdout == "b'kept'\n[0, 1, 2] b'7\\n'\n"


def test_same_program_same_output(mode):
    source = "print({'a', 'b', 'c', 'd'}, hash('x'))"
    assert len({run_program(source, mode=mode).stdout for _ in range(3)}) == 1


def test_a_program_longer_than_a_pipe(mode):
    assert run_program(f"x = {'1' * 4000!r}\n" * 100 + "print(len(x))", mode=mode).stdout == "4000\n"


def test_exit_status_and_signal_are_told(mode):
    left = run_program("raise SystemExit(3)", mode=mode)
    assert (left.ending, left.status, left.signal) == ("failed", 3, None)
    killed = run_program("import os; os.kill(os.getpid(), 11)", mode=mode)
    assert (killed.ending, killed.status, killed.signal, killed.why) == ("crashed", None, 11, "killed by SIGSEGV")
    raised = run_program("{}['key']", mode=mode)
    assert (raised.ending, raised.why) == ("failed", "KeyError: 'key'")


def test_results_come_in_order(mode):
    results = run_programs([f"print({i})" for i in range(12)], workers=4, mode=mode)
    assert [result.stdout for result in results] == [f"{i}\n" for i in range(12)]


def test_no_descriptors_are_lost(mode):
    before = len(os.listdir("/proc/self/fd"))
    run_programs(["print(1)", "import time; time.sleep(9)", "1/0"], limits=Limits(wall_seconds=0.3), mode=mode)
    assert len(os.listdir("/proc/self/fd")) == before


def test_when_the_caller_dies_the_program_dies(mode):
    mark = MARK + 1_000_000 + len(mode)
    caller = (
        "from unseen.solvers.language.sandbox import Limits, run_program\n"
        f"run_program('import time; time.sleep(50)', limits=Limits(wall_seconds=60, memory={mark}), mode={mode!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", caller], env={**os.environ, "PYTHONPATH": str(SOURCE)})
    try:
        _wait_for(lambda: bool(programs_left(mark)))
    finally:
        process.kill()
        process.wait()
    _wait_for(lambda: not programs_left(mark))


def _wait_for(met, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces"])
@pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root tests this all along")
def test_an_ordinary_user_is_confined_too(name, tmp_path):
    if confinement(name).mode is None:
        pytest.skip(confinement(name).missing)
    python = next((found for found in (interpreter(), "/usr/bin/python3") if _anybody_may_run(found)), None)
    if python is None or not _anybody_may_read(SOURCE):
        pytest.skip("no interpreter, or not this source, is there for everybody")
    caller = f"""
import json
from unseen.solvers.language.sandbox import Limits, confinement, run_program
found = confinement({name!r})
limits = Limits(wall_seconds=1, memory=128 << 20, processes=8, output=1000)
programs = [
    "import os; print(os.getuid() != 0, os.listdir('/scratch'))",
    "import os\\ntry: os.kill(1, 9); os.kill({os.getpid()}, 9)\\nexcept OSError: print('denied')",
    "import os, resource\\ntry: resource.prlimit(1, resource.RLIMIT_CPU, (0, 0))\\nexcept OSError: print('denied')",
    "import os, time\\nn = 0\\ntry:\\n  while os.fork(): n += 1\\n  time.sleep(9)\\nexcept OSError: print(n < 8)",
    "open('/mine', 'w')",
    "x = []\\nwhile True: x.append(bytearray(10_000_000))",
    "import time; time.sleep(9)",
    "while True: print('x' * 100)",
    "import ctypes; print(ctypes.CDLL(None).unshare(0x10000000))",
]
results = [run_program(program, limits=limits, mode=found.mode) for program in programs]
print(json.dumps([str(found), [[result.ending, result.stdout[:50]] for result in results]]))
"""
    said = subprocess.run(
        [python, "-c", caller],
        user=54_321,
        group=54_321,
        extra_groups=[],
        env={"PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    found, results = json.loads(said.stdout)
    if found.startswith("none"):
        pytest.skip(found)
    assert results == [
        ["finished", "True ['program.py']\n"],
        ["finished", "denied\n"],
        ["finished", "denied\n"],
        ["finished", "True\n"],
        ["failed", ""],
        ["memory limit", ""],
        ["time limit", ""],
        ["output limit", results[7][1]],
        ["finished", "-1\n"],
    ]


def _anybody_may_run(path: str) -> bool:
    found = Path(shutil.which(path) or path).resolve()
    version = subprocess.run(
        [found, "-c", "import sys; print(sys.version_info >= (3, 11))"], capture_output=True, check=False
    )
    return version.stdout == b"True\n" and _anybody_may_read(found)


def _anybody_may_read(path: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in (*path.resolve().parents, path.resolve()))


# -- refusal ------------------------------------------------------------------------------------------------------


def test_refuses_where_nothing_confines(monkeypatch):
    monkeypatch.setattr(running, "confinement", lambda mode=None: Confinement(None, "no namespaces here"))
    result = run_program("print(1)")
    assert (result.ending, result.why, result.stdout) == ("refused", "no namespaces here", "")


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces")
def test_refuses_where_the_kernel_gives_no_namespaces():
    # A process whose own filter forbids unshare and clone with new namespaces, as in a strict container.
    caller = """
import ctypes
from unseen.solvers.language.sandbox import monitor, run_program
from unseen.solvers.language.sandbox.machine import confinement, machine
from unseen.solvers.language.sandbox.system_calls import system_call_filter
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)
monitor._filter_system_calls(system_call_filter(machine()), libc)
result = run_program("print('ran')")
print(result.ending, "install bubblewrap" in result.why, repr(result.stdout))
"""
    said = subprocess.run(
        [sys.executable, "-c", caller],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stdout == "refused True ''\n", said


def test_unknown_mode():
    with pytest.raises(ValueError, match="bubblewrap or namespaces, not 'docker'"):
        run_program("print(1)", mode="docker")


@pytest.mark.parametrize("wrong", [{"memory": 1}, {"processes": True}, {"wall_seconds": float("inf")}, {"output": 1.5}])
def test_limits_that_are_none(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


def test_workers_that_are_none():
    with pytest.raises(ValueError, match="at least one"):
        run_programs(["print(1)"], workers=0)


@pytest.mark.parametrize("machine", MACHINES)
def test_filter_allows_what_is_not_named_and_kills_other_machines(machine):
    program = list(struct.iter_unpack("HBBI", system_call_filter(machine)))
    architecture = program[1][3]
    assert _interpret(program, number=63, architecture=architecture) == 0x7FFF0000
    assert _interpret(program, number=63, architecture=architecture ^ 1) == 0x80000000
    clone = 56 if machine == "x86_64" else 220
    assert _interpret(program, number=clone, architecture=architecture, argument=17) == 0x7FFF0000
    assert _interpret(program, number=clone, architecture=architecture, argument=0x10000011) == 0x00050001


def _interpret(program, *, number: int, architecture: int, argument: int = 0) -> int:
    """Classic BPF by its definition: loads of words, three jumps, return."""
    data = {0: number, 4: architecture, 16: argument}
    value, at = 0, 0
    while True:
        code, if_met, if_not, operand = program[at]
        if code == 0x20:
            value, at = data[operand], at + 1
        elif code == 0x06:
            return operand
        else:
            met = {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code]
            at += 1 + (if_met if met else if_not)


def test_no_filter_for_other_machines():
    with pytest.raises(ValueError, match="no filter of system calls for vax"):
        system_call_filter("vax")
