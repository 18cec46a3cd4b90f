"""Records: the committed outcomes of real runs, one JSON file per study and scale.

A record holds every trial's metrics and curves, the environment, date and commit. Verdicts are not in it: they are
computed from it by the study's claims. A digest over the content shows when a file was damaged or edited by hand.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.errors import UnseenError

FORMAT = 1
CURVE_DIGITS = 5
"""Significant digits of curves, which are only drawn. Metrics, which decide verdicts, are kept exactly."""

NON_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class RecordError(UnseenError):
    """A record file that cannot be read as one."""


@dataclass(frozen=True)
class Record:
    """The outcome of one study at one scale."""

    study: str
    """Catalogue id."""
    key: str
    scale: str
    revision: int
    config: Mapping[str, Any]
    seeds: tuple[int, ...]
    date: str
    """When the last trial finished, ISO 8601, UTC."""
    environment: Mapping[str, Any]
    """Versions, commit, machine and device of the trials."""
    seconds: Mapping[str, float]
    """``condition`` -> seconds per trial, summed over seeds."""
    peak_memory: int
    """Largest resident memory of any trial, bytes."""
    trials: Trials

    @property
    def commit(self) -> str:
        """The commit whose code the trials ran with."""
        return str(self.environment["commit"])


def records_folder() -> Path:
    """Where records lie: in the repository, or inside the installed package."""
    package = Path(__file__).resolve().parent
    repository = package.parents[1] / "records"
    return repository if repository.is_dir() else package / "_records"


def record_path(study: str, key: str, scale: str) -> Path:
    """The file of a study's record at a scale."""
    return records_folder() / f"{study}-{key}.{scale}.json"


@cache
def record_files() -> Mapping[tuple[str, str], Path]:
    """All record files by (study id, scale), from their names alone."""
    found = {}
    for path in sorted(records_folder().glob("*-*.*.json")):
        stem, scale = path.name.removesuffix(".json").rsplit(".", 1)
        found[stem.split("-", 1)[0], scale] = path
    return found


def write_record(record: Record) -> Path:
    """Write a record to its file and return the path."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "study": record.study,
        "key": record.key,
        "scale": record.scale,
        "revision": record.revision,
        "config": dict(record.config),
        "seeds": list(record.seeds),
        "date": record.date,
        "environment": dict(record.environment),
        "seconds": {name: round(value, 2) for name, value in record.seconds.items()},
        "peak_memory": record.peak_memory,
        "trials": [_trial_to_json(trial) for trial in record.trials.items],
    }
    path = record_path(record.study, record.key, record.scale)
    body = ",\n".join(
        f" {json.dumps(name)}: {_dump_lines(value) if name == 'trials' else json.dumps(value)}"
        for name, value in [*content.items(), ("digest", _digest(content))]
    )
    partial = path.with_suffix(".partial")
    partial.write_text(f"{{\n{body}\n}}\n", encoding="utf-8")
    partial.replace(path)
    record_files.cache_clear()
    return path


def read_record(path: Path) -> Record:
    """Read a record.

    Raises
    ------
    RecordError
        If the file is missing, not a record, damaged, edited, or of a newer format. One line says which.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecordError(f"record {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RecordError(
            f"record {path} is damaged: not valid JSON ({error}); restore it from version control"
        ) from error
    if not isinstance(content, dict) or not isinstance(content.get("format"), int):
        raise RecordError(f"record {path} is damaged: it is not a record of Unseen")
    if content["format"] > FORMAT:
        raise RecordError(f"record {path} has format {content['format']}, newer than {FORMAT}: upgrade unseen")
    if content.pop("digest", None) != _digest(content):
        raise RecordError(
            f"record {path} is damaged or was edited: its digest does not match; "
            "restore it from version control or run the study again with --record"
        )
    try:
        return Record(
            study=content["study"],
            key=content["key"],
            scale=content["scale"],
            revision=content["revision"],
            config=content["config"],
            seeds=tuple(content["seeds"]),
            date=content["date"],
            environment=content["environment"],
            seconds=content["seconds"],
            peak_memory=content["peak_memory"],
            trials=Trials(tuple(_trial_from_json(item) for item in content["trials"])),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RecordError(f"record {path} is damaged: {error!r}") from error


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _dump_lines(items: list[Any]) -> str:
    """One line per trial, so that two records can be compared by eye."""
    return "[\n" + ",\n".join("  " + json.dumps(item) for item in items) + "\n ]"


def _trial_to_json(trial: Trial) -> dict[str, Any]:
    curves = {
        name: {column: [_number(value, CURVE_DIGITS) for value in values] for column, values in curve.items()}
        for name, curve in trial.outcome.curves.items()
    }
    metrics = {name: _number(value) for name, value in trial.outcome.metrics.items()}
    return {"condition": trial.condition, "seed": trial.seed, "metrics": metrics, "curves": curves}


def _trial_from_json(item: Mapping[str, Any]) -> Trial:
    curves = {
        name: {column: [_float(value) for value in values] for column, values in curve.items()}
        for name, curve in item["curves"].items()
    }
    metrics = {name: _float(value) for name, value in item["metrics"].items()}
    return Trial(item["condition"], item["seed"], Outcome(metrics, curves))


def _number(value: float, digits: int | None = None) -> float | str:
    """JSON has no nan and no infinities: they are written as text."""
    value = float(value)
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    if digits is not None:
        value = float(f"{value:.{digits}g}")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _float(value: float | str) -> float:
    return NON_FINITE[value] if isinstance(value, str) else float(value)
