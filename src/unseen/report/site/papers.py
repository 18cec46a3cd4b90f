"""What a paper's page shows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.catalogue import Paper, bibtex
from unseen.contracts.study import Finding, Study
from unseen.records import Record
from unseen.registry import StudyName, load, study_page
from unseen.report.site.charts import IntervalChart, interval_chart
from unseen.report.site.data import trials_data
from unseen.report.site.docstring import Block, Section, plain, study_sections
from unseen.report.site.evidence import Evidence
from unseen.report.site.figures import Picture
from unseen.report.site.pieces import Piece, library_pieces
from unseen.report.site.sources import source_file
from unseen.report.site.verdicts import BADGES, Badge
from unseen.report.summary import describe_numbers

MOST_VALUES = 40
"""Per-seed values shown with a claim; estimates that pool more say how many there are."""


@dataclass(frozen=True)
class ClaimView:
    """A claim, what the trials say about it, and how to draw that."""

    text: str
    central: bool
    badge: Badge
    why: str
    numbers: str
    method: str
    note: str
    values: tuple[tuple[str, str], ...]
    """What each value belongs to (a seed where there is one value per seed), and the value."""
    chart: IntervalChart | None


@dataclass(frozen=True)
class Condition:
    """An arm of the experiment."""

    name: str
    about: str
    seconds: str
    """Computing time of all its trials; empty where it is not on record."""


@dataclass(frozen=True)
class RunView:
    """One run on a paper's page."""

    name: str
    """Unique among the runs of the page."""
    scale: str
    source: str
    badge: Badge
    problem: str
    on_record: bool
    """Whether it ships with the package; else it is the user's own."""
    holding: int = 0
    claims: tuple[ClaimView, ...] = ()
    date: str = ""
    commit: str = ""
    seeds: str = ""
    memory: str = ""
    seconds: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    header: tuple[str, ...] = ()
    trials: tuple[tuple[str, ...], ...] = ()
    picture: Picture | None = None
    record_file: str = ""
    """Name of the record's copy in the site, if there is one."""
    record_path: Path | None = None


@dataclass(frozen=True)
class PaperPage:
    """A paper's page."""

    paper: Paper
    file: str
    """From the site's root."""
    badge: Badge
    link: str
    """Where to read it; empty unless it is a web address."""
    bibtex: str
    study: StudyName | None = None
    summary: str = ""
    """The study in one line."""
    problem: str = ""
    """Why the study cannot be shown; empty if it can."""
    before: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()
    runs: tuple[RunView, ...] = ()
    source: str = ""
    """The study's source file, from the site's root."""
    scales: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    """The study's, in its order."""
    pieces: tuple[Piece, ...] = ()
    """Parts of the library that the study uses."""
    data: dict[str, Any] | None = None
    """What the scripts of the figure and of the compare page read."""

    @property
    def picture(self) -> Picture | None:
        """The figure of the run that counts most."""
        return self.runs[0].picture if self.runs else None


def paper_file(paper: Paper) -> str:
    """Where a paper's page lies, from the site's root."""
    return f"papers/{paper.id}-{paper.key}.html"


def paper_page(
    paper: Paper,
    name: StudyName | None,
    runs: Sequence[Evidence],
    pictures: Mapping[tuple[str, str], Picture],
) -> PaperPage:
    """Gather what a paper's page shows.

    Parameters
    ----------
    name : StudyName or None
        The paper's study, if it has one.
    runs : sequence of Evidence
        The study's runs, the one that counts most first.
    pictures : mapping of (study id, name of the run) to Picture
        Figures that have been drawn.
    """
    badge = BADGES[runs[0].status if runs else "untested"]
    link = paper.link if paper.link.startswith(("https://", "http://")) else ""
    page = PaperPage(paper, paper_file(paper), badge, link, bibtex(paper), name)
    if name is None:
        return page
    try:
        study: Study = load(name.target)
        text = study_page(name)
    except (ImportError, ValueError) as error:  # a study may need a package that is not installed
        return dataclasses.replace(page, problem=str(error))
    before, sections = study_sections(text)
    return dataclasses.replace(
        page,
        summary=plain(text.partition("\n")[0]),
        before=before[1:],
        sections=sections,
        runs=tuple(run_view(study, run, pictures.get((run.study, run.name))) for run in runs),
        source=source_file(name.target).address,
        scales=tuple(study.scales),
        conditions=tuple(study.conditions),
        pieces=library_pieces(name.target),
        data=trials_data((run.name, run.record) for run in runs if run.record and run.judgement) if runs else None,
    )


def run_view(study: Study, run: Evidence, picture: Picture | None) -> RunView:
    """A run as its page shows it."""
    view = RunView(run.name, run.scale, run.source, BADGES[run.status], run.problem, run.path is not None)
    if run.record is None or run.judgement is None:
        return view
    record, findings = run.record, run.judgement.findings
    table = record.trials.table()
    return dataclasses.replace(
        view,
        holding=sum(finding.verdict.status == "holds" for finding in findings),
        claims=tuple(
            claim_view(finding, record.seeds)
            for finding in sorted(findings, key=lambda finding: not finding.claim.central)
        ),
        date=record.date[:10],
        commit=str(record.environment.get("commit", "")),
        seeds=", ".join(map(str, record.seeds)),
        memory=f"{record.peak_memory / 1e6:.0f} MB",
        seconds=_duration(sum(record.seconds.values())),
        environment=tuple((key, str(value)) for key, value in record.environment.items() if key != "commit"),
        settings=_settings(study, run.scale, record),
        conditions=tuple(
            Condition(name, about, _duration(record.seconds[name]) if name in record.seconds else "")
            for name, about in study.conditions.items()
        ),
        header=tuple(map(str, table.columns)),
        trials=tuple(tuple(_written(value) for value in row) for row in table.itertuples(index=False)),
        picture=picture,
        record_file=f"records/{run.path.name}" if run.path else "",
        record_path=run.path,
    )


def claim_view(finding: Finding, seeds: Sequence[int]) -> ClaimView:
    """A finding as its page shows it."""
    interval = finding.interval
    by_seed = len(interval.values) == len(seeds)
    labels = [f"seed {seed}" for seed in sorted(seeds)] if by_seed else range(1, len(interval.values) + 1)
    values = tuple((str(label), _written(value)) for label, value in zip(labels, interval.values, strict=True))
    return ClaimView(
        finding.claim.text,
        finding.claim.central,
        BADGES[finding.verdict.status],
        finding.verdict.why,
        describe_numbers(finding),
        interval.method,
        interval.note,
        values[:MOST_VALUES],
        interval_chart(finding),
    )


def _settings(study: Study, scale: str, record: Record) -> tuple[tuple[str, str, str], ...]:
    meanings = {
        declared.name: str(declared.metadata.get("meaning", "")) for declared in dataclasses.fields(study.scales[scale])
    }
    return tuple((name, _written(value), meanings.get(name, "")) for name, value in record.config.items())


def _written(value: Any) -> str:
    if isinstance(value, float):
        return "not determined" if math.isnan(value) else f"{value:.4g}"
    return str(value)


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
