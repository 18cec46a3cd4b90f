"""Stores of every kind, for the tests of this folder.

The environment variable UNSEEN_TEST_POSTGRES may hold the URL of a PostgreSQL database
(postgresql://user@host:port/database) in which the tests may make and drop schemas of their own; without it the tests
on PostgreSQL are skipped.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, select, text, update

from unseen.contracts.study import Outcome
from unseen.engine.store import Store, StoredTrial, TrialKey, open_store
from unseen.engine.store.memory import MemoryStore
from unseen.engine.store.relational import RelationalStore
from unseen.engine.store.tables import OwnerRow

POSTGRES = "UNSEEN_TEST_POSTGRES"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A PostgreSQL URL whose tables lie in a fresh schema."""
    if POSTGRES not in os.environ:
        pytest.skip(f"{POSTGRES} is not set")
    url = make_url(os.environ[POSTGRES]).set(drivername="postgresql+psycopg")
    schema = f"unseen_test_{uuid.uuid4().hex}"
    server = create_engine(url)
    with server.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield url.update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with server.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def relational_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'unseen.db'}"


@pytest.fixture
def relational(relational_url: str) -> Iterator[RelationalStore]:
    with open_store(relational_url) as store:
        assert isinstance(store, RelationalStore)
        yield store


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        url = "memory:"
    elif request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'unseen.db'}"
    else:
        url = str(request.getfixturevalue("postgres_url"))
    with open_store(url) as opened:
        yield opened


def _key(seed: int, **changes: Any) -> TrialKey:
    return replace(TrialKey("080", 1, "0123456789abcdef", "baseline", seed), **changes)


def _done(key: TrialKey, **changes: Any) -> StoredTrial:
    outcome = Outcome({"accuracy": 0.5 + key.seed}, {"loss": {"step": [0.0, 1.0], "value": [2.5, 0.1]}})
    return replace(StoredTrial(key, "small", "done", outcome, "", 1.5, 4096, {"torch": "2.6"}, None), **changes)


def _failed(key: TrialKey, error: str = "ValueError: no") -> StoredTrial:
    return StoredTrial(key, "small", "failed", None, error, 0.25, 10, {"torch": "2.6"}, None)


@pytest.fixture
def key() -> Callable[..., TrialKey]:
    return _key


@pytest.fixture
def done() -> Callable[..., StoredTrial]:
    return _done


@pytest.fixture
def failed() -> Callable[..., StoredTrial]:
    return _failed


@pytest.fixture
def take() -> Callable[..., list[TrialKey]]:
    """Claim with a scale and a config that do not matter."""

    def claim(store: Store, keys: list[TrialKey], owner: str) -> list[TrialKey]:
        return store.claim(keys, owner, scale="small", config={"width": 64})

    return claim


@pytest.fixture
def age() -> Callable[[Store, str, float], None]:
    """Make the last heartbeat of an owner so many seconds older."""

    def change(store: Store, owner: str, seconds: float) -> None:
        if isinstance(store, MemoryStore):
            store._owners[owner].heartbeat -= timedelta(seconds=seconds)
            return
        assert isinstance(store, RelationalStore)
        with store.engine.begin() as connection:
            before = connection.execute(select(OwnerRow.heartbeat).where(OwnerRow.name == owner)).scalar_one()
            later = update(OwnerRow).where(OwnerRow.name == owner).values(heartbeat=before - timedelta(seconds=seconds))
            assert connection.execute(later).rowcount == 1

    return change


@pytest.fixture
def move() -> Callable[..., None]:
    """Change the process behind an owner, for instance to another host."""

    def change(store: Store, owner: str, **columns: Any) -> None:
        if isinstance(store, MemoryStore):
            store._owners[owner].process = replace(store._owners[owner].process, **columns)
            return
        assert isinstance(store, RelationalStore)
        with store.engine.begin() as connection:
            elsewhere = update(OwnerRow).where(OwnerRow.name == owner).values(**columns)
            assert connection.execute(elsewhere).rowcount == 1

    return change
