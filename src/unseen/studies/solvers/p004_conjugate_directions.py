"""Deep conjugate directions: does a learned inverse keep its few iterations on grids and domains never seen?

Paper: Kaneda, Akar, Chen, Kala, Hyde and Teran (2022), "A Deep Conjugate Direction Method for Iteratively Solving
Linear Systems".

What the paper claims
    A convolutional network that inverts a discrete Poisson matrix up to scale gives the directions of a conjugate
    direction method. It brings the residual down in a few tens of iterations, where conjugate gradients take hundreds,
    with or without incomplete Cholesky factors, and this number hardly grows with the grid. Trained on one grid without
    obstacles, it serves finer grids and domains with obstacles.

What was run (scale small)
    To be written after the run.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import Claim, Gate, Study, Trials, above, below
from unseen.statistics import Interval, geometric_mean_ratio, power_law_exponent
from unseen.studies.solvers._conjugate_direction_arms import (
    COEFFICIENT,
    OBSTACLES,
    OBSTACLES_FINE,
    SEEN,
    SIZES,
    Cell,
    Config,
    trial,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FITTED = SIZES[:3]
"""The exponent is fitted from the training grid to four times as many points per axis, as in the paper."""


def _iterations(trials: Trials, condition: str, cells: tuple[Cell, ...]) -> NDArray[np.float64]:
    """Medians over the systems of each cell, shape (seeds, cells)."""
    return np.stack([trials.values(condition, f"iterations_{cell.name}") for cell in cells], axis=1)


def _exponent(condition: str) -> Callable[[Trials], Interval]:
    sides = [2.0**cell.doubled for cell in FITTED]
    return lambda trials: power_law_exponent(sides, _iterations(trials, condition, FITTED))


def _saving(peer: str, cell: Cell, method: str = "dcdm", metric: str = "iterations") -> Callable[[Trials], Interval]:
    """How many times more iterations (or work) the peer takes."""
    name = f"{metric}_{cell.name}"
    return lambda trials: geometric_mean_ratio(trials.values(peer, name), trials.values(method, name))


TRAINED = Gate(
    "the network has learned: one step along its direction leaves a small share of a held-out residual's energy",
    lambda trials: float(trials.values("dcdm", "loss").max()),
    below(0.1),
)

CLAIMS = (
    Claim(
        "The iterations of deep conjugate directions hardly grow with the grid: trained on 32 points per axis, their "
        "exponent in points per axis from 32 to 128 is below 0.5 (that of conjugate gradients is about 1).",
        _exponent("dcdm"),
        below(0.5),
        central=True,
        gates=(TRAINED,),
    ),
    Claim(
        "On the training grid, with new right-hand sides, they take less than a third of the iterations of conjugate "
        "gradients.",
        _saving("cg", SEEN),
        above(3.0),
        gates=(TRAINED,),
    ),
    Claim(
        "With obstacles in the domain, never seen in training, they take less than half of the iterations of conjugate "
        "gradients.",
        _saving("cg", OBSTACLES),
        above(2.0),
        gates=(TRAINED,),
    ),
    Claim(
        "Finer grid and obstacles at once: on 128 points per axis they take less than half of the iterations of "
        "conjugate gradients.",
        _saving("cg", OBSTACLES_FINE),
        above(2.0),
        gates=(TRAINED,),
    ),
    Claim(
        "With a log-normal coefficient, another operator than in training, they take less than half of the iterations "
        "of conjugate gradients.",
        _saving("cg", COEFFICIENT),
        above(2.0),
        gates=(TRAINED,),
    ),
    Claim(
        "On 128 points per axis they take less than a third of the iterations of conjugate gradients with incomplete "
        "Cholesky factors.",
        _saving("incomplete-cholesky", FITTED[-1]),
        above(3.0),
        gates=(TRAINED,),
    ),
    Claim(
        "On 128 points per axis they take fewer iterations than conjugate gradients with algebraic multigrid.",
        _saving("multigrid", FITTED[-1]),
        above(1.0),
        gates=(TRAINED,),
    ),
    Claim(
        "With obstacles they take fewer iterations than conjugate gradients preconditioned with what training could at "
        "best have taught: the exact inverse on the training domain.",
        _saving("sine-transforms", OBSTACLES),
        above(1.0),
        gates=(TRAINED,),
    ),
    Claim(
        "In work, counted in multiplications, they take less than conjugate gradients on the training grid.",
        _saving("cg", SEEN, metric="work"),
        above(1.0),
        gates=(TRAINED,),
    ),
    Claim(
        "On 128 points per axis, where conjugate gradients need most, they take less work than these.",
        _saving("cg", FITTED[-1], metric="work"),
        above(1.0),
        gates=(TRAINED,),
    ),
    Claim(
        "Two directions are enough: on 128 points per axis the same network takes more than 0.9 times as many "
        "iterations with twenty.",
        _saving("twenty-directions", FITTED[-1]),
        above(0.9),
        gates=(TRAINED,),
    ),
    Claim(
        "One direction is not: with it, as in plain flexible conjugate gradients, the same network takes more than 1.1 "
        "times as many iterations on 128 points per axis.",
        _saving("one-direction", FITTED[-1]),
        above(1.1),
        gates=(TRAINED,),
    ),
    Claim(
        "The exponent stays below 0.5 for a network with one level of pooling, as in the authors' code, too.",
        _exponent("one-level"),
        below(0.5),
        gates=(
            Gate(
                "this network has learned too",
                lambda trials: float(trials.values("one-level", "loss").max()),
                below(0.1),
            ),
        ),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------

SHOWN = {
    "cg": ("conjugate gradients", "0.25", "s"),
    "incomplete-cholesky": ("with incomplete Cholesky", "0.6", "D"),
    "multigrid": ("with algebraic multigrid", "#009E73", "^"),
    "sine-transforms": ("with sine transforms", "#CC79A7", "v"),
    "one-level": ("deep directions, one level", "#56B4E9", "o"),
    "dcdm": ("deep directions, three levels", "#0072B2", "o"),
}
SPLITS = {
    SEEN: "as in training",
    FITTED[-1]: "4 times finer grid",
    OBSTACLES: "obstacles",
    OBSTACLES_FINE: "obstacles,\n4 times finer grid",
    COEFFICIENT: "coefficient",
}


def figure(trials: Trials) -> Figure:
    """Iterations and work over the grid, and iterations by what is new."""
    import matplotlib.pyplot as plt

    drawn, panels = plt.subplots(1, 3, figsize=(12.5, 4.4), layout="constrained")
    _over_grids(panels[0], trials, "iterations")
    panels[0].set(ylabel="iterations to 1e-4", title="Iterations grow slowly...")
    _over_grids(panels[1], trials, "work")
    panels[1].set(ylabel="multiplications, in products with A", title="...but each costs 2,500 products")
    for place, (condition, (_, colour, marker)) in enumerate(SHOWN.items()):
        for row, cell in enumerate(SPLITS):
            values = trials.values(condition, f"iterations_{cell.name}")
            height = np.full(len(values), row + 0.13 * (place - 2.5))
            panels[2].plot(values, height, marker, color=colour, markersize=4, alpha=0.7, linestyle="none")
    panels[2].set(xscale="log", xlabel="iterations to 1e-4", title="What is new", ylim=(len(SPLITS) - 0.5, -0.5))
    panels[2].set_yticks(range(len(SPLITS)), list(SPLITS.values()))
    for row in range(1, len(SPLITS)):
        panels[2].axhline(row - 0.5, color="0.9", linewidth=0.8)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=3)
    return drawn


def _over_grids(axes: Axes, trials: Trials, metric: str) -> None:
    sides = [2**cell.doubled for cell in SIZES]
    for condition, (label, colour, marker) in SHOWN.items():
        values = np.stack([trials.values(condition, f"{metric}_{cell.name}") for cell in SIZES], axis=1)
        axes.plot(sides, np.exp(np.log(values).mean(0)), marker=marker, color=colour, markersize=5, label=label)
        for row in values:
            axes.plot(sides, row, color=colour, alpha=0.25, linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="points per axis, in those of training")
    axes.set_xticks(sides, [str(side) for side in sides])
    axes.minorticks_off()


study = Study(
    paper="004",
    claims=CLAIMS,
    conditions={
        "cg": "conjugate gradients",
        "incomplete-cholesky": "conjugate gradients with incomplete Cholesky factors, IC(0)",
        "multigrid": "conjugate gradients with a V-cycle of PyAMG's Ruge-Stuben multigrid: what a user would pick",
        "sine-transforms": "conjugate gradients with Poisson's exact inverse on the whole grid, obstacles or not",
        "dcdm": "the method: a U-Net of three levels, trained on the coarsest grid; two directions kept",
        "one-direction": "the same network in flexible conjugate gradients that keep one direction",
        "twenty-directions": "the same network with twenty directions kept",
        "one-level": "a network with one level of pooling, as in the authors' code, trained alike",
        "untrained": "the method with a network as it is before training, on the training grid alone",
    },
    scales={
        "smoke": Config(
            grid=6, ritz=10, samples=32, steps=5, minibatch=8, width=2, levels=2, right_sides=(2, 1, 1, 1), limit=20
        ),
        "small": Config(),
        "full": Config(
            dimension=3, grid=64, ritz=10_000, samples=20_000, steps=100_000, minibatch=10, learning_rate=1e-4
        ),
    },
    trial=trial,
    figure=figure,
    broken={"dcdm": "cg"},
    batched=True,
)
