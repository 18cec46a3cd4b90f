"""Help: quick, light, and complete."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from unseen.cli import app

COMMANDS = (
    "papers",
    "run",
    "show",
    "verify",
    "report",
    "web",
    "evaluate",
    "problems",
    "sample",
    "export",
    "audit",
    "cite",
    "doctor",
)
HEAVY = {
    "fastapi",
    "uvicorn",
    "torch",
    "numpy",
    "pandas",
    "matplotlib",
    "sqlalchemy",
    "scipy",
    "sklearn",
    "alembic",
    "pyarrow",
}


def test_help_imports_nothing_heavy() -> None:
    script = "import sys; sys.argv = ['unseen', '--help']\nfrom unseen.cli import main\ntry: main()\nfinally: "
    script += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert not HEAVY.intersection(done.stderr.split())


def test_help_takes_less_than_half_a_second() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "unseen", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime  # what it takes when alone

    assert min(seconds() for _ in range(3)) < 0.5


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str, home: Path, unseen: Callable[..., Any]) -> None:
    for flag in ("--help", "-h"):
        printed = unseen(command, flag)
        assert (printed.code, printed.err) == (0, "")
        assert printed.out.startswith(f"Usage: unseen {command} ")


def _parameters() -> Iterator[tuple[str, Any]]:
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        for parameter in command.params:
            yield name, parameter


def test_every_option_and_argument_is_documented() -> None:
    found = list(_parameters())
    assert {name for name, _ in found} == set(COMMANDS)
    for name, parameter in found:
        help_text = parameter.help
        assert help_text, f"unseen {name}: {parameter.name} has no help"
        assert help_text.endswith("."), f"unseen {name}: {parameter.name}: {help_text}"


def test_every_command_is_described_in_the_list(home: Path, unseen: Callable[..., Any]) -> None:
    printed = unseen("--help").out
    for command in COMMANDS:
        (line,) = re.findall(rf"^  {command} +(\S.*)$", printed, re.MULTILINE)
        assert line.endswith("."), line
        assert "..." not in line, "cut off: make the first sentence shorter"


def test_the_version(home: Path, unseen: Callable[..., Any]) -> None:
    from importlib.metadata import version

    assert unseen("--version").out == f"unseen {version('unseen')}\n"
