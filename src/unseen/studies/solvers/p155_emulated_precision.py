"""Pychop: what low precision does to a computation, shown by rounding in software.

Paper: Carson and Chen (2025), "Pychop: Emulating Low-Precision Arithmetic in Numerical Methods and Neural Networks".

What the paper claims
    Arithmetic in any floating-point or fixed-point format can be emulated in NumPy and PyTorch, correctly and fast
    enough to study what low precision does to numerical methods and to the accuracy of networks.

What was run (scale small)
    The emulation is `unseen.precision`, which rounds with integer and whole-number arithmetic. Four questions, five
    seeds each.
    Bits: 1.1 million float32 values per format (every half and bfloat16 number, random bit patterns, ties and
    their neighbours, subnormal numbers, overflow, NaN, both zeros) are rounded and compared with the casts of NumPy
    (half, from double precision too) and PyTorch (bfloat16, e4m3fn, e5m2). Two wrong roundings show that the comparison
    would notice: ties away from zero, and double to half precision by way of single.
    Refinement: random 100 x 100 systems with geometrically spaced singular values, condition numbers 1 to 1e10 in half
    decades; LU with every operation rounded, residuals and solution in double precision, corrections by rounded
    substitution or by GMRES with at most 10 iterations. Converged means that the solution is right, too: a forward
    error below 100 times condition number times unit roundoff. `reach_*` is the largest condition number with
    convergence there and at all smaller ones (0 if none); `log_ratio_*` is log10 of it times the factor's unit
    roundoff, -inf if there is none.
    Sums: 100,000 uniform terms, one after the other in bfloat16, 16 sums per seed.
    Network: a convolutional network with 24,000 weights, trained on the digits in float32, evaluated with weights and
    the result of every operation rounded to 2 to 10 significant bits. `precision_needed`, the fewest bits that keep
    accuracy within a point, is inf if 11 are too few.

Ours beside theirs
    Pychop 0.6.2 from the package index, class ``Chop``, on one draw of the same 1,131,071 values per format, numbers
    that differ from the native cast, the signs of zeros left out:

    ==========  ===================================================================  =================
    format      Pychop, NumPy and PyTorch alike                                      ours
    ==========  ===================================================================  =================
    half        10,182, of which 691 are not overflow                                0
    bfloat16    0                                                                    0
    e5m2        14,713, of which 698 are not overflow                                0
    ==========  ===================================================================  =================

    In half precision Pychop turns 65,520 to 65,535 into 65,536, which is no number of the format, and larger numbers up
    to 131,071 into 0 instead of infinity. Near ties among subnormal numbers it rounds twice: 17.499998 times the
    smallest number becomes 18 of them. Away from these ranges both agree bit for bit, in every mode both have.

What differs from the paper and its code, and why
    1. The emulation is ours and not Pychop: the claim is about a method, and what its code does stands above.
    2. A matrix product in the network is rounded once, at its end, as in hardware with wide accumulators; in LU,
       substitution and the sums every single operation is rounded.
    3. The paper's tables of ResNets and detectors need data and weights that are not at hand; its claims on networks
       are tested on digits only, and those on fixed point not at all (`unseen.precision.FixedPoint` emulates it).
    4. The factor 30 around 1 / u, with u the unit roundoff, is ours: Carson and Higham (2018) bound the condition
       number by about 1 / u. So are the factors ten for sums and three for GMRES, and the point of accuracy for
       bfloat16. All were fixed before the seeds on record were run.
    5. Values beyond e4m3fn's range are left out of the comparison: PyTorch has turned them into NaN and, from some
       version on, into the largest number. (ml_dtypes, with NaN as here, agrees on all of them.)

What was found
    Rounding can be emulated exactly, and at the speed of a few copies: no bit differs from the casts, while a rounding
    that is wrong for ties alone is caught a hundred thousand times, and rounding double to half precision by way of
    single fourteen thousand times. Pychop itself gives wrong numbers on overflow and near subnormal ties, see above.

    Refinement by substitution reaches condition numbers of 1e8 with factors in single precision, 3,160 in half and 316
    in bfloat16 (medians): 6, 1.5 and 1.2 times 1 / u. With the 4 bits of e4m3fn it converges for no condition number,
    not even 1: with 100 unknowns the roundings of 100 operations add up, and n u is 6. The rule "up to 1 / u" leaves
    out n. The same factors still precondition GMRES up to 10 or 32, about 1 / u; for the other formats GMRES reaches 3
    to 10 times further than substitution.

    In a first run, with seeds 0 to 4 and 100 to 104, refinement failed for several formats and seeds at condition
    numbers 1 and 3, because elimination overflowed: scaling aimed at a tenth of the format's largest number, as Higham
    and Pranesh do, and the entries of random orthogonal matrices grow more than tenfold. `low_precision_lu` now begins
    again with a smaller scale; nothing else, and no threshold, was changed.

    Rounding to nearest, sums of uniform terms in bfloat16 stand still at 256, an error of 99 %; stochastic rounding
    leaves 3 to 7 %. The digits network keeps its accuracy within a point down to 2 or 3 significant bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below, between, setting
from unseen.precision import Mode, named_format
from unseen.statistics import Interval, geometric_mean_ratio, mean, median, paired_difference
from unseen.studies.solvers._emulated_precision_arms import ROUNDINGS, compare_bits, long_sum, network_bits, refine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("single", "half", "bfloat16", "e4m3fn")
"""Formats in which matrices are factorized."""

SUMS: dict[str, Mode] = {"nearest": "nearest-even", "stochastic": "stochastic"}


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    draws: int = setting(1_000_000, "random float32 values per format, ties and any bit patterns among them")
    n: int = setting(100, "rows of the linear systems")
    decades: int = setting(10, "condition numbers go from 1 to ten to the power of this")
    per_decade: int = setting(2, "condition numbers per decade")
    terms: int = setting(100_000, "terms of the sums")
    repeats: int = setting(16, "sums per seed")
    channels: tuple[int, ...] = setting((16, 32, 64), "widths of the network's convolutions")
    steps: int = setting(600, "updates of the network, 64 pictures each")
    precisions: tuple[int, ...] = setting((2, 3, 4, 5, 6, 7, 8, 9, 10), "significant bits, the implicit one counted")


def trial(condition: str, seed: int, config: Config) -> Outcome:
    """Run one arm."""
    if condition in ROUNDINGS:
        return compare_bits(condition, seed, config.draws)
    kind, _, how = condition.partition("-")
    if kind == "refine":
        conditions = tuple(np.logspace(0, config.decades, config.decades * config.per_decade + 1).tolist())
        return refine(how, seed, n=config.n, formats=FORMATS, conditions=conditions)
    if kind == "sum":
        return long_sum(
            "stochastic" if how == "stochastic" else "nearest-even", seed, terms=config.terms, repeats=config.repeats
        )
    return network_bits(seed, channels=config.channels, steps=config.steps, precisions=config.precisions)


# -- claims -------------------------------------------------------------------------------------------------------

FACTOR = math.log10(30)


def _refinement_reaches(name: str) -> Claim:
    return Claim(
        f"With factors in {name} and every operation rounded, refinement converges up to a condition number within a "
        f"factor 30 of 1 / {named_format(name).unit_roundoff:.3g} (log10 of the ratio).",
        lambda trials: median(trials.values("refine-lu", f"log_ratio_{name}")),
        between(-FACTOR, FACTOR),
    )


def _reach_of_gmres(trials: Trials) -> Interval:
    return geometric_mean_ratio(trials.values("refine-gmres", "reach_half"), trials.values("refine-lu", "reach_half"))


CLAIMS = (
    Claim(
        "Rounding emulated in software gives the bits of native casts: of all values compared, no half, bfloat16, "
        "e4m3fn or e5m2 number differs (number of mismatches).",
        lambda trials: mean(trials.values("emulation", "mismatches")),
        below(0.5),
        central=True,
        gates=(
            Gate(
                "the comparison notices a rounding that is wrong for ties alone",
                lambda trials: float(trials.values("ties-away", "mismatches").min()),
                above(0.5),
            ),
        ),
    ),
    Claim(
        "Rounding double precision by way of single precision gives wrong half-precision bits, and the comparison "
        "notices (number of mismatches).",
        lambda trials: mean(trials.values("double-rounding", "mismatches_half_of_double")),
        above(0.5),
    ),
    *(_refinement_reaches(name) for name in FORMATS),
    Claim(
        "With GMRES for the corrections, refinement in half precision reaches condition numbers more than three times "
        "as large as with substitution.",
        _reach_of_gmres,
        above(3.0),
    ),
    Claim(
        "Stochastic rounding makes the error of a long sum in bfloat16 more than ten times smaller than rounding to "
        "nearest.",
        lambda trials: geometric_mean_ratio(
            trials.values("sum-nearest", "error"), trials.values("sum-stochastic", "error")
        ),
        above(10.0),
    ),
    Claim(
        "A digits network that computes with the 8 significant bits of bfloat16 loses less than one point of held-out "
        "accuracy.",
        lambda trials: paired_difference(trials.values("network", "accuracy_8"), trials.values("network", "accuracy")),
        above(-0.01),
        gates=(
            Gate(
                "in single precision the network reads the digits",
                lambda trials: float(trials.values("network", "accuracy").mean()),
                above(0.95),
            ),
        ),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

COLOURS = {"single": "#000000", "half": "#0072B2", "bfloat16": "#D55E00", "e4m3fn": "#009E73"}


def figure(trials: Trials) -> Figure:
    """How far refinement reaches, how a sum stagnates, and how few bits a network needs."""
    import matplotlib.pyplot as plt

    drawn, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    _draw_reach(left, trials)
    _draw_sums(middle, trials)
    _draw_network(right, trials)
    drawn.suptitle("What low precision does to a linear solve, a sum and a network")
    return drawn


def _draw_reach(axes: Axes, trials: Trials) -> None:
    for place, name in enumerate(FORMATS):
        for offset, condition, marker in ((0.12, "refine-lu", "o"), (-0.12, "refine-gmres", "^")):
            reach = trials.values(condition, f"reach_{name}")
            label = {"refine-lu": "substitution", "refine-gmres": "GMRES"}[condition] if not place else None
            kept = np.maximum(reach, 0.3)
            axes.plot(kept, np.full(len(kept), -place + offset), marker, color=COLOURS[name], alpha=0.7, label=label)
        limit = 1 / named_format(name).unit_roundoff
        axes.plot([limit, limit], [-place - 0.35, -place + 0.35], "|-", color="0.5", label=None if place else "1 / u")
    axes.set_xscale("log")
    axes.set_yticks([-place for place in range(len(FORMATS))], FORMATS)
    axes.set_xlabel("largest condition number solved (at 0.3: none)")
    axes.set_title("Refinement reaches about 1 / u,\nwith GMRES further; 4 bits fail")
    axes.legend(loc="lower right")


def _draw_sums(axes: Axes, trials: Trials) -> None:
    for condition, colour, label in (
        ("sum-nearest", "#D55E00", "to nearest"),
        ("sum-stochastic", "#0072B2", "stochastic"),
    ):
        for number, curve in enumerate(trials.curves(condition, "error")):
            axes.plot(curve["terms"], curve["error"], color=colour, alpha=0.7, label=None if number else label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("terms added in bfloat16")
    axes.set_ylabel("relative error of the sum")
    axes.set_title("To nearest a long sum stands still,\nby chance it does not")
    axes.legend(loc="upper left")


def _draw_network(axes: Axes, trials: Trials) -> None:
    for number, curve in enumerate(trials.curves("network", "accuracy")):
        for column, colour, label in (
            ("weights", "#0072B2", "weights rounded"),
            ("everything", "#D55E00", "weights and every operation"),
        ):
            axes.plot(curve["precision"], curve[column], "o-", color=colour, alpha=0.7, label=None if number else label)
    whole = float(trials.values("network", "accuracy").mean())
    axes.axhline(whole, color="0.5", linestyle=":", label="single precision")
    axes.set_xlabel("significant bits")
    axes.set_ylabel("held-out accuracy")
    axes.set_title("A digits network\nneeds few bits")
    axes.legend(loc="lower right")


study = Study(
    paper="155",
    claims=CLAIMS,
    conditions={
        "emulation": "round to nearest, ties to even, once, beside the casts of NumPy and PyTorch",
        "ties-away": "control, wrong for ties alone: to nearest, ties away from zero",
        "double-rounding": "control, wrong next to ties: rounded to single precision first, then to the format",
        "refine-lu": "low-precision LU, refinement in double precision, corrections by rounded substitution",
        "refine-gmres": "the same factors as preconditioner of GMRES, at most n / 10 iterations per correction",
        "sum-nearest": "a long sum in bfloat16, each addition rounded to nearest",
        "sum-stochastic": "the same sum, each addition rounded up or down by chance",
        "network": "a convolutional network trained in single precision, evaluated with few significand bits",
    },
    scales={
        "smoke": Config(
            draws=4000,
            n=20,
            decades=2,
            per_decade=1,
            terms=500,
            repeats=2,
            channels=(4, 8),
            steps=20,
            precisions=(2, 8),
        ),
        "small": Config(),
        "full": Config(draws=20_000_000, n=1000, per_decade=4, terms=1_000_000, channels=(64, 128, 256), steps=5000),
    },
    trial=trial,
    figure=figure,
    broken={"emulation": "ties-away"},
)
