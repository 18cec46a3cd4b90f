"""``unseen papers``: the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from unseen.catalogue import Paper


def papers(
    query: list[str] | None = typer.Argument(None, help="Words to look for in title, claim, key, authors and area."),
    area: str | None = typer.Option(None, help="Only papers of this area."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: an array of papers with their records."),
) -> None:
    """List and search the papers, with the verdicts on record.

    Without words all papers in scope are listed; with several, those that match every one.
    """
    from unseen.catalogue import search
    from unseen.commands.output import print_json

    found = search(" ".join(query or []), area=area)
    records = _records(found)
    if as_json:
        print_json([_paper_json(paper, records[paper.id]) for paper in found])
    else:
        _print_table(found, records)


def _records(found: Sequence[Paper]) -> dict[str, dict[str, Any]]:
    from unseen.commands.output import record_summary
    from unseen.records import read_record, record_files

    summaries: dict[str, dict[str, Any]] = {paper.id: {} for paper in found}
    for (study, scale), path in record_files().items():
        if study in summaries:
            summaries[study][scale] = record_summary(read_record(path))
    return summaries


def _paper_json(paper: Paper, records: Mapping[str, Any]) -> dict[str, Any]:
    from unseen.registry import names

    return {
        "id": paper.id,
        "key": paper.key,
        "title": paper.title,
        "authors": list(paper.authors),
        "year": paper.year,
        "link": paper.link,
        "area": paper.area,
        "axes": list(paper.axes),
        "claim": paper.claim,
        "study": paper.id in names("studies"),
        "records": records,
    }


def _print_table(found: Sequence[Paper], records: Mapping[str, Mapping[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from unseen.commands.output import console, print_table
    from unseen.registry import names
    from unseen.report.summary import MARKS

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("id", "key", "year", "area", "title", "verdict"):
        table.add_column(heading, no_wrap=heading != "title")
    for paper in found:
        words = Text()
        for scale, summary in records[paper.id].items():
            mark, colour = MARKS.get(summary["verdict"], ("!", "yellow"))
            words.append(f"{mark} {summary['verdict']}", style=colour).append(f" ({scale}) ", style="dim")
        if not words and paper.id in names("studies"):
            words.append("no record yet", style="dim")
        table.add_row(paper.id, paper.key, str(paper.year), paper.area, paper.title, words)
    out = console()
    print_table(out, table)
    studied = sum(paper.id in names("studies") for paper in found)
    papers_found = "1 paper" if len(found) == 1 else f"{len(found)} papers"
    out.print(f"\n{papers_found}, {studied} with a study. Run one: unseen run 080", style="dim")
