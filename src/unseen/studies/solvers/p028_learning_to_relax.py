r"""A solver's parameter set while solving: bandits that see sweep counts, and bandits that see the system, too.

Paper: Khodak, Chow, Balcan and Talwalkar (2023), "Learning to Relax: Setting Solver Parameters Across a Sequence of
Linear System Instances".

What the paper claims
    A stream of related linear systems is solved by successive over-relaxation, whose parameter decides how many sweeps
    each takes. A bandit that sees those counts alone comes to cost, per system, about what the best fixed parameter
    would have cost (regret grows slower than the stream). Where the systems differ by a shift of the diagonal that is
    known, a contextual bandit comes to the best parameter for each single system.

What was run (scale small)
    The authors' systems: the five-point Laplacian on 10 x 10 points plus a random multiple of the identity, between
    -0.15 and 0.45, Beta(1/2, 3/2) in the stream of high variance and Beta(2, 6) in that of low; Gaussian right-hand
    sides within the ball of radius 10; 20 parameters from 1 to 1.95; residuals of 1e-8. 8,000 systems per stream,
    drawn from 1,000 of which every parameter's sweeps are known, so that choices of hindsight are exact. In a third
    stream the law changes from the first to the second halfway. Five seeds decide systems, order and choices.
    No wall time enters: a sweep costs one product with the matrix, and so does an iteration of conjugate gradients.

Ours beside theirs
    ================================  ==========  ===================
    \                                 theirs      ours, mean of seeds
    ================================  ==========  ===================
    best fixed parameter, high        about 1.8   1.79
    best fixed parameter, low         about 1.6   1.65
    systems in a stream, streams      5000, 40    8000, 5
    ================================  ==========  ===================

    Theirs from the legends in ``scripts/learning.m`` of github.com/mkhodak/learning-to-relax (commit 973a880), which
    stores no outcomes. Mean sweeps per system of ours:

    ====================================  ====  ===  ========
    \                                     high  low  changing
    ====================================  ====  ===  ========
    Gauss-Seidel                          595   275  438
    a parameter at random                 275   146  213
    Tsallis-INF on raw counts             164   85   130
    Tsallis-INF                           115   66   96
    confidence bounds                     108   62   95
    best fixed parameter                  103   60   87
    Tsallis-INF in five bins              94    61   81
    confidence bounds in five bins        84    54   75
    ChebCB                                64    46   57
    best parameter for each system        58    43   51
    conjugate gradients                   33    33   33
    ====================================  ====  ===  ========

What differs from the paper and its code, and why
    1. The root that Tsallis-INF needs is found from a start that Newton's method cannot leave; the authors start at -1,
       and where that diverges, their code plays at random.
    2. ChebCB's bound on the error of prediction leaves out the residual of the last constrained fit, which is zero in
       their code wherever the constraints are slack. The context's range is that of the shifts; theirs goes to 0.65.
    3. Confidence bounds (UCB1 with the costs' standard deviation for their range) stand beside Tsallis-INF, alone and
       in bins: what a user might try first. Neither was tuned.
    4. The paper's second part, preconditioned conjugate gradients in a heat equation, is not tested.
    5. Revision 2: a first record let streams that run side by side share rounding, which now and then changed a choice;
       no verdict changed. Seeds 100 to 104 give the same ten verdicts, at either revision (1.119 [1.114, 1.125] for the
       first).
    6. ChebCB's bounded fits start from the last one and take at most 60 passes. They were exact in a first version,
       seen on seeds 50 and 51 (mean cost 0.62 of the best fixed parameter's, as now), and took minutes longer.

What was found
    Both claims hold. Tsallis-INF ends 12 % above the best fixed parameter, 9 % where shifts vary little and 10 % where
    the law changes halfway; per system, what it pays above falls from 71 sweeps after 500 systems to 12 after 8,000.
    Told the shift, ChebCB pays less than any fixed parameter could after some 500 systems and ends 11 % above the
    best parameter for each system. Told another system's shift it ends 9 % above the best fixed parameter.

    What fails is the method without the division of costs by their running mean, which stands in the authors' code
    alone: on raw counts Tsallis-INF still pays 1.60 times the best fixed parameter after 8,000 systems. Plain
    confidence bounds do somewhat better than Tsallis-INF on these streams, which are random and not adversarial.

    None of it says that relaxation is the method to choose: conjugate gradients, which have nothing to set, take 57 %
    of the products that relaxation takes with the best parameter for each single system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below
from unseen.statistics import Interval, geometric_mean_ratio
from unseen.studies.solvers._relaxation_streams import LAWS, STREAMS, Config, costs_of, relaxations, stream_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN_POINTS = 40


def trial(condition: str, seeds: tuple[int, ...], config: Config) -> list[Outcome]:
    """Let one arm choose for three streams of each seed, or look up what fixed choices would have cost."""
    seeds = tuple(seeds)
    if condition == "hindsight":
        return [_hindsight(config, seed) for seed in seeds]
    metrics: list[dict[str, float]] = [{} for _ in seeds]
    curves: list[dict[str, Any]] = [{} for _ in seeds]
    for name in STREAMS:
        costs = costs_of(condition, name, seeds, config)
        for lane in range(len(seeds)):
            for rounds in (config.early, config.rounds):
                metrics[lane][f"{name}_{_when(rounds, config)}"] = float(costs[:rounds, lane].mean())
            if name == "high":
                curves[lane][name] = _running(costs[:, lane])
    return [Outcome(found, drawn) for found, drawn in zip(metrics, curves, strict=True)]


def _when(rounds: int, config: Config) -> str:
    return "early" if rounds == config.early else "late"


def _running(costs: NDArray[np.float64]) -> dict[str, list[float]]:
    """Mean cost so far, at points that are evenly spaced on a logarithmic axis."""
    at = np.unique(np.geomspace(10, len(costs), SHOWN_POINTS).astype(int))
    return {"systems": at.tolist(), "mean": (np.cumsum(costs)[at - 1] / at).tolist()}


def _hindsight(config: Config, seed: int) -> Outcome:
    """What the best fixed parameter, the best for each system, and conjugate gradients cost in the same streams."""
    metrics: dict[str, float] = {}
    curves: dict[str, Any] = {}
    for name in STREAMS:
        stream = stream_of(config, name, seed)
        for rounds in (config.early, config.rounds):
            when = _when(rounds, config)
            fixed = stream.sweeps[:rounds].mean(axis=0)
            metrics[f"{name}_fixed_{when}"] = float(fixed.min())
            metrics[f"{name}_each_{when}"] = float(stream.sweeps[:rounds].min(axis=1).mean())
            metrics[f"{name}_cg_{when}"] = float(stream.cg[:rounds].mean())
        metrics[f"{name}_best_relaxation"] = float(relaxations(config)[fixed.argmin()])
        metrics[f"{name}_gauss_seidel"] = float(fixed[0])
        metrics[f"{name}_largest"] = float(stream.sweeps.max())
        if name in LAWS:
            curves[name] = {"relaxation": relaxations(config).tolist(), "mean": fixed.tolist()}
    return Outcome(metrics, curves)


# -- claims -------------------------------------------------------------------------------------------------------


def _late(condition: str, stream: str, reference: str = "fixed") -> Any:
    """Mean cost of an arm over that of a reference in the same stream."""
    return lambda trials: geometric_mean_ratio(
        trials.values(condition, f"{stream}_late"), trials.values("hindsight", f"{stream}_{reference}_late")
    )


def _fallen(condition: str, stream: str, reference: str) -> Any:
    """Mean excess over a reference after all systems, over that after the first few."""

    def estimate(trials: Trials) -> Interval:
        late, early = (
            trials.values(condition, f"{stream}_{when}") - trials.values("hindsight", f"{stream}_{reference}_{when}")
            for when in ("late", "early")
        )
        return geometric_mean_ratio(np.maximum(late, 0), early)

    return estimate


SOLVED = Gate(
    "every system is solved with every parameter within 10,000 sweeps (the largest number)",
    lambda trials: float(max(trials.values("hindsight", f"{name}_largest").max() for name in STREAMS)),
    below(10_000),
)

CLAIMS = (
    Claim(
        "A bandit that sees nothing but sweep counts (Tsallis-INF) pays less than 1.25 times what the best fixed "
        "parameter would have, over 8,000 systems whose shifts vary much.",
        _late("tsallis", "high"),
        below(1.25),
        central=True,
        gates=(SOLVED,),
    ),
    Claim(
        "What it pays above the best fixed parameter falls, per system, to less than half between the first 500 "
        "systems and all 8,000.",
        _fallen("tsallis", "high", "fixed"),
        below(0.5),
        gates=(SOLVED,),
    ),
    Claim(
        "Where shifts vary little it pays less than 1.25 times what the best fixed parameter would have, too.",
        _late("tsallis", "low"),
        below(1.25),
        gates=(SOLVED,),
    ),
    Claim(
        "It does so in a stream whose law of shifts changes halfway.",
        _late("tsallis", "changing"),
        below(1.25),
        gates=(SOLVED,),
    ),
    Claim(
        "Dividing costs by their running mean, which the authors' code does and the theory does not ask for, is not "
        "needed: on raw sweep counts it pays less than 1.25 times the best fixed parameter.",
        _late("tsallis-unscaled", "high"),
        below(1.25),
        gates=(SOLVED,),
    ),
    Claim(
        "A bandit that is told each system's shift (ChebCB) pays less than the best fixed parameter would have.",
        _late("chebyshev", "high"),
        below(1.0),
        gates=(SOLVED,),
    ),
    Claim(
        "What ChebCB pays above the best parameter for each single system falls to less than half between the first "
        "500 systems and all 8,000.",
        _fallen("chebyshev", "high", "each"),
        below(0.5),
        gates=(SOLVED,),
    ),
    Claim(
        "One Tsallis-INF for each fifth of the shifts' range pays less than the best fixed parameter, too.",
        _late("tsallis-binned", "high"),
        below(1.0),
        gates=(SOLVED,),
    ),
    Claim(
        "It is what the shift tells that helps: told the shift of another system, ChebCB pays more than the best fixed "
        "parameter.",
        _late("chebyshev-misinformed", "high"),
        above(1.0),
        gates=(SOLVED,),
    ),
    Claim(
        "Conjugate gradients, which have no parameter, take fewer products with the matrix than SOR takes sweeps with "
        "the best parameter for each single system.",
        lambda trials: geometric_mean_ratio(
            trials.values("hindsight", "high_cg_late"), trials.values("hindsight", "high_each_late")
        ),
        below(1.0),
        gates=(SOLVED,),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

SHOWN = {
    "uniform": ("chosen at random", "0.6"),
    "tsallis-unscaled": ("Tsallis-INF, raw counts", "#CC79A7"),
    "tsallis": ("Tsallis-INF", "#D55E00"),
    "confidence": ("confidence bounds", "#E69F00"),
    "tsallis-binned": ("Tsallis-INF, told the shift (5 bins)", "#56B4E9"),
    "confidence-binned": ("confidence bounds, told the shift (5 bins)", "#009E73"),
    "chebyshev": ("ChebCB, told the shift", "#0072B2"),
}


def figure(trials: Trials) -> Figure:
    """Mean cost so far over the number of systems solved, with what the choices of hindsight cost."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    drawn, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), width_ratios=(2, 1), sharey=True, layout="constrained")
    for condition, (label, colour) in SHOWN.items():
        curves = trials.curves(condition, "high")
        for curve in curves:
            left.plot(curve["systems"], curve["mean"], color=colour, alpha=0.25, linewidth=0.8)
        mean = np.mean([curve["mean"] for curve in curves], axis=0)
        left.plot(curves[0]["systems"], mean, color=colour, label=label)
    lines = {
        "high_fixed_late": ("best fixed parameter", "--"),
        "high_each_late": ("best parameter for each system", "-."),
        "high_cg_late": ("conjugate gradients", ":"),
    }
    for metric, (label, style) in lines.items():
        value = float(trials.values("hindsight", metric).mean())
        for axes in (left, right):
            axes.axhline(value, color="k", linestyle=style, linewidth=1, label=label if axes is left else None)
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_yticks([30, 50, 100, 200, 300, 500])
    left.yaxis.set_major_formatter("{x:g}")
    left.yaxis.set_minor_formatter(NullFormatter())
    left.set_xlabel("systems solved so far")
    left.set_ylabel("mean sweeps per system")
    left.set_title("A bandit sets the parameter while solving")
    fixed = trials.curves("hindsight", "high")
    for curve in fixed:
        right.plot(curve["relaxation"], curve["mean"], color="0.4", linewidth=0.8)
    right.set_xlabel("fixed relaxation parameter")
    right.set_title("What each fixed parameter costs")
    drawn.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return drawn


study = Study(
    paper="028",
    claims=CLAIMS,
    conditions={
        "hindsight": "the best fixed parameter, the best for each system, Gauss-Seidel, and conjugate gradients",
        "uniform": "a parameter at random for each system",
        "tsallis": "Tsallis-INF on sweep counts over their running mean, as in the authors' code",
        "tsallis-unscaled": "the same on raw sweep counts",
        "confidence": "confidence bounds in place of Tsallis-INF",
        "tsallis-binned": "one Tsallis-INF for each fifth of the range of the shift",
        "confidence-binned": "confidence bounds for each fifth of the range of the shift",
        "chebyshev": "ChebCB: the cost of each parameter as a Chebyshev series of the shift",
        "chebyshev-misinformed": "the control: ChebCB is told the shift of the system before",
    },
    scales={
        "smoke": Config(side=4, pool=20, rounds=60, early=20, relaxations=5, coefficients=3, bins=2),
        "small": Config(),
        "full": Config(pool=20_000, rounds=100_000),
    },
    trial=trial,
    figure=figure,
    broken={"tsallis": "uniform"},
    batched=True,
    revision=2,
)
