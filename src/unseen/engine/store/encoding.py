"""How configs, outcomes and environments become text: the same in every process, and back without loss."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal

import numpy as np

from unseen.contracts.study import Outcome, identity
from unseen.engine.store.base import StoredTrial, TrialKey


def digest(text: str) -> str:
    """A hash of 24 hexadecimal digits: short, and without collisions among any number of configs we shall see."""
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def canonical_json(value: Any, *, what: str) -> str:
    """One text per value: keys sorted, floats by their shortest exact decimal, ASCII only.

    Tuples and lists are the same; dataclasses become mappings of their fields (without those declared by `resource`),
    enumerations their values, NumPy numbers and arrays plain ones, paths their text.

    Raises
    ------
    ValueError
        If the value holds anything else; `what` names it in the message.
    """
    return json.dumps(_plain(value, what), sort_keys=True, separators=(",", ":"))


def config_hash(config: Any) -> str:
    """Hash the fields of a config that change the result.

    The same in every process and Python version; resource fields and the config's class do not enter.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from unseen.contracts.study import resource, setting
    >>> @dataclass(frozen=True)
    ... class Config:
    ...     width: int = setting(64, "neurons of the hidden layer")
    ...     chunk: int = resource(1024, "rows per step")
    >>> config_hash(Config()) == config_hash(Config(chunk=2)), config_hash(Config()) == config_hash(Config(width=65))
    (True, False)

    Raises
    ------
    ValueError
        If a field holds what has no canonical form.
    """
    return digest(canonical_json(identity(config), what="config"))


def _plain(value: Any, where: str) -> Any:
    if isinstance(value, Enum):
        return _plain(value.value, where)
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist(), where)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = [declared for declared in dataclasses.fields(value) if declared.metadata.get("role") != "resource"]
        return {declared.name: _plain(getattr(value, declared.name), f"{where}.{declared.name}") for declared in kept}
    if isinstance(value, Mapping):
        if strange := [name for name in value if not isinstance(name, str)]:
            raise ValueError(f"{where} has the key {strange[0]!r}; keys are text")
        return {name: _plain(item, f"{where}.{name}") for name, item in value.items()}
    raise ValueError(
        f"{where} is a {type(value).__name__}; allowed are numbers, text, None, lists, tuples, mappings and dataclasses"
    )


@dataclass(frozen=True)
class Encoded:
    """A finished trial as text and plain values, ready for a row."""

    key: TrialKey
    scale: str
    status: Literal["done", "failed"]
    metrics: str | None
    curves: str | None
    error: str
    seconds: float
    peak_memory: int
    environment: str
    finished: datetime | None

    def decoded(self) -> StoredTrial:
        """The trial again."""
        outcome = None
        if self.metrics is not None and self.curves is not None:
            outcome = Outcome(json.loads(self.metrics), json.loads(self.curves))
        return StoredTrial(
            key=self.key,
            scale=self.scale,
            status=self.status,
            outcome=outcome,
            error=self.error,
            seconds=self.seconds,
            peak_memory=self.peak_memory,
            environment=json.loads(self.environment),
            finished=self.finished,
        )


def encode(trial: StoredTrial) -> Encoded:
    """Check a finished trial and turn it into text.

    Raises
    ------
    ValueError
        If it is not finished, contradicts itself, or holds what cannot be stored.
    """
    named = f"trial {trial.key.study}, {trial.key.condition}, seed {trial.key.seed}"
    if trial.status not in ("done", "failed"):
        raise ValueError(f"{named}: only done and failed trials finish, not {trial.status!r} ones")
    if trial.status == "done" and (trial.outcome is None or trial.outcome.failure or trial.error):
        raise ValueError(f"{named}: a done trial has an outcome, no failure and no error")
    if trial.status == "failed" and (trial.outcome is not None or not trial.error):
        raise ValueError(f"{named}: a failed trial has an error and no outcome")
    if not (math.isfinite(trial.seconds) and trial.seconds >= 0 and trial.peak_memory >= 0):
        raise ValueError(f"{named}: {trial.seconds} seconds and {trial.peak_memory} bytes must be finite and from 0 up")
    if trial.finished is not None and trial.finished.tzinfo is None:
        raise ValueError(f"{named}: the date {trial.finished} must say its time zone")
    outcome = trial.outcome
    return Encoded(
        key=trial.key,
        scale=trial.scale,
        status=trial.status,
        metrics=None if outcome is None else json.dumps(_numbers(outcome.metrics, _number, named)),
        curves=None if outcome is None else json.dumps(_numbers(outcome.curves, _curve, named)),
        error=storable(trial.error),
        seconds=float(trial.seconds),
        peak_memory=int(trial.peak_memory),
        environment=canonical_json(trial.environment, what="environment"),
        finished=None if trial.finished is None else trial.finished.astimezone(UTC),
    )


def _numbers(named: Mapping[str, Any], convert: Callable[[Any], Any], where: str) -> dict[str, Any]:
    converted = {}
    for name, value in named.items():
        try:
            converted[name] = convert(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{where}: {name!r} does not consist of floats ({error})") from None
    return converted


def _number(value: Any) -> float:
    return float(value)


def _curve(columns: Mapping[str, Any]) -> dict[str, list[float]]:
    return {name: [float(value) for value in values] for name, values in columns.items()}


def storable(text: str) -> str:
    """The text with the characters escaped that a database refuses: NUL and lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\x00", "\\x00")
