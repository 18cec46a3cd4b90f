"""An evaluation as files: a page for people, Parquet for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from unseen.errors import UsageError
from unseen.evaluation.appraisal import Appraisal
from unseen.evaluation.comparison import Comparison
from unseen.report.complexity import STYLE as CURVES
from unseen.report.complexity import curve_figures

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { position: relative; width: 12rem; height: 1rem; background: #eee; }
.bar span { position: absolute; top: 0; bottom: 0; background: #3b6ea5; min-width: 2px; }
.bar i { position: absolute; top: -2px; bottom: -2px; width: 2px; background: #c0392b; }
"""

SCORES = ("split", "axis", "estimate", "low", "high", "classical", "questions", "unanswered", "seeds")
ERRORS = (*SCORES[:6], "dealt_out", *SCORES[6:])
DIFFERENCES = (
    *("problem", "split", "difference", "low", "high", "p_value", "corrected", "smallest_effect", "pairs", "unit"),
)


def evaluation_page(appraisals: Sequence[Appraisal], comparisons: Sequence[Comparison], level: float) -> str:
    """One HTML page without scripts or outside resources: per solver and problem the diagnosis, a table, the cost.

    Accuracy is drawn as its interval on a line from 0 to 1, with the classical solver's as a mark; then scores against
    complexity.
    """
    parts = [_section(one.as_json(level), str(one.diagnosis)) for one in appraisals]
    if comparisons:
        rows = [one.as_json() for one in comparisons]
        first, second = (escape(name) for name in dict.fromkeys(one.solver for one in appraisals))
        parts.append(f"<h2>{first} less {second}</h2>{_table(DIFFERENCES, rows)}")
        parts.append(f"<p>corrected: p-values after Holm, for {len(rows)} comparisons</p>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Unseen: evaluation</title>'
        f"<style>{STYLE}{CURVES}</style></head><body><h1>Rule or memory?</h1>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def write_scores(path: Path, appraisals: Iterable[Appraisal]) -> None:
    """Write one row per question as Parquet: solver, problem, split, axis, seed, question's number, score, classical.

    Scores of unanswered questions are missing.

    Raises
    ------
    UsageError
        If the extra that writes Parquet is not installed.
    """
    import pandas as pd

    from unseen.extras import extra_module

    extra_module("parquet")
    columns = ("solver", "problem", "split", "axis", "seed", "question", "score", "classical")
    frames = [pd.DataFrame(columns=columns)]
    for one in appraisals:
        for (split, seed), scores in one.scores.values.items():
            named: dict[str, Any] = {"solver": one.solver, "problem": one.scores.problem, "split": split}
            named |= {"axis": one.scores.axes[split], "seed": seed}
            rows = {"question": np.arange(len(scores)), "score": scores}
            frames.append(pd.DataFrame({**named, **rows, "classical": one.classical.values[split, seed]}))
    pd.concat(frames[1:] or frames, ignore_index=True).to_parquet(path)


def check_place(path: Path, option: str) -> None:
    """Find out before anything is computed whether a file can be written.

    Raises
    ------
    UsageError
        If its folder does not exist, or it is a folder.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{option} {path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise UsageError(f"{option} {path}: this is a folder")


def _section(found: dict[str, Any], diagnosis: str) -> str:
    cost = ", ".join(f"{name.replace('_', ' ')} {_shown(value)}" for name, value in found["cost"].items() if value)
    drawn = found["scored_by"] == "accuracy"
    return (
        f"<h2>{escape(found['solver'])} on {escape(found['problem'])}</h2><p><strong>{escape(diagnosis)}</strong></p>"
        f"{_table(SCORES if drawn else ERRORS, found['splits'], drawn)}"
        f"{curve_figures(found['complexity'], found['scored_by'])}"
        f"<p>{escape(cost)}; classical solver {found['classical_seconds']:.2f} s</p>"
    )


def _table(columns: Sequence[str], rows: Sequence[dict[str, Any]], drawn: bool = False) -> str:
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in columns) + ("<th></th>" if drawn else "")
    body = "".join(
        "<tr>" + "".join(_cell(row[name]) for name in columns) + (_bar(row) if drawn else "") + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    return f"<td>{escape(value)}</td>" if isinstance(value, str) else f'<td class="number">{_shown(value)}</td>'


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


def _bar(row: dict[str, Any]) -> str:
    if row["low"] is None or row["high"] is None:
        return "<td></td>"
    low, high = max(0.0, row["low"]), min(1.0, row["high"])
    interval = f'<span style="left:{100 * low:.1f}%;width:{100 * (high - low):.1f}%"></span>'
    mark = "" if row["classical"] is None else f'<i style="left:{100 * min(1.0, row["classical"]):.1f}%"></i>'
    return f'<td><div class="bar">{interval}{mark}</div></td>'
