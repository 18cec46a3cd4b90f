"""What the commands share: consoles, JSON, folders for results, and verdicts on record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.table import Table

    from unseen.records import Record

WIDEST = 1000
"""Characters of a row that is not for a terminal."""


def console(*, stderr: bool = False) -> Console:
    """A console for people; results go to standard output, progress to standard error.

    Text is shown as it is: brackets and colons in names, paths and errors are no markup.
    """
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def print_table(out: Console, table: Table) -> None:
    """Print a table; where no person looks, each row on one line, for grep and its like."""
    if not out.is_terminal:
        out.width = WIDEST
    out.print(table)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False))


def make_folder(folder: Path) -> None:
    """Make a folder for results, before anything is computed that could not be written there.

    Raises
    ------
    UsageError
        If it cannot be made or written.
    """
    import tempfile

    from unseen.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(
            f"no results can be written to {folder}: {error.strerror}; name a folder with --out"
        ) from error


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
