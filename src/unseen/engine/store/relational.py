"""The store in a relational database: an SQLite file, or a PostgreSQL server that many machines share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    join,
    or_,
    select,
    update,
)

from unseen.engine.store.base import STALE_AFTER, Store, StoredTrial, TrialKey, in_order, single_config
from unseen.engine.store.connection import default_url, make_engine, parse_url, transaction, use_write_ahead_log
from unseen.engine.store.encoding import Encoded, canonical_json, digest, encode
from unseen.engine.store.failures import shown_url
from unseen.engine.store.liveness import Process, is_gone, this_process
from unseen.engine.store.schema import bring_up_to_date
from unseen.engine.store.tables import ConfigRow, EnvironmentRow, OwnerRow, TrialRow, UTCDateTime

T = TypeVar("T")

CHUNK = 500
"""Keys per statement: few round trips, and even when no two of them have a condition in common, below the depth of
1000 that SQLite allows an expression."""

RESULT = ("scale", "status", "metrics", "curves", "error", "seconds", "peak_memory", "environment", "finished")

KEY = (TrialRow.study, TrialRow.revision, TrialRow.config, TrialRow.condition, TrialRow.seed)


def open_relational(url: str | None) -> RelationalStore:
    """Open a store by URL, or the user's own; see `unseen.engine.store.open_store`."""
    return RelationalStore(parse_url(url) if url else default_url())


class RelationalStore(Store):
    """The contract in SQL. Opening it makes the tables, or brings them up to date.

    Raises
    ------
    StoreError
        If the database cannot be reached or written, or a newer Unseen wrote it.
    """

    def __init__(self, url: URL) -> None:
        self.url = shown_url(url)
        self.engine = make_engine(url)
        use_write_ahead_log(self.engine)
        with self._transaction(write=True) as connection:
            bring_up_to_date(connection, shown=shown_url(url))

    def _transaction(self, *, write: bool) -> AbstractContextManager[Connection]:
        return transaction(self.engine, write=write)

    # -- sharing the work --------------------------------------------------------------------------------------

    def claim(self, keys: Sequence[TrialKey], owner: str, *, scale: str, config: Mapping[str, Any]) -> list[TrialKey]:
        """See `Store.claim`."""
        if not keys:
            return []
        wanted = list(dict.fromkeys(keys))
        single, content = single_config(wanted), canonical_json(config, what="config")
        with self._transaction(write=True) as connection:
            living = self._register(connection, owner)
            _add_texts(connection, ConfigRow, {single: content})
            query: Select[*tuple[Any, ...]] = select(TrialRow.id, TrialRow.status, TrialRow.owner, *KEY)
            known = {_key(row): row for row in _among(connection, query, wanted)}
            claimed = [key for key in wanted if key not in known or _is_free(known[key], living)]
            running = {"scale": scale, "status": "running", "owner": owner}
            new = [{**asdict(key), **running} for key in claimed if key not in known]
            if new:
                connection.execute(insert(TrialRow), new)
            taken = [known[key].id for key in claimed if key in known]
            for ids in _chunks(taken):
                connection.execute(update(TrialRow).where(TrialRow.id.in_(ids)).values(**running))
        return claimed

    def _register(self, connection: Connection, owner: str) -> set[str]:
        """Note the calling process as the owner; return who else was living before."""
        now = _now(connection)
        living, dead = set(), []
        for row in connection.execute(select(OwnerRow.__table__)):
            if now - row.heartbeat > STALE_AFTER or is_gone(Process(row.host, row.pid, row.started)):
                dead.append(row.name)
            else:
                living.add(row.name)
        # An owner that was only asleep revives with its next heartbeat what nobody has taken over meanwhile.
        holds_nothing = ~exists().where(TrialRow.owner == OwnerRow.name)
        for names in _chunks(dead):
            connection.execute(delete(OwnerRow).where(OwnerRow.name.in_(names), holds_nothing))
        process = this_process()
        columns = {"host": process.host, "pid": process.pid, "started": process.started, "heartbeat": now}
        if connection.execute(update(OwnerRow).where(OwnerRow.name == owner).values(**columns)).rowcount == 0:
            connection.execute(insert(OwnerRow).values(name=owner, **columns))
        return living

    def heartbeat(self, owner: str) -> None:
        """See `Store.heartbeat`."""
        with self._transaction(write=True) as connection:
            now = _now(connection)
            connection.execute(update(OwnerRow).where(OwnerRow.name == owner).values(heartbeat=now))

    def finish(self, owner: str, results: Sequence[StoredTrial]) -> None:
        """See `Store.finish`."""
        encoded = [encode(result) for result in results]
        if not encoded:
            return
        environments = {digest(text): text for text in {result.environment for result in encoded}}
        held = [TrialRow.owner == owner, *(column == bindparam(f"key_{column.key}") for column in KEY)]
        new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in RESULT}
        statement = update(TrialRow).where(*held).values(owner=None, **new)
        with self._transaction(write=True) as connection:
            now = _now(connection)
            _add_texts(connection, EnvironmentRow, environments)
            connection.execute(statement, [_parameters(result, now) for result in encoded])

    def release(self, owner: str) -> None:
        """See `Store.release`."""
        with self._transaction(write=True) as connection:
            held = TrialRow.owner == owner
            failed = update(TrialRow).where(held, TrialRow.finished.is_not(None))
            connection.execute(failed.values(status="failed", owner=None))
            connection.execute(delete(TrialRow).where(held))
            connection.execute(delete(OwnerRow).where(OwnerRow.name == owner))

    # -- reading and forgetting --------------------------------------------------------------------------------

    def get(self, keys: Sequence[TrialKey]) -> dict[TrialKey, StoredTrial]:
        """See `Store.get`."""
        with self._transaction(write=False) as connection:
            rows = _among(connection, _whole_trials(), dict.fromkeys(keys))
            found = {_key(row): _stored(row) for row in rows}
        return {key: found[key] for key in keys if key in found}

    def trials(self, study: str | None = None) -> list[StoredTrial]:
        """See `Store.trials`."""
        query = _whole_trials().where(TrialRow.status != "running")
        if study is not None:
            query = query.where(TrialRow.study == study)
        with self._transaction(write=False) as connection:
            found = [_stored(row) for row in connection.execute(query)]
        return sorted(found, key=lambda trial: in_order(trial.key))

    def forget(self, keys: Iterable[TrialKey]) -> None:
        """See `Store.forget`."""
        with self._transaction(write=True) as connection:
            for chunk in _chunks(keys):
                connection.execute(delete(TrialRow).where(_is_one_of(chunk), TrialRow.status != "running"))

    def config_of(self, digest: str) -> dict[str, Any] | None:
        """See `Store.config_of`."""
        with self._transaction(write=False) as connection:
            content = connection.scalar(select(ConfigRow.content).where(ConfigRow.digest == digest))
        return None if content is None else dict(json.loads(content))

    def close(self) -> None:
        """See `Store.close`."""
        self.engine.dispose()


# -- rows --------------------------------------------------------------------------------------------------------


def _now(connection: Connection) -> datetime:
    """The time by the one clock that all users of the store share: the server's, or with SQLite the machine's."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    return cast(datetime, connection.scalar(select(func.clock_timestamp(type_=UTCDateTime))))


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _among(connection: Connection, query: Select[*tuple[Any, ...]], keys: Iterable[TrialKey]) -> Iterator[Row[Any]]:
    for chunk in _chunks(keys):
        yield from connection.execute(query.where(_is_one_of(chunk)))


def _is_one_of(keys: Iterable[TrialKey]) -> ColumnElement[bool]:
    """Whether a row is among these: by condition, because for rows of values SQLite reads the whole table."""
    seeds: dict[tuple[str, int, str, str], list[int]] = {}
    for key in keys:
        seeds.setdefault((key.study, key.revision, key.config, key.condition), []).append(key.seed)
    return or_(
        *(
            and_(*(column == value for column, value in zip(KEY, group, strict=False)), TrialRow.seed.in_(chosen))
            for group, chosen in seeds.items()
        )
    )


def _add_texts(connection: Connection, table: type[ConfigRow] | type[EnvironmentRow], texts: Mapping[str, str]) -> None:
    """Keep texts under their hashes. Asking first is safe: writers take turns."""
    known = set(connection.scalars(select(table.digest).where(table.digest.in_(texts))))
    new = [{"digest": hashed, "content": text} for hashed, text in texts.items() if hashed not in known]
    if new:
        connection.execute(insert(table), new)


def _key(row: Row[Any]) -> TrialKey:
    return TrialKey(row.study, row.revision, row.config, row.condition, row.seed)


def _is_free(row: Row[Any], living: set[str]) -> bool:
    return row.status == "failed" or (row.status == "running" and row.owner not in living)


def _whole_trials() -> Select[*tuple[Any, ...]]:
    content = EnvironmentRow.content.label("environment_content")
    source = join(TrialRow, EnvironmentRow, isouter=True)
    return select(TrialRow.__table__, content).select_from(source)


def _stored(row: Row[Any]) -> StoredTrial:
    if row.status == "running":
        return StoredTrial(_key(row), row.scale, "running", None, "", 0.0, 0, {}, None)
    encoded = Encoded(
        key=_key(row),
        scale=row.scale,
        status=row.status,
        metrics=row.metrics,
        curves=row.curves,
        error=row.error,
        seconds=row.seconds,
        peak_memory=row.peak_memory,
        environment=row.environment_content,
        finished=row.finished,
    )
    return encoded.decoded()


def _parameters(result: Encoded, now: datetime) -> dict[str, Any]:
    """What the statement of `RelationalStore.finish` is given for one trial."""
    columns = {
        **{name: getattr(result, name) for name in RESULT},
        "environment": digest(result.environment),
        "finished": result.finished or now,
    }
    key = {f"key_{name}": value for name, value in asdict(result.key).items()}
    return {**key, **{f"new_{name}": value for name, value in columns.items()}}
