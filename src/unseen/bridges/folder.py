"""Exports as folders: one file per split, and an index that keeps the splits' names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from unseen.bridges.rows import DEFAULT_ROWS, split_rows
from unseen.errors import UsageError
from unseen.solvers.language.language_model import INSTRUCTION

INDEX = "export.json"
"""Name of the index; present only once everything else is."""

TARGETS = ("jsonl", "parquet", "inspect", "reasoning-gym", "trl", "verifiers")

_LOADERS = {
    "inspect": '''"""{name}, for Inspect: inspect eval {file} -T split=iid --model ..."""

from pathlib import Path

from inspect_ai import Task, task

from unseen.bridges.inspect_task import folder_task


@task
def {identifier}(split: str = "{split}") -> Task:
    return folder_task(Path(__file__).parent, split)
''',
    "reasoning-gym": '''"""{name}, for reasoning-gym: import this, then reasoning_gym.create_dataset("{name}")."""

from pathlib import Path

from unseen.bridges.reasoning_gym_dataset import register_folder

register_folder(Path(__file__).parent)
''',
    "verifiers": '''"""{name}, for verifiers: with this folder on the path, the taskset {identifier}."""

from pathlib import Path

from unseen.bridges.verifiers_taskset import folder_taskset

{camel} = folder_taskset(Path(__file__).parent)

__all__ = ["{camel}"]
''',
}


def export(
    name: str,
    to: str,
    out: Path,
    *,
    splits: Iterable[str] | None = None,
    n: int = DEFAULT_ROWS,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write a problem's splits to a folder in the format of another library.

    Parameters
    ----------
    name : str
        A registered problem.
    to : str
        One of `TARGETS`. All hold the same questions; ``trl`` has conversational prompts, ``inspect`` samples,
        ``reasoning-gym`` entries, and those two and ``verifiers`` also a Python file that the library loads.
    out : path
        The folder, made if missing; files of an export before are overwritten.
    splits, n, seed, parameters
        As for `unseen.bridges.rows.split_rows`.

    Returns
    -------
    dict
        The index, as written to `INDEX`: problem, parameters, seed, format, and per split its file and rows.

    Raises
    ------
    UsageError
        If an argument is out of range or the folder holds something else.
    """
    if to not in TARGETS:
        raise UsageError(f"there is no format {to!r}; formats: {', '.join(TARGETS)}")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder")
    if out.is_dir() and any(out.iterdir()) and not (out / INDEX).is_file():
        raise UsageError(f"{out} holds other files; name a new folder")
    if to == "parquet":
        from unseen.extras import extra_module

        extra_module("parquet")
    drawn = split_rows(name, splits=splits, n=n, seed=seed, parameters=parameters)
    first = next(drawn, None)  # before anything is written, so that what is misspelt leaves nothing behind
    if first is None:
        raise UsageError("no split was asked for")
    out.mkdir(parents=True, exist_ok=True)
    (out / INDEX).unlink(missing_ok=True)
    index: dict[str, Any] = {"problem": name, "parameters": dict(parameters or {}), "seed": seed, "format": to}
    index["splits"] = {}
    for split, rows in (first, *drawn):
        file = f"{re.sub(r'[^A-Za-z0-9.-]+', '_', split)}.{'parquet' if to == 'parquet' else 'jsonl'}"
        _write(out / file, [_SHAPES[to](row) for row in rows])
        index["splits"][split] = {"file": file, "axis": rows[0]["axis"], "rows": len(rows)}
    if to in _LOADERS:
        identifier = "unseen_" + re.sub(r"\W+", "_", name)
        words = {
            "name": name,
            "file": f"{identifier}.py",
            "identifier": identifier,
            "split": next(iter(index["splits"])),
        }
        camel = "".join(part.capitalize() for part in identifier.split("_")) + "Taskset"
        (out / f"{identifier}.py").write_text(_LOADERS[to].format(**words, camel=camel), encoding="utf-8")
        index["module"] = f"{identifier}.py"
    (out / INDEX).write_text(json.dumps(index, indent=1), encoding="utf-8")
    return index


def read_index(folder: Path) -> dict[str, Any]:
    """The index of an export.

    Raises
    ------
    UsageError
        If the folder holds none.
    """
    try:
        index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        if not isinstance(index, dict) or not isinstance(index.get("splits"), dict):
            raise ValueError("no splits")
    except (OSError, ValueError) as error:
        raise UsageError(f"{folder} is no export: {error}") from error
    return index


def read_split(folder: Path, split: str) -> list[dict[str, Any]]:
    """The rows of a split that was exported as JSON lines.

    Raises
    ------
    UsageError
        If there is no such split, or its file is damaged.
    """
    splits = read_index(folder)["splits"]
    if split not in splits:
        raise UsageError(f"{folder} has no split {split!r}; it has {', '.join(splits)}")
    path = folder / splits[split]["file"]
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def asked(question: str) -> str:
    """The question with the request to end on the answer."""
    return f"{question}\n\n{INSTRUCTION}"


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return row


def _conversation(row: dict[str, Any]) -> dict[str, Any]:
    return {"prompt": [{"role": "user", "content": asked(row["question"])}], **row}


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: row[name] for name in ("problem", "split", "axis", "seed", "check")}
    return {"id": row["id"], "input": asked(row["question"]), "target": row["answer"], "metadata": metadata}


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: row[name] for name in ("id", "split", "axis", "seed", "check")}
    metadata = {"source_dataset": row["problem"], **metadata}
    return {"question": row["question"], "answer": row["answer"], "metadata": metadata}


_SHAPES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "jsonl": _plain,
    "parquet": _plain,
    "trl": _conversation,
    "inspect": _sample,
    "reasoning-gym": _entry,
    "verifiers": _plain,
}


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".parquet":
        import pandas as pd

        pd.DataFrame(rows).to_parquet(path)
        return
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
