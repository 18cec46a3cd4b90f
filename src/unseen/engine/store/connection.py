"""From a URL to an engine whose transactions keep the store's promises, on SQLite and on PostgreSQL.

Writers take turns on both databases, each for a few milliseconds: SQLite by ``BEGIN IMMEDIATE``, PostgreSQL by an
advisory lock held to the end of the transaction. So a claim sees what every earlier claim and finish did, and there is
nothing to deadlock on.

Connections are not pooled. One inherited by a forked worker would corrupt what it carries, hundreds of idle workers
would use up a server's connections, and a server that was restarted would leave dead ones behind; opening one
costs little beside a trial.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from unseen.engine.store.base import StoreError
from unseen.engine.store.failures import explained, shown_url

WAIT_SECONDS = 30
"""How long a writer waits for its turn: far longer than any transaction of the store takes."""

WRITERS_LOCK = int.from_bytes(b"unseen", "big")
"""Number of the advisory lock. Any would do that no other program in the same database uses."""

ALLOWED = "allowed are sqlite:///relative.db, sqlite:////absolute.db, postgresql://user@host/database and memory:"


def default_url() -> URL:
    """SQLite in the user's data folder, which is made if missing."""
    import platformdirs

    path = platformdirs.user_data_path("unseen") / "unseen.db"
    url = URL.create("sqlite", database=str(path))
    with explained(url):
        path.parent.mkdir(parents=True, exist_ok=True)
    return url


def parse_url(text: str) -> URL:
    """Check a URL, and choose the driver that Unseen is tested with.

    Raises
    ------
    StoreError
        If it is malformed or names another database or driver.
    """
    try:
        url = make_url(text)
        backend, _, driver = url.drivername.partition("+")
    except (ArgumentError, ValueError):
        # Not even repeated: a malformed URL may hold a password anywhere.
        hint = f"; for a file say sqlite:///{text}" if text.endswith(".db") and "@" not in text else ""
        raise StoreError(f"the store's URL is malformed: {ALLOWED}{hint}") from None
    if backend in ("postgresql", "postgres") and driver in ("", "psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and driver in ("", "pysqlite") and url.database:
        return url
    raise StoreError(f"a store cannot be in {url.drivername}://: {ALLOWED}")


def make_engine(url: URL) -> Engine:
    """An engine for a URL that `parse_url` has checked. Nothing is connected yet.

    Raises
    ------
    StoreError
        If the driver is not installed.
    """
    sqlite = url.get_backend_name() == "sqlite"
    arguments: dict[str, Any] = {"timeout": WAIT_SECONDS} if sqlite else {"connect_timeout": 10}
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=arguments)
    except (ModuleNotFoundError, NoSuchModuleError):
        raise StoreError(
            f"the store {shown_url(url)} needs a driver that is not installed: pip install 'unseen[postgres]'"
        ) from None
    event.listen(engine, "connect", _set_up_sqlite if sqlite else _set_up_postgresql)
    event.listen(engine, "begin", _begin_sqlite if sqlite else _begin_postgresql)
    return engine


@contextmanager
def transaction(engine: Engine, *, write: bool) -> Iterator[Connection]:
    """A transaction that is committed at the block's end, or leaves no trace; a writing one waits for its turn.

    Raises
    ------
    StoreError
        If the database fails.
    """
    with explained(engine.url), engine.connect() as connection:
        chosen = connection.execution_options(unseen_write=write)
        with chosen.begin():
            yield chosen


def use_write_ahead_log(engine: Engine) -> None:
    """Let readers of an SQLite file go on while one process writes. The file remembers it.

    Raises
    ------
    StoreError
        If the file cannot be opened or written, or its folder is missing.
    """
    if engine.dialect.name != "sqlite":
        return
    _check_folder(engine.url)
    deadline = time.monotonic() + WAIT_SECONDS
    with explained(engine.url):
        while not _switched(engine, deadline):
            time.sleep(0.02)


def _switched(engine: Engine, deadline: float) -> bool:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL").fetchall()
    except sqlite3.OperationalError as error:
        # Here alone SQLite does not wait itself: of several processes that make the file at once, it refuses some.
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
            raise
        return False
    finally:
        connection.close()
    return True


def _check_folder(url: URL) -> None:
    database = str(url.database)
    folder = Path(database).parent
    if not database.startswith("file:") and not folder.is_dir():
        raise StoreError(f"the store {shown_url(url)} has no place: make the folder {folder} first")


def _set_up_sqlite(connection: Any, record: Any) -> None:
    # The driver must not begin transactions on its own: it would begin them as readers, and a reader that turns
    # writer can fail with "database is locked" without waiting.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get("unseen_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _set_up_postgresql(connection: Any, record: Any) -> None:
    # The second limit frees the writers' lock when a machine vanished in the middle of a transaction.
    connection.autocommit = True
    connection.execute(f"SET lock_timeout = '{WAIT_SECONDS}s'")
    connection.execute("SET idle_in_transaction_session_timeout = '60s'")
    connection.autocommit = False


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("unseen_write"):
        connection.execute(select(func.pg_advisory_xact_lock(WRITERS_LOCK)))
