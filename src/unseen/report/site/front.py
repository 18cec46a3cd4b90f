"""What the front page and the map of the field show, and the index that the search reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from unseen.catalogue import AREAS
from unseen.catalogue.query import words_of
from unseen.contracts.problem import AXES
from unseen.report.site.library import ItemPage
from unseen.report.site.papers import PaperPage
from unseen.report.site.verdicts import Badge, counts


@dataclass(frozen=True)
class Cell:
    """A place on the map: the papers of one area that are about one axis."""

    papers: int
    verdicts: tuple[tuple[Badge, int], ...]
    link: str
    """To the front page, showing these papers alone."""
    tested: tuple[PaperPage, ...] = ()
    """Those of them that have a study, by number."""


@dataclass(frozen=True)
class FieldMap:
    """Areas against axes; a paper about several axes stands in several cells of its row."""

    axes: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]
    """Per area: its name, what it covers, and its cells: all its papers, then those of each axis."""


@dataclass(frozen=True)
class FrontPage:
    """The front page."""

    pages: tuple[PaperPage, ...]
    areas: tuple[tuple[str, str], ...]
    axes: tuple[tuple[str, str], ...]
    badges: tuple[Badge, ...]
    """Those that occur."""
    verdicts: tuple[tuple[Badge, int], ...]
    tested: int
    """Papers with a verdict."""
    items: tuple[ItemPage, ...] = ()
    """Problems, solvers and measures, found by the same search."""


def front_page(pages: Sequence[PaperPage], items: Sequence[ItemPage] = ()) -> FrontPage:
    """Gather what the front page shows."""
    verdicts = counts(page.badge.status for page in pages)
    return FrontPage(
        pages=tuple(pages),
        areas=tuple(AREAS.items()),
        axes=tuple(AXES.items()),
        badges=tuple(badge for badge, _ in verdicts),
        verdicts=verdicts,
        tested=sum(page.badge.status not in ("untested", "stale") for page in pages),
        items=tuple(items),
    )


def field_map(pages: Sequence[PaperPage]) -> FieldMap:
    """Count papers and verdicts by area and axis."""
    rows = []
    for area, about in AREAS.items():
        inside = [page for page in pages if page.paper.area == area]
        of_axes = [_cell([page for page in inside if axis in page.paper.axes], area=area, axis=axis) for axis in AXES]
        rows.append((area, about, (_cell(inside, area=area), *of_axes)))
    return FieldMap(tuple(AXES.items()), tuple(rows))


def _cell(pages: Sequence[PaperPage], **chosen: str) -> Cell:
    tested = sorted((page for page in pages if page.study is not None), key=lambda page: page.paper.id)
    verdicts = counts(page.badge.status for page in pages)
    return Cell(len(pages), verdicts, f"index.html#{urlencode(chosen)}", tuple(tested))


def search_index(pages: Sequence[PaperPage]) -> str:
    """The script that gives the search its papers: one constant, for a page opened from disk may read no JSON.

    Words are folded as `unseen.catalogue.search` folds them, and stand in three fields that rank as its do.
    """
    entries = [
        {
            "id": page.paper.id,
            "names": _folded(f"{page.paper.id} {page.paper.title} {page.paper.key}"),
            "context": _folded(" ".join((*page.paper.authors, page.paper.area))),
            "claim": _folded(page.paper.claim),
            "area": page.paper.area,
            "axes": list(page.paper.axes),
            "verdict": page.badge.status,
        }
        for page in pages
    ]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in entries)
    return f'"use strict";\nconst PAPERS = [\n{lines}\n];\n'


def item_index(items: Sequence[ItemPage]) -> str:
    """The same of problems, solvers and measures: the constant ``ITEMS``."""
    entries = [
        {
            "id": item_id(item),
            "kind": item.kind,
            "names": _folded(item.name),
            "context": _folded(item.kind),
            "claim": _folded(item.about),
            "area": "",
            "axes": [axis for axis in AXES if axis in item.unseen_by],
            "verdict": "",
        }
        for item in items
    ]
    lines = ",\n".join(json.dumps(entry, ensure_ascii=True) for entry in entries)
    return f'"use strict";\nconst ITEMS = [\n{lines}\n];\n'


def item_id(item: ItemPage) -> str:
    """What an item's card is called within the front page."""
    return item.file.removesuffix(".html").replace("/", "-")


def _folded(text: str) -> str:
    """Words with a blank before each, so that a search for blank and letters finds words that begin with them."""
    return "".join(f" {word}" for word in words_of(text))
