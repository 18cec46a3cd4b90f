"""What a program in the sandbox may use."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

MEBIBYTE = 1 << 20

LEAST = {
    "wall_seconds": 0.05,
    "cpu_seconds": 0.05,
    "memory": 48 * MEBIBYTE,
    "output": 1,
    "processes": 1,
    "scratch": 64 << 10,
    "open_files": 8,
}
"""Below these Python itself does not start."""


@dataclass(frozen=True)
class Limits:
    """The most that one program and all processes it starts may use.

    Parameters
    ----------
    wall_seconds : float
        Time on the clock, for the whole tree of processes.
    cpu_seconds : float
        Processor time of each process, rounded up to whole seconds; that of the tree is bounded by the wall time.
    memory : int
        Bytes of address space of each process, and of private memory of the whole tree.
    output : int
        Bytes written to standard output, and as many to standard error.
    processes : int
        Processes and threads at one time.
    scratch : int
        Bytes in the scratch folder, and of each file in it.
    open_files : int
        Open files of each process.

    Raises
    ------
    ValueError
        If a limit is no number, or less than Python needs to start.

    Examples
    --------
    >>> Limits(wall_seconds=1.0).processes
    16
    """

    wall_seconds: float = 5.0
    cpu_seconds: float = 4.0
    memory: int = 256 * MEBIBYTE
    output: int = 64 << 10
    processes: int = 16
    scratch: int = 16 * MEBIBYTE
    open_files: int = 64

    def __post_init__(self) -> None:
        for field in fields(self):
            value, least = getattr(self, field.name), LEAST[field.name]
            whole = not field.name.endswith("seconds")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise ValueError(f"{field.name} must be a {'whole ' if whole else ''}number, not {value!r}")
            if not least <= value < math.inf:
                raise ValueError(f"{field.name} must be finite and at least {least}, not {value!r}")
