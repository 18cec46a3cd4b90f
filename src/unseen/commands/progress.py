"""The progress of a run on standard error: a live bar for people, a line now and then in a log."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.commands.output import console

if TYPE_CHECKING:
    from unseen.engine.runner import Standing

LOG_EVERY = 15.0
"""Seconds between two lines where standard error is no terminal."""

TELL_EVERY = 0.25
"""Seconds between two lines of a `ProgressFile`."""


@contextmanager
def progress_display(title: str, path: Path | None = None) -> Iterator[Callable[[Standing], None]]:
    """Show how a run stands while the block runs; gives what to call with each new standing.

    Parameters
    ----------
    path : Path, optional
        A file that is told as well, see `ProgressFile`.
    """
    with _display(title) as show:
        if path is None:
            yield show
            return
        file = ProgressFile(path)

        def watch(standing: Standing) -> None:
            show(standing)
            file.tell(title, standing.fraction, standing.seconds_left, describe(standing))

        yield watch


@dataclass
class ProgressFile:
    """How something stands, for programs: a line of JSON with what, fraction, seconds left (or null), and words."""

    path: Path
    told: float = 0.0

    def tell(self, what: str, fraction: float, seconds_left: float | None, words: str) -> None:
        """Append a line, unless the last is younger than `TELL_EVERY` and there is more to come."""
        now = time.monotonic()
        if fraction < 1.0 and now - self.told < TELL_EVERY:
            return
        self.told = now
        line = {"what": what, "fraction": fraction, "seconds_left": seconds_left, "words": words}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


@contextmanager
def _display(title: str) -> Iterator[Callable[[Standing], None]]:
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield _log_lines(title, time.monotonic())
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", style="bold", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[words]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(title, total=1.0, words="starting")

        def watch(standing: Standing) -> None:
            progress.update(task, completed=standing.fraction, words=describe(standing))

        yield watch


def _log_lines(title: str, started: float) -> Callable[[Standing], None]:
    last = started

    def watch(standing: Standing) -> None:
        nonlocal last
        if time.monotonic() - last >= LOG_EVERY:
            last = time.monotonic()
            print(f"{title}: {standing.fraction:.0%}, {describe(standing)}", file=console(stderr=True).file, flush=True)

    return watch


def describe(standing: Standing) -> str:
    """How a run stands, in words: trials done, what was reused, what is going on, time left."""
    words = [f"{standing.reused + standing.done}/{standing.total} trials"]
    if standing.in_flight:
        words.append(", ".join(dict.fromkeys(job.condition for job, _ in standing.in_flight.values())))
    if standing.elsewhere:
        words.append(f"{standing.elsewhere} in another run")
    left = standing.seconds_left
    if left is not None and left >= 0.5:
        words.append(f"{format_seconds(left)} left")
    return " · ".join(words)


def format_seconds(seconds: float) -> str:
    """Write a duration for people.

    Examples
    --------
    >>> format_seconds(42.4), format_seconds(125), format_seconds(7300)
    ('42 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
