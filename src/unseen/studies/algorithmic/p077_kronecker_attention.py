"""Kronecker attention: attention to pairs of tokens, in linear time as long as entries are small.

Paper: Alman and Song (2023), "How to capture higher-order correlations? Generalizing matrix softmax attention to
Kronecker computation".

What the paper claims
    Third-order attention, in which a query attends to all pairs of tokens, captures correlations of three tokens that
    ordinary attention cannot. Computed directly it costs n^3. If all entries are below a threshold, o((log n)^(1/3)),
    polynomials approximate it in nearly linear time; above it, under a hypothesis on satisfiability, no method is truly
    faster than n^3. The last is no experiment's business and not tested.

What was run (scale small)
    Numerics: queries, keys and values of d = 4 columns, entries uniform in [-B, B] (values in [-1, 1]), B from 0.5 to
    2.5, n from 32 to 256, in double precision; error is the largest absolute difference between the polynomial's output
    and the exact one. Times are medians of repeated calls on one thread, the polynomial's also at n up to 4,096.
    Matching: six numbers modulo 31; the network marks each that adds up to 0 with two others (Match3). Networks of one
    layer with third-order attention and with ordinary attention have equally many parameters; a two-layer ordinary one
    has twice as many. Numbers come as sines and cosines of their multiples, or as learned vectors. Accuracy is the mean
    of the accuracies on ones and on zeros, on sequences never trained on. Five seeds.

Ours beside theirs
    The paper has proofs and no experiments; there are no numbers to put ours beside.

What differs from the paper and why
    1. The theorem is asymptotic, with d = O(log n) and entries that may grow. Here d is fixed and B is varied; the
       number of monomials, C(d + g, g), is what makes small d necessary (d = 64 and degree 4 would need 814,385).
    2. Entries are bounded before the scores are divided by d, as in the paper.
    3. Networks are trained; the paper's statement about what attention can express is about the best weights. A network
       that fails to learn says nothing about these.

What was found
    PENDING
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Claim, Outcome, Study, Trials, above, below, resource, setting
from unseen.models.third_order_attention import (
    attention_error_bound,
    polynomial_third_order_attention,
    third_order_attention,
)
from unseen.statistics import Interval, geometric_mean_ratio, mean, paired_difference, power_law_exponent
from unseen.studies.algorithmic._matching_networks import ARMS, train_networks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

BOUNDS = {"entries-0.5": 0.5, "entries-1": 1.0, "entries-1.5": 1.5, "entries-2": 2.0, "entries-2.5": 2.5}
"""Conditions of the numerics: the largest entry of queries and keys."""


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    columns: int = setting(4, "columns d of queries, keys and values")
    lengths: tuple[int, ...] = setting((32, 64, 128, 256), "tokens n where both methods run")
    long_lengths: tuple[int, ...] = setting((512, 1024, 2048, 4096), "tokens where the polynomial alone is timed")
    degrees: tuple[int, ...] = setting((1, 2, 4, 6), "degrees g of the polynomial")
    repeats: int = resource(5, "timed calls, of which the median counts")
    length: int = setting(6, "numbers in a sequence of the matching problem")
    modulus: int = setting(31, "modulus of the matching problem")
    width: int = setting(32, "width of the networks")
    heads: int = setting(8, "attention heads")
    train_size: int = setting(16384, "training sequences")
    test_size: int = setting(2000, "unseen sequences")
    batch_size: int = setting(128, "sequences per update")
    learning_rate: float = setting(5e-3, "of AdamW, after a warm-up of 50 updates, falling to a tenth")
    steps: int = setting(2000, "updates")


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Measure errors and times at one size of entries, or train one network on all seeds."""
    if condition in BOUNDS:
        return [numerics(BOUNDS[condition], seed, config) for seed in seeds]
    history = train_networks(ARMS[condition], seeds, config)
    return [
        Outcome(
            {name: float(history.final(name)[lane]) for name in ("train", "iid")},
            {"learning": history.curve(lane)},
            failure=f"diverged at step {history.diverged[lane]}" if history.diverged[lane] >= 0 else "",
        )
        for lane in range(len(seeds))
    ]


def numerics(bound: float, seed: int, config: Config) -> Outcome:
    """Errors of the polynomials of every degree at every length, and the times of both methods."""
    metrics: dict[str, float] = {"bound_exceeded": 0.0}
    errors: dict[str, list[float]] = {"n": [], **{f"degree_{g}": [] for g in config.degrees}}
    exact_times: dict[str, list[float]] = {"n": [], "seconds": []}
    polynomial_times: dict[str, list[float]] = {"n": [], "seconds": []}
    fastest = config.degrees[-2]
    for n in (*config.lengths, *config.long_lengths):
        tensors = draw(n, config.columns, bound, seed)
        polynomial = partial(polynomial_third_order_attention, *tensors, degree=fastest)
        polynomial_times["n"].append(n)
        polynomial_times["seconds"].append(median_seconds(polynomial, config.repeats))
        if n in config.lengths:
            exact = third_order_attention(*tensors)
            exact_times["n"].append(n)
            exact_times["seconds"].append(median_seconds(partial(third_order_attention, *tensors), config.repeats))
            largest = float((tensors[3].abs().amax(0) * tensors[4].abs().amax(0)).max())
            errors["n"].append(n)
            for degree in config.degrees:
                found = polynomial_third_order_attention(*tensors, degree=degree)
                error = float((found - exact).abs().max())
                errors[f"degree_{degree}"].append(error)
                # Rounding is not what the bound is about.
                metrics["bound_exceeded"] += error > attention_error_bound(bound, degree) * largest + 1e-12
    for degree in config.degrees:
        metrics[f"error_degree_{degree}"] = max(errors[f"degree_{degree}"])
    last = len(config.lengths) - 1
    metrics["error_longest"] = errors[f"degree_{fastest}"][-1]
    metrics["times_faster"] = exact_times["seconds"][last] / polynomial_times["seconds"][last]
    return Outcome(metrics, {"errors": errors, "exact": exact_times, "polynomial": polynomial_times})


def draw(n: int, columns: int, bound: float, seed: int) -> list[Tensor]:
    """Query, two keys with entries up to `bound`, two values with entries up to 1; float64 of shape (n, columns)."""
    uniform = random_stream("kronecker-attention", n, columns, seed).uniform(-1, 1, size=(5, n, columns))
    uniform[:3] *= bound
    return list(torch.from_numpy(uniform).unbind(0))


def median_seconds(call: Callable[[], Any], repeats: int) -> float:
    """Median time of a call on one thread, after one to warm up."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        call()
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return float(np.median(times))


# -- claims -------------------------------------------------------------------------------------------------------


def _digits_lost(metric: str) -> Callable[[Trials], Interval]:
    """Decimal logarithm of an error at entries up to 1."""
    return lambda trials: mean(np.log10(trials.values("entries-1", metric)))


def _time_exponent(method: str) -> Callable[[Trials], Interval]:
    def estimate(trials: Trials) -> Interval:
        curves = trials.curves("entries-1", method)
        return power_law_exponent(*(np.stack([curve[column] for curve in curves]) for column in ("n", "seconds")))

    return estimate


def _bound_exceeded(trials: Trials) -> Interval:
    return mean(np.sum([trials.values(condition, "bound_exceeded") for condition in BOUNDS], axis=0))


CLAIMS = (
    Claim(
        "With entries up to 1, the polynomial of degree 4 is within 1e-4 of the exact output at every length: the "
        "decimal logarithm of its largest error.",
        _digits_lost("error_degree_4"),
        below(-4.0),
        central=True,
    ),
    Claim(
        "The polynomial's time grows about linearly with the number of tokens: exponent.",
        _time_exponent("polynomial"),
        below(1.3),
    ),
    Claim("The exact method's time grows cubically or nearly so: exponent.", _time_exponent("exact"), above(2.5)),
    Claim(
        "There is a threshold: at degree 4 the error with entries up to 2.5 is at least 100 times that with entries up "
        "to 1.",
        lambda trials: geometric_mean_ratio(
            trials.values("entries-2.5", "error_degree_4"), trials.values("entries-1", "error_degree_4")
        ),
        above(100.0),
    ),
    Claim(
        "The error never exceeds what the proof allows: number of cases in which it does.", _bound_exceeded, below(0.5)
    ),
    Claim(
        "At 256 tokens and entries up to 1 the polynomial is more than 50 times faster than the exact method.",
        lambda trials: mean(trials.values("entries-1", "times_faster")),
        above(50.0),
    ),
    Claim(
        "With numbers given as waves, one layer of third-order attention marks triples better than one layer of "
        "ordinary attention of equal size, by at least 0.1 in balanced accuracy.",
        lambda trials: paired_difference(trials.values("third-order", "iid"), trials.values("pairs", "iid")),
        above(0.1),
    ),
    Claim(
        "The same with learned vectors for the numbers.",
        lambda trials: paired_difference(
            trials.values("third-order-learned", "iid"), trials.values("pairs-learned", "iid")
        ),
        above(0.1),
    ),
    Claim(
        "A second layer of ordinary attention does not close the gap: third-order less two layers.",
        lambda trials: paired_difference(trials.values("third-order", "iid"), trials.values("pairs-two-layers", "iid")),
        above(0.1),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------


def figure(trials: Trials) -> Figure:
    """Error against the size of entries, time against length, and accuracy on triples."""
    import matplotlib.pyplot as plt

    drawn, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    bounds = list(BOUNDS.values())
    names = [name for name in trials.of("entries-1")[0].outcome.metrics if name.startswith("error_degree_")]
    for name in names:
        degree = int(name.rsplit("_", 1)[1])
        values = np.stack([trials.values(condition, name) for condition in BOUNDS])
        (line,) = left.plot(bounds, np.median(values, axis=1), "o-", label=f"degree {degree}")
        proven = [attention_error_bound(bound, degree) for bound in bounds]
        left.plot(bounds, proven, ":", color=line.get_color(), alpha=0.7)
    left.set_yscale("log")
    left.set_ylim(top=3)
    left.set_title("Accurate while entries are small\n(dotted: what is proven)")
    left.set_xlabel("largest entry of queries and keys")
    left.set_ylabel("largest error")
    left.legend()
    for method, label in (("exact", "exact"), ("polynomial", "polynomial of degree 4")):
        curves = trials.curves("entries-1", method)
        middle.plot(curves[0]["n"], np.median([curve["seconds"] for curve in curves], axis=0), "o-", label=label)
    middle.set_xscale("log", base=2)
    middle.set_yscale("log")
    middle.xaxis.set_major_formatter("{x:g}")
    middle.set_title("Linear instead of cubic time\n")
    middle.set_xlabel("tokens")
    middle.set_ylabel("seconds")
    middle.legend()
    labels = {
        "third-order": "third order",
        "pairs": "ordinary",
        "pairs-two-layers": "ordinary,\n2 layers",
        "third-order-learned": "third order,\nlearned",
        "pairs-learned": "ordinary,\nlearned",
    }
    for place, (condition, label) in enumerate(labels.items()):
        values = trials.values(condition, "iid")
        colour = "#0072B2" if condition.startswith("third") else "#D55E00"
        right.plot(np.full(len(values), place), values, "o", color=colour, alpha=0.6)
        right.annotate(label, (place, 0.03), xycoords=("data", "axes fraction"), ha="center", fontsize="x-small")
    right.axhline(0.5, color="0.5", linestyle="--", linewidth=1)
    right.set_xticks([])
    right.set_xlim(-0.6, len(labels) - 0.4)
    right.set_ylim(0.4, 1.02)
    right.set_title("Marking triples that add up to zero\n(dashed: chance)")
    right.set_ylabel("balanced accuracy, unseen")
    drawn.suptitle("Attention to pairs of tokens: cheap while entries are small")
    return drawn


study = Study(
    paper="077",
    claims=CLAIMS,
    conditions={
        **{name: f"errors and times, entries of queries and keys up to {bound:g}" for name, bound in BOUNDS.items()},
        "third-order": "matching: one layer of third-order attention, numbers as waves",
        "pairs": "matching: one layer of ordinary attention, numbers as waves",
        "pairs-two-layers": "matching: two layers of ordinary attention, numbers as waves",
        "third-order-learned": "matching: one layer of third-order attention, learned vectors",
        "pairs-learned": "matching: one layer of ordinary attention, learned vectors",
    },
    scales={
        "smoke": Config(
            lengths=(8, 16),
            long_lengths=(32,),
            repeats=1,
            length=4,
            modulus=11,
            width=16,
            train_size=64,
            test_size=64,
            batch_size=16,
            steps=10,
        ),
        "small": Config(),
        "full": Config(
            lengths=(32, 64, 128, 256, 512), long_lengths=(1024, 4096, 16384, 65536), length=32, modulus=761, width=128
        ),
    },
    trial=trial,
    figure=figure,
    broken={"entries-1": "entries-2.5"},
    batched=True,
)
