"""A problem under examination."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from unseen.contracts.problem import Examples, Problem

SEEDS = (0, 7, 81_276_003)
"""Zero because nothing may be special about it, a small and a large one."""


@dataclass(frozen=True)
class ProblemCase:
    """What the laws of a problem are given.

    Parameters
    ----------
    problem : Problem
        The problem, with its parameters.
    seeds : tuple of int
        The seeds that it is drawn with; where a law is about neighbours, with the next ones too.
    """

    problem: Problem
    seeds: tuple[int, ...] = SEEDS

    def size(self, split: str, most: int) -> int:
        """How many instances to draw of a split: `most`, or all of a smaller one."""
        size = self.problem.splits[split].size
        return most if size is None else min(size, most)

    def draws(self, most: int = 64) -> Iterator[Examples]:
        """Examples of every split with every seed."""
        for split in self.problem.splits:
            for seed in self.seeds:
                yield self.problem.sample(split, self.size(split, most), seed)


def where(examples: Examples) -> str:
    """Name a draw in a message."""
    return f"split {examples.split!r}, seed {examples.seed}"
