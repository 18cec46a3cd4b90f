"""``unseen evaluate``: put a solver of the user's own to the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from unseen.contracts.problem import Problem
    from unseen.evaluation.appraisal import Appraisal
    from unseen.evaluation.comparison import Comparison
    from unseen.evaluation.scores import Cell
    from unseen.evaluation.solver_names import NamedSolver
    from unseen.solvers.language.language_model import Asked

MOST_QUESTIONS = 1_000_000
"""What a call asks at most per split and seed."""

KEPT = "answers of language models are kept, the same command goes on from here"


def evaluate(
    solver: str = typer.Argument(
        ...,
        help="classical, a registered name (lookup-table), package.module:function, openai:MODEL, hf:PATH, file:PATH.",
    ),
    problems: list[str] = typer.Argument(..., metavar="PROBLEM...", help="Problems by name; see unseen problems."),
    against: str | None = typer.Option(None, help="A second solver, to be compared with the first in pairs."),
    splits: str | None = typer.Option(None, help="Splits such as train,iid; all by default."),
    n: int = typer.Option(1000, "-n", help=f"Questions per split and seed, at most {MOST_QUESTIONS:,}."),
    seeds: str = typer.Option("0", help="Seeds such as 0-4 or 0,3,100-104."),
    parameter: list[str] | None = typer.Option(
        None, "--set", help="A parameter of the problem, as in --set modulus=59; only with a single problem."
    ),
    level: float = typer.Option(0.9, help="Confidence level of the intervals."),
    base_url: str = typer.Option(
        "https://api.openai.com/v1",
        envvar="OPENAI_BASE_URL",
        help="openai:MODEL: any OpenAI-compatible server, as http://localhost:8000/v1.",
    ),
    key_variable: str = typer.Option(
        "OPENAI_API_KEY", help="openai:MODEL: the environment variable that holds the key."
    ),
    model_set: list[str] | None = typer.Option(
        None, "--model-set", help="openai:MODEL: a field of the request, as in --model-set temperature=1."
    ),
    concurrency: int = typer.Option(16, help="openai:MODEL: requests in flight at once."),
    time_limit: float = typer.Option(120.0, help="openai:MODEL: seconds that one request may take."),
    tries: int = typer.Option(8, help="openai:MODEL: requests that a question may take."),
    most_requests: int | None = typer.Option(None, help="openai:MODEL: stop before sending more requests."),
    most_tokens: int | None = typer.Option(None, help="openai:MODEL: stop before using more tokens."),
    most_money: float | None = typer.Option(None, help="openai:MODEL: stop before spending more; needs prices."),
    price_read: float | None = typer.Option(None, help="openai:MODEL: price of a million tokens read."),
    price_written: float | None = typer.Option(None, help="openai:MODEL: price of a million tokens written."),
    answers: Path | None = typer.Option(
        None, help="openai:MODEL: file of all answers, none is asked for twice; by default one in your data folder."
    ),
    html: Path | None = typer.Option(None, help="File to write a page for people to."),
    parquet: Path | None = typer.Option(None, help="File to write the score of every question to."),
    keep: bool = typer.Option(
        True, help="Keep the scores in your data folder, for the gallery and for comparing with later solvers."
    ),
    progress: Path | None = typer.Option(None, help="File to append the progress to, a line of JSON each."),
    complexity: bool = typer.Option(False, "--complexity", help="Print scores against complexity too."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: per problem diagnosis, splits and cost."),
) -> None:
    """Evaluate a solver on problems: rule or memory.

    Each split is given with its score, interval and what the classical solver scores on the same questions; then one
    sentence says rule, memory, or cannot tell (docs/evaluate.md has the rule for it). Solvers that learn are trained
    on train first, seed by seed.

    Exit code 0: all was evaluated; 1: the solver failed on the way, what was done is printed; 2: misuse; 130: stopped.
    """
    from unseen.commands.language import LanguageOptions, open_models
    from unseen.commands.output import console, print_json
    from unseen.commands.stopping import stoppable
    from unseen.engine.plan import parse_seeds
    from unseen.errors import UsageError
    from unseen.evaluation.comparison import compare_solvers
    from unseen.extras import extra_module
    from unseen.report.evaluation import check_place, evaluation_page, write_scores

    if not 1 <= n <= MOST_QUESTIONS:
        raise UsageError(f"-n must be from 1 to {MOST_QUESTIONS:,}, not {n}")
    if not 0 < level < 1:
        raise UsageError(f"--level must lie between 0 and 1, not {level:g}")
    if against == solver:
        raise UsageError(f"--against {against}: a solver cannot be compared with itself")
    for path, option in ((html, "--html"), (parquet, "--parquet"), (progress, "--progress")):
        if path is not None:
            check_place(path, option)
    if parquet is not None:
        extra_module("parquet")
    found = _find_problems(problems, parameter or [])
    wanted = None if splits is None else [split.strip() for split in splits.split(",")]
    chosen = parse_seeds(seeds)
    from unseen.evaluation.appraisal import appraise
    from unseen.evaluation.scores import checked_splits

    names = [solver] if against is None else [solver, against]
    total = len(names) * len(chosen) * sum(len(checked_splits(problem, wanted)) for problem in found)
    watch = _watch(progress, total)
    options = LanguageOptions(
        *(base_url, key_variable, model_set or [], concurrency, time_limit, tries),
        *(most_requests, most_tokens, most_money, price_read, price_written, answers),
    )
    rows: list[list[Appraisal]] = [[] for _ in names]
    page = console()
    with open_models(names, options) as models, stoppable(KEPT):
        ready = [[_find_solver(name, problem, models) for problem in found] for name in names]
        for place, problem in enumerate(found):
            for name, made, row in zip(names, ready, rows, strict=True):
                row.append(
                    appraise(
                        made[place], problem, name=name, splits=wanted, n=n, seeds=chosen, level=level, watch=watch
                    )
                )
                if not as_json:
                    print_appraisal(page, row[-1], level, complexity=complexity)
    if keep:
        for row, solvers in zip(rows, ready, strict=True):
            _keep(row, solvers, parameter or [], level)
    fitted = any(made.fit for solvers in ready for made in solvers)
    compared = [] if against is None else compare_solvers(rows[0], rows[1], fitted=fitted, level=level)
    appraisals = [one for row in rows for one in row]
    if html is not None:
        html.write_text(evaluation_page(appraisals, compared, level), encoding="utf-8")
    if parquet is not None:
        write_scores(parquet, appraisals)
    if as_json:
        print_json(
            {
                "evaluations": [one.as_json(level) for one in appraisals],
                "comparisons": [one.as_json() for one in compared],
            }
        )
    elif compared:
        print_comparisons(page, names, compared)
    failed = [one for one in appraisals if one.failure]
    for one in failed:
        typer.echo(f"unseen: {one.solver} on {one.scores.problem}: {one.failure}", err=True)
    raise typer.Exit(1 if failed else 0)


def _keep(found: Sequence[Appraisal], solvers: Sequence[NamedSolver], parameters: list[str], level: float) -> None:
    from unseen.commands.parameters import read_parameters
    from unseen.evaluation.kept import keep
    from unseen.report.files import evaluations_folder

    for one, solver in zip(found, solvers, strict=True):
        if one.scores.values:
            given = read_parameters(parameters)
            keep(one, evaluations_folder(), parameters=given, fitted=solver.fit, level=level)


def _watch(path: Path | None, total: int) -> Callable[[Cell], None]:
    """What notes in a file how many of all splits and seeds are done; at first that none is."""
    if path is None:
        return lambda cell: None
    import time

    from unseen.commands.progress import ProgressFile, format_seconds

    file, started = ProgressFile(path), time.monotonic()
    done = 0
    file.tell("evaluation", 0.0, None, f"0/{total} splits")

    def watch(cell: Cell) -> None:
        nonlocal done
        done += 1
        left = (time.monotonic() - started) * (total - done) / done
        words = f"{done}/{total} splits" + (f" · {format_seconds(left)} left" if left >= 0.5 else "")
        file.tell("evaluation", done / total, left, words)

    return watch


def _find_solver(name: str, problem: Problem, models: Mapping[str, Asked]) -> NamedSolver:
    from unseen.evaluation.solver_names import NamedSolver, find_solver

    if name not in models:
        return find_solver(name, problem)
    from unseen.solvers.language.language_model import LanguageModel

    return NamedSolver(LanguageModel(models[name], problem), fit=False)


def _find_problems(names: Sequence[str], parameters: list[str]) -> list[Problem]:
    from unseen.commands.parameters import read_parameters
    from unseen.errors import UsageError
    from unseen.registry import problem

    if parameters and len(names) > 1:
        raise UsageError("--set needs a single problem; evaluate the others by calls of their own")
    if len(set(names)) < len(names):
        raise UsageError("a problem is named twice")
    return [problem(name, **read_parameters(parameters)) for name in names]


def print_appraisal(page: Console, found: Appraisal, level: float, *, complexity: bool = False) -> None:
    """Split, axis, score with interval, the classical score, questions; scores against complexity; diagnosis and cost.

    Errors have the column ``dealt out`` too, what the right answers to other questions get.
    """
    from rich.table import Table
    from rich.text import Text

    from unseen.commands.output import print_table

    described = found.as_json(level)
    page.print(Text.assemble("\n", (found.solver, "bold"), f" on {found.scores.problem}\n"), soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    errors = found.dealt is not None
    headings = ["split", "axis", found.scores.scored_by, f"{level:.0%} interval", "classical", "questions", "seeds"]
    for heading in headings[:5] + ["dealt out"] * errors + headings[5:]:
        table.add_column(heading, no_wrap=True)
    for row in described["splits"]:
        missing = f" ({row['unanswered']} unanswered)" if row["unanswered"] else ""
        table.add_row(
            row["split"],
            row["axis"],
            _number(row["estimate"]),
            f"[{_number(row['low'])}, {_number(row['high'])}]",
            _number(row["classical"]),
            *([_number(row["dealt_out"])] if errors else []),
            f"{row['questions']}{missing}",
            str(row["seeds"]),
        )
    if described["splits"]:
        print_table(page, table)
    if complexity:
        _print_curves(page, described["complexity"], found.scores.scored_by, level)
    page.print(Text(f"\n{found.diagnosis}", style="bold"), soft_wrap=True)
    page.print(_cost(found), style="dim", soft_wrap=True)


def _print_curves(page: Console, curves: Sequence[Mapping[str, Any]], scored_by: str, level: float) -> None:
    from rich.table import Table

    from unseen.commands.output import print_table
    from unseen.report.complexity import range_text

    if not curves:
        page.print("\nno label of these questions takes several values", style="dim")
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("split", "label", "value", scored_by, f"{level:.0%} interval", "classical", "questions"):
        table.add_column(heading, no_wrap=True)
    for curve in curves:
        for point in curve["points"]:
            interval = f"[{_number(point['lower'])}, {_number(point['upper'])}]"
            score, classical = _number(point["estimate"]), _number(point["classical"])
            count = str(point["questions"])
            table.add_row(curve["split"], curve["label"], range_text(point), score, interval, classical, count)
    page.print()
    print_table(page, table)


def print_comparisons(page: Console, names: Sequence[str], compared: Sequence[Comparison]) -> None:
    """One row per problem and split: difference with interval, p-values, and what could have been seen."""
    from rich.table import Table

    from unseen.commands.output import print_table

    page.print(f"\n{names[0]} less {names[1]}, question by question\n", style="bold", soft_wrap=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("problem", "split", "difference", "interval", "p", "p corrected", "could have seen", "pairs", "by"):
        table.add_column(heading, no_wrap=True)
    for one in compared:
        row: dict[str, Any] = one.as_json()
        table.add_row(
            one.problem,
            one.split,
            _number(row["difference"]),
            f"[{_number(row['low'])}, {_number(row['high'])}]",
            _number(row["p_value"]),
            _number(row["corrected"]),
            _number(row["smallest_effect"]),
            str(one.pairs),
            one.unit,
        )
    print_table(page, table)
    page.print(f"p corrected after Holm for {len(compared)} comparisons", style="dim")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _cost(found: Appraisal) -> str:
    cost = found.cost
    words = [f"{cost.seconds:.2f} s (classical {found.classical_seconds:.2f} s)"]
    if cost.answers:
        words.append(f"{cost.answers} answers, {cost.stored} of them from the log")
        words.append(f"{cost.prompt_tokens} tokens read, {cost.completion_tokens} written")
    if cost.money is not None:
        words.append(f"price {cost.money:.4g}")
    return ", ".join(words)
