"""The source files that pages link to, copied into the site as text."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class SourceFile:
    """A Python file, and the address of its copy from the site's root."""

    path: Path
    address: str


def source_file(target: str) -> SourceFile:
    """The file that defines what ``module:attribute`` names.

    Its copy ends in ``.txt``, so that a browser shows it and does not offer to save it.
    """
    module = target.partition(":")[0]
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ValueError(f"the source of {module} cannot be found")
    path = Path(spec.origin)
    return SourceFile(path, f"sources/{module.replace('.', '/')}.py.txt")
