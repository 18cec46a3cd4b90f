"""Third-order attention, exactly and by polynomials: time and error beside each other.

Run ``python benchmarks/third_order_attention.py`` on an otherwise idle machine. Both sides get the same tensors, in
double precision, with 4 columns and entries up to 1, and one thread. They take turns; medians of the rounds are
reported. Errors are the largest absolute difference of outputs, for entries drawn uniformly and for those arranged so
that scores are as large as they can be.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from unseen.models.third_order_attention import polynomial_third_order_attention, third_order_attention
from unseen.studies.algorithmic._kronecker_errors import aligned_entries, largest_error, uniform_entries

TOKENS = (64, 128, 256, 512, 1024)
DEGREES = (4, 9)
COLUMNS = 4


def measure(rounds: int = 5, tokens: tuple[int, ...] = TOKENS) -> list[dict[str, Any]]:
    """Seconds and errors for every number of tokens and every degree.

    Returns
    -------
    list of dict
        ``tokens``, ``degree``, ``exact`` and ``polynomial`` (seconds per call), ``ratio`` (exact over polynomial),
        ``error`` (uniform entries), ``aligned_error`` (hardest entries).
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    rows = []
    try:
        for n in tokens:
            uniform, aligned = (entries(n, COLUMNS, 1.0, 0) for entries in (uniform_entries, aligned_entries))
            calls: dict[int | None, Callable[[], object]] = {None: partial(third_order_attention, *uniform)}
            for degree in DEGREES:
                calls[degree] = partial(polynomial_third_order_attention, *uniform, degree=degree)
                calls[degree]()
            seconds: dict[int | None, list[float]] = {side: [] for side in calls}
            for _ in range(rounds):
                for side, call in calls.items():
                    start = time.perf_counter()
                    call()
                    seconds[side].append(time.perf_counter() - start)
            medians = {side: statistics.median(values) for side, values in seconds.items()}
            exact, exact_aligned = third_order_attention(*uniform), third_order_attention(*aligned)
            rows += [
                {
                    "tokens": n,
                    "degree": degree,
                    "exact": medians[None],
                    "polynomial": medians[degree],
                    "ratio": medians[None] / medians[degree],
                    "error": largest_error(uniform, exact, degree),
                    "aligned_error": largest_error(aligned, exact_aligned, degree),
                }
                for degree in DEGREES
            ]
    finally:
        torch.set_num_threads(threads)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'tokens':>7}{'degree':>8}{'exact ms':>12}{'polynomial':>12}{'faster':>9}{'error':>10}{'hardest':>10}")
    for row in rows:
        times = f"{1e3 * row['exact']:12.2f}{1e3 * row['polynomial']:12.2f}{row['ratio']:9.1f}"
        print(f"{row['tokens']:7}{row['degree']:8}{times}{row['error']:10.1e}{row['aligned_error']:10.1e}")


if __name__ == "__main__":
    main()
