"""``unseen audit``: is a data set fit to tell rule from memory?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from unseen.audit.auditing import Audit


def audit(
    files: list[str] = typer.Argument(
        ..., metavar="FILE...", help="JSON lines, JSON, CSV or Parquet; or a single registered problem."
    ),
    question: str = typer.Option("", help="Column of the questions; by default question, prompt and the like."),
    answer: str = typer.Option("", help="Column of the answers; by default answer, target and the like."),
    split: str = typer.Option("", help="Column of the splits; by default split, else each file is one."),
    n: int = typer.Option(1000, "-n", help="Of a registered problem: questions per split, at most 100,000."),
    seed: int = typer.Option(0, help="Of a registered problem: the seed."),
    level: float = typer.Option(0.9, help="Confidence level of the intervals."),
    html: Path | None = typer.Option(None, help="File to write a page for people to."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Audit a data set: shared questions, guessable answers.

    Finds questions that stand in several splits, near-duplicates between splits, and answers that can be guessed
    (docs/audit.md). Exit code 0: all rows were audited; 1: malformed rows were left out; 2: misuse.
    """
    from unseen.audit.auditing import audit as examine
    from unseen.audit.table import Columns, read_files
    from unseen.commands.output import print_json
    from unseen.errors import UsageError
    from unseen.registry import names
    from unseen.report.audit import audit_page
    from unseen.report.evaluation import check_place

    if not 0 < level < 1:
        raise UsageError(f"--level must lie between 0 and 1, not {level:g}")
    if not 1 <= n <= 100_000:
        raise UsageError(f"-n must be from 1 to 100,000, not {n}")
    if html is not None:
        check_place(html, "--html")
    if len(files) == 1 and files[0] in names("problems"):
        found = _problem_audit(files[0], n, seed, level)
    else:
        found = examine(read_files([Path(file) for file in files], Columns(question, answer, split)), level=level)
    if html is not None:
        html.write_text(audit_page(found), encoding="utf-8")
    if as_json:
        print_json(found.as_json())
    else:
        _show(found)
    for complaint in found.complaints:
        typer.echo(f"unseen: {complaint}", err=True)
    if found.left_out > len(found.complaints):
        typer.echo(f"unseen: and {found.left_out - len(found.complaints):,} more rows were left out", err=True)
    raise typer.Exit(1 if found.left_out else 0)


def _problem_audit(name: str, n: int, seed: int, level: float) -> Audit:
    """A registered problem, its questions compared by its own canonical form."""
    from unseen.audit.auditing import audit as examine
    from unseen.audit.table import Rows
    from unseen.bridges.rows import answer_texts
    from unseen.errors import UsageError
    from unseen.registry import problem

    found, rows = problem(name), Rows()
    forms: list[Any] = []
    for split, about in found.splits.items():
        try:
            examples = found.sample(split, n if about.size is None else min(n, about.size), seed)
        except ValueError as error:
            raise UsageError(str(error)) from error
        rows.splits += [split] * len(examples)
        rows.questions += found.text(examples)
        rows.answers += answer_texts(found, examples)
        forms += found.canonical(examples)
    return examine(rows, forms, level=level)


def _show(found: Audit) -> None:
    from rich.table import Table
    from rich.text import Text

    from unseen.commands.output import console, print_table
    from unseen.report.audit import HEADINGS, split_row

    page = console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=True)
    for one in found.splits:
        table.add_row(*split_row(one))
    print_table(page, table)
    guesses = [(one.split, guess) for one in found.splits for guess in one.guesses]
    if guesses:
        page.print(f"\nguessing, taught on {found.reference}\n", style="bold")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
        for heading in ("split", "baseline", "right", f"{found.level:.0%} interval", "compared with"):
            table.add_column(heading, no_wrap=True)
        for name, guess in guesses:
            right = guess.accuracy
            interval = f"[{right.low:.3f}, {right.high:.3f}]"
            table.add_row(name, guess.baseline, f"{right.estimate:.3f}", interval, f"{guess.chance:.3f}")
        print_table(page, table)
    page.print()
    for finding in found.findings() or ["Nothing was found."]:
        page.print(Text(finding, style="bold"), soft_wrap=True)
