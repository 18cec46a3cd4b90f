"""The server: binds, says where it is, and answers until it is stopped."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from unseen.errors import UsageError


def data_folder() -> Path:
    """Where the server keeps its key and its runs, in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("unseen") / "web"


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises
    ------
    UsageError
        If the address does not exist or is taken.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        raise UsageError(
            f"--host {host} --port {port}: {error.strerror or error}; --port 0 takes a free one"
        ) from error
    return listening


def serve(app: FastAPI, listening: socket.socket, ready: Callable[[str], None]) -> None:
    """Answer until Ctrl-C; `ready` is told the address first."""
    host, port = listening.getsockname()[:2]
    ready(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1
    )
    uvicorn.Server(config).run(sockets=[listening])
