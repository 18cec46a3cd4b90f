"""The command ``unseen``. Each command lives in a file of its own under `unseen.commands`."""

from __future__ import annotations

import errno
import sys

import typer

from unseen.commands import cite, doctor, papers, problems, run, sample, show, verify
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
app.command("problems")(problems.problems)
app.command("sample")(sample.sample)
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


def main() -> None:
    """Run the command line; whatever is the caller's to mend becomes one line and exit code 2."""
    try:
        app()
    except UnseenError as error:
        _complain(str(error))
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT, errno.ENOTDIR, errno.EISDIR):
            raise
        _complain(f"{error.filename or 'output'}: {error.strerror}")


def _complain(message: str) -> None:
    print(f"unseen: {message}", file=sys.stderr)
    sys.exit(2)
