"""All pages of the gallery, gathered from the catalogue, the registry and the runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unseen.catalogue import Paper
from unseen.catalogue import load as papers
from unseen.contracts.study import Study
from unseen.evaluation.kept import Kept, read_kept
from unseen.registry import Kind, StudyName, load, names, study_names, study_page
from unseen.report.site import figures
from unseen.report.site.docstring import plain
from unseen.report.site.evaluations import evaluation_table
from unseen.report.site.evidence import Evidence, ordered, recorded, stored
from unseen.report.site.figures import Picture, Wanted
from unseen.report.site.library import ItemPage, item_page
from unseen.report.site.papers import PaperPage, paper_page

Watch = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""

KINDS: Mapping[Kind, str] = {
    "problems": "What is asked: procedural families of questions with exact checkers.",
    "solvers": "What answers: classical and neural solvers.",
    "measures": "What is measured: numbers meant to explain or predict generalization.",
}
"""Kinds of items that have pages, each in one sentence."""


@dataclass(frozen=True)
class Gallery:
    """Everything that is shown."""

    papers: tuple[PaperPage, ...]
    items: Mapping[Kind, tuple[ItemPage, ...]]


def gather(
    watch: Watch,
    catalogue: Sequence[Paper] | None = None,
    store: str | None = None,
    evaluations: Path | None = None,
) -> Gallery:
    """Judge the records, draw the figures and read the docstrings.

    Parameters
    ----------
    catalogue : sequence of Paper, optional
        The papers to show, by default all.
    store : str, optional
        A store whose finished runs are shown beside the records.
    evaluations : Path, optional
        A folder of kept evaluations to show with their problems.
    """
    shown = papers() if catalogue is None else catalogue
    return Gallery(
        gather_papers(watch, shown, evidence(shown, store)),
        _items(watch, read_kept(evaluations) if evaluations else ()),
    )


def evidence(shown: Sequence[Paper], store: str | None = None) -> dict[str, tuple[Evidence, ...]]:
    """All runs of the studies of some papers: records, and what a store holds if one is named."""
    ids = {paper.id for paper in shown}
    runs = recorded(ids)
    for study, found in ({} if store is None else stored(_studies(ids), store)).items():
        runs[study] = ordered((*runs.get(study, ()), *found))
    return runs


def gather_papers(
    watch: Watch, shown: Sequence[Paper], runs: Mapping[str, tuple[Evidence, ...]]
) -> tuple[PaperPage, ...]:
    """The pages of some papers, from their runs."""
    studies = {name.id: name for name in study_names()}
    pictures = draw_pictures(studies, runs, watch)
    return tuple(paper_page(paper, studies.get(paper.id), runs.get(paper.id, ()), pictures) for paper in shown)


def _studies(ids: set[str]) -> list[StudyName]:
    return [name for name in study_names() if name.id in ids]


def draw_pictures(
    studies: Mapping[str, StudyName], runs: Mapping[str, tuple[Evidence, ...]], watch: Watch
) -> dict[tuple[str, str], Picture]:
    """The figures of all runs that have a verdict, by study and name of the run."""
    shown = {
        (run.study, run.name): _wanted(studies[run.study], run)
        for found in runs.values()
        for run in found
        if run.judgement
    }
    figures.draw_missing(list(shown.values()), lambda done, total: watch("figures", done, total))
    drawn: dict[tuple[str, str], Picture] = {}
    for done, (place, one) in enumerate(shown.items()):
        watch("figures", done, len(shown))
        study: Study = load(one.name.target)
        drawn[place] = figures.picture(one.name, study, one.run, one.trials, one.origin, one.alt)
    return drawn


def _wanted(name: StudyName, run: Evidence) -> Wanted:
    assert run.record is not None
    summary = plain(study_page(name).partition("\n")[0])
    alt = f"Figure of study {name.id}, scale {run.scale}. {summary}"
    origin = run.path.read_bytes() if run.path else repr(run.record).encode()
    return Wanted(name, run.name, run.record.trials, origin, alt)


def with_evaluations(item: ItemPage, kept: Sequence[Kept]) -> ItemPage:
    """A problem's page with what was evaluated on it."""
    mine = [one for one in kept if item.kind == "problems" and one.appraisal.scores.problem == item.name]
    return replace(item, evaluations=evaluation_table(mine)) if mine else item


def _items(watch: Watch, kept: Sequence[Kept]) -> dict[Kind, tuple[ItemPage, ...]]:
    total = sum(len(names(kind)) for kind in KINDS)
    done = 0
    found: dict[Kind, tuple[ItemPage, ...]] = {}
    for kind in KINDS:
        pages = []
        for name in sorted(names(kind)):
            watch("problems, solvers and measures", done, total)
            pages.append(with_evaluations(item_page(kind, name), kept))
            done += 1
        found[kind] = tuple(pages)
    return found
