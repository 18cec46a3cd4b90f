"""Turn what database drivers raise into one line that says what happened and what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from unseen.engine.store.base import StoreError

SQLITE_ADVICE = {
    sqlite3.SQLITE_READONLY: "it is read-only: make file and folder writable, or name another store with --store",
    sqlite3.SQLITE_PERM: "access is denied: make file and folder writable, or name another store with --store",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: it must be a file in an existing folder, both of them writable",
    sqlite3.SQLITE_NOTADB: "it is not an SQLite database: name another file with --store",
    sqlite3.SQLITE_CORRUPT: "it is damaged: restore it from a copy, or move it away to start afresh",
    sqlite3.SQLITE_FULL: "the disk is full: make room and run again, nothing that was stored is lost",
    sqlite3.SQLITE_BUSY: "another process has been writing for too long: wait for it, or stop it, and run again",
    sqlite3.SQLITE_LOCKED: "another process has been writing for too long: wait for it, or stop it, and run again",
    sqlite3.SQLITE_PROTOCOL: "it cannot be locked: put it on a local disk, or use a PostgreSQL server",
    sqlite3.SQLITE_IOERR: "its disk does not read or write: it may be full, failing, or a network folder"
    " (put the store on a local disk)",
}
"""By SQLite's primary result code."""

SERVER_ADVICE = {
    "08": "the connection broke: check that the server runs, and run again",
    "25006": "the server takes no writes (it is a replica, or set read-only): name the writable one",
    "3F000": "there is no such schema: make it, or correct the URL",
    "42501": "the user may not do this: grant it the right to make and write tables",
    "53100": "the server's disk is full: make room and run again, nothing that was stored is lost",
    "53300": "the server has no connection left: run fewer workers, or raise its max_connections",
    "55P03": "another process has been writing for too long: wait for it, or stop it, and run again",
    "57P": "the server is going down or starting up: run again when it is up",
}
"""By the beginning of PostgreSQL's five-letter SQLSTATE."""


def shown_url(url: URL) -> str:
    """The URL for messages, without any password."""
    return url.difference_update_query(_secret_options(url)).render_as_string(hide_password=True)


def _secret_options(url: URL) -> list[str]:
    return [name for name in url.query if "password" in name.lower()]


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn failures of the database within the block into `StoreError`."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreError(_one_line(error, url)) from error


def _one_line(error: Exception, url: URL) -> str:
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = next((line.strip() for line in str(cause).splitlines() if line.strip()), type(cause).__name__)
    for secret in (url.password, *(url.query[name] for name in _secret_options(url))):
        if secret:
            said = said.replace(str(secret), "***")
    advice = _advice(cause)
    return f"the store {shown_url(url)} failed: " + (f"{advice} ({said})" if advice else said)


def _advice(cause: BaseException) -> str:
    if isinstance(cause, sqlite3.Error):
        return SQLITE_ADVICE.get(getattr(cause, "sqlite_errorcode", -1) & 0xFF, "")
    if isinstance(cause, OSError):
        if cause.errno == errno.ENOSPC:
            return SQLITE_ADVICE[sqlite3.SQLITE_FULL]
        return "file or folder cannot be used: make it writable, or name another store with --store"
    if hasattr(cause, "sqlstate"):
        state = cause.sqlstate
        if state is None and "FATAL" in str(cause):  # what is refused while connecting comes without a state
            return "the server refuses: check user name, password and the database's name (made with createdb)"
        if state is None:
            return "the server cannot be reached: check that it runs, its host and its port"
        return next((advice for begin, advice in SERVER_ADVICE.items() if state.startswith(begin)), "")
    return ""
