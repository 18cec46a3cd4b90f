"""Deep conjugate directions beside what a user would pick, in seconds, on systems of study 004.

Run ``python benchmarks/directions.py``: it trains one network as the study does (most of a minute), then all solvers
take turns on the same systems, with what they prepare for a matrix in their time. PyAMG comes with the extra
``linear``.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np

from unseen.measures.cost_at_equal_accuracy import break_even_solves, cost_at_equal_accuracy, timed_in_turn
from unseen.problems.linear.elliptic import GridSystem
from unseen.solvers.linear.deep_conjugate_directions import DeepConjugateDirections
from unseen.studies.solvers._conjugate_direction_arms import (
    CLASSICAL,
    OBSTACLES_FINE,
    SEEN,
    SIZES,
    TOLERANCE,
    Config,
    systems,
    trained_networks,
)

CELLS = {
    "32 x 32, as in training": SEEN,
    "128 x 128": SIZES[2],
    "128 x 128, obstacles": OBSTACLES_FINE,
    "256 x 256": SIZES[3],
}
NAMES = {
    "cg": "conjugate gradients",
    "incomplete-cholesky": "with incomplete Cholesky",
    "multigrid": "with algebraic multigrid",
    "sine-transforms": "with sine transforms",
}


def measure(seed: int = 0) -> list[dict[str, Any]]:
    """Per kind of system: milliseconds per solve of every solver, and after how many solves training is earned back.

    Returns
    -------
    list of dict
        ``name``, ``deep`` and one entry per classical solver (milliseconds), ``ratio`` (deep directions over the
        cheapest classical solver), ``training`` (seconds), ``break_even`` (solves, against plain conjugate gradients).
    """
    config = Config()
    began = time.perf_counter()
    network, _ = trained_networks((seed,), config.levels, config)[0]
    training = time.perf_counter() - began

    def deep(system: GridSystem) -> Any:
        method = DeepConjugateDirections(network, system.interior)
        return method.solve(system.matrix, system.right_side, tolerance=TOLERANCE).solution

    def classical(name: str) -> Any:
        def run(system: GridSystem) -> Any:
            solver = CLASSICAL[name](system).solver
            return solver.solve(system.matrix, system.right_side, tolerance=TOLERANCE).solution

        return run

    def unsolved(system: GridSystem, x: Any) -> float:
        residual = np.linalg.norm(system.right_side - system.matrix @ x) / np.linalg.norm(system.right_side)
        return 0.0 if residual <= TOLERANCE else float(residual)

    rows = []
    for name, cell in CELLS.items():
        ways = {"deep": deep, **{key: classical(key) for key in NAMES}}
        found = timed_in_turn(ways, systems(cell, seed, config), unsolved)
        row: dict[str, Any] = {"name": name, "training": training}
        row |= {key: 1e3 * rung.cost for key, rung in found.items()}
        row["ratio"] = cost_at_equal_accuracy(found["deep"], [found[key] for key in NAMES])
        row["break_even"] = break_even_solves(training, found["deep"].cost, found["cg"].cost)
        rows.append(row)
    return rows


if __name__ == "__main__":
    table = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(table, indent=1))
    else:
        for row in table:
            print({key: value if isinstance(value, str) else round(value, 3) for key, value in row.items()})
