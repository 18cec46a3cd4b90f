"""The runs that pages report, each judged anew: records that ship with the package, and runs in the user's store."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from unseen.contracts.study import Judgement, Study
from unseen.engine.plan import Plan, plan
from unseen.engine.recording import StaleRecord, as_record, judge_record
from unseen.engine.store import Store, StoredTrial, open_store
from unseen.errors import UsageError
from unseen.records import Record, RecordError, read_record, record_files
from unseen.registry import StudyName, load

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
    def name(self) -> str:
        """The run's name among those of its study: the scale, told apart from the record's if it is the user's."""
        return self.scale if self.path else f"{self.scale}-own"

    @property
    def status(self) -> str:
        """The verdict, ``"stale"`` if none can be computed."""
        return self.judgement.verdict.status if self.judgement else "stale"


def recorded(studies: Container[str]) -> dict[str, tuple[Evidence, ...]]:
    """The records of some studies by their ids, the scale that counts most first."""
    found: dict[str, list[Evidence]] = {}
    for (study, scale), path in record_files().items():
        if scale in SCALES and study in studies:
            found.setdefault(study, []).append(_read(study, scale, path))
    return {study: ordered(runs) for study, runs in found.items()}


def stored(studies: Sequence[StudyName], url: str) -> dict[str, tuple[Evidence, ...]]:
    """The user's finished runs by study id, with the seeds that each study declares.

    Runs of which a trial is missing are left out.
    """
    found: dict[str, list[Evidence]] = {}
    with open_store(url) as store:
        for name in studies:
            try:
                study: Study = load(name.target)
            except UsageError:  # it needs a package that is not installed, so that it has not been run here either
                continue
            for scale in SCALES:
                if scale in study.scales and (run := own_run(name, scale, store)):
                    found.setdefault(name.id, []).append(run)
    return {study: ordered(runs) for study, runs in found.items()}


def ordered(runs: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Runs of one study, the scale that counts most first, records before the user's own."""
    return tuple(sorted(runs, key=lambda run: (SCALES.index(run.scale), run.path is None)))


def own_run(name: StudyName, scale: str, store: Store) -> Evidence | None:
    """A run in the user's store with the seeds that the study declares; None if a trial is missing."""
    planned = plan(name, scale=scale)
    finished = tuple(trial for trial in store.get(planned.keys).values() if trial.status == "done")
    if len(finished) < len(planned.keys):
        return None
    record = as_record(planned, finished, _shared_environment(finished))
    source = f"your own run in {store.url}"
    try:
        return Evidence(name.id, scale, source, None, record, judge_record(record))
    except StaleRecord as error:
        return Evidence(name.id, scale, source, None, record, problem=str(error))


def judged(planned: Plan, store: Store) -> Evidence | None:
    """What the store holds of a plan, whatever its seeds and conditions, judged now; None if it holds nothing."""
    known = store.get(planned.keys).values()
    finished = tuple(trial for trial in known if trial.status == "done")
    if not finished:
        return None
    record = as_record(planned, finished, _shared_environment(finished))
    judgement = planned.study.judge(record.trials, planned.seeds)
    return Evidence(planned.name.id, planned.scale, f"trials in {store.url}", None, record, judgement)


def _shared_environment(trials: Sequence[StoredTrial]) -> dict[str, object]:
    """What the trials' environments say; ``"several"`` where they differ."""
    first = trials[0].environment
    return {
        key: value if all(trial.environment.get(key) == value for trial in trials) else "several"
        for key, value in first.items()
    }


def _read(study: str, scale: str, path: Path) -> Evidence:
    source = f"the record {path.name}"
    record = None
    try:
        record = read_record(path)
        return Evidence(study, scale, source, path, record, judge_record(record))
    except (RecordError, StaleRecord) as error:
        return Evidence(study, scale, source, path, record, problem=str(error))
