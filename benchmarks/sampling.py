"""Sampling speed: modular-arithmetic instances and formatted questions per second on one core.

Run it alone on the machine: ``python benchmarks/sampling.py``.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Callable

import unseen as un

MODULUS = 1009
"""A table of a million questions, so that a call is long enough to be timed."""
REPEATS = 7


def measure() -> list[dict[str, float | str]]:
    """Rows with name, instances, median instances per second, and what it stands beside."""
    problem = un.problem("modular-addition", modulus=MODULUS)
    size = problem.splits["train"].size or 0
    examples = problem.sample("train", seed=0)
    return [
        _row("modular-addition, arrays", size, lambda repeat: problem.sample("train", seed=1 + repeat)),
        _row("modular-addition, text", size, lambda repeat: problem.text(examples)),
        _row("the same text, one instance at a time in plain Python", size // 10, lambda repeat: _plain(size // 10)),
    ]


def _plain(count: int) -> list[tuple[str, int]]:
    """What one writes without a library: a seeded generator and a loop."""
    generator = random.Random(0)
    drawn = []
    for _ in range(count):
        a, b = generator.randrange(MODULUS), generator.randrange(MODULUS)
        drawn.append((f"What is {a} + {b} modulo {MODULUS}?", (a + b) % MODULUS))
    return drawn


def _row(name: str, instances: int, work: Callable[[int], object]) -> dict[str, float | str]:
    seconds = []
    for repeat in range(REPEATS):
        started = time.perf_counter()
        work(repeat)
        seconds.append(time.perf_counter() - started)
    return {"name": name, "instances": instances, "per_second": instances / statistics.median(seconds)}


if __name__ == "__main__":
    rows = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print(f"{row['name']:<60} {row['per_second']:>12,.0f} per second")
