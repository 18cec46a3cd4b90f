"""The runs that pages report: records that ship with the package, each judged anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.contracts.study import Judgement
from unseen.engine.recording import StaleRecord, judge_record
from unseen.records import Record, RecordError, read_record, record_files

SCALES = ("full", "small")
"""Scales whose verdicts count, the one that counts most first; a smoke run shows only that the code runs."""


@dataclass(frozen=True)
class Evidence:
    """One run of a study at one scale, and its verdict as computed now."""

    study: str
    scale: str
    source: str
    """Where the run is from, in words."""
    path: Path | None = None
    """The record's file, if it is one."""
    record: Record | None = None
    """None if it cannot be read."""
    judgement: Judgement | None = None
    """None if no verdict can be computed."""
    problem: str = ""
    """Why there is no verdict; empty if there is one."""

    @property
    def status(self) -> str:
        """The verdict, ``"stale"`` if none can be computed."""
        return self.judgement.verdict.status if self.judgement else "stale"


def recorded() -> dict[str, tuple[Evidence, ...]]:
    """All records by study id, the scale that counts most first."""
    found: dict[str, list[Evidence]] = {}
    for (study, scale), path in record_files().items():
        if scale in SCALES:
            found.setdefault(study, []).append(_read(study, scale, path))
    return {study: ordered(runs) for study, runs in found.items()}


def ordered(runs: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Runs of one study, the scale that counts most first."""
    return tuple(sorted(runs, key=lambda run: SCALES.index(run.scale)))


def _read(study: str, scale: str, path: Path) -> Evidence:
    source = f"the record {path.name}"
    record = None
    try:
        record = read_record(path)
        return Evidence(study, scale, source, path, record, judge_record(record))
    except (RecordError, StaleRecord) as error:
        return Evidence(study, scale, source, path, record, problem=str(error))
