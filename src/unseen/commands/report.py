"""``unseen report``: the gallery as a static site."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer


def report(
    out: Path = typer.Option(..., help="Folder to write the site to; made if missing, renewed if it holds a report."),
    store: str | None = typer.Option(None, help="Show your own finished runs in this store beside the records."),
    evaluations: Path | None = typer.Option(
        None, help="Show the evaluations kept in this folder; those of unseen evaluate lie in results/evaluations."
    ),
    force: bool = typer.Option(False, "--force", help="Write into a folder that holds other files; they stay."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON: where the site lies, its pages, files and bytes."),
) -> None:
    """Write the gallery: pages to open from disk.

    Every paper, problem, solver and measure has its page; index.html leads to them. A browser needs neither server nor
    network for them. Verdicts are computed from the records now.
    """
    from unseen.commands.output import console, make_folder, print_json
    from unseen.commands.progress import format_seconds
    from unseen.report.site.folder import claim_folder
    from unseen.report.site.gallery import gather
    from unseen.report.site.writer import write

    started = time.monotonic()
    claim_folder(out, force=force)
    make_folder(out)
    with progress() as watch:
        written = write(gather(watch, store=store, evaluations=evaluations), out, watch, force=force)
    front = out / "index.html"
    seconds = time.monotonic() - started
    if as_json:
        print_json(
            {
                "front": str(front),
                "pages": written.pages,
                "files": written.files,
                "bytes": written.bytes,
                "seconds": round(seconds, 1),
            }
        )
        return
    size = f"{written.pages} pages, {written.bytes / 1e6:.1f} MB, {format_seconds(seconds)}"
    console().print(f"{size}\nopen {front}", soft_wrap=True)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show on standard error what is being done; nothing where no person looks."""
    from unseen.commands.output import console

    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda words, done, total: None
        return
    with screen.status("reading") as status:
        yield lambda words, done, total: status.update(f"{words}: {done}/{total}")
