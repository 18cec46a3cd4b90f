"""What a visitor may ask to be run, checked before a process is started, and the command line that does it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from unseen.engine.plan import Plan, parse_seeds, plan
from unseen.errors import UsageError
from unseen.registry import names, problem, study_name, suggest

MOST_QUESTIONS = 100_000
"""Questions per split and seed that can be asked from a page."""


@dataclass(frozen=True)
class StudyRequest:
    """A study at a scale; without seeds those it declares, without conditions all."""

    study: str
    scale: str
    seeds: str = ""
    conditions: tuple[str, ...] = ()
    kind: Literal["study"] = "study"

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        name = study_name(self.study)
        return f"Study {name.id} {name.key}, scale {self.scale}"

    @property
    def details(self) -> str:
        """Seeds and conditions, where they are not the study's own."""
        seeds = f"seeds {self.seeds}" if self.seeds else "the study's seeds"
        return f"{seeds}, {', '.join(self.conditions) or 'all conditions'}"

    def plan(self) -> Plan:
        """The plan of its trials.

        Raises
        ------
        UsageError
            If study, scale, seeds or conditions do not exist.
        """
        seeds = parse_seeds(self.seeds) if self.seeds else None
        return plan(study_name(self.study), scale=self.scale, seeds=seeds, conditions=self.conditions or None)

    def command(self, folder: Path) -> list[str]:
        """What to start."""
        options = ["--scale", self.scale, "--out", str(folder / "out"), "--progress", str(folder / "progress.jsonl")]
        if self.seeds:
            options += ["--seeds", self.seeds]
        if self.conditions:
            options += ["--conditions", ",".join(self.conditions)]
        return [sys.executable, "-m", "unseen", "run", self.study, *options, "--json"]


@dataclass(frozen=True)
class EvaluationRequest:
    """A solver on a problem."""

    solver: str
    problem: str
    n: int
    seeds: str
    kind: Literal["evaluation"] = "evaluation"

    @property
    def title(self) -> str:
        """What it is, in a few words."""
        return f"{self.solver} on {self.problem}"

    @property
    def details(self) -> str:
        """How much is asked."""
        return f"{self.n} questions per split and seed, seeds {self.seeds}"

    def command(self, folder: Path) -> list[str]:
        """What to start."""
        options = ["-n", str(self.n), "--seeds", self.seeds, "--progress", str(folder / "progress.jsonl")]
        return [sys.executable, "-m", "unseen", "evaluate", self.solver, self.problem, *options, "--json"]


Request = StudyRequest | EvaluationRequest


def solver_names() -> list[str]:
    """Solvers that a page can start: the registered ones. A solver of one's own is started from the command line."""
    return ["classical", *sorted(names("solvers"))]


def checked(fields: Mapping[str, Any]) -> Request:
    """A request from the fields of a form.

    Raises
    ------
    UsageError
        If something in it does not exist; the message says what and what is allowed.
    """
    given = {name: str(value).strip() for name, value in fields.items()}
    if given.get("kind") == "study":
        conditions = tuple(filter(None, given.get("condition", "").split(",")))
        study = study_name(given.get("study", "")).id
        asked = StudyRequest(study, given.get("scale", ""), given.get("seeds", ""), conditions)
        asked.plan()
        return asked
    if given.get("kind") == "evaluation":
        solver = given.get("solver", "")
        if solver not in solver_names():
            raise UsageError(f"no solver named {solver!r} can be started here; {suggest(solver, solver_names())}")
        name = given.get("problem", "")
        problem(name)
        n = given.get("n", "")
        if not (n.isascii() and n.isdigit() and len(n) < 9 and 1 <= int(n) <= MOST_QUESTIONS):
            raise UsageError(f"questions must be a number from 1 to {MOST_QUESTIONS:,}, not {n!r}")
        seeds = given.get("seeds", "") or "0"
        parse_seeds(seeds)
        return EvaluationRequest(solver, name, int(n), seeds)
    raise UsageError("say what is to be run: kind is study or evaluation")


def as_plain(request: Request) -> dict[str, Any]:
    """A request as JSON values."""
    return asdict(request)


def from_plain(fields: Mapping[str, Any]) -> Request:
    """A request from what `as_plain` gave."""
    if fields["kind"] == "study":
        return StudyRequest(**{**fields, "conditions": tuple(fields["conditions"])})
    return EvaluationRequest(**fields)
