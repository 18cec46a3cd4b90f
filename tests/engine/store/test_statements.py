"""What the relational store asks of its database: few statements, each of them answered by an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from unseen.engine.store import Store, StoredTrial, TrialKey
from unseen.engine.store.relational import RelationalStore

Key = Callable[..., TrialKey]


@pytest.fixture
def asked(relational: RelationalStore) -> list[tuple[str, Any]]:
    """Every statement that the store sends, with its parameters."""
    statements: list[tuple[str, Any]] = []
    event.listen(relational.engine, "before_cursor_execute", lambda *given: statements.append(given[2:4]))
    return statements


def test_thousands_of_trials_take_few_statements(
    relational: RelationalStore, asked: list[Any], key: Key, done: Callable[..., StoredTrial], take: Any
) -> None:
    keys = [key(seed) for seed in range(3000)]
    for work in (
        lambda: take(relational, keys, "me"),
        lambda: relational.finish("me", [done(k) for k in keys]),
        lambda: relational.get(keys),
        lambda: relational.trials(),
        lambda: relational.forget(keys),
    ):
        asked.clear()
        work()
        assert 0 < len(asked) < 20


def test_no_statement_reads_the_whole_table_to_find_some_trials(
    relational: RelationalStore, asked: list[Any], key: Key, done: Callable[..., StoredTrial], take: Any
) -> None:
    if relational.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL chooses by the size of the table")
    keys = [key(seed, condition=condition) for condition in "ab" for seed in range(5)]
    take(relational, keys, "me")
    relational.finish("me", [done(k) for k in keys[:5]])
    relational.get(keys)
    relational.forget(keys[:2])
    relational.release("me")
    with relational.engine.connect() as connection:
        raw = connection.connection.cursor()
        plans = {
            str(step[3])
            for statement, parameters in list(asked)
            if "unseen_trials" in statement and not statement.startswith("INSERT")
            for one in [parameters[0] if isinstance(parameters, list) else parameters]
            for step in raw.execute("EXPLAIN QUERY PLAN " + statement, one).fetchall()
        }
    assert any(plan.startswith("SEARCH unseen_trials") for plan in plans)
    assert not any(plan.startswith("SCAN unseen_trials") for plan in plans)


def test_any_mixture_of_keys_can_be_asked_for(store: Store, key: Key, take: Any) -> None:
    mixed = [key(seed, study=f"study {seed}", condition=f"condition {seed}") for seed in range(1200)]
    assert take(store, mixed, "me") == mixed
    assert list(store.get(mixed)) == mixed
