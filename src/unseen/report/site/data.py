"""What the scripts of figures and of the compare page read: per study its trials, per problem its compared solvers.

A page opened from disk may read no other file but scripts, so each is a script that sets one property of one object.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from scipy.stats import t as student

from unseen.contracts.study import Curve, Trial
from unseen.records import Record

LEVEL = 0.9
"""Of the intervals on the compare page."""

MOST_POINTS = 64
"""Points kept of a curve."""

DIGITS = 5


def data_file(kind: str, name: str) -> str:
    """Where a script of data lies, from the site's root."""
    return f"data/{kind}-{name}.js"


def script(name: str, content: Any) -> str:
    """A script that makes some JSON known by a name; ASCII, and nothing in it ends a script element."""
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    key = json.dumps(name).replace("<", "\\u003c")
    return f'"use strict";\n(globalThis.unseenData ??= {{}})[{key}] = {text};\n'


def trials_data(runs: Iterable[tuple[str, Record]]) -> dict[str, Any]:
    """The trials of a study's runs, by the name of each."""
    return {"kind": "trials", "runs": [_run(name, record) for name, record in runs]}


def quantiles(most: int = 200) -> list[float]:
    """Student's quantiles for two-sided intervals, by degrees of freedom from 1 on."""
    return [round(float(student.ppf((1 + LEVEL) / 2, degrees)), 6) for degrees in range(1, most + 1)]


def _run(name: str, record: Record) -> dict[str, Any]:
    trials = record.trials
    metrics = list(dict.fromkeys(metric for trial in trials.items for metric in trial.outcome.metrics))
    return {
        "name": name,
        "conditions": list(trials.conditions),
        "metrics": metrics,
        "trials": [
            [
                trials.conditions.index(trial.condition),
                trial.seed,
                [_plain(trial.outcome.metrics.get(metric, math.nan)) for metric in metrics],
            ]
            for trial in trials.items
        ],
        "curves": _curves(trials.items, trials.conditions),
    }


def _curves(trials: Sequence[Trial], conditions: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for trial in trials:
        for name, curve in trial.outcome.curves.items():
            columns = list(curve)
            if len(columns) < 2 or not len(curve[columns[0]]):
                continue
            kept = found.setdefault(name, {"columns": columns, "series": []})
            if kept["columns"] == columns:
                kept["series"].append([conditions.index(trial.condition), trial.seed, _thinned(curve)])
    return found


def _thinned(curve: Curve) -> list[list[float | str | None]]:
    """A curve's columns with at most `MOST_POINTS` of its points, evenly chosen, the last among them."""
    count = len(next(iter(curve.values())))
    step = max(1, math.ceil(count / MOST_POINTS))
    chosen = sorted({*range(0, count, step), count - 1})
    return [[_plain(values[place]) for place in chosen] for values in curve.values()]


def _plain(value: float) -> float | str | None:
    """A number that JSON holds: ``None`` for what is not determined, text for what is infinite."""
    number = float(value)
    if math.isnan(number):
        return None
    return str(number) if math.isinf(number) else float(f"{number:.{DIGITS}g}")
