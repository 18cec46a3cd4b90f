"""``unseen sample``: fresh instances of a problem."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from unseen.contracts.problem import Examples, Problem


MOST_INSTANCES = 10_000_000
"""What a call draws at most, since all of it is held in memory; another seed gives more."""


class SampleFormat(StrEnum):
    """How instances are written."""

    table = "table"
    jsonl = "jsonl"
    parquet = "parquet"


def sample(
    problem: str = typer.Argument(..., help="Name of the problem; unseen problems lists them."),
    split: str = typer.Option("train", help="Which split to draw."),
    n: int = typer.Option(10, "-n", help=f"How many instances, at most {MOST_INSTANCES:,}."),
    seed: int = typer.Option(0, help="Seed: the same seed gives the same instances."),
    parameter: list[str] | None = typer.Option(
        None, "--set", help="A parameter of the problem, as in --set modulus=59."
    ),
    layout: SampleFormat = typer.Option(SampleFormat.table, "--format", help="How to write them."),
    out: Path | None = typer.Option(None, help="File to write to, instead of standard output."),
) -> None:
    """Draw instances of a problem.

    Each comes with its question in words, its inputs, the target as given for training, the right answer, and labels.
    """
    from unseen.commands.parameters import read_parameters
    from unseen.errors import UsageError
    from unseen.registry import problem as find_problem

    found = find_problem(problem, **read_parameters(parameter or []))
    if not 0 <= n <= MOST_INSTANCES:
        raise UsageError(f"-n must be from 0 to {MOST_INSTANCES:,}, not {n}; another --seed gives more instances")
    if layout is SampleFormat.parquet and out is None:
        raise UsageError("--format parquet is binary: say where to with --out FILE")
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"--out {out}: the folder {out.parent} does not exist")
    try:
        examples = found.sample(split, n, seed)
    except ValueError as error:
        raise UsageError(str(error)) from error
    _write(_frame(found, examples), layout, out)


def _frame(problem: Problem, examples: Examples) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {"question": problem.text(examples), **examples.inputs}
    if examples.targets is not None:
        columns["target"] = examples.targets
    columns["answer"] = problem.truth(examples)
    columns.update(examples.labels)
    # Parquet has no matrices, only lists of lists.
    cells = {name: c.tolist() if getattr(c, "ndim", 1) > 2 else list(c) for name, c in columns.items()}
    return pd.DataFrame(cells)


def _write(frame: pd.DataFrame, layout: SampleFormat, out: Path | None) -> None:
    if layout is SampleFormat.parquet:
        from unseen.errors import UsageError

        try:
            frame.to_parquet(out)
        except ImportError as error:
            raise UsageError("parquet needs the extra 'parquet': pip install 'unseen[parquet]'") from error
        return
    if layout is SampleFormat.jsonl:
        text = frame.to_json(orient="records", lines=True) or ""
    else:
        text = frame.to_string(index=False) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
