"""``unseen show``: a study's claims, verdict, trials and figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from unseen.contracts.study import Study, Trials
    from unseen.registry import StudyName


def show(
    study: str = typer.Argument(..., help="A study by id (080) or key (corrupted-labels)."),
    scale: str = typer.Option("small", help="Which scale."),
    out: Path | None = typer.Option(None, help="Folder for figure and table."),
    store: str | None = typer.Option(None, help="Show your own trials in this store instead of the record."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: claims, verdict and trials."),
) -> None:
    """Show what a study claims, what came out (on record, else of your own runs), and draw its figure."""
    import math

    from unseen.commands.output import console, print_json
    from unseen.registry import load, study_name, study_page
    from unseen.report.files import write_results
    from unseen.report.summary import MARKS, findings_json, findings_table

    name = study_name(study)
    loaded: Study = load(name.target)
    trials, seeds, source = _trials(name, loaded, scale, store)
    judgement = loaded.judge(trials, seeds)
    files = write_results(name, loaded, scale, trials, judgement, out)
    if as_json:
        rows = [
            {
                "condition": t.condition,
                "seed": t.seed,
                "metrics": {k: v if math.isfinite(v) else None for k, v in t.outcome.metrics.items()},
            }
            for t in trials.items
        ]
        paths = {"figure": str(files.figure), "table": str(files.table)}
        print_json(
            {
                "id": name.id,
                "key": name.key,
                "scale": scale,
                "source": source,
                **findings_json(judgement),
                "trials": rows,
                **paths,
            }
        )
        return
    page = console()
    mark, colour = MARKS[judgement.verdict.status]
    page.print(
        f"[bold]{name.id} {name.key}[/bold], scale {scale}: [bold {colour}]{mark} {judgement.verdict}[/bold {colour}]"
    )
    page.print(f"from {source}\n", style="dim")
    page.print(study_page(name), markup=False)
    page.print()
    page.print(findings_table(judgement))
    page.print(trials.table().to_string(index=False, float_format=lambda value: f"{value:.4g}"), markup=False)
    page.print(f"\nfigure: {files.figure}\ntable:  {files.table}", soft_wrap=True)


def _trials(name: StudyName, study: Study, scale: str, store: str | None) -> tuple[Trials, tuple[int, ...], str]:
    from unseen.engine.plan import plan
    from unseen.engine.runner import as_trials
    from unseen.engine.store import open_store
    from unseen.errors import UsageError
    from unseen.records import read_record, record_files

    planned = plan(name, scale=scale)
    path = record_files().get((name.id, scale))
    if path is not None and store is None:
        record = read_record(path)
        return record.trials, record.seeds, f"the record {path.name}, run on {record.date[:10]}"
    with open_store(store) as opened:
        known = opened.get(planned.keys)
        finished = as_trials(tuple(trial for trial in known.values() if trial.status == "done"))
        if not finished.items:
            missing = f"study {name.id} has no record and no finished trial at scale {scale}"
            raise UsageError(f"{missing}: unseen run {name.id} --scale {scale}")
        return finished, planned.seeds, f"your own runs in {opened.url}"
