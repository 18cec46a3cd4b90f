"""A store that lives and dies with the process: for tests, notebooks and runs that leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from unseen.engine.store.base import STALE_AFTER, Store, StoredTrial, TrialKey, in_order, single_config
from unseen.engine.store.encoding import Encoded, canonical_json, encode
from unseen.engine.store.liveness import Process, is_gone, this_process


@dataclass
class _Owner:
    process: Process
    heartbeat: datetime


@dataclass
class _Row:
    scale: str
    owner: str | None
    finished: Encoded | None

    def trial(self, key: TrialKey) -> StoredTrial:
        if self.owner is None and self.finished is not None:
            return self.finished.decoded()
        return StoredTrial(key, self.scale, "running", None, "", 0.0, 0, {}, None)


class MemoryStore(Store):
    """The contract with dictionaries and one lock. Threads share it; processes do not."""

    def __init__(self) -> None:
        self.url = "memory:"
        self._lock = Lock()
        self._rows: dict[TrialKey, _Row] = {}
        self._owners: dict[str, _Owner] = {}
        self._configs: dict[str, str] = {}

    def claim(self, keys: Sequence[TrialKey], owner: str, *, scale: str, config: Mapping[str, Any]) -> list[TrialKey]:
        """See `Store.claim`."""
        if not keys:
            return []
        digest, content = single_config(keys), canonical_json(config, what="config")
        with self._lock:
            living = {name for name, known in self._owners.items() if not _is_dead(known)}
            self._owners[owner] = _Owner(this_process(), datetime.now(UTC))
            self._configs.setdefault(digest, content)
            claimed = [key for key in dict.fromkeys(keys) if self._is_free(key, living)]
            for key in claimed:
                known = self._rows.get(key)
                self._rows[key] = _Row(scale, owner, known.finished if known else None)
            return claimed

    def _is_free(self, key: TrialKey, living: set[str]) -> bool:
        row = self._rows.get(key)
        if row is None:
            return True
        if row.owner is not None:
            return row.owner not in living
        return row.finished is None or row.finished.status == "failed"

    def heartbeat(self, owner: str) -> None:
        """See `Store.heartbeat`."""
        with self._lock:
            if owner in self._owners:
                self._owners[owner].heartbeat = datetime.now(UTC)

    def finish(self, owner: str, results: Sequence[StoredTrial]) -> None:
        """See `Store.finish`."""
        encoded = [encode(result) for result in results]
        now = datetime.now(UTC)
        with self._lock:
            for result in encoded:
                row = self._rows.get(result.key)
                if row is not None and row.owner == owner:
                    stamped = replace(result, finished=result.finished or now)
                    self._rows[result.key] = _Row(result.scale, None, stamped)

    def release(self, owner: str) -> None:
        """See `Store.release`."""
        with self._lock:
            self._owners.pop(owner, None)
            for key in [key for key, row in self._rows.items() if row.owner == owner]:
                if self._rows[key].finished is None:
                    del self._rows[key]
                else:
                    self._rows[key].owner = None

    def get(self, keys: Sequence[TrialKey]) -> dict[TrialKey, StoredTrial]:
        """See `Store.get`."""
        with self._lock:
            return {key: self._rows[key].trial(key) for key in keys if key in self._rows}

    def trials(self, study: str | None = None) -> list[StoredTrial]:
        """See `Store.trials`."""
        with self._lock:
            chosen = [
                row.trial(key)
                for key, row in self._rows.items()
                if row.owner is None and (study is None or key.study == study)
            ]
        return sorted(chosen, key=lambda trial: in_order(trial.key))

    def forget(self, keys: Iterable[TrialKey]) -> None:
        """See `Store.forget`."""
        with self._lock:
            for key in keys:
                if key in self._rows and self._rows[key].owner is None:
                    del self._rows[key]

    def config_of(self, digest: str) -> dict[str, Any] | None:
        """See `Store.config_of`."""
        with self._lock:
            content = self._configs.get(digest)
        return None if content is None else dict(json.loads(content))

    def close(self) -> None:
        """See `Store.close`."""


def _is_dead(owner: _Owner) -> bool:
    return datetime.now(UTC) - owner.heartbeat > STALE_AFTER or is_gone(owner.process)
