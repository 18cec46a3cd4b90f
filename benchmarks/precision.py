"""Rounding to a format beside pychop, native casts and a plain copy: values per second of float32 arrays.

Run ``python benchmarks/precision.py`` on an otherwise idle machine; it needs ``pip install pychop==0.6.2``. All sides
round the same ten million normally distributed values on one thread, to nearest with ties to even, and take turns;
medians of the rounds are reported. Before any timing the numbers of both sides are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from unseen.precision import named_format, round_to

VALUES = 10_000_000
FORMATS = ("half", "bfloat16", "e4m3", "e5m2")
TORCH_TYPES = {"half": torch.float16, "bfloat16": torch.bfloat16, "e5m2": torch.float8_e5m2}


def sides(name: str, values: np.ndarray[Any, Any]) -> dict[str, dict[str, Callable[[], Any]]]:
    """For NumPy and PyTorch: what is timed, each rounding all values into the same memory where it can."""
    from pychop import Chop

    form = named_format(name)
    chop, chop_tensor = (Chop(form.exponent_bits, form.significand_bits) for _ in range(2))
    out = np.empty_like(values)
    tensor, tensor_out = torch.from_numpy(values), torch.from_numpy(np.empty_like(values))
    numpy_sides: dict[str, Callable[[], Any]] = {
        "copy": lambda: np.copyto(out, values),
        "ours": lambda: round_to(values, form, out=out),
        "pychop": lambda: chop(values),
    }
    torch_sides: dict[str, Callable[[], Any]] = {
        "copy": lambda: tensor_out.copy_(tensor),
        "ours": lambda: round_to(tensor, form, out=tensor_out),
        "pychop": lambda: chop_tensor(tensor),
    }
    if name == "half":
        numpy_sides["cast"] = lambda: np.copyto(out, values.astype(np.float16))
    if name in TORCH_TYPES:
        torch_sides["cast"] = lambda: tensor_out.copy_(tensor.to(TORCH_TYPES[name]))
    # As numbers: pychop drops the sign of zeros.
    for mine, theirs in ((numpy_sides["ours"](), chop(values)), (torch_sides["ours"](), chop_tensor(tensor))):
        wrong = int((np.asarray(mine) != np.asarray(theirs)).sum())
        if wrong:
            raise SystemExit(f"{name}: {wrong} values differ from pychop's")
    return {"NumPy": numpy_sides, "PyTorch": torch_sides}


def measure(rounds: int = 3) -> list[dict[str, Any]]:
    """Millions of values per second.

    Returns
    -------
    list of dict
        For every format and library: ``name``, ``ours``, ``pychop``, ``cast`` (native, NaN if there is none),
        ``copy`` (without any rounding) in millions of values per second, and ``ratio`` of ours to pychop.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    values = np.random.default_rng(0).standard_normal(VALUES, dtype=np.float32)
    rows = []
    for name in FORMATS:
        for library, timed in sides(name, values).items():
            seconds: dict[str, list[float]] = {side: [] for side in timed}
            for _ in range(rounds):
                for side, run in timed.items():
                    # What is quick is repeated, so that all sides run for long enough to be timed.
                    repeats = 1 if side == "pychop" else 5
                    start = time.perf_counter()
                    for _ in range(repeats):
                        run()
                    seconds[side].append((time.perf_counter() - start) / repeats)
            rates = {side: VALUES / statistics.median(found) / 1e6 for side, found in seconds.items()}
            ratio = rates["ours"] / rates["pychop"]
            rows.append({"name": f"{name}, {library}", "cast": float("nan"), **rates, "ratio": ratio})
    torch.set_num_threads(threads)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'millions of values per second':32}{'ours':>8}{'pychop':>8}{'cast':>8}{'copy':>8}{'times faster':>14}")
    for row in rows:
        numbers = "".join(f"{row[side]:8.1f}" for side in ("ours", "pychop", "cast", "copy"))
        print(f"{row['name']:32}{numbers}{row['ratio']:14.0f}")


if __name__ == "__main__":
    main()
