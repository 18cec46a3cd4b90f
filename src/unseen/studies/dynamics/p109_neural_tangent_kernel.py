"""Neural tangent kernel: the wider a network, the closer it trains to a method with a fixed kernel.

Paper: Jacot, Gabriel and Hongler (2018), "Neural tangent kernel: convergence and generalization in neural networks".

What the paper claims
    With weights drawn from N(0, 1) and divided by the root of the fan-in, the tangent kernel of a network tends to a
    deterministic limit as its layers widen, and stays there during training. Gradient descent on the squared error is
    then kernel gradient descent: linear in time, with each component of the error along an eigenvector of the kernel
    decaying at the rate of its eigenvalue, the leading ones first.

What was run (scale small)
    Networks in this parametrization (sigma_w = root 2, sigma_b = 0.1) on 40 points of the sphere of radius root d,
    target x_1 x_2 scaled to mean square one. Three arms: ReLU with three hidden layers on the circle (the paper's depth
    and data; widths 64 to 1,024), ReLU and tanh with one hidden layer on the sphere in ten dimensions (widths 64 to
    4,096). Full-batch gradient descent at half the inverse of the limiting kernel's largest eigenvalue until the mean
    squared training error is 1e-4. Five seeds decide points and weights. The limiting kernel is in closed form for ReLU
    and by quadrature for tanh; the prediction starts from each network's own initial function and takes as many steps
    as the network did. The control repeats the ReLU sphere with outputs divided once more by the root of the width and
    steps that make up for it: the scaling in which features are learned.

Ours beside theirs
    ====================================  ==============================  ===========================================
    question                              theirs (figures, no numbers)    ours, seeds 0-4
    ====================================  ==============================  ===========================================
    distance of the kernel from its       smaller at width 10,000 than    45 % at 64, 10.5 % at 1,024 (circle);
    limit at initialization               at 500                          exponent -0.52 over all arms
    change of the kernel by training      visible at 500, hardly at       19 % at 64, 1.7 % at 1,024 (circle);
                                          10,000                          0.4 % at 4,096 (sphere); exponents near -0.8
    trained function against the limit    follows it closely at 1,000     1.7 % of the target at 1,024 (circle),
                                                                          4.3 % and 4.2 % at 4,096 (sphere)
    ====================================  ==============================  ===========================================

What differs from the paper and why
    1. Steps are finite, so the prediction is that of descent, not of flow; both agree as steps shrink.
    2. sigma_w is root 2 where the paper's is 1, so that depth does not shrink the signal.
    3. Rates of decay are measured on the same points and target; the paper follows principal components of MNIST.
    4. On the circle alone the test of the trained function is weak: 40 points nearly determine it, and solving with the
       kernel of the last layer alone comes within 4 % too. The sphere in ten dimensions is what tells kernels apart.
    5. Widths of the deep arm end at 1,024, to fit two CPU cores; scale full goes to 4,096.
    6. That outputs at initialization are Gaussian processes is not tested here.

What was found
    The central claim holds: the kernel's change falls with width, faster than the n^-1/2 of the bound (exponent near
    -0.8). In the control it does not fall at all, 240 % at any width, and the trained functions stay some 19 % of the
    target away from the prediction; so the measures can see a kernel that moves.

    Two claims stay inconclusive at seeds 0-4; both take the worst arm of each seed. The trained function is 4.4 % away
    from the prediction (interval 3.6 to 5.3, below 5 asked for); it still falls as n^-0.45, and solving with the last
    layer's kernel instead misses by 19 % (ReLU) and 13 % (tanh). The rates of decay are right to 5 % and 2 % at width
    4,096, but only to 16 % in the deep arm at 1,024, because of one seed (47 %). Its kernel is still 10 % off there,
    and components seem to mix; that this is the cause was not tested. Seeds 100-104 give the same verdicts throughout:
    5.1 % (4.4 to 5.7) for the function and 9 % (2 to 16) for the rates of the worst arm. At width 4,096 the function
    thus lies at the 5 % asked for, neither clearly below nor above.

    All kernels fit the 40 points of the ten-dimensional sphere, and none generalizes: errors at fresh inputs are as
    large as the target. Following the kernel is not learning the rule. The control, free to move its kernel, errs less
    (0.83 against 1.01).

    Tried first: tanh on the circle. Its kernel's eigenvalues fall so fast that with one hidden layer the initial
    function was not fitted to 1e-4 after 8,000 steps at either of two widths; hence the sphere. ReLU with two hidden
    layers on the sphere was tried at width 256 in two seeds, and was 20 and 23 % off the prediction there; a single
    hidden layer allows width 4,096. A first control with outputs multiplied by 4 / root n moved its kernel too little
    (20 to 50 %) to leave the prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from unseen.contracts.study import Claim, Gate, Outcome, Study, Trials, above, below, between
from unseen.statistics import Interval, mean, power_law_exponent
from unseen.studies.dynamics._tangent_kernel_arms import (
    ARMS,
    LAZY,
    MODES,
    Array,
    Config,
    decay_errors,
    mode_curve,
    setup_of,
    train_networks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Train networks of every width on all seeds at once; compare kernels and functions with the limit."""
    arm = ARMS[condition]
    widths = config.widths if arm.depth == 1 else config.deep_widths
    setups = [setup_of(arm, seed, config) for seed in seeds]
    found: list[dict[str, list[float]]] = [{} for _ in seeds]
    curves: list[dict[str, list[float]]] = []
    diverged = [""] * len(seeds)
    for width in widths:
        lanes, history, rows = train_networks(arm, width, seeds, setups, config)
        for lane, row in enumerate(rows):
            row |= decay_errors(history, lane, setups[lane])
            for name, value in row.items():
                found[lane].setdefault(name, []).append(value)
            if history.diverged[lane] >= 0:
                diverged[lane] = f"width {width} diverged at step {history.diverged[lane]}"
        if width == widths[-1]:
            curves = [mode_curve(history, lane, setup) for lane, setup in enumerate(setups)]
        del lanes
    outcomes = []
    for lane in range(len(seeds)):
        metrics = {
            f"{name}_{width}": value
            for name, values in found[lane].items()
            for width, value in zip(widths, values, strict=True)
        }
        metrics["fitted"] = float(all(found[lane]["fitted"]))
        by_width = {"width": [float(width) for width in widths], **found[lane]}
        outcomes.append(Outcome(metrics, {"widths": by_width, "modes": curves[lane]}, failure=diverged[lane]))
    return outcomes


# -- claims -------------------------------------------------------------------------------------------------------


def _by_width(trials: Trials, condition: str, name: str) -> tuple[Array, Array]:
    """Widths and a metric, both of shape (seeds, widths)."""
    curves = trials.curves(condition, "widths")
    return np.stack([curve["width"] for curve in curves]), np.stack([curve[name] for curve in curves])


def _exponents(trials: Trials, condition: str, name: str) -> Array:
    """Exponent of a metric's growth with width, per seed; nan where it has none."""
    values = np.asarray(power_law_exponent(*_by_width(trials, condition, name)).values, dtype=np.float64)
    return values if len(values) else np.full(len(trials.of(condition)), np.nan)


def _mean_exponent(name: str) -> Any:
    return lambda trials: mean(np.mean([_exponents(trials, arm, name) for arm in LAZY], axis=0))


def _slowest_exponent(trials: Trials) -> Interval:
    return mean(np.max([_exponents(trials, arm, "drift") for arm in LAZY], axis=0))


def _widest(name: str) -> Any:
    """A metric at the largest width, per seed the worst arm's."""
    return lambda trials: mean(np.max([_by_width(trials, arm, name)[1][:, -1] for arm in LAZY], axis=0))


def _rich_function(trials: Trials) -> Interval:
    return mean(_by_width(trials, "rich", "function")[1][:, -1])


FITTED = Gate(
    "share of seeds in which every network of the wide arms reached the training error asked for",
    lambda trials: float(np.mean([trials.values(arm, "fitted").mean() for arm in LAZY])),
    above(0.999),
)
RICH_FITTED = Gate(
    "share of seeds in which every network of arm rich reached the training error asked for",
    lambda trials: float(trials.values("rich", "fitted").mean()),
    above(0.999),
)

CLAIMS = (
    Claim(
        "The kernel stays as it was: by the end of training it has moved by a share that falls with width n at least "
        "as fast as n^-0.35 (exponent, per seed that of the arm where it falls most slowly).",
        _slowest_exponent,
        below(-0.35),
        central=True,
        gates=(FITTED,),
    ),
    Claim(
        "At initialization the kernel tends to its closed form as n^-1/2 (exponent of the relative Frobenius error, "
        "mean over arms).",
        _mean_exponent("kernel_error"),
        between(-0.65, -0.35),
    ),
    Claim(
        "At the largest width the trained function is what the limiting kernel predicts, to less than 5 % of the "
        "target's root mean square at fresh inputs (worst arm).",
        _widest("function"),
        below(0.05),
        gates=(FITTED,),
    ),
    Claim(
        "That difference vanishes as networks grow, at least as fast as n^-0.35 (exponent, mean over arms).",
        _mean_exponent("function"),
        below(-0.35),
        gates=(FITTED,),
    ),
    Claim(
        "Each leading component of the error decays at the rate of its eigenvalue: at the largest width to within "
        "15 % (median over five components, worst arm).",
        _widest("decay"),
        below(0.15),
        gates=(FITTED,),
    ),
    Claim(
        "These rates come closer to the eigenvalues as networks grow (exponent of their relative error, mean over "
        "arms).",
        _mean_exponent("decay"),
        below(0.0),
        gates=(FITTED,),
    ),
    Claim(
        "Control: with outputs of order 1/n in place of n^-1/2 the kernel moves as much at any width (exponent of the "
        "drift).",
        lambda trials: mean(_exponents(trials, "rich", "drift")),
        between(-0.15, 0.15),
        gates=(RICH_FITTED,),
    ),
    Claim(
        "Control: these networks end more than 5 % of the target's root mean square away from the kernel's prediction.",
        _rich_function,
        above(0.05),
        gates=(RICH_FITTED,),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

COLOURS = {"relu-circle": "#0072B2", "relu-sphere": "#009E73", "tanh-sphere": "#CC79A7", "rich": "#D55E00"}
LABELS = {
    "relu-circle": "ReLU, 3 hidden layers, circle",
    "relu-sphere": "ReLU, 1 hidden layer, sphere in 10 dimensions",
    "tanh-sphere": "tanh, 1 hidden layer, same sphere",
    "rich": "control: as the second, outputs of order 1/n",
}


def figure(trials: Trials) -> Figure:
    """Drift of the kernel and distance of the function against width, and the error's leading components."""
    import matplotlib.pyplot as plt

    drawn, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    _draw_widths(left, trials, "drift")
    left.set_title("The wider the network,\nthe less training moves its kernel")
    left.set_ylabel("relative change of the kernel")
    _draw_widths(middle, trials, "function")
    middle.set_title("The trained function tends\nto the kernel's prediction")
    middle.set_ylabel("difference at fresh inputs / RMS of target")
    _draw_modes(right, trials)
    handles, labels = left.get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    drawn.suptitle("Wide networks follow a fixed kernel")
    return drawn


def _draw_widths(axes: Axes, trials: Trials, name: str) -> None:
    for condition, colour in COLOURS.items():
        widths, values = _by_width(trials, condition, name)
        axes.loglog(widths.T, values.T, color=colour, alpha=0.25, linewidth=1)
        centre = np.exp(np.log(values).mean(axis=0))
        axes.loglog(widths[0], centre, "o-", color=colour, label=LABELS[condition])
    widths, values = _by_width(trials, "relu-sphere", name)
    axes.loglog(widths[0], values[:, 0].mean() * (widths[0] / widths[0][0]) ** -0.5, "k:", label="$n^{-1/2}$")
    axes.set_xlabel("width n")


def _draw_modes(axes: Axes, trials: Trials) -> None:
    import matplotlib.pyplot as plt

    curve = trials.curves("relu-sphere", "modes")[0]
    for k, colour in zip(range(1, MODES + 1), plt.get_cmap("viridis")(np.linspace(0, 0.85, MODES)), strict=True):
        axes.semilogy(curve["step"], curve[f"measured_{k}"], "o", markersize=3, color=colour)
        axes.semilogy(curve["step"], curve[f"predicted_{k}"], "-", color=colour, label=f"component {k}")
    axes.set_ylim(1e-2, 1.5)
    axes.set_xlim(-1, 40)
    axes.set_title("Errors along the kernel's eigenvectors\nshrink at its eigenvalues (lines: theory)")
    axes.set_xlabel("step")
    axes.set_ylabel("share of the error left")
    axes.legend(frameon=False, fontsize="small")


study = Study(
    paper="109",
    claims=CLAIMS,
    conditions={
        "relu-circle": "ReLU, three hidden layers, points on the circle: the paper's network and data",
        "relu-sphere": "ReLU, one hidden layer, points on the sphere in ten dimensions",
        "tanh-sphere": "tanh, one hidden layer, points on the sphere in ten dimensions",
        "rich": "as relu-sphere with outputs of order 1/n: the control, whose kernel must move at any width",
    },
    scales={
        "smoke": Config(
            widths=(16, 64), deep_widths=(16, 32), points=12, test_points=20, draws=2, goal=1e-2, steps=300
        ),
        "small": Config(),
        "full": Config(
            widths=(64, 256, 1024, 4096, 16384), deep_widths=(64, 128, 256, 512, 1024, 2048, 4096), draws=16
        ),
    },
    trial=trial,
    figure=figure,
    broken={"relu-sphere": "rich"},
    batched=True,
)
