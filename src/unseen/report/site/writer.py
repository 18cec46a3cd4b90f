"""The gallery as files: pages from templates, and what they show and link to beside them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from unseen.catalogue import AREAS
from unseen.contracts.problem import AXES
from unseen.registry import names
from unseen.report.site.folder import claim_folder, mark, remove
from unseen.report.site.front import field_map, front_page, search_index
from unseen.report.site.gallery import KINDS, Gallery, Watch
from unseen.report.site.sources import source_file
from unseen.report.site.verdicts import BADGES

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Written:
    """What was written."""

    pages: int
    files: int
    bytes: int


@dataclass(frozen=True)
class Page:
    """A page to be rendered: its place in the site, its template, and what the template is given."""

    file: str
    template: str
    context: dict[str, Any]


def write(gallery: Gallery, folder: Path, watch: Watch, *, force: bool = False) -> Written:
    """Write the gallery to a folder; files of an earlier report that it no longer has are deleted.

    Raises
    ------
    UsageError
        If the folder holds files and no report, unless `force`.
    """
    earlier = claim_folder(folder, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    copied = dict(_copied(gallery))
    pages = list(_pages(gallery))
    texts = {"static/papers.js": search_index(gallery.papers)}
    files = {*copied, *texts, *(page.file for page in pages)}
    mark(folder, earlier | files)  # first, so that a report that was stopped half way is known as one
    for done, page in enumerate(pages):
        watch("pages", done, len(pages))
        _put(folder / page.file, render(page))
    for name, text in texts.items():
        _put(folder / name, text)
    for name, path in copied.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    remove(folder, earlier - files)
    mark(folder, files)
    return Written(len(pages), len(files), sum((folder / name).stat().st_size for name in files))


def render(page: Page) -> str:
    """Render a page; whatever its context holds is escaped."""
    root = "../" * page.file.count("/")
    return _environment().get_template(page.template).render(**page.context, file=page.file, root=root)


@cache
def _environment() -> jinja2.Environment:
    from unseen import __version__

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(version=__version__, badges=BADGES, areas=AREAS, axes=AXES)
    return environment


def _pages(gallery: Gallery) -> Iterator[Page]:
    yield Page("index.html", "front.html", {"front": front_page(gallery.papers)})
    yield Page("map.html", "map.html", {"field": field_map(gallery.papers)})
    yield Page("about.html", "about.html", {})
    for paper in gallery.papers:
        yield Page(paper.file, "paper.html", {"page": paper})
    addresses = {page.paper.id: page.file for page in gallery.papers}
    for kind, about in KINDS.items():
        yield Page(f"{kind}/index.html", "items.html", {"kind": kind, "about": about, "items": gallery.items[kind]})
        for item in gallery.items[kind]:
            yield Page(item.file, "item.html", {"page": item, "paper_file": addresses.get(item.paper, "")})


def _copied(gallery: Gallery) -> Iterator[tuple[str, Path]]:
    """What is copied as it is: address from the site's root, and the file."""
    for path in sorted((HERE / "static").iterdir()):
        yield f"static/{path.name}", path
    for page in gallery.papers:
        if page.study and page.source:
            source = source_file(page.study.target)
            yield source.address, source.path
        for run in page.runs:
            for image in (run.picture.page, run.picture.card) if run.picture else ():
                yield image.address, image.path
    for evidence in (run for runs in gallery.runs.values() for run in runs):
        if evidence.path and evidence.judgement:
            yield f"records/{evidence.path.name}", evidence.path
    for kind, items in gallery.items.items():
        for item in items:
            if item.source:
                source = source_file(names(kind)[item.name])
                yield source.address, source.path


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
