"""A study under examination, with the smoke trials that its laws share."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from unseen.contracts.study import Outcome, Study, Trial, Trials
from unseen.testing.laws import require

SEEDS = (0, 1)


@dataclass(frozen=True)
class StudyCase:
    """What the laws of a study are given.

    Parameters
    ----------
    study : Study
        The study.
    page : str
        Its page; the docstring of the module that defines the trial by default.
    recorded : mapping of str to Trials
        Scale -> trials on record.
    seeds : tuple of int
        The seeds of the smoke trials, at least two.
    """

    study: Study
    page: str = ""
    recorded: Mapping[str, Trials] = field(default_factory=dict)
    seeds: tuple[int, ...] = SEEDS

    def __post_init__(self) -> None:
        if not self.page:
            module = inspect.getmodule(self.study.trial)
            object.__setattr__(self, "page", (inspect.getdoc(module) if module else "") or "")

    def run(self, condition: str, seeds: Sequence[int]) -> list[Outcome]:
        """Run one condition at scale smoke as the engine does, with all seeds in one call if the study is batched."""
        config = self.study.scales["smoke"]
        if self.study.batched:
            outcomes = list(self.study.trial(condition, tuple(seeds), config))
        else:
            outcomes = [self.study.trial(condition, seed, config) for seed in seeds]
        require(len(outcomes) == len(seeds), f"{condition}: {len(outcomes)} outcomes for {len(seeds)} seeds")
        return outcomes

    @cached_property
    def timed_smoke(self) -> tuple[Trials, float]:
        """Every condition with every seed at scale smoke, and the processor seconds that this took."""
        started = time.process_time()
        found = [
            Trial(condition, seed, outcome)
            for condition in self.study.conditions
            for seed, outcome in zip(self.seeds, self.run(condition, self.seeds), strict=True)
        ]
        return Trials(tuple(found)), time.process_time() - started

    @property
    def smoke(self) -> Trials:
        """The smoke trials."""
        return self.timed_smoke[0]

    def everything(self) -> Iterator[tuple[str, Trials]]:
        """The smoke trials and those on record, each with what to call them."""
        yield "smoke", self.smoke
        for scale, trials in self.recorded.items():
            yield f"the record at scale {scale}", trials
