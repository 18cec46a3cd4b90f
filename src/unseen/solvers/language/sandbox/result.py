"""How a program ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ending = Literal["finished", "failed", "crashed", "time limit", "memory limit", "output limit", "refused"]


@dataclass(frozen=True)
class ProgramResult:
    """What came of running a program.

    Parameters
    ----------
    ending : str
        ``"finished"``: left with status 0. ``"failed"``: left with another status, by an exception for instance.
        ``"crashed"``: killed by a signal that no limit explains. ``"time limit"``, ``"memory limit"``,
        ``"output limit"``: stopped. ``"refused"``: not run at all.
    why : str
        One line for people: the limit that was reached, the signal, what the machine lacks.
    stdout, stderr : str
        What it wrote, cut off at the limit; bytes that are no UTF-8 are replaced.
    seconds : float
        Time on the clock from its start to its end, without the building of the sandbox.
    cpu_seconds : float
        Processor time of the program's first process and of those it waited for; 0 where it was stopped from outside.
    status : int or None
        Exit status, if it left by itself.
    signal : int or None
        The signal that killed its first process.

    Notes
    -----
    A program that leaves with an uncaught ``MemoryError`` counts as stopped by the memory limit.
    """

    ending: Ending
    why: str = ""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    status: int | None = None
    signal: int | None = None

    @property
    def finished(self) -> bool:
        """Whether the program ran to its end with status 0."""
        return self.ending == "finished"
