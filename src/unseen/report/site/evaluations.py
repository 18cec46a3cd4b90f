"""Everything that was ever evaluated on a problem, as a table and in pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from unseen.evaluation.kept import Kept, compare_kept

MOST_COMPARED = 12
"""Evaluations of a problem, the newest, of which every two are compared."""


@dataclass(frozen=True)
class Score:
    """A solver's score on one split: estimate and interval, empty where it was not asked."""

    estimate: str
    interval: str


@dataclass(frozen=True)
class EvaluationRow:
    """One evaluation."""

    label: str
    solver: str
    date: str
    asked: str
    diagnosis: str
    why: str
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class EvaluationTable:
    """All evaluations of a problem."""

    scored_by: str
    splits: tuple[str, ...]
    rows: tuple[EvaluationRow, ...]
    pairs: dict[str, Any]
    """What the compare page shows: names, and per two of them and split the paired difference."""


def evaluation_table(kept: Sequence[Kept]) -> EvaluationTable | None:
    """Put the evaluations of one problem side by side, the newest first; None if there are none."""
    newest = list(reversed(kept))
    if not newest:
        return None
    splits = tuple(dict.fromkeys(split for one in newest for split in one.appraisal.scores.axes))
    labels = _labels(newest)
    rows = tuple(_row(one, label, splits) for one, label in zip(newest, labels, strict=True))
    return EvaluationTable(newest[0].appraisal.scores.scored_by, splits, rows, _pairs(newest, labels))


def _labels(kept: Sequence[Kept]) -> list[str]:
    """Names that tell evaluations apart: the solver, with a number where it was evaluated several times."""
    found: list[str] = []
    for place, one in enumerate(kept):
        earlier = sum(other.appraisal.solver == one.appraisal.solver for other in kept[place + 1 :])
        found.append(one.appraisal.solver + (f" ({earlier + 1})" if earlier else ""))
    return found


def _row(one: Kept, label: str, splits: Sequence[str]) -> EvaluationRow:
    described = {row["split"]: row for row in one.appraisal.as_json(one.level)["splits"]}
    parameters = "".join(f", {name}={value}" for name, value in one.parameters.items())
    seeds = f"seed {one.seeds[0]}" if len(one.seeds) == 1 else f"{len(one.seeds)} seeds"
    return EvaluationRow(
        label=label,
        solver=one.appraisal.solver,
        date=one.date[:10],
        asked=f"{one.questions} questions a split, {seeds}{parameters}",
        diagnosis=one.appraisal.diagnosis.kind,
        why=one.appraisal.diagnosis.why,
        scores=tuple(_score(described.get(split)) for split in splits),
    )


def _score(row: dict[str, Any] | None) -> Score:
    if row is None or row["estimate"] is None:
        return Score("", "")
    ends = ["…" if end is None else f"{end:.3g}" for end in (row["low"], row["high"])]
    return Score(f"{row['estimate']:.3g}", " to ".join(ends))


def _pairs(kept: Sequence[Kept], labels: Sequence[str]) -> dict[str, Any]:
    named = list(zip(kept, labels, strict=True))[:MOST_COMPARED]
    rows: list[dict[str, Any]] = []
    for (first, one), (second, other) in combinations(named, 2):
        if dict(first.parameters) == dict(second.parameters):
            rows += [{**found.as_json(), "first": one, "second": other} for found in compare_kept(first, second)]
    return {"kind": "pairs", "names": [label for _, label in named], "rows": rows}
