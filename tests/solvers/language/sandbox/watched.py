"""Somebody outside the sandbox who would notice harm, and the limits that hostile programs run under."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from unseen.solvers.language.sandbox import Limits, ProgramResult

SECRET = "the-secret-nobody-must-see"
LIMITS = Limits(wall_seconds=1.5, cpu_seconds=1, memory=128 << 20, output=20_000, processes=8, scratch=4 << 20)


@dataclass
class Outside:
    """What is there to be harmed."""

    results: dict[str, ProgramResult]
    secret: Path
    canary: subprocess.Popen[bytes]
    visitors: int
    left: list[str]


def programs_left() -> list[str]:
    """Command lines of processes of any sandbox that are still there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if b"/scratch/program.py" in words:
            found.append(b" ".join(words).decode(errors="replace"))
    return found
