"""``unseen show``: a study's claims, verdict, trials and figure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from unseen.contracts.study import Judgement, Study, Trials
    from unseen.registry import StudyName


def show(
    study: str = typer.Argument(..., help="A study by id (080) or key (corrupted-labels)."),
    scale: str = typer.Option("small", help="smoke, small or full."),
    seeds: str | None = typer.Option(None, help="Show your own trials with these seeds, such as 100-104."),
    out: Path | None = typer.Option(None, help="Folder for figure and table; by default one in your data folder."),
    store: str | None = typer.Option(None, help="Show your own trials in this store instead of the record."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: claims, verdict and trials."),
) -> None:
    """Show what a study claims and what came out, and draw its figure.

    The results are those on record; those of your own runs if there is no record, or with --store or --seeds.
    """
    from unseen.commands.output import console, make_folder, print_json
    from unseen.registry import load, study_name, study_page
    from unseen.report.files import results_folder, write_results
    from unseen.report.summary import findings_json, findings_table, headline

    name = study_name(study)
    loaded: Study = load(name.target)
    found = _find(name, loaded, scale, seeds, store)
    trials, judgement, files = found.trials, found.judgement, None
    if not found.missing:
        make_folder(out or results_folder())
        files = write_results(name, loaded, scale, trials, judgement, out)
    if as_json:
        description = {"id": name.id, "key": name.key, "scale": scale, "source": found.source}
        paths = {"figure": str(files.figure) if files else None, "table": str(files.table) if files else None}
        print_json({**description, **findings_json(judgement), "trials": _rows(trials), **paths})
        return
    page = console()
    page.print(headline(name, judgement, f"scale {scale}"), soft_wrap=True)
    page.print(f"from {found.source}\n", style="dim", soft_wrap=True)
    page.print(study_page(name))
    page.print()
    page.print(findings_table(judgement))
    page.print(trials.table().to_string(index=False, float_format=lambda value: f"{value:.4g}"), soft_wrap=True)
    if files:
        page.print(f"\nfigure: {files.figure}\ntable:  {files.table}", soft_wrap=True)
    else:
        page.print(f"\n{found.missing} trials are missing, so no figure is drawn: unseen run {name.id} --scale {scale}")


@dataclass(frozen=True)
class _Found:
    """The trials to show, what they say, and where they are from."""

    trials: Trials
    judgement: Judgement
    source: str
    missing: int = 0


def _find(name: StudyName, study: Study, scale: str, seeds: str | None, store: str | None) -> _Found:
    from unseen.engine.plan import parse_seeds, plan
    from unseen.engine.recording import judge_record
    from unseen.engine.runner import as_trials
    from unseen.engine.store import open_store
    from unseen.errors import UsageError
    from unseen.records import read_record, record_files

    planned = plan(name, scale=scale, seeds=None if seeds is None else parse_seeds(seeds))
    path = record_files().get((name.id, scale))
    if path is not None and store is None and seeds is None:
        record = read_record(path)
        return _Found(record.trials, judge_record(record), f"the record {path.name}, run on {record.date[:10]}")
    with open_store(store) as opened:
        known = opened.get(planned.keys)
        trials = as_trials(tuple(trial for trial in known.values() if trial.status == "done"))
        if not trials.items:
            again = f"unseen run {name.id} --scale {scale}" + (f" --seeds {seeds}" if seeds else "")
            raise UsageError(f"study {name.id} has no finished trial at scale {scale} in {opened.url}: {again}")
        judgement = study.judge(trials, planned.seeds)
        return _Found(trials, judgement, f"your own runs in {opened.url}", len(planned.keys) - len(trials.items))


def _rows(trials: Trials) -> list[dict[str, Any]]:
    """Trials as plain JSON values; null stands for nan and infinities."""
    from math import isfinite

    return [
        {
            "condition": trial.condition,
            "seed": trial.seed,
            "metrics": {name: value if isfinite(value) else None for name, value in trial.outcome.metrics.items()},
        }
        for trial in trials.items
    ]
