"""Which parts of the library a study uses: what its files import, with the page or the source of each."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from unseen.registry import Kind, names
from unseen.report.site.library import item_file
from unseen.report.site.sources import source_file

FOLDERS = ("problems", "solvers", "measures", "training", "models", "precision", "statistics", "formats", "evaluation")
"""Packages whose modules are reusable parts."""

KINDS: tuple[Kind, ...] = ("problems", "solvers", "measures")


@dataclass(frozen=True)
class Piece:
    """A part of the library: what it is called, and its page or source from the site's root."""

    label: str
    address: str
    path: Path | None = None
    """The file behind the address, if it is a source."""


def library_pieces(target: str) -> tuple[Piece, ...]:
    """What a study's file and the files of its arms beside it import, in order of name."""
    own = source_file(target).path
    seen: set[Path] = set()
    modules: set[str] = set()
    waiting = [own]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        for module in _imports(path):
            if module.startswith("unseen.studies."):
                waiting.append(own.parent / f"{module.rpartition('.')[2]}.py")
            elif module.startswith(tuple(f"unseen.{folder}" for folder in FOLDERS)):
                modules.add(module)
    return tuple(piece for module in sorted(modules) for piece in _pieces(module))


def _pieces(module: str) -> Iterator[Piece]:
    registered = _registered().get(module, ())
    for kind, name in registered:
        yield Piece(f"{kind[:-1]} {name}", item_file(kind, name))
    if not registered:
        source = source_file(module)
        yield Piece(module.removeprefix("unseen."), source.address, source.path)


@cache
def _registered() -> dict[str, tuple[tuple[Kind, str], ...]]:
    """Module -> the registered items that it defines."""
    found: dict[str, tuple[tuple[Kind, str], ...]] = {}
    for kind in KINDS:
        for name, target in sorted(names(kind).items()):
            module = target.partition(":")[0]
            found[module] = (*found.get(module, ()), (kind, name))
    return found


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
