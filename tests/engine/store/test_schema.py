"""The tables and the migrations that lead to them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from unseen.contracts.study import Outcome
from unseen.engine.store import StoredTrial, StoreError, TrialKey, open_store, relational
from unseen.engine.store import schema as schema_module
from unseen.engine.store.connection import make_engine, parse_url, transaction
from unseen.engine.store.relational import RelationalStore
from unseen.engine.store.schema import HEAD, MIGRATIONS, VERSION_TABLE, bring_up_to_date, installed_version
from unseen.engine.store.tables import Base


def script_directory(migrations: Path) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    return ScriptDirectory.from_config(config)


VERSIONS = [script.revision for script in reversed(list(script_directory(MIGRATIONS).walk_revisions()))]

ROWS_OF_VERSION_1 = [
    "INSERT INTO unseen_configs VALUES ('c0ffee', '{\"width\":64}')",
    "INSERT INTO unseen_environments VALUES ('beef', '{\"torch\":\"2.6\"}')",
    "INSERT INTO unseen_trials (study, revision, config, condition, seed, scale, status, owner, metrics, curves, "
    "error, seconds, peak_memory, environment, finished) VALUES ('080', 1, 'c0ffee', 'baseline', 3, 'small', 'done', "
    "NULL, '{\"accuracy\": NaN, \"loss\": 0.1}', '{}', '', 2.5, 77, 'beef', '2026-01-02 03:04:05.000006')",
]


def build(engine: Engine, version: str) -> None:
    with transaction(engine, write=True) as connection:
        bring_up_to_date(connection, shown="test", head=version)


def test_the_newest_migration_is_the_version_that_the_code_knows() -> None:
    assert script_directory(MIGRATIONS).get_heads() == [HEAD]


def test_tables_and_migrations_agree(relational_url: str) -> None:
    with open_store(relational_url) as store:
        assert isinstance(store, RelationalStore)
        with store.engine.connect() as connection:
            options = {"version_table": VERSION_TABLE, "compare_type": True}
            found = compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)
            migrated = checks(connection)
        assert found == []
        with store.engine.begin() as connection:
            connection.execute(text("CREATE TABLE unseen_extra (id INTEGER)"))
        with store.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) != []
        with store.engine.begin() as connection:
            Base.metadata.drop_all(connection)
            Base.metadata.create_all(connection)
            assert checks(connection) == migrated
            assert len(migrated) == 3


def checks(connection: Connection) -> dict[str, str]:
    """The check constraints, which `compare_metadata` leaves out."""
    found = inspect(connection).get_check_constraints("unseen_trials")
    return {str(check["name"]): str(check["sqltext"]) for check in found}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_every_earlier_version_is_upgraded_when_opened(relational_url: str, version: str) -> None:
    engine = make_engine(parse_url(relational_url))
    build(engine, VERSIONS[0])
    with engine.begin() as connection:
        for row in ROWS_OF_VERSION_1:
            connection.exec_driver_sql(row)
    build(engine, version)
    with engine.connect() as connection:
        assert installed_version(connection) == version
    with open_store(relational_url) as store:
        (trial,) = store.trials()
        assert isinstance(trial.outcome, Outcome)
        assert str(trial.outcome.metrics) == "{'accuracy': nan, 'loss': 0.1}"
        assert (trial.key, trial.seconds, trial.peak_memory) == (TrialKey("080", 1, "c0ffee", "baseline", 3), 2.5, 77)
        assert trial.environment == {"torch": "2.6"}
        assert str(trial.finished) == "2026-01-02 03:04:05.000006+00:00"
        assert store.config_of("c0ffee") == {"width": 64}
    with engine.connect() as connection:
        assert installed_version(connection) == HEAD


NEXT = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "9999", {head!r}
def upgrade():
    op.add_column("unseen_trials", sa.Column("mood", sa.Text(), nullable=False, server_default="good"))
    {more}
"""


@pytest.fixture
def next_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Make this Unseen a later one, which has another migration."""

    def release(more: str) -> None:
        # A per cent sign in the path must not be taken for an interpolation by the configuration parser.
        migrations = shutil.copytree(MIGRATIONS, tmp_path / "100% migrations", dirs_exist_ok=True)
        (migrations / "versions" / "schema_9999.py").write_text(NEXT.format(head=HEAD, more=more))

        def later(connection: Connection, *, shown: str) -> None:
            schema_module.bring_up_to_date(connection, shown=shown, migrations=migrations, head="9999")

        monkeypatch.setattr(relational, "bring_up_to_date", later)

    return release


def moods(url: str) -> list[str] | None:
    engine = create_engine(parse_url(url))
    with engine.connect() as connection:
        if "mood" not in {column["name"] for column in inspect(connection).get_columns("unseen_trials")}:
            return None
        found = list(connection.execute(text("SELECT mood FROM unseen_trials")).scalars())
    engine.dispose()
    return found


def filled(url: str, key: Callable[..., TrialKey], done: Callable[..., StoredTrial], take: Any) -> list[StoredTrial]:
    with open_store(url) as store:
        take(store, [key(0), key(1)], "me")
        store.finish("me", [done(key(0)), done(key(1))])
        return store.trials()


def test_openers_at_the_same_time_upgrade_once_and_keep_everything(
    relational_url: str, next_version: Callable[[str], None], key: Any, done: Any, take: Any
) -> None:
    before = filled(relational_url, key, done, take)
    next_version("")
    barrier, found = threading.Barrier(4), []

    def opener() -> None:
        barrier.wait()
        with open_store(relational_url) as store:
            found.append(store.trials())

    threads = [threading.Thread(target=opener) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [before] * 4
    assert moods(relational_url) == ["good", "good"]


def test_an_upgrade_that_fails_leaves_the_older_version(
    relational_url: str, next_version: Callable[[str], None], key: Any, done: Any, take: Any, monkeypatch: Any
) -> None:
    before = filled(relational_url, key, done, take)
    with monkeypatch.context():
        next_version('op.execute("SELECT a FROM nowhere")')
        with pytest.raises(StoreError, match="nowhere"):
            open_store(relational_url)
        monkeypatch.undo()
    assert moods(relational_url) is None
    with open_store(relational_url) as store:
        assert store.trials() == before


def test_a_store_of_a_newer_unseen_is_refused(
    relational_url: str, next_version: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version("")
    open_store(relational_url).close()
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"newer Unseen \(version 9999.* knows " + HEAD) as raised:
        open_store(relational_url)
    assert "pip install --upgrade unseen" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_database_refuses_contradictions(relational: RelationalStore, key: Any, take: Any) -> None:
    take(relational, [key(0)], "me")
    for nonsense in ("status = 'odd'", "owner = NULL", "status = 'failed'", "status = 'done', owner = NULL"):
        with pytest.raises(Exception, match="ck_unseen_trials_"), relational.engine.begin() as connection:
            connection.exec_driver_sql(f"UPDATE unseen_trials SET {nonsense}")
