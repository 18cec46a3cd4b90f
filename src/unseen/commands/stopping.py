"""What Ctrl-C does to a run."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def stoppable(kept: str = "finished trials are kept, the same command goes on from here") -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop what the block runs, with one line and exit code 130; `kept` says what stays.

    The first signal counts; impatient ones after it would only disturb the cleaning up, which is quick.
    """
    # Who starts a run in the background may have set it to ignore Ctrl-C.
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) is not signal.SIG_IGN]

    def stop(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"unseen: stopped; {kept}", err=True)
        raise typer.Exit(130) from None
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is stop:
                signal.signal(number, handler)
