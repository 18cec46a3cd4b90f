"""``unseen run``: put papers to the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from unseen.engine.plan import Plan
    from unseen.engine.runner import RunResult
    from unseen.engine.store import Store

MOST_WORKERS = 1024


def run(
    studies: list[str] = typer.Argument(..., help="Studies by id (080), key (corrupted-labels) or area (dynamics)."),
    scale: str = typer.Option("small", help="smoke (shows that the code runs), small (minutes) or full (a GPU)."),
    seeds: str | None = typer.Option(
        None, help="Seeds such as 0-4 or 0,3,100-104; by default those that the study declares."
    ),
    conditions: str | None = typer.Option(
        None, help="Conditions of a single study such as baseline,ticket: its claims then stay inconclusive."
    ),
    workers: int | None = typer.Option(
        None, help="Worker processes, sharing the cores; by default one per core, or one on an accelerator."
    ),
    device: str = typer.Option("cpu", help="cpu or cuda."),
    store: str | None = typer.Option(
        None,
        help="Where finished trials are kept: sqlite:///file.db, postgresql://user@host/database, or memory: to keep "
        "none; by default a file in your data folder.",
        envvar="UNSEEN_STORE",
    ),
    out: Path | None = typer.Option(None, help="Folder for figures and tables; by default one in your data folder."),
    fresh: bool = typer.Option(False, "--fresh", help="Run all trials again, even those in the store."),
    record: bool = typer.Option(
        False, "--record", help="Write the results as the project's record; needs a git checkout without changes."
    ),
    progress: Path | None = typer.Option(None, help="File to append the progress to, a line of JSON each."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: per study verdict, claims, trials and seconds."),
) -> None:
    """Put studies to the test: run what is missing, judge each claim.

    Every claim is given with its estimate, interval, region and verdict. Finished trials are kept: a run that was
    stopped goes on where it was, and several runs on one store share the work.

    Exit code 0: all trials ran, whatever the verdict; 1: a trial failed; 2: misuse; 130: stopped with Ctrl-C.
    """
    from unseen.commands.output import make_folder, print_json
    from unseen.commands.stopping import stoppable
    from unseen.engine.environment import available_cores
    from unseen.engine.plan import parse_seeds, plan
    from unseen.engine.pool import Pool
    from unseen.engine.recording import require_recordable
    from unseen.engine.store import open_store
    from unseen.errors import UsageError
    from unseen.registry import select_studies
    from unseen.report.evaluation import check_place
    from unseen.report.files import results_folder

    _check_options(device, workers)
    chosen = None if seeds is None else parse_seeds(seeds)
    arms = None if conditions is None else [name.strip() for name in conditions.split(",")]
    names = select_studies(studies)
    if arms is not None and (len(names) > 1 or record):
        raise UsageError("--conditions goes with a single study, and not with --record")
    if progress is not None:
        check_place(progress, "--progress")
    plans = [plan(name, scale=scale, seeds=chosen, device=device, conditions=arms) for name in names]
    if record:
        require_recordable(plans)
    make_folder(out or results_folder())
    size = workers or (1 if device == "cuda" else available_cores())
    results, rows = [], []
    with stoppable(), open_store(store) as opened, Pool(size) as pool:
        for planned in plans:
            result = _run_one(planned, opened, pool, fresh=fresh, record=record, progress=progress)
            results.append(result)
            rows.append(_report(result, out if len(plans) == 1 or out is None else out / planned.name.id, as_json))
            if record and not result.failed:
                _write_record(result, as_json)
    if as_json:
        print_json(rows)
    raise typer.Exit(1 if any(result.failed for result in results) else 0)


def _check_options(device: str, workers: int | None) -> None:
    from unseen.errors import UsageError

    if workers is not None and not 1 <= workers <= MOST_WORKERS:
        raise UsageError(f"--workers must be from 1 to {MOST_WORKERS}, not {workers}")
    if device not in ("cpu", "cuda"):
        raise UsageError(f"--device must be cpu or cuda, not {device!r}")
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise UsageError("--device cuda: this machine has no CUDA accelerator that torch can use; use --device cpu")


def _run_one(planned: Plan, store: Store, pool: Any, *, fresh: bool, record: bool, progress: Path | None) -> RunResult:
    from unseen.commands.progress import progress_display
    from unseen.engine.recording import forget_other_commits
    from unseen.engine.runner import run as run_plan

    if fresh:
        store.forget([key for key, trial in store.get(planned.keys).items() if trial.status != "running"])
    elif record:
        forget_other_commits(store, planned.keys)
    with progress_display(f"{planned.name.id} {planned.name.key}", progress) as watch:
        return run_plan(planned, store, pool=pool, watch=watch)


def _report(result: RunResult, folder: Path | None, as_json: bool) -> dict[str, Any]:
    from rich.text import Text

    from unseen.commands.output import console
    from unseen.report.files import write_results
    from unseen.report.summary import findings_json, findings_table, headline

    name, judgement, count = result.plan.name, result.judgement, len(result.finished)
    row = {
        "id": name.id,
        "key": name.key,
        "scale": result.plan.scale,
        "seeds": list(result.plan.seeds),
        **findings_json(judgement),
        "trials": {"done": count, "failed": len(result.failed)},
        "seconds": round(result.seconds, 2),
        "figure": None,
        "table": None,
    }
    page = console()
    if not as_json:
        page.print()
        page.print(headline(name, judgement, f"scale {result.plan.scale}, {count} trials, {result.seconds:.0f} s"))
        page.print()
        page.print(findings_table(judgement))
        for trial in result.failed:
            last_line = (trial.error.strip().splitlines() or ["no reason known"])[-1]
            words = f" {trial.key.condition}, seed {trial.key.seed}: {last_line}"
            page.print(Text.assemble(("failed", "red"), words), soft_wrap=True)
    if not result.failed and result.plan.whole:
        files = write_results(name, result.plan.study, result.plan.scale, result.trials, judgement, folder)
        row.update(figure=str(files.figure), table=str(files.table))
        if not as_json:
            page.print(f"figure: {files.figure}\ntable:  {files.table}", soft_wrap=True)
    if result.plan.scale == "smoke" and not as_json:
        page.print("Scale smoke only shows that the code runs; its verdict means nothing.", style="dim")
    return row


def _write_record(result: RunResult, as_json: bool) -> None:
    from unseen.engine.recording import make_record
    from unseen.records import write_record

    path = write_record(make_record(result))
    if not as_json:
        typer.echo(f"record: {path}")
