"""The gallery in memory: papers judged once and again when the store has more, other pages made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from threading import RLock

from unseen.catalogue import Paper
from unseen.catalogue import load as papers
from unseen.engine.plan import plan
from unseen.engine.store import Store, open_store
from unseen.errors import UnseenError
from unseen.evaluation.kept import Kept, read_kept
from unseen.registry import Kind, names, study_name
from unseen.report.files import evaluations_folder
from unseen.report.site.data import data_file
from unseen.report.site.evidence import SCALES, Evidence, judged, ordered, own_run
from unseen.report.site.figures import Picture
from unseen.report.site.gallery import KINDS, Watch, draw_pictures, evidence, gather_papers, with_evaluations
from unseen.report.site.library import ItemPage, item_file, item_page, item_summary
from unseen.report.site.pages import (
    Page,
    general_files,
    general_pages,
    item_files,
    item_view,
    items_view,
    paper_files,
    paper_view,
    scripts,
)
from unseen.report.site.papers import PaperPage, RunView, paper_page, run_view
from unseen.web.requests import StudyRequest

KEPT_ITEMS = 512
"""Pages of problems that are kept, each with its seed."""


def _unwatched(words: str, done: int, total: int) -> None:
    return None


class LiveGallery:
    """What the server answers with.

    Parameters
    ----------
    store : str or None
        URL of the user's store; None for the default one.
    catalogue : sequence of Paper, optional
        The papers to show, by default all.
    watch : callable
        Told how the gathering goes.
    evaluations : Path, optional
        The folder of kept evaluations, by default that of ``unseen evaluate``.
    """

    def __init__(
        self,
        store: str | None = None,
        catalogue: Sequence[Paper] | None = None,
        watch: Watch = _unwatched,
        evaluations: Path | None = None,
    ) -> None:
        self.store = store
        self.evaluations = evaluations or evaluations_folder()
        self._kept_names: tuple[str, ...] = ()
        self._kept_read: Sequence[Kept] = ()
        self._lock = RLock()
        with open_store(store) as opened:  # a store that cannot be opened is complained of before anything is served
            self.store_shown = opened.url
        shown = papers() if catalogue is None else catalogue
        self._recorded = evidence(shown)
        self._papers = {page.file: page for page in gather_papers(watch, shown, self._recorded)}
        self._seen: dict[str, tuple[object, ...]] = {}
        self._items = {item_file(kind, name): (kind, name) for kind in KINDS for name in names(kind)}
        self._files = dict(general_files())
        for page in tuple(self._papers.values()):
            self._files.update(paper_files(page))
            self.look_again(page)
        self._item: Callable[[Kind, str, int], ItemPage] = lru_cache(KEPT_ITEMS)(item_page)
        self._summaries: Callable[[Kind], tuple[ItemPage, ...]] = lru_cache(None)(_summaries)

    @property
    def papers(self) -> tuple[PaperPage, ...]:
        """All papers, in order of id."""
        with self._lock:
            return tuple(self._papers.values())

    def page(self, file: str, seed: int) -> Page | None:
        """The page of that place in the site; None if there is none. A problem's questions are drawn by `seed`."""
        if file in self._papers:
            self.look_again(self._papers[file])
            return paper_view(self._papers[file])
        if file in self._items:
            kind, name = self._items[file]
            item = self._item(kind, name, seed if kind == "problems" else 0)
            item = with_evaluations(item, self._kept())
            self._files.update(item_files(item))
            return item_view(item, self.papers)
        for kind in KINDS:
            if file == f"{kind}/index.html":
                return items_view(kind, self._summaries(kind))
        if file not in ("index.html", "map.html", "about.html", "compare.html"):
            return None
        return next(page for page in general_pages(self.papers, self._all()) if page.file == file)

    def script(self, file: str) -> str | None:
        """A script that is made of the gallery."""
        if not file.startswith(("static/", "data/")) or file in self._files:
            return None
        if file.startswith("data/study-"):
            wanted = [page for page in self.papers if data_file("study", page.paper.id) == file]
            return scripts(wanted, ()).get(file)
        return scripts(self.papers, self._all()).get(file)

    def file(self, address: str) -> Path | None:
        """The file behind an address. Only what a page links to has one, so that no address leads anywhere else."""
        return self._files.get(address)

    def _all(self) -> tuple[ItemPage, ...]:
        kept = self._kept()
        return tuple(with_evaluations(item, kept) for kind in KINDS for item in self._summaries(kind))

    def _kept(self) -> Sequence[Kept]:
        """The evaluations kept so far, read again when there are others than before."""
        names = tuple(sorted(path.name for path in self.evaluations.glob("*.npz")))
        with self._lock:
            if names != self._kept_names:
                self._kept_names, self._kept_read = names, read_kept(self.evaluations)
            return self._kept_read

    def look_again(self, page: PaperPage) -> None:
        """Judge a paper's runs in the store anew if there are others than before."""
        if page.study is None:
            return
        with self._lock, open_store(self.store) as store:
            seen: list[object] = []
            for scale in SCALES:
                try:
                    seen += [
                        (key, trial.finished) for key, trial in store.get(plan(page.study, scale=scale).keys).items()
                    ]
                except UnseenError:  # it has no such scale, or needs a package that is not installed
                    continue
            if self._seen.get(page.file, ()) == tuple(seen):  # at first nothing is seen, as in an empty store
                return
            self._seen[page.file] = tuple(seen)
            own = [run for scale in SCALES if (run := _own(page.study.id, scale, store))]
            runs = ordered((*self._recorded.get(page.study.id, ()), *own))
            pictures = draw_pictures({page.study.id: page.study}, {page.study.id: runs}, _unwatched)
            renewed = paper_page(page.paper, page.study, runs, pictures)
            self._papers[page.file] = renewed
            self._files.update(paper_files(renewed))

    def result(self, request: StudyRequest, picture: Picture | None) -> RunView | None:
        """What a run of a study came to, judged from the trials in the store; None if there is none of them."""
        planned = request.plan()
        with open_store(self.store) as store:
            evidence = judged(planned, store)
        return None if evidence is None else run_view(planned.study, evidence, picture)

    def paper_of(self, study: str) -> PaperPage | None:
        """The page of a study's paper."""
        return next((page for page in self.papers if page.study and page.study.id == study), None)


def _own(study: str, scale: str, store: Store) -> Evidence | None:
    try:
        return own_run(study_name(study), scale, store)
    except UnseenError:
        return None


def _summaries(kind: Kind) -> tuple[ItemPage, ...]:
    return tuple(item_summary(kind, name) for name in sorted(names(kind)))
