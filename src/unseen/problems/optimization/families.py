"""Twelve classic families of linear models, drawn at any size; every instance has an optimum."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.problems.optimization.model import AT_LEAST, AT_MOST, EQUAL, LinearModel

Generator = np.random.Generator

Numbers = NDArray[Any]
"""Whole or real numbers, or truth values; `built` turns them into float64."""

Rows = tuple[str, Numbers, int, Numbers]
"""Constraints of one group: name, left sides (rows, n), relation, right sides (rows,)."""


def built(
    cost: Numbers,
    constraints: list[Rows],
    *,
    maximise: bool = False,
    whole: bool | Numbers = False,
    upper: float | Numbers = np.inf,
) -> LinearModel:
    """A model with variables from 0 up, from its constraints group by group."""
    n = len(cost)
    counts = [len(right) for _, _, _, right in constraints]
    return LinearModel(
        np.asarray(cost, dtype=np.float64),
        np.concatenate([np.asarray(left, dtype=np.float64) for _, left, _, _ in constraints]),
        np.repeat([relation for _, _, relation, _ in constraints], counts).astype(np.int64),
        np.concatenate([np.asarray(right, dtype=np.float64) for _, _, _, right in constraints]),
        np.zeros(n),
        np.broadcast_to(np.asarray(upper, dtype=np.float64), n).copy(),
        np.broadcast_to(np.asarray(whole, dtype=bool), n).copy(),
        tuple(name for (name, _, _, _), count in zip(constraints, counts, strict=True) for _ in range(count)),
        maximise,
    )


def knapsack(draw: Generator, size: int) -> LinearModel:
    """Items of some weight and worth into one bag, each at most once."""
    weights, worth = draw.integers(3, 30, 2 * size), draw.integers(5, 60, 2 * size)
    capacity = weights.max() + weights.sum() // 3
    return built(
        worth, [("capacity", weights[None], AT_MOST, np.array([capacity]))], maximise=True, whole=True, upper=1
    )


def set_cover(draw: Generator, size: int) -> LinearModel:
    """The cheapest sets that together hold every element."""
    holds = draw.random((size + 2, 2 * size)) < 0.35
    holds[np.arange(size + 2), draw.integers(2 * size, size=size + 2)] = True
    return built(draw.integers(5, 40, 2 * size), [("covered", holds, AT_LEAST, np.ones(size + 2))], whole=True, upper=1)


def assignment(draw: Generator, size: int) -> LinearModel:
    """One task to every worker and one worker to every task, as cheaply as possible."""
    workers, tasks = np.kron(np.eye(size), np.ones(size)), np.kron(np.ones(size), np.eye(size))
    one = np.ones(size)
    cost = draw.integers(5, 60, size * size)
    return built(cost, [("workers", workers, EQUAL, one), ("tasks", tasks, EQUAL, one)], whole=True, upper=1)


def transportation(draw: Generator, size: int) -> LinearModel:
    """Goods from stores to shops: no store gives more than it has, every shop gets what it needs."""
    demand = draw.integers(5, 30, size)
    supply = draw.integers(2, 10, size) + -(-demand.sum() // size)
    from_store, to_shop = np.kron(np.eye(size), np.ones(size)), np.kron(np.ones(size), np.eye(size))
    rows: list[Rows] = [("supply", from_store, AT_MOST, supply), ("demand", to_shop, AT_LEAST, demand)]
    return built(draw.integers(2, 25, size * size), rows)


def production(draw: Generator, size: int) -> LinearModel:
    """Products made of scarce resources for the largest profit, in whole numbers, each up to its demand."""
    use = draw.integers(1, 9, (size, size))
    stock = use.sum(axis=1) * draw.integers(3, 7, size)
    rows: list[Rows] = [("resources", use, AT_MOST, stock)]
    return built(draw.integers(10, 60, size), rows, maximise=True, whole=True, upper=draw.integers(4, 15, size))


def diet(draw: Generator, size: int) -> LinearModel:
    """The cheapest food that holds enough of every nutrient, of each food at most some portions."""
    holds = draw.integers(0, 12, (size, size + 2))
    upper = draw.integers(3, 9, size + 2)
    need = np.floor(holds @ upper * draw.uniform(0.2, 0.5, size))
    return built(draw.integers(2, 20, size + 2), [("nutrients", holds, AT_LEAST, need)], upper=upper)


def blending(draw: Generator, size: int) -> LinearModel:
    """Raw materials mixed to a fixed amount with at least one share of quality and at most one of impurity."""
    n = size + 2
    quality, impurity = draw.integers(40, 100, n), draw.integers(1, 20, n)
    amount = draw.integers(50, 200)
    upper = np.full(n, amount // 2 + 1)
    # An even mixture is always allowed.
    rows: list[Rows] = [
        ("amount", np.ones((1, n)), EQUAL, np.array([amount])),
        ("quality", quality[None], AT_LEAST, np.array([np.floor(quality.mean() * amount)])),
        ("impurity", impurity[None], AT_MOST, np.array([np.ceil(impurity.mean() * amount)])),
    ]
    return built(draw.integers(5, 50, n), rows, upper=upper)


def facility_location(draw: Generator, size: int) -> LinearModel:
    """Which depots to open, and which serves which shop, for the least cost; open depots serve a limited number."""
    depots, shops = size, size
    n = depots * (1 + shops)
    served = np.concatenate([np.zeros((shops, depots)), np.kron(np.ones(depots), np.eye(shops))], axis=1)
    most = draw.integers(2, 4, depots)
    most[0] += max(0, shops - int(most.sum()))
    limited = np.concatenate([-np.diag(most), np.kron(np.eye(depots), np.ones(shops))], axis=1)
    cost = np.concatenate([draw.integers(20, 60, depots), draw.integers(2, 30, n - depots)])
    rows: list[Rows] = [("served", served, EQUAL, np.ones(shops)), ("open", limited, AT_MOST, np.zeros(depots))]
    return built(cost, rows, whole=True, upper=1)


def lot_sizing(draw: Generator, size: int) -> LinearModel:
    """When to produce and how much to store, so that every period's demand is met; each run costs a set-up."""
    periods = size + 1
    demand = draw.integers(5, 30, periods)
    most = np.full(periods, int(demand.max() * 3 // 2 + 1))
    eye = np.eye(periods)
    balance = np.concatenate([eye, np.eye(periods, k=-1) - eye, 0 * eye], axis=1)
    setup = np.concatenate([eye, 0 * eye, -np.diag(most)], axis=1)
    cost = np.concatenate([draw.integers(1, 6, periods), draw.integers(1, 4, periods), draw.integers(20, 90, periods)])
    kinds = np.repeat([False, False, True], periods)
    upper = np.where(kinds, 1.0, np.inf)
    rows: list[Rows] = [("balance", balance, EQUAL, demand), ("set-up", setup, AT_MOST, np.zeros(periods))]
    return built(cost, rows, whole=kinds.astype(np.float64), upper=upper)


def generalized_assignment(draw: Generator, size: int) -> LinearModel:
    """Jobs to machines of limited time for the largest profit, every job at most once."""
    machines, jobs = max(2, size - 2), size + 1
    time = draw.integers(3, 15, (machines, jobs))
    capacity = time.sum(axis=1) // machines + 1
    used = np.concatenate([np.diag(time[:, job]) for job in range(jobs)], axis=1)
    once = np.kron(np.eye(jobs), np.ones(machines))
    rows: list[Rows] = [("time", used, AT_MOST, capacity), ("once", once, AT_MOST, np.ones(jobs))]
    return built(draw.integers(5, 40, machines * jobs), rows, maximise=True, whole=True, upper=1)


def maximum_flow(draw: Generator, size: int) -> LinearModel:
    """The largest flow through a network of two layers whose arcs have capacities."""
    inner = np.kron(np.eye(size), np.ones(size))
    entering = np.concatenate([np.eye(size), -inner, np.zeros((size, size))], axis=1)
    leaving = np.concatenate([np.zeros((size, size)), np.kron(np.ones(size), np.eye(size)), -np.eye(size)], axis=1)
    cost = np.concatenate([np.ones(size), np.zeros(size * size + size)])
    upper = np.concatenate([draw.integers(8, 40, size), draw.integers(2, 20, size * size), draw.integers(8, 40, size)])
    zero = np.zeros(size)
    rows: list[Rows] = [("first layer", entering, EQUAL, zero), ("second layer", leaving, EQUAL, zero)]
    return built(cost, rows, maximise=True, upper=upper)


def independent_set(draw: Generator, size: int) -> LinearModel:
    """The heaviest vertices of a graph of which no two are neighbours."""
    n = 2 * size
    first, second = np.triu_indices(n, 1)
    kept = draw.random(len(first)) < 0.35
    kept[0] = True
    edges = np.zeros((int(kept.sum()), n))
    edges[np.arange(len(edges)), first[kept]] = edges[np.arange(len(edges)), second[kept]] = 1
    rows: list[Rows] = [("edges", edges, AT_MOST, np.ones(len(edges)))]
    return built(draw.integers(3, 30, n), rows, maximise=True, whole=True, upper=1)


FAMILIES: Mapping[str, Callable[[Generator, int], LinearModel]] = {
    "knapsack": knapsack,
    "set-cover": set_cover,
    "assignment": assignment,
    "transportation": transportation,
    "production": production,
    "diet": diet,
    "blending": blending,
    "facility-location": facility_location,
    "lot-sizing": lot_sizing,
    "generalized-assignment": generalized_assignment,
    "maximum-flow": maximum_flow,
    "independent-set": independent_set,
}
"""Name -> ``family(generator, size)``; sizes from 3 up, models grow linearly or quadratically with them."""
