"""Evaluations kept in files, score by score, so that they can be shown and compared with later ones."""

from __future__ import annotations

import io
import json
import re
import secrets
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from unseen.evaluation.appraisal import Appraisal, Cost
from unseen.evaluation.comparison import Comparison, compare_solvers
from unseen.evaluation.diagnosis import Diagnosis
from unseen.evaluation.scores import Scores


@dataclass(frozen=True)
class Kept:
    """An evaluation as it was kept.

    Parameters
    ----------
    appraisal : Appraisal
        Scores, cost and diagnosis.
    parameters : mapping of str to str
        The problem's own parameters where they differ from its defaults, written out.
    fitted : bool
        Whether the solver was trained, seed by seed.
    level : float
        Level of the intervals that were asked for.
    date : str
        When it was kept, ISO 8601 in UTC.
    """

    appraisal: Appraisal
    parameters: Mapping[str, str]
    fitted: bool
    level: float
    date: str

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of which anything was evaluated, ascending."""
        return tuple(sorted({seed for _, seed in self.appraisal.scores.values}))

    @property
    def questions(self) -> int:
        """The most questions of a split and seed."""
        return max((len(scores) for scores in self.appraisal.scores.values.values()), default=0)


def keep(
    appraisal: Appraisal,
    folder: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
    fitted: bool = False,
    level: float = 0.9,
) -> Path:
    """Write an evaluation to a file of its own in a folder, which is made if missing.

    Examples
    --------
    >>> import tempfile
    >>> import unseen as un
    >>> from unseen.evaluation.appraisal import appraise
    >>> found = appraise("lookup-table", un.problem("modular-addition", modulus=31))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = keep(found, Path(folder), fitted=True)
    ...     print(read_kept(Path(folder))[0].appraisal.diagnosis)
    Memory: 1.00 on train, 0.00 on iid.
    """
    now = datetime.now(UTC)
    scores, classical = appraisal.scores, appraisal.classical
    about = {
        "solver": appraisal.solver,
        "problem": scores.problem,
        "scored_by": scores.scored_by,
        "axes": dict(scores.axes),
        "complete": sorted(scores.complete),
        "classical_complete": sorted(classical.complete),
        "diagnosis": asdict(appraisal.diagnosis),
        "cost": asdict(appraisal.cost),
        "classical_seconds": appraisal.classical_seconds,
        "failure": appraisal.failure,
        "cells": [[split, seed, scores.seconds.get((split, seed), 0.0)] for split, seed in scores.values],
        "classical_cells": [[split, seed] for split, seed in classical.values],
        "parameters": {name: repr(value) for name, value in (parameters or {}).items()},
        "fitted": fitted,
        "level": level,
        "date": now.isoformat(timespec="milliseconds"),
    }
    arrays: dict[str, Any] = {f"scores{place}": values for place, values in enumerate(scores.values.values())}
    arrays |= {f"classical{place}": values for place, values in enumerate(classical.values.values())}
    content = io.BytesIO()
    np.savez_compressed(content, about=np.frombuffer(json.dumps(about).encode(), dtype=np.uint8), **arrays)
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", f"{scores.problem} {appraisal.solver}".lower()).strip("-")[:80]
    path = folder / f"{name}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.npz"
    partial = path.with_suffix(".part")
    partial.write_bytes(content.getvalue())
    partial.replace(path)
    return path


def read_kept(folder: Path) -> list[Kept]:
    """All evaluations in a folder, the oldest first; files that hold none are left out."""
    found = []
    for path in folder.glob("*.npz"):
        try:
            found.append(_read(path))
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile):
            continue
    return sorted(found, key=lambda one: one.date)


def _read(path: Path) -> Kept:
    with np.load(path, allow_pickle=False) as file:
        about = json.loads(file["about"].tobytes())
        cells = [(str(split), int(seed)) for split, seed, _ in about["cells"]]
        seconds = {(str(split), int(seed)): float(spent) for split, seed, spent in about["cells"]}
        values = {cell: file[f"scores{place}"] for place, cell in enumerate(cells)}
        others = [(str(split), int(seed)) for split, seed in about["classical_cells"]]
        classical_values = {cell: file[f"classical{place}"] for place, cell in enumerate(others)}
    named = (str(about["problem"]), str(about["scored_by"]), dict(about["axes"]))
    appraisal = Appraisal(
        solver=str(about["solver"]),
        scores=Scores(*named, values, seconds, frozenset(about["complete"])),
        classical=Scores(*named, classical_values, {}, frozenset(about["classical_complete"])),
        classical_seconds=float(about["classical_seconds"]),
        diagnosis=Diagnosis(**about["diagnosis"]),
        cost=Cost(**about["cost"]),
        failure=str(about["failure"]),
    )
    return Kept(appraisal, dict(about["parameters"]), bool(about["fitted"]), float(about["level"]), str(about["date"]))


def compare_kept(first: Kept, second: Kept) -> Sequence[Comparison]:
    """Compare two evaluations of one problem in pairs, on the questions that both were asked.

    A split's questions are the same whatever their number: asking for more only appends.

    Raises
    ------
    ValueError
        If they are of different problems, or of one with different parameters.
    """
    problems = [(one.appraisal.scores.problem, dict(one.parameters)) for one in (first, second)]
    if problems[0] != problems[1]:
        raise ValueError(f"{problems[0]} and {problems[1]} do not ask the same questions")
    level = first.level
    a, b = _shared(first.appraisal, second.appraisal), _shared(second.appraisal, first.appraisal)
    return compare_solvers([a], [b], fitted=first.fitted or second.fitted, level=level)


def _shared(one: Appraisal, other: Appraisal) -> Appraisal:
    """The first with only as many questions of each split and seed as the other has."""
    kept = {
        cell: values[: len(other.scores.values[cell])]
        for cell, values in one.scores.values.items()
        if cell in other.scores.values
    }
    return replace(one, scores=replace(one.scores, values=kept))
