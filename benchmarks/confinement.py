"""Programs per second in the sandbox, and what one costs, beside Python without any confinement.

Run it alone on the machine: ``python benchmarks/confinement.py``.
"""

from __future__ import annotations

import statistics
import subprocess
import time

from unseen.engine.environment import available_cores
from unseen.solvers.language.sandbox import confinement, run_program, run_programs
from unseen.solvers.language.sandbox.machine import MODES, interpreter

PROGRAM = "print(sum(range(1000)))"
ANSWER = "499500\n"
AT_A_TIME = 60
ROUNDS = 5


def measure() -> list[dict[str, float | str]]:
    """Rows with name, median milliseconds for one program and programs per second on all cores; all take turns."""

    def plain() -> str:
        command = [interpreter(), "-s", "-S", "-c", PROGRAM]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    modes = [mode for mode in MODES if confinement(mode).mode is not None]
    runs = {"Python, not confined": plain} | {
        mode: lambda mode=mode: run_program(PROGRAM, mode=mode).stdout for mode in modes
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(AT_A_TIME):
        for name, run in runs.items():
            start = time.perf_counter()
            assert run() == ANSWER
            times[name].append(time.perf_counter() - start)
    rates: dict[str, list[float]] = {mode: [] for mode in modes}
    for _ in range(ROUNDS):
        for mode in modes:
            start = time.perf_counter()
            assert all(result.stdout == ANSWER for result in run_programs([PROGRAM] * AT_A_TIME, mode=mode))
            rates[mode].append(AT_A_TIME / (time.perf_counter() - start))
    return [
        {
            "name": name,
            "milliseconds": 1000 * statistics.median(found),
            "per_second": statistics.median(rates[name]) if name in rates else float("nan"),
            "cores": available_cores(),
        }
        for name, found in times.items()
    ]


if __name__ == "__main__":
    for row in measure():
        print(row)
