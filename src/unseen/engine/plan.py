"""The plan of a run: which trials a study at a scale consists of, and how they are cut into jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unseen.contracts.study import Study, identity
from unseen.engine.messages import Job
from unseen.engine.store import TrialKey, config_hash
from unseen.errors import UsageError
from unseen.registry import StudyName, load, suggest

MOST_SEEDS = 10_000


@dataclass(frozen=True)
class Plan:
    """The trials of one study at one scale."""

    name: StudyName
    study: Study
    scale: str
    seeds: tuple[int, ...]
    device: str
    conditions: tuple[str, ...]
    """In the study's order; some of them where only these were asked for."""

    @property
    def whole(self) -> bool:
        """Whether it holds all of the study's conditions, without which no claim is judged."""
        return len(self.conditions) == len(self.study.conditions)

    @property
    def config(self) -> dict[str, Any]:
        """The config fields that change the result."""
        return identity(self.study.scales[self.scale])

    @property
    def keys(self) -> tuple[TrialKey, ...]:
        """The identity of every trial, conditions in the study's order, seeds within."""
        digest = config_hash(self.study.scales[self.scale])
        return tuple(
            TrialKey(self.name.id, self.study.revision, digest, condition, seed)
            for condition in self.conditions
            for seed in self.seeds
        )

    def groups(self, keys: Sequence[TrialKey]) -> list[tuple[TrialKey, ...]]:
        """Cut trials into what one job computes: a condition's seeds if the study is batched, else one trial."""
        if not self.study.batched:
            return [(key,) for key in keys]
        by_condition: dict[str, list[TrialKey]] = {}
        for key in keys:
            by_condition.setdefault(key.condition, []).append(key)
        return [tuple(group) for group in by_condition.values()]

    def job(self, number: int, keys: Sequence[TrialKey]) -> Job:
        """The job that computes the trials of one group."""
        seeds = tuple(key.seed for key in keys)
        return Job(number, self.name.target, keys[0].condition, seeds, self.scale, self.device)


def plan(
    name: StudyName,
    *,
    scale: str = "small",
    seeds: Sequence[int] | None = None,
    device: str = "cpu",
    conditions: Sequence[str] | None = None,
) -> Plan:
    """Plan a run, by default of all conditions.

    Raises
    ------
    UsageError
        If the study has no such scale or condition, or a seed is negative or repeated.
    """
    study: Study = load(name.target)
    if scale not in study.scales:
        raise UsageError(f"study {name.id} has no scale {scale!r}; {suggest(scale, study.scales)}")
    chosen = tuple(study.seeds if seeds is None else seeds)
    if not chosen or len(set(chosen)) < len(chosen) or min(chosen) < 0:
        raise UsageError(f"seeds must be different whole numbers from 0 up, at least one; got {list(chosen)}")
    wanted = list(study.conditions) if conditions is None else list(conditions)
    if unknown := [condition for condition in wanted if condition not in study.conditions]:
        raise UsageError(f"study {name.id} has no condition {unknown[0]!r}; {suggest(unknown[0], study.conditions)}")
    if not wanted:
        raise UsageError(f"name at least one condition of study {name.id}: {', '.join(study.conditions)}")
    in_order = tuple(condition for condition in study.conditions if condition in wanted)
    return Plan(name, study, scale, chosen, device, in_order)


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds as written on the command line.

    Examples
    --------
    >>> parse_seeds("0-2,7")
    (0, 1, 2, 7)
    """
    seeds: dict[int, None] = {}
    allowed = f"write seeds as 0-4, 7 or 0-4,7,100-104, at most {MOST_SEEDS} of them"
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        numerals = [first, last] if dash else [first]
        if not all(numeral.isascii() and numeral.isdigit() and len(numeral) < 19 for numeral in numerals):
            raise UsageError(f"seeds {text!r} are malformed: {allowed}")
        low, high = int(first), int(last if dash else first)
        if high < low or high - low >= MOST_SEEDS or len(seeds) + high - low >= MOST_SEEDS:
            raise UsageError(f"seeds {text!r} are malformed: {allowed}")
        seeds.update(dict.fromkeys(range(low, high + 1)))
    return tuple(seeds)
