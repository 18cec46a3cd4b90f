"""Bring a database's tables to the version that this code knows."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from sqlalchemy import Connection, inspect, text

from unseen.engine.store.base import StoreError

HEAD = "0001"
"""The version of the tables that this code reads and writes: the newest file in `migrations/versions`."""

VERSION_TABLE = "unseen_schema"
"""Where Alembic notes the version; not its usual name, which another program in the same database may use."""

MIGRATIONS = Path(__file__).parent / "migrations"

_alembic = Lock()
"""Alembic keeps the running migration in module globals, so that threads must take turns."""


def installed_version(connection: Connection) -> str | None:
    """The version of the tables in the database; None if there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()


def bring_up_to_date(connection: Connection, *, shown: str, migrations: Path = MIGRATIONS, head: str = HEAD) -> None:
    """Run the migrations that the database lacks, within the connection's transaction.

    Parameters
    ----------
    connection : Connection
        In a transaction that holds the writers' lock, so that of two openers one upgrades and the other waits.
    shown : str
        The store's URL as messages show it.
    migrations, head
        The folder with the migrations, and the version to reach.

    Raises
    ------
    StoreError
        If the tables are of a version unknown to this code.
    """
    version = installed_version(connection)
    if version == head:
        return
    # Imported only when there is something to do: it takes longer than everything else in opening a store.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes.update(connection=connection, version_table=VERSION_TABLE)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreError(
            f"the store {shown} was written by a newer Unseen (version {version} of its tables, this one knows {head}):"
            " upgrade with `pip install --upgrade unseen`, or name another store with --store"
        )
    with _alembic:
        command.upgrade(config, head)
