"""What the engine and its worker processes say to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unseen.contracts.study import Outcome


@dataclass(frozen=True)
class Job:
    """One call of a study's trial function: a condition with one seed, or with several if the study is batched."""

    number: int
    target: str
    """Where the study lives, ``module:attribute``."""
    condition: str
    seeds: tuple[int, ...]
    scale: str
    device: str


@dataclass(frozen=True)
class Progress:
    """A fraction of the job is done."""

    number: int
    fraction: float


@dataclass(frozen=True)
class Finished:
    """The job returned outcomes, one per seed."""

    number: int
    outcomes: tuple[Outcome, ...]
    seconds: float
    peak_memory: int
    environment: Mapping[str, Any]


@dataclass(frozen=True)
class Raised:
    """The job raised, or its process died; `error` is the traceback or what is known."""

    number: int
    error: str
    seconds: float
    environment: Mapping[str, Any]


Message = Progress | Finished | Raised
