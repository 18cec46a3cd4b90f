"""The laws of record files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from unseen.records import Record, read_record, record_path
from unseen.testing.laws import NONE_SKIPPED, LawBroken, check_laws, require

LARGEST = 150_000
"""Bytes of a record file: what a reader of a change can still be asked to look at, and a wheel to carry."""


@dataclass(frozen=True)
class RecordCase:
    """What the laws of a record are given.

    Parameters
    ----------
    path : Path
        The record's file.
    """

    path: Path

    @cached_property
    def record(self) -> Record:
        """The record, read."""
        return read_record(self.path)


def file_is_named_after_its_content(case: RecordCase) -> None:
    """The file can be read and has the name of its study, key and scale."""
    name = record_path(case.record.study, case.record.key, case.record.scale).name
    require(case.path.name == name, f"{case.path.name} holds what belongs in {name}")


def file_is_small(case: RecordCase) -> None:
    """The file has at most 150 kB."""
    size = case.path.stat().st_size
    require(size <= LARGEST, f"{case.path.name} has {size / 1000:.0f} kB, more than {LARGEST / 1000:.0f}: thin curves")


def verdict_can_be_recomputed(case: RecordCase) -> None:
    """The study of today, with the same revision, config, seeds and conditions, judges the trials on record."""
    from unseen.engine.recording import judge_record

    judgement = judge_record(case.record)
    require(judgement.verdict.why, "the verdict has no reason")
    missing = [finding for finding in judgement.findings if "missing" in finding.verdict.why]
    require(not missing, f"trials are missing: {[finding.verdict.why for finding in missing][:1]}")


def origin_is_known(case: RecordCase) -> None:
    """The record names date and commit, a source without changes, and what every condition cost."""
    record = case.record
    try:
        dated = datetime.fromisoformat(record.date)
    except ValueError as error:
        raise LawBroken(f"the date is {record.date!r}") from error
    require(dated.tzinfo is not None, f"the date {record.date!r} has no time zone")
    commit = str(record.environment.get("commit", ""))
    require(re.fullmatch(r"[0-9a-f]{40}", commit), f"the commit is {commit!r}")
    require(not record.environment.get("modified"), "the source had changes that were not committed")
    conditions = set(record.trials.conditions)
    require(set(record.seconds) == conditions, f"seconds are known of {sorted(record.seconds)}, not of every condition")
    require(min(record.seconds.values()) >= 0 and record.peak_memory > 0, "no condition runs in no time or memory")


RECORD_LAWS: tuple[Callable[[RecordCase], None], ...] = (
    file_is_named_after_its_content,
    file_is_small,
    verdict_can_be_recomputed,
    origin_is_known,
)


def check_record(path: Path, *, skip: Mapping[str, str] = NONE_SKIPPED) -> None:
    """Check that a record file obeys its laws.

    Parameters
    ----------
    path : Path
        The file.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        With every broken law and what was found.
    """
    check_laws(path.name, RecordCase(path), RECORD_LAWS, skip)
