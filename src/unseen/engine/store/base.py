"""The contract of the store: who a trial is, what is kept of it, and how processes share the work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Literal, Self

from unseen.contracts.study import Outcome
from unseen.errors import UnseenError

STALE_AFTER = timedelta(seconds=60)
"""An owner that was not heard of for longer is dead. Many heartbeats long: a busy machine is not robbed."""

LARGEST_SEED = 2**63 - 1
"""What a 64-bit column of a database holds."""


class StoreError(UnseenError):
    """The store cannot do what was asked; the message is one line that says why and what to do."""


@dataclass(frozen=True)
class TrialKey:
    """The identity of a trial: equal keys have equal outcomes.

    Parameters
    ----------
    study : str
        Catalogue id, or name of a plug-in's study.
    revision : int
        The study's revision, 0 or more.
    config : str
        Hash of the config's identity fields, see `unseen.engine.store.config_hash`.
    condition : str
        The arm of the experiment.
    seed : int
        From 0 to 2^63 - 1.

    Raises
    ------
    ValueError
        If a text is empty or not printable, or a number is not whole or out of range.
    """

    study: str
    revision: int
    config: str
    condition: str
    seed: int

    def __post_init__(self) -> None:
        for name in ("study", "config", "condition"):
            text = getattr(self, name)
            if not isinstance(text, str) or not text or not text.isprintable():
                raise ValueError(f"the {name} of a trial is printable text, not {text!r}")
        for name in ("revision", "seed"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST_SEED:
                raise ValueError(f"the {name} of a trial is a whole number from 0 to 2^63 - 1, not {number!r}")


@dataclass(frozen=True)
class StoredTrial:
    """What the store knows of a trial.

    Parameters
    ----------
    key : TrialKey
        Which trial.
    scale : str
        Name of the scale under which it was claimed.
    status : {"running", "done", "failed"}
        A running trial has no outcome, error, environment or date yet.
    outcome : Outcome or None
        Of done trials. Metrics and curves come back as the floats that went in, ``nan`` and ``inf`` included;
        columns of curves come back as lists.
    error : str
        Traceback or reason of failed trials, else empty. Characters that no database holds come back escaped.
    seconds : float
        Wall time, finite and 0 or more.
    peak_memory : int
        Bytes, 0 or more.
    environment : mapping of str to Any
        Versions, commit, device and the like: whatever JSON holds (tuples come back as lists).
    finished : datetime or None
        When it finished, in UTC; None makes `Store.finish` take the present time.
    """

    key: TrialKey
    scale: str
    status: Literal["running", "done", "failed"]
    outcome: Outcome | None
    error: str
    seconds: float
    peak_memory: int
    environment: Mapping[str, Any]
    finished: datetime | None


class Store(ABC):
    """Where finished trials are kept, and where processes agree on who runs which.

    Laws, checked for every kind of store by `tests/engine/store`:

    - of any number of processes that claim a key, at the same time or one after the other, at most one living one
      holds it;
    - what `finish` was given is there completely after it returned, and not at all if it raised or was killed;
    - an outcome comes back as it went in, to the last bit.

    An *owner* is a name that stands for one process, unique among all that use the store (a random id does). It is
    dead when its last heartbeat is older than `STALE_AFTER`, or at once when it is on this machine and its process no
    longer exists, and then what it was running can be claimed by others. The age of heartbeats is measured by
    the clock of the database server where there is one (PostgreSQL), else by this machine's.

    Every method may be called from several threads. All raise `StoreError` when the store cannot be read or written.
    """

    url: str
    """Where the store is, for people: no password in it."""

    @abstractmethod
    def claim(self, keys: Sequence[TrialKey], owner: str, *, scale: str, config: Mapping[str, Any]) -> list[TrialKey]:
        """Mark as running, in one step, those keys that are neither done nor held by a living owner.

        Failed trials are claimed again. A trial that this very owner is running already is held, and not returned
        a second time. The calling process is registered as the owner, with a heartbeat of now.

        Parameters
        ----------
        keys : sequence of TrialKey
            Trials of one config; repeated keys count once.
        owner : str
            Name of the claiming owner.
        scale : str
            Name of the scale that the trials are run for.
        config : mapping of str to Any
            The config's identity fields, kept for readers under the keys' config hash (see `config_of`).

        Returns
        -------
        list of TrialKey
            Those that are the owner's now, in the order asked.

        Raises
        ------
        ValueError
            If the keys are of several configs, or the config holds what JSON does not.
        """

    @abstractmethod
    def heartbeat(self, owner: str) -> None:
        """Say that the owner lives. Unknown owners are ignored: they hold nothing."""

    @abstractmethod
    def finish(self, owner: str, results: Sequence[StoredTrial]) -> None:
        """Store the results of trials that the owner holds, all or none of them.

        Results of keys that the owner holds no longer (it was taken for dead, and another took them over) are left
        out without a word: whoever holds them now will finish them, with the same outcome.

        Raises
        ------
        ValueError
            If a result is neither done with an outcome nor failed with an error, or holds what cannot be stored.
        """

    @abstractmethod
    def release(self, owner: str) -> None:
        """Give back everything that the owner is running, and forget the owner.

        A trial that had failed before is a failed one again; any other is unknown again.
        """

    @abstractmethod
    def get(self, keys: Sequence[TrialKey]) -> dict[TrialKey, StoredTrial]:
        """Whatever is known of these keys, in the order asked; unknown ones are absent."""

    @abstractmethod
    def trials(self, study: str | None = None) -> list[StoredTrial]:
        """All finished trials, done and failed, of one study or of all, ordered by their keys."""

    @abstractmethod
    def forget(self, keys: Iterable[TrialKey]) -> None:
        """Delete finished trials, so that they are run afresh. Running and unknown ones are left alone."""

    @abstractmethod
    def config_of(self, digest: str) -> dict[str, Any] | None:
        """The identity fields behind a config hash, as first claimed; None if no trial with it was ever claimed."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what the store holds open. Closing twice is fine."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def single_config(keys: Sequence[TrialKey]) -> str:
    """The config hash that all keys share.

    Raises
    ------
    ValueError
        If they do not.
    """
    digests = sorted({key.config for key in keys})
    if len(digests) != 1:
        raise ValueError(f"trials of one config are claimed together, not of {len(digests)}: {', '.join(digests)}")
    return digests[0]


def in_order(key: TrialKey) -> tuple[str, int, str, str, int]:
    """What trials are sorted by, in every kind of store alike (databases sort text as their language has it)."""
    return key.study, key.revision, key.config, key.condition, key.seed
