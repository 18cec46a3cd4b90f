"""Measured mistakes of checkers: none where there are none, and those that were put in on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import unseen as un
from unseen.contracts.problem import Examples
from unseen.evaluation.checker_rates import measure_checker
from unseen.problems import PROBLEMS
from unseen.problems.numbers.chain_sum import ChainSum

MANY_RIGHT = {"programming-puzzles"}
"""A mutated answer, or one of two that a reply names, may be right too where any that satisfies a predicate is."""


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_checkers_of_registered_problems_make_no_mistake(name: str) -> None:
    found = measure_checker(un.problem(name), n=3)
    if name in MANY_RIGHT:
        counts = {(rate.kind, rate.what): rate.count for rate in found.rates}
        assert [
            what for what, count in counts.items() if count and what[1] not in ("mutated answers", "evasive replies")
        ] == []
        assert counts["false reject", "replies"] == counts["false accept", "replies"] == 0
        return
    assert found.mistakes == ()
    assert all(rate.of > 0 for rate in found.rates)


@dataclass(frozen=True)
class Generous(ChainSum):
    """Accepts neighbours."""

    def score(self, examples: Examples, answers: Any) -> Any:
        truth = self.truth(examples).tolist()
        read = [self.read(answer) for answer in answers]
        near = [one is not None and abs(one - t) <= 1 for one, t in zip(read, truth, strict=True)]
        return np.array(near, dtype=np.float64)


@dataclass(frozen=True)
class Strict(ChainSum):
    """Reads no sign in front."""

    def read(self, answer: Any) -> int | None:
        return None if isinstance(answer, str) and answer.strip()[:1] in "+-" else super().read(answer)


def test_a_generous_checker_is_found_out() -> None:
    found = measure_checker(Generous(), n=40)
    near = next(rate for rate in found.rates if rate.what == "near misses")
    misses = Generous().near_misses(Generous().sample("train", 2, 0), 0)
    # "One more" and "one less" are accepted on every question, "a little off" is not read.
    assert near.count >= 2 * near.of / len(misses)
    assert found.total("false reject").count == 0


def test_a_strict_checker_is_found_out() -> None:
    found = measure_checker(Strict(), n=40)
    assert found.total("false reject").count > 0
    assert found.total("false accept").count == 0
    assert "'" in found.mistakes[0]


def test_the_bound_is_wilsons() -> None:
    rate = measure_checker(un.problem("modular-addition", modulus=13), n=5).total("false accept")
    z = 1.6448536269514722
    assert rate.interval().high == pytest.approx(z**2 / (rate.of + z**2))
