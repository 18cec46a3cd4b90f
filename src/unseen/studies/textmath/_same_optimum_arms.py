"""Arms of study 136: which checks accept wrong models, and which reject right ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome, current_run
from unseen.problems.optimization.checks import (
    agreement_with_fallback,
    distinguish,
    equal_optima,
    equivalent_in_form,
    rounded_agreement,
)
from unseen.problems.optimization.families import FAMILIES
from unseen.problems.optimization.model import LinearModel, Optimum, solve, without_native_output
from unseen.problems.optimization.mutants import MUTATIONS, REWRITINGS, Operator

RULES = ("one", "rounded", "fallback", "three", "five", "search")
"""One instance exactly; within 5 % rounded; the same with conversions; three and five instances; a search."""

OPERATORS: Mapping[str, Mapping[str, Operator]] = {"mutants": MUTATIONS, "rewritings": REWRITINGS}

Instances = Callable[[int], LinearModel]


def instances(family: str, use: str, seed: int, sizes: tuple[int, ...]) -> Instances:
    """The i-th instance of a family that is drawn for a use; sizes take turns."""
    return lambda i: FAMILIES[family](random_stream("study-136", family, use, seed, i), sizes[i % len(sizes)])


@lru_cache(maxsize=20_000)
def reference(family: str, use: str, seed: int, sizes: tuple[int, ...], i: int) -> Optimum:
    """The right model solved, once for all that is compared with it."""
    return solve(instances(family, use, seed, sizes)(i))


def differing(family: str, operator: Operator, use: str, seed: int, sizes: tuple[int, ...], budget: int) -> int | None:
    """The first of so many instances on which operator and right model differ."""
    draw = instances(family, use, seed, sizes)
    return distinguish(lambda i: reference(family, use, seed, sizes, i), lambda i: operator(draw(i)), budget)


def accepted(
    family: str, operator: Operator, seed: int, *, size: int, count: int, search: int, sizes: tuple[int, ...]
) -> NDArray[np.float64]:
    """Shares of checks that accept the altered model, one per rule of `RULES`."""
    draw = instances(family, "checked", seed, (size,))
    agree = np.zeros((3, count), dtype=bool)
    for i in range(count):
        truth, model = reference(family, "checked", seed, (size,), i), operator(draw(i))
        found = solve(model)
        agree[0, i] = equal_optima(truth, found)
        agree[1, i] = rounded_agreement(truth, found)
        agree[2, i] = agree[1, i] or agreement_with_fallback(truth, model, found)
    together = [agree[0, : count // k * k].reshape(-1, k).all(axis=1).mean() for k in (3, 5)]
    missed = differing(family, operator, "search", seed, sizes, search) is None
    return np.array([*agree.mean(axis=1), *together, float(missed)])


def is_equivalent(family: str, operator: Operator, seed: int, *, sizes: tuple[int, ...], budget: int) -> bool:
    """Whether the altered model is the right one: by its form, or as far as so many instances can tell."""
    draw = instances(family, "classified", seed, sizes)
    if all(equivalent_in_form(draw(i), operator(draw(i))) for i in range(10)):
        return True
    return differing(family, operator, "classified", seed, sizes, budget) is None


def examine(
    kind: str, seed: int, *, size: int, count: int, search: int, classified: int, sizes: tuple[int, ...]
) -> Outcome:
    """All families with all operators of a kind; mutants found equivalent are counted and left out."""
    rows: list[list[float]] = []
    equivalent = 0
    with without_native_output():
        for place, family in enumerate(FAMILIES):
            current_run().report(place / len(FAMILIES))
            for number, operator in enumerate(OPERATORS[kind].values()):
                if kind == "mutants" and is_equivalent(family, operator, seed, sizes=sizes, budget=classified):
                    equivalent += 1
                    continue
                shares = accepted(family, operator, seed, size=size, count=count, search=search, sizes=sizes)
                rows.append([place, number, *shares])
    table = np.array(rows)
    columns = ("family", "operator", *RULES)
    return Outcome(
        {**dict(zip(RULES, table[:, 2:].mean(axis=0).tolist(), strict=True)), "equivalent": float(equivalent)},
        {"models": {name: table[:, i].tolist() for i, name in enumerate(columns)}},
    )
