"""What a person is told when the store cannot do its work: one line, and no password in it."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url

from unseen.contracts.study import Outcome
from unseen.engine.store import StoredTrial, StoreError, TrialKey, connection, open_store
from unseen.engine.store.failures import explained
from unseen.engine.store.memory import MemoryStore
from unseen.engine.store.relational import RelationalStore

Key = Callable[..., TrialKey]
Make = Callable[..., StoredTrial]


def refusal(action: Callable[[], Any]) -> str:
    """The message of the `StoreError` that the action must raise."""
    with pytest.raises(StoreError) as raised:
        action()
    said = str(raised.value)
    assert "\n" not in said
    return said


def refused_url(url: str) -> str:
    return refusal(lambda: open_store(url))


# -- where the store is ----------------------------------------------------------------------------------------------


def test_without_a_url_the_store_lies_in_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import platformdirs

    monkeypatch.delenv("UNSEEN_STORE", raising=False)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name: tmp_path / "not there yet" / name)
    open_store().close()
    assert (tmp_path / "not there yet" / "unseen" / "unseen.db").is_file()


def test_the_environment_names_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNSEEN_STORE", f"sqlite:///{tmp_path}/other.db")
    open_store().close()
    assert (tmp_path / "other.db").is_file()
    open_store(f"sqlite:///{tmp_path}/named.db").close()
    assert (tmp_path / "named.db").is_file()


@pytest.mark.parametrize("url", ["memory:", "memory://", "sqlite://", "sqlite:///:memory:"])
def test_stores_in_memory(url: str) -> None:
    assert isinstance(open_store(url), MemoryStore)


def test_the_engine_and_a_store_in_memory_need_no_database_library() -> None:
    script = (
        "import sys, unseen.engine; light = 'unseen.engine.store' not in sys.modules; "
        "from unseen.engine.store import open_store; open_store('memory:'); "
        "print(light, [name for name in ('sqlalchemy', 'alembic', 'torch', 'pandas') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "True []"


# -- URLs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql//user:secret@host/unseen", "malformed: allowed are sqlite"),
        ("postgresql://user:secret@host:port/unseen", "malformed: allowed are sqlite"),
        ("results.db", "say sqlite:///results.db"),
        ("mysql://user:secret@host/unseen", "cannot be in mysql://: allowed are sqlite"),
        ("postgresql+asyncpg://user:secret@host/unseen", "cannot be in postgresql+asyncpg://"),
        ("sqlite+aiosqlite:///a.db", "cannot be in sqlite+aiosqlite://"),
        ("sqlite:///no/such/folder/unseen.db", "make the folder no/such/folder first"),
    ],
)
def test_a_wrong_url_is_explained(url: str, expected: str) -> None:
    said = refused_url(url)
    assert expected in said
    assert "secret" not in said


def test_a_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = refused_url("postgresql://user:secret@localhost/unseen")
    assert "pip install 'unseen[postgres]'" in said
    assert "postgresql+psycopg://user:***@localhost/unseen" in said


def test_an_unreachable_server_is_named_without_its_password() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = refused_url(f"postgresql://user:secret@{address}/unseen?sslpassword=secret")
    assert f"postgresql+psycopg://user:***@{address}/unseen failed: the server cannot be reached" in said
    assert "secret" not in said


def test_passwords_that_a_driver_repeats_are_hidden() -> None:
    url = make_url("postgresql://user:secret@host/unseen?sslpassword=hidden")

    def fail() -> None:
        with explained(url):
            raise OSError("user:secret with the key hidden was refused\nin detail: secret")

    said = refusal(fail)
    assert "user:*** with the key *** was refused" in said
    assert "secret" not in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    ("database", "more_options", "expected"),
    [
        ("there_is_none", "", "check user name, password and the database's name"),
        (None, " -csearch_path=there_is_none", "no such schema: make it"),
        (None, " -cdefault_transaction_read_only=on", "takes no writes"),
    ],
)
def test_what_a_server_refuses_is_explained(
    postgres_url: str, database: str | None, more_options: str, expected: str
) -> None:
    url = make_url(postgres_url)
    options = str(url.query["options"]) + more_options
    url = url.update_query_dict({"options": options}).set(password="secret", database=database or url.database)
    said = refused_url(url.render_as_string(hide_password=False))
    assert expected in said
    assert "secret" not in said


# -- files -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path: Path, key: Key, done: Make, take: Any) -> Path:
    """An SQLite store with 200 finished trials."""
    with open_store(f"sqlite:///{tmp_path}/unseen.db") as store:
        keys = [key(seed) for seed in range(200)]
        take(store, keys, "me")
        store.finish("me", [done(k) for k in keys])
    return tmp_path / "unseen.db"


def test_another_kind_of_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("Dear diary, " * 100)
    assert "not an SQLite database: name another file" in refused_url(f"sqlite:///{tmp_path}/notes.db")
    assert (tmp_path / "notes.db").read_text().startswith("Dear diary")


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    assert "cannot be opened: it must be a file" in refused_url(f"sqlite:///{tmp_path}")


def test_a_damaged_file_is_named(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)

    def use() -> None:
        with open_store(f"sqlite:///{path}") as store:
            store.trials()

    assert "unseen.db failed: it is damaged: restore it from a copy" in refusal(use)


OPEN_AS_NOBODY = """
import os, sys, tempfile
from unseen.engine.store import StoreError, open_store
with tempfile.TemporaryDirectory() as folder:  # so that all is imported while the packages can be read
    open_store(f"sqlite:///{folder}/first.db").close()
if os.getuid() == 0:  # to whom everything is writable
    os.setgid(65534), os.setuid(65534)
try:
    open_store(sys.argv[1])
except StoreError as error:
    print(error)
"""


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder that other users reach, which pytest's are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32", reason="access rights of POSIX")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_read_only_place_is_explained(public_folder: Path, what: str) -> None:
    url = f"sqlite:///{public_folder}/unseen.db"
    if what == "file":
        open_store(url).close()
        (public_folder / "unseen.db").chmod(0o444)
    public_folder.chmod(0o555)
    script = [sys.executable, "-c", OPEN_AS_NOBODY, url]
    said = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    assert "writable" in said
    assert said.count("\n") == 1


def test_a_full_disk_loses_nothing_that_was_stored(path: Path, key: Key, done: Make, take: Any) -> None:
    pages = 60
    with open_store(f"sqlite:///{path}") as store:
        assert isinstance(store, RelationalStore)
        before = store.trials()
        more = [key(seed) for seed in range(200, 204)]
        take(store, more, "me")

        @event.listens_for(store.engine, "connect")
        def fill(raw: sqlite3.Connection, record: Any) -> None:
            raw.execute(f"PRAGMA max_page_count = {pages}")

        large = Outcome({}, {"loss": {"value": [1 / 3] * 20_000}})
        results = [done(k, outcome=large) for k in more]
        said = refusal(lambda: store.finish("me", results))
        assert "the disk is full: make room and run again" in said
        assert store.trials() == before
        pages = 10_000
        store.finish("me", results)
        assert len(store.trials()) == 204


def test_a_full_data_folder_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.delenv("UNSEEN_STORE", raising=False)
    monkeypatch.setattr(Path, "mkdir", full)
    assert "the disk is full" in refusal(open_store)


def test_a_writer_that_never_ends_is_explained(
    relational_url: str, monkeypatch: pytest.MonkeyPatch, key: Key, take: Any
) -> None:
    monkeypatch.setattr(connection, "WAIT_SECONDS", 1)
    with open_store(relational_url) as store:
        assert isinstance(store, RelationalStore)
        with connection.transaction(store.engine, write=True):
            assert "another process has been writing for too long" in refusal(lambda: take(store, [key(0)], "me"))
            assert store.trials() == []
        assert take(store, [key(0)], "me") == [key(0)]


def test_a_writer_waits_for_its_turn(relational: RelationalStore, key: Key, take: Any) -> None:
    taken: list[TrialKey] = []
    waiter = threading.Thread(target=lambda: taken.extend(take(relational, [key(0)], "me")))
    with connection.transaction(relational.engine, write=True):
        waiter.start()
        time.sleep(0.3)
        assert taken == []
    waiter.join()
    assert taken == [key(0)]
