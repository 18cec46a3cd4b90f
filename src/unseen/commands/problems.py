"""``unseen problems``: what can be asked."""

from __future__ import annotations

import typer


def problems(
    name: str | None = typer.Argument(None, help="A problem, to see its splits and parameters."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """List the problems, or show one.

    A problem is shown with its splits, its parameters, a question of each split, and how often its checker errs,
    measured now on right and wrong answers and on replies like a language model's.
    """
    if name is None:
        _list(as_json)
    else:
        _show(name, as_json)


def _list(as_json: bool) -> None:
    from rich.table import Table

    from unseen.commands.output import console, print_json, print_table
    from unseen.registry import names, problem

    rows = []
    for name in sorted(names("problems")):
        found = problem(name)
        rows.append(
            {
                "name": name,
                "about": (type(found).__doc__ or "").strip().splitlines()[0],
                "splits": {split: about.axis or "train" for split, about in found.splits.items()},
            }
        )
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("problem", "splits", "about"):
        table.add_column(heading, no_wrap=heading == "problem")
    for row in rows:
        table.add_row(str(row["name"]), ", ".join(row["splits"]), str(row["about"]))
    out = console()
    print_table(out, table)
    out.print("\nQuestions of one: unseen sample modular-addition --split iid -n 5", style="dim")


def _show(name: str, as_json: bool) -> None:
    import dataclasses
    import inspect

    from rich.table import Table
    from rich.text import Text

    from unseen.commands.output import console, print_json
    from unseen.evaluation.checker_rates import measure_checker
    from unseen.registry import problem

    found = problem(name)
    splits = {
        split: {"axis": about.axis or "train", "size": about.size, "about": about.description}
        for split, about in found.splits.items()
    }
    parameters = {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}  # type: ignore[arg-type]
    classical = type(found.classical()).__name__
    checker = measure_checker(found)
    questions = {split: found.text(found.sample(split, 1, seed=0))[0] for split in found.splits}
    if as_json:
        description = inspect.getdoc(type(found)) or ""
        print_json(
            {
                "name": name,
                "about": description,
                "parameters": parameters,
                "splits": splits,
                "scored_by": found.scored_by,
                "classical": classical,
                "questions": questions,
                "checker": [rate.as_json() for rate in checker.rates],
            }
        )
        return
    out = console()
    out.print(Text.assemble((name, "bold"), f"  scored by {found.scored_by}; classical solver {classical}\n"))
    out.print(inspect.getdoc(type(found)) or "")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("split", "axis", "instances", "about", "for instance"):
        table.add_column(heading)
    for split, about in splits.items():
        size = "endless" if about["size"] is None else str(about["size"])
        table.add_row(split, str(about["axis"]), size, str(about["about"]), _shorten(questions[split]))
    out.print()
    out.print(table)
    out.print("\nchecker, measured now:")
    for rate in checker.rates:
        out.print(f"  {rate}")
    out.print("\nparameters: " + ", ".join(f"{key}={value!r}" for key, value in parameters.items()))


def _shorten(text: str, most: int = 60) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
