"""``unseen export``: a problem in the format of another library."""

from __future__ import annotations

from pathlib import Path

import typer


def export(
    problem: str = typer.Argument(..., help="Name of the problem; unseen problems lists them."),
    to: str = typer.Option(..., "--to", help="jsonl, parquet, inspect, reasoning-gym, trl or verifiers."),
    out: Path | None = typer.Option(None, help="Folder to write to; by default PROBLEM-FORMAT."),
    splits: str | None = typer.Option(None, help="Splits such as train,iid; all by default."),
    n: int = typer.Option(1000, "-n", "--n", help="Questions per split, at most 1,000,000."),
    seed: int = typer.Option(0, help="Seed: the same seed gives the same questions."),
    parameter: list[str] | None = typer.Option(
        None, "--set", help="A parameter of the problem, as in --set modulus=59."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print the index as JSON."),
) -> None:
    """Write a problem as files that another library loads.

    Splits keep their names. Each question carries what scores an answer to it by the problem's own checker
    (docs/export.md).
    """
    from unseen.bridges.folder import export as write
    from unseen.commands.output import print_json
    from unseen.commands.parameters import read_parameters
    from unseen.errors import UsageError

    if not 1 <= n <= 1_000_000:
        raise UsageError(f"-n must be from 1 to 1,000,000, not {n}")
    folder = out or Path(f"{problem}-{to}")
    wanted = None if splits is None else [split.strip() for split in splits.split(",")]
    index = write(problem, to, folder, splits=wanted, n=n, seed=seed, parameters=read_parameters(parameter or []))
    if as_json:
        print_json({**index, "folder": str(folder)})
        return
    for split, about in index["splits"].items():
        typer.echo(f"{folder / about['file']}  {split} ({about['axis']}), {about['rows']} questions")
    if "module" in index:
        typer.echo(f"{folder / index['module']}  loads them")
