"""Overtraining is worst when parameters and samples are equal in number, and theory gives the whole test-error curve.

Advani and Saxe, High-dimensional dynamics of generalization error in neural networks, arXiv:1710.03667 (with
Sompolinsky, Neural Networks 132, 2020).

What the paper claims
    A linear student that learns a linear teacher from noisy samples by gradient descent has a test error that random
    matrix theory predicts at every moment. Training on after the best moment costs most when there are as many
    parameters as samples, and little when there are far fewer *or far more*. With more parameters than samples some
    directions are never learnt: whatever the first weights hold there stays, so they should be small. ReLU networks
    behave alike.

What was run (scale small)
    Linear: N = 300 inputs of variance 1/N, noise a fifth of the signal (SNR 5), seven ratios P/N from 0.25 to 4, 20
    teachers and training sets per seed. Gradient flow is solved exactly in the eigenbasis of the data, without time
    steps, to t = 1000 in units of the summed loss, and the test error of given weights is exact too, so that the only
    randomness is that of teacher, inputs and noise. "Overtraining" is the last test error of a run minus its own best.

    ReLU: a teacher of 10 hidden units on 20 inputs, 200 samples, SNR 5. In one arm students learn their output layer
    alone (exact gradient flow on random features to t = 10 000); in the other both layers learn by 10 000 full-batch
    gradient steps with momentum, at widths 2 to 400, three teachers per seed.

    Beside them stand what a user would do instead: stopping at the time that theory calls optimal, ridge regression
    with the Bayes-optimal penalty 1/SNR, and, for the ReLU teacher, Gaussian-process regression with the teacher's
    covariance. Stopping time and penalty are computed from the true ratio and noise; nothing is tuned on test data.

Ours beside theirs
    Five seeds, at ``small``; errors in units of the variance of the target, noise of 0.2 included.

    ===================================  ================================  ============================================
    quantity                             paper                             here
    ===================================  ================================  ============================================
    simulation against theory, linear    agreement shown in figures        median 0.8 %, worst point 6 % off
    where overtraining peaks, linear     P = N                             P = N, 243 times the larger end
    error at t = 1000, P/N = 0.25, 1, 4  theory: 1.02, 4.29, 0.267         1.02, 4.50, 0.267
    the same, stopped at the best time   close to the ridge optimum        1.01, 0.57, 0.263
    the same, optimal ridge              theory: 1.00, 0.56, 0.261         1.01, 0.56, 0.261
    peak when the output layer learns    300 units, 300 samples (Fig. 7D)  200 units, 200 samples
    peak when both layers learn          large networks do no worse        10 to 14 units: 1 to 1.5 parameters a sample
    ===================================  ================================  ============================================

What differs from the paper and its code, and why
    1. The paper's figures average over many repeats at sizes of their own; N = 300 and t = 1000 keep the smallest of
       300 eigenvalues unresolved, which is what the limit of large N needs at P = N.
    2. A seed's point is the mean of 20 draws, since theory speaks of the average teacher. The worst point over the grid
       contains the noise of that mean: at P = N, late, a single run deviates by a quarter.
    3. Both layers learn with momentum 0.9 in place of plain gradient descent, to save nine tenths of the steps, and
       ``1/sqrt(width)`` stands before the output, so that one learning rate serves all widths.
    4. "An interior maximum in width" is judged at the width that the *other* seeds find worst. The largest of many
       noisy values lies above the ends even where all widths are alike; chosen this way it does not.
    5. Three teachers per seed where both layers learn. With one, tried first, the last claim held as well, but barely
       on seeds 100-104: 0.04 to 0.49.
    6. The paper's experiment on handwritten digits is left out.

What was found
    Every part holds, on seeds 0-4 as on seeds 100-104. Early stopping removes the linear peak altogether and is within
    2 % of the optimal ridge at every ratio. With both layers learning the peak is flatter (1.0 against 4.2) yet sits at
    the same place, about one parameter per sample, and the best error on the way hardly depends on width: what a wide
    network wins is that it need not be stopped. Gaussian-process regression (0.39) beats every student of either arm,
    even at its best width and stopping time in hindsight (0.41 and 0.42).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import (
    Claim,
    Curve,
    Gate,
    Outcome,
    Study,
    Trials,
    above,
    below,
    current_run,
    setting,
)
from unseen.measures.theory.advani_saxe import learning_curve, optimal_ridge_error, optimal_stopping_time, overtraining
from unseen.problems.regression.linear_teacher import LinearTeacher
from unseen.problems.regression.relu_teacher import ReluTeacher
from unseen.statistics import UNDETERMINED, Interval, geometric_mean_ratio, mean, paired_difference
from unseen.studies.dynamics._linear_students import linear_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

RATIOS = {f"ratio-{ratio:g}": ratio for ratio in (0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0)}
"""Conditions of the linear part: samples per parameter, A = P/N."""
ENDS = ("ratio-0.25", "ratio-4")
MATCHED = (0.8, 1.25)
"""Samples per parameter that count as "equal"."""


@dataclass(frozen=True)
class Config:
    """Sizes of the linear and of the nonlinear part."""

    inputs: int = setting(300, "N, parameters of the linear student")
    snr: float = setting(5.0, "variance of the noiseless target over that of the noise, both teachers")
    draws: int = setting(20, "teachers and training sets averaged within a trial")
    last_time: float = setting(1000.0, "end of gradient flow, in units where the loss is the sum of squares over two")
    initial_variances: tuple[float, ...] = setting((0.0, 0.5, 1.0, 2.0), "variances of the first weights, ascending")
    relu_inputs: int = setting(20, "inputs of the ReLU teacher")
    relu_samples: int = setting(200, "training samples of the ReLU teacher")
    relu_hidden: int = setting(10, "hidden units of the ReLU teacher")
    test_size: int = setting(2000, "fresh inputs on which ReLU students are tested")
    output_widths: tuple[int, ...] = setting(
        (25, 50, 100, 160, 200, 250, 400, 800), "hidden units of students whose output layer alone learns"
    )
    output_last_time: float = setting(1e4, "end of gradient flow on the output layer")
    both_widths: tuple[int, ...] = setting(
        (2, 4, 6, 8, 10, 14, 20, 30, 50, 140, 400), "hidden units of students whose layers both learn"
    )
    both_draws: int = setting(3, "teachers and training sets averaged within a trial where both layers learn")
    steps: int = setting(10_000, "full-batch gradient steps on both layers")
    learning_rate: float = setting(0.2, "of gradient descent on both layers")
    momentum: float = setting(0.9, "of gradient descent on both layers")


# -- trials -------------------------------------------------------------------------------------------------------


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Run one condition for several seeds."""
    outcomes = []
    if condition in RATIOS:
        for index, seed in enumerate(seeds):
            outcomes.append(linear_outcome(RATIOS[condition], seed, config))
            current_run().report((index + 1) / len(seeds))
        return outcomes

    # Imported here because it brings torch, which the linear part does not need.
    from unseen.studies.dynamics._relu_students import both_layers_sweep, kernel_error, output_layer_sweep

    problem = ReluTeacher(
        inputs=config.relu_inputs, samples=config.relu_samples, snr=config.snr, hidden=config.relu_hidden
    )
    if condition == "relu-output-layer":
        times = np.concatenate([[0.0], np.geomspace(0.1, config.output_last_time, 60)])
        draws, sweeps = config.draws, []
        for index, seed in enumerate(seeds):
            sweeps.append(
                output_layer_sweep(
                    problem, seed, widths=config.output_widths, draws=draws, times=times, test_size=config.test_size
                )
            )
            current_run().report((index + 1) / len(seeds))
    else:
        draws = config.both_draws
        sweeps = both_layers_sweep(
            problem,
            seeds,
            widths=config.both_widths,
            draws=draws,
            steps=config.steps,
            learning_rate=config.learning_rate,
            momentum=config.momentum,
            test_size=config.test_size,
        )
    return [
        _sweep_outcome(sweep, kernel_error(problem, seed, draws=draws, test_size=config.test_size))
        for sweep, seed in zip(sweeps, seeds, strict=True)
    ]


def linear_outcome(ratio: float, seed: int, config: Config) -> Outcome:
    """Gradient flow at one ratio, beside theory, early stopping and ridge."""
    theory = {"ratio": ratio, "snr": config.snr}
    times = np.concatenate([[0.0], np.geomspace(0.1, config.last_time, 97)])
    errors = linear_errors(
        LinearTeacher(inputs=config.inputs, samples=round(ratio * config.inputs), snr=config.snr),
        seed,
        draws=config.draws,
        times=times,
        stop=optimal_stopping_time(**theory),
        initial_variances=config.initial_variances,
    )
    simulated = errors.curves.mean(axis=0)
    metrics = {
        "late_error": float(simulated[-1]),
        "overtraining": float(np.mean([overtraining(curve) for curve in errors.curves])),
        "early_stopping_error": float(errors.stopped.mean()),
        "ridge_error": float(errors.ridge.mean()),
        "theory_late_error": float(learning_curve(config.last_time, **theory)),
        "theory_ridge_error": optimal_ridge_error(**theory),
    }
    shown = times[1::4]
    curve = {"time": shown, "simulated": simulated[1::4], "theory": learning_curve(shown, **theory)}
    starts = {"initial_variance": config.initial_variances, "late_error": errors.late.mean(axis=0)}
    return Outcome(metrics, {"curve": _short(curve), "starts": _short(starts)})


def _sweep_outcome(sweep: Curve, kernel_error: float) -> Outcome:
    last = np.asarray(sweep["last"])
    if np.isnan(last).any():
        return Outcome({}, failure=f"diverged at width {sweep['width'][int(np.argmax(np.isnan(last)))]:.0f}")
    metrics = {
        "narrowest_last_error": float(last[0]),
        "largest_last_error": float(last.max()),
        "width_of_largest": float(sweep["width"][int(last.argmax())]),
        "widest_last_error": float(last[-1]),
        "widest_train_error": float(sweep["train"][-1]),
        "lowest_best_error": float(min(sweep["best"])),
        "kernel_ridge_error": kernel_error,
    }
    return Outcome(metrics, {"widths": _short(sweep)})


def _short(columns: Curve) -> dict[str, list[float]]:
    """Five significant digits, which is more than the simulation has."""
    return {name: [float(f"{value:.5g}") for value in column] for name, column in columns.items()}


# -- claims -------------------------------------------------------------------------------------------------------


def peak_over_ends(trials: Trials) -> Interval:
    """Largest overtraining at a matched ratio over the larger one of the two ends."""
    matched = [condition for condition, ratio in RATIOS.items() if MATCHED[0] <= ratio <= MATCHED[1]]
    return geometric_mean_ratio(_largest(trials, matched), _largest(trials, ENDS))


def peak_over_others(trials: Trials) -> Interval:
    """Largest overtraining at a matched ratio over the largest at any other ratio."""
    matched = [condition for condition, ratio in RATIOS.items() if MATCHED[0] <= ratio <= MATCHED[1]]
    others = [condition for condition in RATIOS if condition not in matched]
    return geometric_mean_ratio(_largest(trials, matched), _largest(trials, others))


def relative_errors(trials: Trials) -> Array:
    """|simulated - theory| / theory at every ratio and time, shape (seeds, cells)."""
    cells = []
    for condition in RATIOS:
        curves = trials.curves(condition, "curve")
        cells.append([np.abs(curve["simulated"] / curve["theory"] - 1) for curve in curves])
    return np.concatenate(cells, axis=1)


def smallest_increase(trials: Trials) -> Interval:
    """Smallest rise of the late error from one initial variance to the next, over all ratios below 1."""
    rises = []
    for condition, ratio in RATIOS.items():
        if ratio < 1:
            rises.append([np.diff(curve["late_error"]).min() for curve in trials.curves(condition, "starts")])
    return mean(np.min(rises, axis=0))


def output_layer_peak(trials: Trials) -> Interval:
    """As `peak_over_ends`, with hidden units in place of inputs."""
    peaks, ends = [], []
    for curve in trials.curves("relu-output-layer", "widths"):
        ratio = 1 / curve["parameters_per_sample"]
        peaks.append(curve["overtraining"][(ratio >= MATCHED[0]) & (ratio <= MATCHED[1])].max())
        ends.append(max(curve["overtraining"][_nearest(ratio, end)] for end in (0.25, 4.0)))
    return geometric_mean_ratio(peaks, ends)


def interior_peak(trials: Trials) -> Interval:
    """Last test error at the worst interior width minus the higher one of the two ends.

    A seed's worst width is the one that the *other* seeds have on average, so that no seed gains by its own noise.
    """
    curves = trials.curves("relu-both-layers", "widths")
    if len(curves) < 2:
        return UNDETERMINED
    last = np.array([curve["last"] for curve in curves])
    others = (last.sum(axis=0) - last) / (len(last) - 1)
    peak = 1 + others[:, 1:-1].argmax(axis=1)
    return paired_difference(last[np.arange(len(last)), peak], np.maximum(last[:, 0], last[:, -1]))


def _largest(trials: Trials, conditions: Sequence[str]) -> Array:
    return np.asarray(np.max([trials.values(condition, "overtraining") for condition in conditions], axis=0))


def _nearest(ratios: Array, wanted: float) -> int:
    return int(np.abs(np.log(ratios / wanted)).argmin())


CLAIMS = (
    Claim(
        "Training on to the end costs at least three times as much test error when samples equal parameters (a ratio "
        "within 0.8 to 1.25) as when there are four times fewer or four times more.",
        estimate=peak_over_ends,
        region=above(3),
        central=True,
    ),
    Claim(
        "Nowhere else on the grid of ratios does it cost more.",
        estimate=peak_over_others,
        region=above(1),
    ),
    Claim(
        "The closed-form curve is right: half of all points (ratio, time) of the simulation lie within 5 % of it.",
        estimate=lambda trials: mean(np.median(relative_errors(trials), axis=1)),
        region=below(0.05),
    ),
    Claim(
        "The worst of these points lies within 15 %.",
        estimate=lambda trials: mean(relative_errors(trials).max(axis=1)),
        region=below(0.15),
    ),
    Claim(
        "With fewer samples than parameters, larger first weights always leave a larger error for good.",
        estimate=smallest_increase,
        region=above(0),
    ),
    Claim(
        "A ReLU student whose output layer alone learns overtrains at least three times as much with as many hidden "
        "units as samples as with four times fewer or more.",
        estimate=output_layer_peak,
        region=above(3),
    ),
    Claim(
        "A ReLU student whose layers both learn ends with a higher test error at some width in between than at "
        "either the narrowest or the widest.",
        estimate=interior_peak,
        region=above(0),
        gates=(
            Gate(
                "the widest student fits its training data: largest mean squared training error",
                value=lambda trials: float(trials.values("relu-both-layers", "widest_train_error").max()),
                region=below(0.01),
            ),
        ),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------


def figure(trials: Trials) -> Figure:
    """Learning curves, test error by size of a linear student, and last test error of ReLU networks by size."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(11, 4.2), layout="constrained")
    left, middle, right = drawing.subplots(1, 3, sharey=True)
    _draw_curves(left, trials)
    _draw_ratios(middle, trials)
    _draw_widths(right, trials)
    left.set_ylabel("test error (variance of the target = 1)")
    for axes in (left, middle, right):
        axes.set(xscale="log", yscale="log")
        axes.set_yticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
        axes.minorticks_off()
    left.set_ylim(top=2.5 * left.get_ylim()[1])  # room for the legends
    for axes in (middle, right):
        axes.axvline(1, ymax=0.78, color="grey", linewidth=0.8, linestyle="--", zorder=0)
        ticks = [0.25, 0.5, 1, 2, 4] if axes is middle else [0.1, 1, 10]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xlabel("parameters per sample")
    drawing.suptitle("Training to the end hurts most when parameters and samples are equal in number")
    return drawing


def _draw_curves(axes: Axes, trials: Trials) -> None:
    for index, condition in enumerate(("ratio-0.5", "ratio-1", "ratio-4")):
        curves = trials.curves(condition, "curve")
        time, label = curves[0]["time"], f"{1 / RATIOS[condition]:g} per sample"
        axes.plot(time, curves[0]["theory"], color=f"C{index}", label=label)
        axes.plot(time, np.mean([curve["simulated"] for curve in curves], axis=0), "o", color=f"C{index}", markersize=3)
    axes.plot([], [], "-", color="grey", label="theory")
    axes.plot([], [], "o", color="grey", markersize=3, label="simulation")
    axes.set(xlabel="training time", title="Linear: theory gives the whole curve")
    axes.legend(loc="upper left", title="parameters", alignment="left", ncols=2)


def _draw_ratios(axes: Axes, trials: Trials) -> None:
    styles = (
        ("late_error", "o-", "C1", "trained to the end"),
        ("early_stopping_error", "s-", "C0", "stopped at the best time"),
        ("ridge_error", "x:", "black", "optimal ridge regression"),
    )
    for metric, style, colour, label in styles:
        values = [trials.values(condition, metric).mean() for condition in RATIOS]
        axes.plot([1 / ratio for ratio in RATIOS.values()], values, style, color=colour, markersize=4, label=label)
    axes.set_title("Linear: a peak that stopping early removes")
    axes.legend(loc="upper left")


def _draw_widths(axes: Axes, trials: Trials) -> None:
    arms = (("relu-both-layers", "C1", "both layers learn"), ("relu-output-layer", "C2", "output layer alone"))
    for condition, colour, label in arms:
        curves = trials.curves(condition, "widths")
        load = curves[0]["parameters_per_sample"]
        last, best = (np.mean([curve[name] for curve in curves], axis=0) for name in ("last", "best"))
        axes.plot(load, last, "o-", color=colour, markersize=4, label=label)
        axes.plot(load, best, "s:", color=colour, markersize=2.5, linewidth=1)
    axes.plot([], [], "s:", color="grey", markersize=2.5, linewidth=1, label="... stopped at the best time")
    axes.set_title("ReLU networks: the same peak")
    axes.legend(loc="upper left")


study = Study(
    paper="093",
    claims=CLAIMS,
    conditions={
        # The longest first: the others run beside it.
        "relu-both-layers": "ReLU teacher, students of many widths whose layers both learn",
        "relu-output-layer": "ReLU teacher, students of many widths whose output layer alone learns",
        **{name: f"linear student and teacher, {ratio:g} samples per parameter" for name, ratio in RATIOS.items()},
    },
    scales={
        "smoke": Config(
            inputs=40,
            draws=2,
            test_size=200,
            relu_samples=40,
            output_widths=(10, 40, 160),
            both_widths=(2, 4, 20),
            steps=100,
        ),
        "small": Config(),
        "full": Config(
            inputs=1000,
            draws=100,
            both_draws=20,
            output_widths=(25, 50, 100, 160, 200, 250, 400, 800, 1600),
            both_widths=(2, 4, 6, 8, 10, 14, 20, 30, 50, 100, 200, 400, 1000, 4000),
            steps=100_000,
        ),
    },
    trial=trial,
    figure=figure,
    broken={"ratio-0.8": "ratio-4", "ratio-1": "ratio-4", "ratio-1.25": "ratio-4"},
    batched=True,
)
