"""The command ``unseen``. Each command lives in a file of its own under `unseen.commands`."""

from __future__ import annotations

import errno
import os
import sys

import typer

from unseen.commands import (
    audit,
    cite,
    doctor,
    evaluate,
    export,
    papers,
    problems,
    report,
    run,
    sample,
    show,
    verify,
    web,
)
from unseen.errors import UnseenError

app = typer.Typer(
    name="unseen",
    help="Did it learn the rule, or memorise the data? Problems, solvers, measures and one runnable study per paper.",
    epilog="Start with: unseen run 080",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("papers")(papers.papers)
app.command("run")(run.run)
app.command("show")(show.show)
app.command("verify")(verify.verify)
app.command("report")(report.report)
app.command("web")(web.web)
app.command("evaluate")(evaluate.evaluate)
app.command("problems")(problems.problems)
app.command("sample")(sample.sample)
app.command("export")(export.export)
app.command("audit")(audit.audit)
app.command("cite")(cite.cite)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def _options(
    version: bool = typer.Option(False, "--version", help="Show the version and exit."),
) -> None:
    if version:
        from unseen import __version__

        typer.echo(f"unseen {__version__}")
        raise typer.Exit


CALLERS_TO_MEND = (
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS),
    *(errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
)
"""Errors of the file system: full, read-only, forbidden, or something else is in the way."""


def main() -> None:
    """Run the command line; whatever is the caller's to mend becomes one line and exit code 2."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except UnseenError as error:
        _complain(str(error))
    except BrokenPipeError:  # the reader has seen enough, as head does
        _discard_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in CALLERS_TO_MEND:
            raise
        _discard_output()
        _complain(f"{error.filename or 'output'}: {error.strerror}")


def _discard_output() -> None:
    """Leave nothing for the interpreter to write, and to fail at, when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    print(f"unseen: {message}", file=sys.stderr)
    sys.exit(2)
