"""``unseen verify``: recompute every verdict from its record."""

from __future__ import annotations

from typing import Any

import typer


def verify(
    studies: list[str] | None = typer.Argument(None, help="Studies by id, key or area; by default all on record."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: an array of records with verdicts."),
) -> None:
    """Recompute the verdicts of all records.

    Exit code 0: every verdict could be computed, whatever it is; 1: a record is stale; 2: a record is damaged.
    """
    from rich.text import Text

    from unseen.commands.output import console, print_json
    from unseen.engine.recording import StaleRecord, judge_record
    from unseen.errors import UsageError
    from unseen.records import RecordError, read_record, record_files
    from unseen.registry import select_studies
    from unseen.report.summary import MARKS, findings_json

    wanted = {study.id for study in select_studies(studies)} if studies else None
    files = {place: path for place, path in record_files().items() if wanted is None or place[0] in wanted}
    if wanted and (bare := wanted - {study for study, _ in files}):
        raise UsageError(f"no record of study {', '.join(sorted(bare))}")
    code, rows, out = 0, [], console()
    for (study, scale), path in files.items():
        row: dict[str, Any] = {"id": study, "scale": scale, "record": path.name}
        try:
            judgement = judge_record(read_record(path))
        except (StaleRecord, RecordError) as error:
            code = max(code, 2 if isinstance(error, RecordError) else 1)
            rows.append({**row, "verdict": None, "claims": [], "problem": str(error)})
            if not as_json:
                out.print(Text.assemble(("!", "red"), f" {study} {scale}: {error}"), soft_wrap=True)
            continue
        rows.append({**row, **findings_json(judgement), "problem": ""})
        if not as_json:
            mark, colour = MARKS[judgement.verdict.status]
            parts = ", ".join(finding.verdict.status for finding in judgement.findings)
            verdict = (f"{mark} {study} {scale}: {judgement.verdict}", colour)
            out.print(Text.assemble(verdict, f" (claims: {parts})"), soft_wrap=True)
    if as_json:
        print_json(rows)
    raise typer.Exit(code)
