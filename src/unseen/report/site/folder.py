"""The folder that a report is written to: what of it is ours, and what must be left alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from unseen.errors import UsageError

MARKER = ".unseen-report.json"
"""The file that says that a folder holds a report, and which of its files are the report's."""

_MADE_BY = "unseen report"


def claim_folder(folder: Path, *, force: bool = False) -> set[str]:
    """Make sure that a report may be written to a folder, and say which files an earlier report left there.

    Raises
    ------
    UsageError
        If the folder holds files and no report, unless `force`.
    """
    earlier = _earlier(folder)
    if earlier is None:
        if not force and folder.is_dir() and any(folder.iterdir()):
            raise UsageError(
                f"--out {folder} is not empty and holds no report: name another folder, or add --force to write into it"
            )
        return set()
    return earlier


def mark(folder: Path, files: Iterable[str]) -> None:
    """Note which files are the report's."""
    content = {"made_by": _MADE_BY, "files": sorted(files)}
    (folder / MARKER).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def remove(folder: Path, files: Iterable[str]) -> None:
    """Delete files that an earlier report left and this one no longer has."""
    for name in files:
        (folder / name).unlink(missing_ok=True)


def _earlier(folder: Path) -> set[str] | None:
    """The files of the report in a folder; None if it holds none."""
    try:
        content = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict) or content.get("made_by") != _MADE_BY:
        return None
    listed = content.get("files")
    return {name for name in listed if _inside(name)} if isinstance(listed, list) else set()


def _inside(name: object) -> bool:
    """Whether a listed name stays within the folder: a marker that was tampered with deletes nothing elsewhere."""
    if not isinstance(name, str):
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
