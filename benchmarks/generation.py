"""Questions with answers as text, generated per second on one core, beside reasoning-gym.

Needs ``pip install reasoning-gym``. Run it alone on the machine: ``python benchmarks/generation.py``.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import unseen as un
from unseen.contracts.problem import Problem
from unseen.formats.numerals import lines, numerals

OURS = 40_000
THEIRS = 2_000
"""Instances per round: both sides work for some hundredths of a second."""
ROUNDS = 9


class Family(NamedTuple):
    """A family that both have, with the settings that make the questions as alike as they can be."""

    name: str
    problem: str
    options: Mapping[str, Any]
    dataset: str
    settings: Mapping[str, Any]
    instances: int = THEIRS
    split: str = "train"


FAMILIES = (
    Family(
        "chain sums, 2 to 6 numbers of 1 to 4 digits",
        "chain-sum",
        {"terms": 6, "digits": 4},
        "chain_sum",
        {"min_terms": 2, "max_terms": 6, "min_digits": 1, "max_digits": 4},
    ),
    Family(
        "products of 2 numbers of 1 to 5 digits",
        "chain-product",
        {"factors": 2, "digits": 5},
        "products",
        {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 5},
    ),
    Family(
        "greatest common divisor of 2 numbers up to 1000",
        "greatest-common-divisor",
        {"count": 2, "largest": 1000},
        "gcd",
        {"min_numbers": 2, "max_numbers": 2, "min_value": 1, "max_value": 1000},
    ),
    Family(
        "linear equations in one unknown, numbers up to 100",
        "linear-equation",
        {"largest": 100},
        "simple_equations",
        # Two terms, one of them with the unknown, added or subtracted: a*x + b = c.
        {"min_terms": 2, "max_terms": 2, "operators_weights": [0.5, 0.5, 0.0]},
        instances=THEIRS // 20,
    ),
    Family(
        "roots of polynomials of degree 2 or 3",
        "polynomial-roots",
        {"size": 3},
        "polynomial_equations",
        {"min_degree": 2, "max_degree": 3},
        instances=THEIRS // 200,
    ),
    Family(
        "prime factors of numbers up to 810,000",
        "prime-factors",
        {"size": 4, "magnitude": 30},
        "prime_factorization",
        {"min_value": 4, "max_value": 810_000},
    ),
    Family(
        "the last angle of polygons with 3 to 6 sides",
        "polygon-angles",
        {"size": 6},
        "simple_geometry",
        {"min_sides": 3, "max_sides": 6},
    ),
    Family(
        "zebra puzzles, 4 houses and 2 kinds of things",
        "zebra-puzzle",
        {},
        "zebra_puzzles",
        {"num_people": 4, "num_characteristics": 2},
        instances=THEIRS // 400,
        split="longer:size",
    ),
)


def measure() -> list[dict[str, Any]]:
    """Rows with name, median instances per second of both sides, and their ratio; the sides take turns."""
    import reasoning_gym

    rows = []
    for family in FAMILIES:
        problem = un.problem(family.problem, **family.options)
        ours, theirs = [], []
        for seed in range(ROUNDS + 1):
            dataset = reasoning_gym.create_dataset(family.dataset, seed=seed, size=family.instances, **family.settings)
            ours.append(_per_second(OURS, lambda: _ours(problem, family.split, seed)))  # noqa: B023 - called at once
            theirs.append(_per_second(family.instances, lambda: _theirs(dataset)))  # noqa: B023 - called at once
        # The first round warms both sides up.
        here, there = statistics.median(ours[1:]), statistics.median(theirs[1:])
        rows.append({"name": family.name, "ours": here, "reasoning_gym": there, "ratio": here / there})
    return rows


def _ours(problem: Problem, split: str, seed: int) -> list[tuple[str, str]]:
    examples = problem.sample(split, OURS, seed)
    assert examples.targets is not None
    return list(zip(problem.text(examples), lines([numerals(examples.targets)]), strict=True))


def _theirs(dataset: Any) -> list[tuple[str, str]]:
    return [(entry["question"], entry["answer"]) for entry in (dataset[index] for index in range(len(dataset)))]


def _per_second(instances: int, work: Callable[[], list[tuple[str, str]]]) -> float:
    started = time.perf_counter()
    made = work()
    seconds = time.perf_counter() - started
    if len(made) != instances:
        raise RuntimeError(f"{len(made)} instances made, {instances} wanted")
    return instances / seconds


if __name__ == "__main__":
    found = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found, indent=1))
    else:
        for row in found:
            print(f"{row['name']:<52} {row['ours']:>12,.0f} {row['reasoning_gym']:>10,.0f} {row['ratio']:>8.1f}")
