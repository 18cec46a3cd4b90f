"""``unseen doctor``: what is installed, what works, what is missing and how to get it."""

from __future__ import annotations

import typer


def doctor(
    store: str | None = typer.Option(None, help="Store to look at; the default one otherwise.", envvar="UNSEEN_STORE"),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Show versions, device, store, sandbox, and what is missing."""
    from rich.table import Table

    from unseen.commands.output import console, print_json, print_table
    from unseen.engine.environment import available_cores, environment
    from unseen.extras import EXTRAS
    from unseen.records import record_files, records_folder
    from unseen.solvers.language.sandbox import confinement

    facts = {name: str(value) for name, value in environment("cpu", available_cores()).items()}
    facts["device"] = _accelerator()
    facts["records"] = f"{len(record_files())} in {records_folder()}"
    facts["programs by models"] = f"confined by {confinement()}"
    reachable, facts["store"] = _store(store)
    extras = {name: _installed(module) for name, (module, _) in EXTRAS.items()}
    if as_json:
        print_json({**facts, "store_reachable": reachable, "extras": extras})
    else:
        table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
        for name, value in facts.items():
            table.add_row(name, value)
        for name, present in extras.items():
            advice = "present" if present else f"missing; for {EXTRAS[name][1]}: pip install 'unseen[{name}]'"
            table.add_row(f"extra {name}", advice)
        print_table(console(), table)
    if not reachable:
        raise typer.Exit(2)


def _installed(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


def _accelerator() -> str:
    import torch

    if torch.cuda.is_available():
        return f"cpu, cuda ({torch.cuda.get_device_name()})"
    return "cpu (no CUDA accelerator found; every small study runs without)"


def _store(url: str | None) -> tuple[bool, str]:
    from unseen.engine.store import open_store
    from unseen.errors import UnseenError

    try:
        with open_store(url) as opened:
            return True, f"{len(opened.trials())} finished trials in {opened.url}"
    except UnseenError as error:
        return False, str(error)
