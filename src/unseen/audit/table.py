"""Questions, answers and splits of a user's files: JSON lines, JSON, Parquet or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unseen.errors import UsageError

QUESTION_COLUMNS = ("question", "prompt", "problem", "input", "instruction", "text")
ANSWER_COLUMNS = ("answer", "target", "label", "solution", "output", "ground_truth")
SPLIT_COLUMNS = ("split",)

MOST_COMPLAINTS = 20
"""Rows left out that are named one by one."""

CSV_FIELD = 10_000_000
"""Characters that one cell of a CSV file may have."""


@dataclass
class Rows:
    """What is audited, row by row.

    Parameters
    ----------
    splits, questions : list of str
        One per row.
    answers : list of str or None
        One per row; None where there is none.
    complaints : list of str
        Rows that were left out, each with file, row and reason.
    left_out : int
        How many rows these were, beyond those named too.
    """

    splits: list[str] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    left_out: int = 0

    def leave_out(self, complaint: str) -> None:
        """Count a row that cannot be used, and say why."""
        self.left_out += 1
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(complaint)


@dataclass(frozen=True)
class Columns:
    """Which columns hold what; empty names are looked for among the usual ones."""

    question: str = ""
    answer: str = ""
    split: str = ""


def read_files(paths: Sequence[Path], columns: Columns) -> Rows:
    """Read all rows; those that are malformed are left out and named.

    The split of a row is what its split column says; in files without one it is the file's name without ending.

    Raises
    ------
    UsageError
        If a file cannot be read at all, is of another kind, or lacks a column; or if no row is left.
    """
    rows = Rows()
    for path in paths:
        _read(path, columns, rows)
    if not rows.questions:
        why = f": {rows.complaints[0]}" if rows.complaints else ""
        raise UsageError(f"{', '.join(map(str, paths))}: no row can be used{why}")
    return rows


def _read(path: Path, columns: Columns, rows: Rows) -> None:
    kind = path.suffix.lower().lstrip(".")
    readers = {"jsonl": _json_lines, "ndjson": _json_lines, "json": _json, "csv": _csv, "parquet": _parquet}
    if kind not in readers:
        raise UsageError(f"{path}: files end in {', '.join(f'.{known}' for known in readers)}")
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file")
    found = readers[kind](path, rows)
    named: dict[str, str] | None = None
    missing: UsageError | None = None
    try:
        for number, row in found:
            if not isinstance(row, dict):
                rows.leave_out(f"{path}, row {number}: no object with columns, but {type(row).__name__}")
                continue
            try:
                named = named or _named(path, row, columns)
            except UsageError as error:
                missing = missing or error
                rows.leave_out(f"{path}, row {number}: its columns are {', '.join(map(str, row)) or 'none'}")
                continue
            _add(path, number, row, named, rows)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if named is None and missing is not None:
        raise missing


def _named(path: Path, row: dict[str, Any], columns: Columns) -> dict[str, str]:
    found = {}
    usual = {"question": QUESTION_COLUMNS, "answer": ANSWER_COLUMNS, "split": SPLIT_COLUMNS}
    for part, names in usual.items():
        chosen = getattr(columns, part) or next((name for name in names if name in row), "")
        if (getattr(columns, part) or part == "question") and chosen not in row:
            wanted = repr(chosen) if chosen else f"named {', '.join(names[:-1])} or {names[-1]}"
            has = ", ".join(map(str, row)) or "none"
            raise UsageError(f"{path} has no column {wanted} (say --{part} NAME); it has {has}")
        found[part] = chosen
    return found


def _add(path: Path, number: int, row: dict[str, Any], named: dict[str, str], rows: Rows) -> None:
    question = _text(row.get(named["question"]))
    if not question or not question.strip():
        rows.leave_out(f"{path}, row {number}: no question in column {named['question']!r}")
        return
    split = row.get(named["split"]) if named["split"] else path.stem
    if not isinstance(split, (str, int)) or not str(split):
        rows.leave_out(f"{path}, row {number}: no split in column {named['split']!r}")
        return
    rows.questions.append(question)
    rows.splits.append(str(split))
    rows.answers.append(_text(row.get(named["answer"])) if named["answer"] else None)


def _text(value: Any) -> str | None:
    """Text as it is, a conversation as its messages, anything else as JSON; None for what is missing."""
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, str):
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list) and value and all(isinstance(part, dict) and "content" in part for part in value):
        return "\n".join(str(part["content"]) for part in value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _json_lines(path: Path, rows: Rows) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                rows.leave_out(f"{path}, row {number}: no valid JSON")


def _json(path: Path, rows: Rows) -> Iterator[tuple[int, Any]]:
    try:
        held = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: no valid JSON ({' '.join(str(error).split())[:100]})") from error
    if not isinstance(held, list):
        raise UsageError(f"{path}: an array of objects is needed, not {type(held).__name__}")
    yield from enumerate(held, 1)


def _csv(path: Path, rows: Rows) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(CSV_FIELD)
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        heads: list[str] | None = None
        while True:
            try:
                cells = next(lines)
            except StopIteration:
                return
            except csv.Error as error:
                rows.leave_out(f"{path}, row {lines.line_num}: {error}")
                continue
            if heads is None:
                heads = cells
            elif cells and len(cells) != len(heads):
                rows.leave_out(f"{path}, row {lines.line_num}: {len(cells)} cells under {len(heads)} headings")
            elif cells:
                yield lines.line_num, dict(zip(heads, cells, strict=True))


def _parquet(path: Path, rows: Rows) -> Iterator[tuple[int, Any]]:
    from unseen.extras import extra_module

    extra_module("parquet")
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except Exception as error:  # whatever the reader meets in a damaged file
        raise UsageError(f"{path} is no valid Parquet: {' '.join(str(error).split())[:150]}") from error
    yield from enumerate(frame.to_dict("records"), 1)
