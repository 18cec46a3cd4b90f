"""Where finished trials are kept, and where processes agree on who runs which: `open_store` and its contract."""

from __future__ import annotations

import os

from unseen.engine.store.base import STALE_AFTER, Store, StoredTrial, StoreError, TrialKey
from unseen.engine.store.encoding import config_hash

__all__ = ["STALE_AFTER", "Store", "StoreError", "StoredTrial", "TrialKey", "config_hash", "open_store"]


def open_store(url: str | None = None) -> Store:
    """Open the store at a URL; make it if it is not there, bring it up to date if an older Unseen wrote it.

    Parameters
    ----------
    url : str, optional
        ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``postgresql://user@host/database``, or ``memory:``
        for one that vanishes with the process. By default what the environment variable ``UNSEEN_STORE`` says,
        else ``unseen.db`` in the user's data folder, which is made if missing.

    Examples
    --------
    >>> with open_store("memory:") as store:
    ...     store.trials()
    []

    Raises
    ------
    StoreError
        If the URL is malformed, its server, file or driver is missing or refuses, or a newer Unseen wrote the store.
    """
    url = url or os.environ.get("UNSEEN_STORE")
    if url in ("memory:", "memory://", "sqlite://", "sqlite:///:memory:"):
        from unseen.engine.store.memory import MemoryStore

        return MemoryStore()
    from unseen.engine.store.relational import open_relational

    return open_relational(url)
