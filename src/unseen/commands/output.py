"""What the commands share: consoles, JSON, and verdicts on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from unseen.records import Record


def console(*, stderr: bool = False) -> Console:
    """A console for people; results go to standard output, progress to standard error."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=1, ensure_ascii=False))


def record_summary(record: Record) -> dict[str, Any]:
    """A record in a few fields, its verdict computed now; ``"stale"`` if the study has changed since."""
    from unseen.engine.recording import StaleRecord, judge_record

    try:
        verdict: str = judge_record(record).verdict.status
    except StaleRecord:
        verdict = "stale"
    return {
        "verdict": verdict,
        "trials": len(record.trials.items),
        "seeds": list(record.seeds),
        "date": record.date,
        "commit": record.commit,
    }
