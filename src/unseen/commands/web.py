"""``unseen web``: the gallery live."""

from __future__ import annotations

import typer

SHORTEST_TOKEN = 16
"""Characters of a token that nobody guesses."""


def web(
    host: str = typer.Option("127.0.0.1", help="Address to answer at; any that others can reach needs a token."),
    port: int = typer.Option(8765, min=0, max=65535, help="Port; 0 takes a free one."),
    store: str | None = typer.Option(
        None, help="The store that runs go to and your own runs are shown from.", envvar="UNSEEN_STORE"
    ),
    token: str = typer.Option(
        "",
        help=f"What a visitor must show once, at least {SHORTEST_TOKEN} characters; better by UNSEEN_TOKEN, since all "
        "who are on this machine can read a command line.",
        envvar="UNSEEN_TOKEN",
        show_default=False,
    ),
    name: list[str] | None = typer.Option(None, help="A further name that the server is called by."),
) -> None:
    """Serve the gallery live, and start runs from it.

    The pages are those of `unseen report`, with fresh questions and your own runs.

    Runs are processes of their own: they outlive the server, which finds them again when it starts.

    Exit code 0: stopped with Ctrl-C; 2: misuse.
    """
    from unseen.errors import UsageError
    from unseen.web.security import Rules, is_loopback, server_key

    if token and len(token) < SHORTEST_TOKEN:
        raise UsageError(f"--token must have at least {SHORTEST_TOKEN} characters")
    if not token and not is_loopback(host):
        raise UsageError(f"--host {host} can be reached by others: give a --token, or set UNSEEN_TOKEN")
    from unseen.commands.output import console
    from unseen.commands.report import progress
    from unseen.web.app import make_app
    from unseen.web.live import LiveGallery
    from unseen.web.runs import Runs
    from unseen.web.server import bind, data_folder, serve

    listening = bind(host, port)
    rules = Rules(server_key(data_folder()), host, token, tuple(name or ()))
    with progress() as watch:
        gallery = LiveGallery(store, watch=watch)
    app = make_app(gallery, Runs(data_folder() / "runs", store), rules)
    serve(app, listening, lambda address: console().print(f"open {address}\nstop with Ctrl-C", soft_wrap=True))
