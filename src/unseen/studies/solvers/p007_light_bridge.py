"""Light Schroedinger bridge: a Gaussian-mixture potential gives a transport plan for points never seen.

Paper: Korotin, Gushchin and Burnaev (2023), "Light Schroedinger bridge".

What the paper claims
    The Schroedinger bridge between two clouds of points (entropic optimal transport with quadratic cost) needs neither
    simulation nor a minimax game nor a network. With a mixture of Gaussians as its potential, plan and drift are in
    closed form, and one plain loss is minimised, within minutes on a CPU. Mixtures can approximate every bridge, the
    error on new points is bounded, and results on a benchmark with known plans and on cell data are competitive.

What was run (scale small)
    2,000 points of either marginal; the plan is then asked at 500 source points never seen, and at points twice as far
    from the mean. The number is the mean squared Bures-Wasserstein distance between the fitted and the true
    distribution of y given x, in percent of the target's total variance
    (`unseen.measures.bures_wasserstein`; the benchmark's cBW-UVP is twice as large). Epsilon is 0.1, 1 and 10.

    (a) Pairs of random Gaussians in 2, 8 and 16 dimensions: truth in closed form. (b) Pairs made from a known mixture
    potential of five components in 2 and 8 dimensions: inside the family. (c) The standard normal distribution to two
    moons, a ring and eight Gaussians: outside the family; truth by Sinkhorn's algorithm between the densities on a
    fine grid. Every seed draws new Gaussians and potentials, and all arms are given the same points.

    Arms: LightSB with full covariances, whose number of components (1, 5, 10, 20 or 50) and of sweeps is chosen on
    a fifth of the points before it is fitted to all; LightSB with 50 diagonal components, the authors' choice on the
    benchmark; Sinkhorn's plan between the points, extended by its potential, and its barycentric map with Gaussian
    noise (metrics with ``barycentric_``); the bridge between Gaussians of the sample moments; no coupling at all as
    control, which also takes the method's place in the broken experiment.

Ours beside theirs
    The authors' numbers are for other pairs and unlimited fresh points, so that none stands beside ours. Ours, in
    percent of the target's variance, at usual points / twice as far out, means of seeds 0-4:

    ========================  =============  ================  =================  ===============
    task                      LightSB        50 diagonal       Sinkhorn extended  barycentric map
    ========================  =============  ================  =================  ===============
    Gaussians 2-D, eps 0.1    0.45 / 2.80    0.80 / 12.3       0.54 / 22.1        0.46 / 20.5
    Gaussians 16-D, eps 1     0.35 / 0.98    2.05 / 11.4       14.6 / 91.4        5.73 / 55.1
    Gaussians 16-D, eps 10    0.26 / 0.29    0.77 / 0.94       0.30 / 0.54        0.26 / 0.31
    mixture 2-D, eps 1        0.23 / 0.20    0.33 / 0.34       0.22 / 0.24        6.85 / 9.55
    mixture 8-D, eps 0.1      3.54 / 3.98    8.59 / 12.4       7.55 / 21.1        7.44 / 20.1
    two moons, eps 0.1        0.39 / 1.71    0.42 / 0.69       0.35 / 0.78        1.60 / 2.63
    ring, eps 1               0.09 / 0.06    0.11 / 0.08       0.09 / 0.06        4.82 / 9.90
    ========================  =============  ================  =================  ===============

What differs from the paper and its code, and why
    1. The same loss is minimised by closed-form sweeps over all points (`unseen.solvers.transport.mixture_updates`)
       instead of Adam on minibatches of fresh points (their notebooks: rates from 0.0003 to 0.06, up to 20,000 steps of
       128 points). Read in github.com/ngushchin/LightSB, commit 70aa4ee.
    2. 2,000 points are all there is. Their benchmark draws fresh points in every step, over a million in all.
    3. Slopes are bounded from above: nothing in the loss does that, and the largest one rules the plan far from the
       data.
    4. The number of components is chosen by the loss on held-out points; the authors fix it.
    5. The truth of (c) is not a plan between samples: that would favour Sinkhorn's plan, whose errors it shares.
    6. Their benchmark with 128 dimensions and the latent codes of images need data from elsewhere and are left out.
    7. Thresholds were fixed before any run. The third claim (the second without epsilon 10) and the last one (points
       further out) were added after one exploratory seed had been seen, which is none of those on record.

What was found
    The rule is right within about half a percent at epsilon 1 and 10, and its advantage over the plan between points is
    one of dimension and small epsilon: in 16 dimensions its error is 1 to 2 % of Sinkhorn's at epsilon 0.1 and 1. In
    the plane the two are equally good, outside the family too (1.12 times Sinkhorn's error [1.02, 1.23] at worst). On
    Gaussian pairs held-out points mostly choose one component, which is the closed-form bridge of the sample moments: a
    user with such data needs no mixture, and 50 diagonal components are several times worse there. At epsilon 10 in 16
    dimensions all bridges share the error of the sampled moments; Sinkhorn's is 1.16 times LightSB's, so that the claim
    of 0.7 fails.

    Twice as far from the mean the rule is many times better on Gaussians in 8 and 16 dimensions, but the worst pair,
    in the plane, has 0.99 [0.83, 1.17] times Sinkhorn's error, which decides nothing. With epsilon 0.1 it is worse than
    Sinkhorn on moons and ring out there: where there were no points, the largest slope rules.

    The weak place is a mixture with small epsilon: at 0.1 in 8 dimensions LightSB stays 1 to 8 % away from the truth
    although the truth lies in its family. The loss there falls with exponents of some hundreds, and the shares that
    2,000 points happen to give a component move the borders between components; with 20,000 points in the plane the
    excess loss falls from 0.08 to 0.004 nats.

    Tried: four starts instead of one, and the smallest number of components within one standard error of the best;
    neither changed the discrepancies consistently. A refit to all points that began at other places than the chosen
    fit lost up to 0.25 nats to worse local minima; it now begins where that fit began.

    Seeds 100 to 104 give four of the five claims the same verdict: 1.06 % [0.33, 1.78] of the variance at worst, where
    5 were asked; 0.86 [0.84, 0.87] of Sinkhorn's error over all epsilon (fails), 0.023 [0.019, 0.027] without epsilon
    10, 1.20 [0.99, 1.47] outside the family. The last claim, which decides nothing on record, holds there by a hair:
    0.884 [0.784, 0.997] twice as far from the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import Claim, Outcome, Study, Trials, below, current_run, setting
from unseen.statistics import Interval, geometric_mean_ratio, mean
from unseen.studies.solvers._bridge_arms import Task, discrepancies, drawn, fitted, tasks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    samples: int = setting(2000, "training points of either marginal")
    tests: int = setting(500, "fresh source points at which plans are compared")
    epsilons: Sequence[float] = setting((0.1, 1.0, 10.0), "entropic weights")
    gaussian_dimensions: Sequence[int] = setting((2, 8, 16), "dimensions of the Gaussian pairs")
    mixture_dimensions: Sequence[int] = setting((2, 8), "dimensions of the pairs made from a mixture potential")
    components: Sequence[int] = setting((1, 5, 10, 20, 50), "numbers of components tried on held-out points")
    fixed_components: int = setting(50, "diagonal components of the arm without a choice, as in the authors' notebook")


def trial(condition: str, seed: int, config: Config) -> Outcome:
    """Fit one arm to the points of every task and compare its plan with the true one."""
    every = list(tasks(config.epsilons, config.gaussian_dimensions, config.mixture_dimensions))
    metrics: dict[str, float] = {}
    for number, task in enumerate(every):
        points = drawn(task, seed, config.samples, config.tests)
        bridges = fitted(condition, points, task.epsilon, config.components, config.fixed_components, seed)
        for prefix, bridge in bridges.items():
            usual, outlying = discrepancies(bridge, points)
            metrics[f"{prefix}{task.name}"] = usual
            metrics[f"outlying_{prefix}{task.name}"] = outlying
        current_run().report((number + 1) / len(every))
    return Outcome(metrics)


# -- claims -------------------------------------------------------------------------------------------------------


def _tasks(trials: Trials, wanted: Callable[[Task], bool]) -> list[Task]:
    """The tasks of these trials that are wanted, read from the metrics of the control, which has one for each."""
    names = trials.of("independent")[0].outcome.metrics
    found = [Task.read(name) for name in names if not name.startswith("outlying_")]
    return [task for task in found if wanted(task)]


def _largest(trials: Trials, wanted: Callable[[Task], bool]) -> Interval:
    """Largest discrepancy of LightSB over some tasks, seed by seed."""
    values = [trials.values("light-bridge", task.name) for task in _tasks(trials, wanted)]
    return mean(np.max(values, axis=0))


def _largest_ratio(trials: Trials, wanted: Callable[[Task], bool], prefix: str = "") -> Interval:
    """Largest ratio of LightSB's discrepancy to Sinkhorn's over some tasks, seed by seed."""
    names = [prefix + task.name for task in _tasks(trials, wanted)]
    ratios = [trials.values("light-bridge", name) / trials.values("sinkhorn", name) for name in names]
    largest: Array = np.max(ratios, axis=0)
    return geometric_mean_ratio(largest, np.ones_like(largest))


def _highest(trials: Trials) -> int:
    """The highest dimension of the Gaussian pairs."""
    return max(task.dimension for task in _tasks(trials, lambda task: task.kind == "gaussian"))


def _high(trials: Trials, epsilons: Callable[[float], bool]) -> Interval:
    """Largest ratio over the Gaussian pairs of the highest dimension, at some epsilons."""
    highest = _highest(trials)
    return _largest_ratio(trials, lambda t: t.kind == "gaussian" and t.dimension == highest and epsilons(t.epsilon))


CLAIMS = (
    Claim(
        "LightSB comes within 5 % of the target's variance of the true conditional plan on every Gaussian pair and "
        "every mixture pair with epsilon 1 or 10 (the largest of these discrepancies).",
        lambda trials: _largest(trials, lambda t: t.kind in ("gaussian", "mixture") and t.epsilon >= 1),
        below(5.0),
        central=True,
    ),
    Claim(
        "On Gaussian pairs of the highest dimension its discrepancy is at most 0.7 times that of Sinkhorn's plan "
        "extended to new points, at every epsilon (the largest of the ratios).",
        lambda trials: _high(trials, lambda epsilon: True),
        below(0.7),
    ),
    Claim(
        "The same at epsilon 0.1 and 1, where a new point's plan rests on few training points.",
        lambda trials: _high(trials, lambda epsilon: epsilon <= 1),
        below(0.7),
    ),
    Claim(
        "Outside its family, on two moons, the ring and eight Gaussians, its discrepancy is at most 1.5 times "
        "Sinkhorn's at every epsilon (the largest of the ratios).",
        lambda trials: _largest_ratio(trials, lambda t: t.kind not in ("gaussian", "mixture")),
        below(1.5),
    ),
    Claim(
        "For source points twice as far from the mean its discrepancy on Gaussian pairs is below Sinkhorn's at every "
        "epsilon and dimension (the largest of the ratios).",
        lambda trials: _largest_ratio(trials, lambda t: t.kind == "gaussian", "outlying_"),
        below(1.0),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

ARMS = {
    "light-bridge": ("LightSB", "#0072B2", "o"),
    "sinkhorn": ("Sinkhorn, extended", "#D55E00", "s"),
    "gaussian": ("Gaussian bridge", "#009E73", "^"),
    "independent": ("independent", "0.55", "x"),
}
WORDS = {"gaussian": "Gaussians", "mixture": "mixture", "eight": "8 Gaussians"}


def figure(trials: Trials) -> Figure:
    """Discrepancy of every arm on every task, one panel per epsilon, at usual and at outlying points."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    epsilons = sorted({task.epsilon for task in _tasks(trials, lambda task: True)})
    drawn_figure, axes = plt.subplots(
        2, len(epsilons), figsize=(11, 6.4), sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for column, epsilon in enumerate(epsilons):
        for row, prefix in enumerate(("", "outlying_")):
            _draw(axes[row][column], trials, epsilon, prefix)
        axes[0][column].set_title(f"epsilon {epsilon:g}")
        axes[1][column].set_xlabel("task")
    axes[0][0].set_ylabel("points like those of training\ndiscrepancy, % of variance")
    axes[1][0].set_ylabel("twice as far from the mean\ndiscrepancy, % of variance")
    key = [
        Line2D([], [], color=colour, marker=marker, linestyle="", label=label)
        for label, colour, marker in ARMS.values()
    ]
    drawn_figure.legend(handles=key, loc="outside lower center", ncols=len(ARMS))
    drawn_figure.suptitle("Where does a point go? A fitted rule beside a plan between the training points")
    return drawn_figure


def _draw(axes: Axes, trials: Trials, epsilon: float, prefix: str) -> None:
    here = _tasks(trials, lambda task: task.epsilon == epsilon)
    labels = [
        f"{WORDS.get(task.kind, task.kind)} {task.dimension}-D"
        if task.kind in ("gaussian", "mixture")
        else WORDS.get(task.kind, task.kind)
        for task in here
    ]
    for number, (arm, (_, colour, marker)) in enumerate(ARMS.items()):
        for place, task in enumerate(here):
            values = trials.values(arm, prefix + task.name)
            beside = place + 0.15 * (number - (len(ARMS) - 1) / 2)
            axes.plot([beside] * len(values), values, marker, color=colour, alpha=0.7, markersize=4)
    axes.axhline(5.0, color="black", linewidth=0.8, linestyle=":")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xticks(range(len(here)), labels, rotation=55, ha="right", rotation_mode="anchor")


study = Study(
    paper="007",
    claims=CLAIMS,
    conditions={
        "light-bridge": "LightSB with full covariances; components and sweeps chosen on held-out points",
        "fixed-mixture": "LightSB with 50 diagonal components, as the authors set it; only the sweep is chosen",
        "sinkhorn": "entropic plan between the training points, extended by its potential; its barycentric map",
        "gaussian": "closed-form bridge between the Gaussians of the training points' moments",
        "independent": "control: the target whatever the source point",
    },
    scales={
        "smoke": Config(
            samples=120,
            tests=20,
            epsilons=(1.0,),
            gaussian_dimensions=(2, 3),
            mixture_dimensions=(2,),
            components=(1, 5),
        ),
        "small": Config(),
        "full": Config(
            samples=5000,
            gaussian_dimensions=(2, 16, 64, 128),
            mixture_dimensions=(2, 16, 64),
            components=(1, 5, 10, 20, 50, 100),
        ),
    },
    trial=trial,
    figure=figure,
    broken={"light-bridge": "independent"},
)
