"""Where output goes: readers that leave early, full disks, terminals, logs, text that looks like markup."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unseen.commands import progress
from unseen.commands.output import print_json
from unseen.commands.progress import describe, progress_display
from unseen.engine.messages import Job
from unseen.engine.runner import Standing

Command = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


def batch(*seeds: int, condition: str = "baseline") -> Job:
    return Job(1, "m:a", condition, seeds, "small", "cpu")


# -- standard output ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", ["papers", "papers --json", "cite 080", "sample modular-addition -n 4000 --format jsonl"]
)
def test_a_reader_that_leaves_early_gives_no_traceback(arguments: str, home: Path) -> None:
    for reader in ("head -1", "true"):
        done = subprocess.run(
            ["bash", "-c", f"{sys.executable} -m unseen {arguments} | {reader}"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("arguments", ["papers", "papers --json", "cite 080", "--help"])
def test_an_output_that_is_full_gets_one_line(arguments: str, spawn: Start) -> None:
    with Path("/dev/full").open("w") as full:
        process = spawn(*arguments.split(), stdout=full)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (2, "unseen: output: No space left on device\n")


def test_json_that_is_not_strict_is_never_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"value": float("nan")})
    assert capsys.readouterr().out == ""


def test_brackets_and_colons_are_text_and_no_markup(
    toys: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import toy_studies

    study = toy_studies.steady
    worded = replace(study.claims[0], text="Values [red]in[/red] [0, 1] hold :smile: [/closed] on average.")
    monkeypatch.setattr(toy_studies, "steady", replace(study, claims=(worded, *study.claims[1:])))
    out = tmp_path / "[bold]folder[/x]"
    printed = unseen("run", "toy", "--scale", "smoke", "--seeds", "0-1", "--out", out)
    assert printed.code == 0
    assert "Values [red]in[/red] [0, 1] hold :smile: [/closed] on average." in printed.out
    assert f"figure: {out}/figure.png" in printed.out
    assert "\x1b" not in printed.out  # no colours where there is no terminal


def test_rows_that_no_person_reads_are_lines(home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from unseen.catalogue import search

    monkeypatch.setenv("COLUMNS", "40")
    lines = unseen("papers").out.splitlines()
    for paper in search(""):
        (line,) = (line for line in lines if line.startswith(f"{paper.id}  "))
        assert paper.title in line


def test_several_studies_are_told_one_after_the_other_in_folders_of_their_own(
    toys: Path, unseen: Command, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    printed = unseen("run", "toybatched", "toy", "toy", "--scale", "smoke", "--seeds", "0-1", "--out", out)
    assert printed.code == 0
    assert re.findall(r"^(\w+) \w+, scale smoke, (\d+) trials, \d+ s: . holds$", printed.out, re.MULTILINE) == [
        ("toybatched", "80"),
        ("toy", "4"),
    ]
    assert sorted(path.name for path in out.iterdir()) == ["toy", "toybatched"]
    assert (out / "toy" / "findings.json").exists()
    assert printed.out.count("Scale smoke only shows that the code runs") == 2


def test_fresh_runs_all_trials_again(toys: Path, unseen: Command) -> None:
    command = ("run", "toy", "--scale", "smoke", "--seeds", "0-1")
    for _ in range(2):
        unseen(*command)
    assert len(toys.read_text().splitlines()) == 4
    unseen(*command, "--fresh")
    assert len(toys.read_text().splitlines()) == 8


# -- progress -----------------------------------------------------------------------------------------------------


def test_a_standing_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing(total=20, reused=5, started=100.0)
    monkeypatch.setattr(time, "monotonic", lambda: 400.0)
    assert describe(standing) == "5/20 trials"
    standing.done, standing.elsewhere = 3, 2
    standing.in_flight = {1: (batch(0), 0.0), 2: (batch(1), 0.0), 3: (batch(2, condition="[b]"), 0.0)}
    assert describe(standing) == "8/20 trials · baseline, [b] · 2 in another run · 20 min 0 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (3599.6, "1 h 0 min"), (90_000, "25 h 0 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert progress.format_seconds(seconds) == words


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with progress_display("080 corrupted-labels") as watch:
        standing = Standing(total=10, started=1000.0)
        for second in range(40):
            now[0] = 1000.0 + second
            standing.done = second // 5
            watch(standing)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "080 corrupted-labels: 30%, 3/10 trials · 35 s left",
        "080 corrupted-labels: 60%, 6/10 trials · 20 s left",
    ]


@pytest.mark.parametrize("width", [120, 20])
def test_a_terminal_gets_a_live_display_that_vanishes(width: int, toys: Path, spawn: Start) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm"}
    process = spawn("run", "toyslow", "--scale", "smoke", "--workers", 2, "--json", stderr=theirs, env=environment)
    os.close(theirs)
    screen = io.BytesIO()
    while True:
        try:
            if not (some := os.read(ours, 4096)):
                break
        except OSError:  # what Linux says when the other side is closed
            break
        screen.write(some)
    out = process.communicate(timeout=30)[0]
    os.close(ours)
    shown = screen.getvalue().decode()
    assert process.returncode == 0, shown
    assert "Traceback" not in shown
    assert "\x1b[?25l" in shown  # the cursor is hidden
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # and comes back
    assert "%" in shown or width == 20
    assert out.startswith("[\n")


def test_progress_stays_off_standard_output(toys: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LOG_EVERY", 0.0)
    printed = unseen("run", "toy", "--scale", "smoke", "--seeds", "0-1", "--json")
    assert re.match(r"toy toy: \d+%, \d/4 trials", printed.err)
    assert printed.err.splitlines()[-1].startswith("toy toy: 100%, 4/4 trials")
    assert "trials ·" not in printed.out
