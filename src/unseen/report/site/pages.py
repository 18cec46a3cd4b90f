"""The pages of the gallery: which file shows what by which template, for a folder and for a server alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from unseen.catalogue import AREAS
from unseen.contracts.problem import AXES
from unseen.registry import Kind, names
from unseen.report.site.data import data_file, quantiles, script
from unseen.report.site.front import field_map, front_page, item_id, item_index, search_index
from unseen.report.site.gallery import KINDS, Gallery
from unseen.report.site.library import ItemPage, slug
from unseen.report.site.papers import PaperPage
from unseen.report.site.sources import source_file
from unseen.report.site.verdicts import BADGES

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class Page:
    """A page to be rendered: its place in the site, its template, and what the template is given."""

    file: str
    template: str
    context: dict[str, Any]


@dataclass(frozen=True)
class Live:
    """What only the pages of a running server have."""

    forgery_token: str
    """What its forms send back, which no other site can know."""


def render(page: Page, live: Live | None = None, templates: Path | None = None) -> str:
    """Render a page; whatever its context holds is escaped.

    Parameters
    ----------
    live : Live, optional
        If a server answers with it; None for a page in a folder.
    templates : Path, optional
        A folder of more templates.
    """
    root = "../" * page.file.count("/")
    template = _environment(templates).get_template(page.template)
    return template.render(**page.context, file=page.file, root=root, live=live)


@cache
def _environment(more: Path | None) -> jinja2.Environment:
    from unseen import __version__

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "templates", *([more] if more else [])]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(item_id=item_id, slug=slug, version=__version__, badges=BADGES, areas=AREAS, axes=AXES)
    return environment


def pages(gallery: Gallery) -> Iterator[Page]:
    """All pages of the gallery."""
    yield from general_pages(gallery.papers, tuple(item for kind in KINDS for item in gallery.items[kind]))
    for paper in gallery.papers:
        yield paper_view(paper)
    for kind in KINDS:
        yield items_view(kind, gallery.items[kind])
        for item in gallery.items[kind]:
            yield item_view(item, gallery.papers)


def general_pages(papers: Sequence[PaperPage], items: Sequence[ItemPage]) -> Iterator[Page]:
    """The front page, the map, and what is said about the whole."""
    yield Page("index.html", "front.html", {"front": front_page(papers, items)})
    yield Page("map.html", "map.html", {"field": field_map(papers)})
    yield Page("about.html", "about.html", {})
    yield compare_view(papers, items)


def compare_view(papers: Sequence[PaperPage], items: Sequence[ItemPage]) -> Page:
    """The page that compares any two runs or solvers; it loads the data of the chosen study or problem."""
    studies = [(page.paper.id, f"{page.paper.id} {page.paper.title}") for page in papers if page.data]
    problems = [item.name for item in items if item.evaluations and item.evaluations.pairs["rows"]]
    return Page("compare.html", "compare.html", {"studies": studies, "problems": problems, "quantiles": quantiles()})


def paper_view(paper: PaperPage) -> Page:
    """A paper's page."""
    return Page(paper.file, "paper.html", {"page": paper})


def items_view(kind: Kind, items: Sequence[ItemPage]) -> Page:
    """The list of all problems, solvers or measures."""
    return Page(f"{kind}/index.html", "items.html", {"kind": kind, "about": KINDS[kind], "items": items})


def item_view(item: ItemPage, papers: Sequence[PaperPage]) -> Page:
    """The page of a problem, a solver or a measure."""
    addresses = {page.paper.id: page.file for page in papers}
    return Page(item.file, "item.html", {"page": item, "paper_file": addresses.get(item.paper, "")})


def scripts(papers: Sequence[PaperPage], items: Sequence[ItemPage]) -> dict[str, str]:
    """Scripts that are made of the gallery: address from the site's root, and text."""
    found = {"static/papers.js": search_index(papers), "static/items.js": item_index(items)}
    for page in papers:
        if page.data:
            found[data_file("study", page.paper.id)] = script(f"study-{page.paper.id}", page.data)
    for item in items:
        if item.evaluations:
            found[data_file("problem", slug(item.name))] = script(f"problem-{slug(item.name)}", item.evaluations.pairs)
    return found


def general_files() -> Iterator[tuple[str, Path]]:
    """Style sheet and scripts: address from the site's root, and the file."""
    for path in sorted(STATIC.iterdir()):
        yield f"static/{path.name}", path


def paper_files(page: PaperPage) -> Iterator[tuple[str, Path]]:
    """What a paper's page shows and links to."""
    if page.study and page.source:
        source = source_file(page.study.target)
        yield source.address, source.path
    for piece in page.pieces:
        if piece.path:
            yield piece.address, piece.path
    for run in page.runs:
        for image in (run.picture.page, run.picture.card) if run.picture else ():
            yield image.address, image.path
        if run.record_path:
            yield run.record_file, run.record_path


def item_files(item: ItemPage) -> Iterator[tuple[str, Path]]:
    """What the page of a problem, a solver or a measure links to."""
    if item.source:
        source = source_file(names(item.kind)[item.name])
        yield source.address, source.path
