"""Arms of study 155: bits beside native casts, refinement by condition number, long sums, a network of few bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome
from unseen.measures.bits_needed import accuracy_by_bits, bits_needed
from unseen.models.convolutional import ConvolutionalClassifier
from unseen.precision import Mode, named_format, round_to
from unseen.problems.images.digits import Digits
from unseen.problems.linear.spectra import random_with_condition
from unseen.solvers.linear.iterative_refinement import IterativeRefinement
from unseen.training import Minibatches, SeedBatch, train

Reals = NDArray[Any]

# -- bits ---------------------------------------------------------------------------------------------------------

CASTS: dict[str, Callable[[Reals], Reals]] = {
    "half": lambda x: x.astype(np.float16).astype(x.dtype),
    "bfloat16": lambda x: torch.from_numpy(x).to(torch.bfloat16).float().numpy(),
    "e4m3fn": lambda x: torch.from_numpy(x).to(torch.float8_e4m3fn).float().numpy(),
    "e5m2": lambda x: torch.from_numpy(x).to(torch.float8_e5m2).float().numpy(),
}
"""Conversions by NumPy and PyTorch, written by others, that the emulation is compared with."""

ROUNDINGS: dict[str, Callable[[Reals, str], Reals]] = {
    "emulation": round_to,
    "ties-away": lambda x, name: round_to(x, name, "nearest-away"),
    "double-rounding": lambda x, name: round_to(round_to(x, "single"), name),
}


def compare_bits(condition: str, seed: int, draws: int) -> Outcome:
    """Count values that a rounding and a cast take to different numbers, the sign of zero included."""
    rounding = ROUNDINGS[condition]
    rng = random_stream("155", "bits", seed)
    metrics, shown = {}, []
    with np.errstate(all="ignore"):
        for name, cast in CASTS.items():
            values = _hard_values(name, draws, rng)
            # What becomes of values too large for e4m3fn differs between versions of PyTorch.
            compared = values[~(np.abs(values) >= 464)] if name == "e4m3fn" else values
            metrics[f"mismatches_{name}"], examples = _mismatches(compared, rounding(compared, name), cast(compared))
            shown += examples
        wide = _hard_values("half", draws, rng).astype(np.float64)
        wide *= 1 + 2.0**-40 * rng.integers(-1, 2, size=wide.size)
        metrics["mismatches_half_of_double"], examples = _mismatches(wide, rounding(wide, "half"), CASTS["half"](wide))
    shown = (shown + examples)[:8]
    metrics["mismatches"] = float(sum(metrics.values()))
    columns = ("value", "rounded", "cast")
    return Outcome(metrics, {"mismatched": {name: [row[k] for row in shown] for k, name in enumerate(columns)}})


def _hard_values(name: str, draws: int, rng: np.random.Generator) -> Reals:
    """Float32 of shape (n,): every half and bfloat16 number, any bits, common sizes, ties and their neighbours."""
    form = named_format(name)
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)
    upper = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32)
    anything = rng.integers(0, 2**32, size=draws // 4, dtype=np.uint32).view(np.float32)
    lowest = form.smallest_exponent - form.precision - 2
    sizes = 2.0 ** rng.integers(lowest, form.largest_exponent + 3, size=draws // 2)
    common = (rng.uniform(-2, 2, size=draws // 2) * sizes).astype(np.float32)
    # Odd multiples of half the distance between neighbours.
    exponent = rng.integers(form.smallest_exponent, min(form.largest_exponent, 126) + 1, size=draws // 12)
    steps = 2 * rng.integers(0, 2**form.precision, size=draws // 12) + 1
    ties = np.ldexp(steps * rng.choice([-0.5, 0.5], size=draws // 12), exponent - form.significand_bits)
    ties = ties.astype(np.float32)
    beside = [np.nextafter(ties, np.float32(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([halves, upper, anything, common, ties, *beside])


def _mismatches(values: Reals, rounded: Reals, cast: Reals) -> tuple[float, list[tuple[float, float, float]]]:
    same = (rounded == cast) & (np.signbit(rounded) == np.signbit(cast))
    wrong = np.flatnonzero(~(same | (np.isnan(rounded) & np.isnan(cast))))
    return float(len(wrong)), [(float(values[k]), float(rounded[k]), float(cast[k])) for k in wrong[:2]]


# -- refinement ---------------------------------------------------------------------------------------------------


def refine(inner: Any, seed: int, *, n: int, formats: Sequence[str], conditions: Sequence[float]) -> Outcome:
    """Up to which condition number refinement converges, every smaller one included."""
    metrics: dict[str, float] = {}
    curves = {}
    for name in formats:
        tried: dict[str, list[float]] = {"condition": [], "steps": [], "error": [], "converged": []}
        solver = IterativeRefinement(name, inner)
        reach = 0.0
        for condition in conditions:
            rng = random_stream("155", "system", seed, condition)
            A, x = random_with_condition(rng, n, condition), rng.standard_normal(n)
            report = solver.solve(A, A @ x)
            error = float(np.abs(report.solution - x).max() / np.abs(x).max())
            # A small residual is easily had where the matrix is nearly singular; the solution itself must be right.
            right = report.converged and error < 100 * condition * named_format("double").unit_roundoff
            for column, value in zip(tried.values(), (condition, report.iterations, error, right), strict=True):
                column.append(float(value))
            if not right:
                break
            reach = float(condition)
        metrics[f"reach_{name}"] = reach
        ratio = reach * named_format(name).unit_roundoff
        metrics[f"log_ratio_{name}"] = math.log10(ratio) if ratio else -math.inf
        curves[name] = tried
    return Outcome(metrics, curves)


# -- sums ---------------------------------------------------------------------------------------------------------


def long_sum(mode: Mode, seed: int, *, terms: int, repeats: int) -> Outcome:
    """Relative error of sums of uniform numbers, one term after the other in bfloat16."""
    rng = random_stream("155", "terms", seed)
    summands = round_to(rng.uniform(size=(terms, repeats)), "bfloat16")
    generator = random_stream("155", "stochastic rounding", seed) if mode == "stochastic" else None
    exact = np.cumsum(summands, axis=0)
    total = np.zeros(repeats)
    marks = set(np.unique(np.geomspace(1, terms, 30).astype(int)).tolist())
    curve: dict[str, list[float]] = {"terms": [], "error": []}
    for count, summand in enumerate(summands, start=1):
        total = round_to(total + summand, "bfloat16", mode, generator=generator)
        if count in marks:
            curve["terms"].append(float(count))
            curve["error"].append(float(np.mean(np.abs(total / exact[count - 1] - 1))))
    return Outcome({"error": curve["error"][-1]}, {"error": curve})


# -- network ------------------------------------------------------------------------------------------------------


def network_bits(seed: int, *, channels: tuple[int, ...], steps: int, precisions: tuple[int, ...]) -> Outcome:
    """Train a convolutional network on digits in float32; its held-out accuracy when it computes with fewer bits."""
    problem = Digits()
    pictures, digits = {}, {}
    for split in ("train", "iid"):
        examples = problem.sample(split, seed=seed)
        pictures[split] = torch.tensor(examples.inputs["pixels"], dtype=torch.float32).view(-1, 1, 8, 8)
        digits[split] = torch.tensor(examples.targets)
    lanes = SeedBatch.build(lambda _: ConvolutionalClassifier((1, *channels), classes=10), seeds=(seed,))
    history = train(
        lanes,
        loss=lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1]),
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=3e-3, weight_decay=1e-2),
        steps=steps,
        draw=Minibatches((pictures["train"][None], digits["train"][None]), size=64, seeds=(seed,)),
    )
    if history.diverged[0] >= 0:
        return Outcome({}, failure=f"diverged at step {history.diverged[0]}")
    network: Any = lanes.module(0).cpu().eval()
    given = (network, pictures["iid"], digits["iid"])
    bits = tuple(precision - 1 for precision in precisions)
    everything = accuracy_by_bits(*given, bits)
    weights = accuracy_by_bits(*given, bits, operations=False)
    with torch.no_grad():
        whole = float((network(pictures["iid"]).argmax(-1) == digits["iid"]).double().mean())
    metrics = {"accuracy": whole, "precision_needed": bits_needed(*given, most=10) + 1}
    metrics |= {f"accuracy_{count + 1}": accuracy for count, accuracy in everything.items()}
    curve = {
        "precision": [float(precision) for precision in precisions],
        "everything": list(everything.values()),
        "weights": list(weights.values()),
    }
    return Outcome(metrics, {"accuracy": curve})
