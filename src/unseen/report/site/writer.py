"""The gallery as files: pages from templates, and what they show and link to beside them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unseen.report.site.folder import claim_folder, mark, remove
from unseen.report.site.gallery import Gallery, Watch
from unseen.report.site.pages import general_files, item_files, pages, paper_files, render, scripts


@dataclass(frozen=True)
class Written:
    """What was written."""

    pages: int
    files: int
    bytes: int


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
    made = list(pages(gallery))
    texts = scripts(gallery.papers, tuple(item for items in gallery.items.values() for item in items))
    files = {*copied, *texts, *(page.file for page in made)}
    mark(folder, earlier | files)  # first, so that a report that was stopped half way is known as one
    for done, page in enumerate(made):
        watch("pages", done, len(made))
        _put(folder / page.file, render(page))
    for name, text in texts.items():
        _put(folder / name, text)
    for name, path in copied.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    remove(folder, earlier - files)
    mark(folder, files)
    return Written(len(made), len(files), sum((folder / name).stat().st_size for name in files))


def _copied(gallery: Gallery) -> Iterator[tuple[str, Path]]:
    """What is copied as it is: address from the site's root, and the file."""
    yield from general_files()
    for page in gallery.papers:
        yield from paper_files(page)
    for items in gallery.items.values():
        for item in items:
            yield from item_files(item)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
