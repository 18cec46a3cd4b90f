"""Recycling of Krylov subspaces: what restarting, carrying over and sorting each give.

PAGE
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.study import Claim, Gate, Study, Trials, above, below
from unseen.problems.linear.streams import FAMILIES
from unseen.statistics import Interval, geometric_mean_ratio
from unseen.studies.solvers._recycling_arms import (
    HELMHOLTZ,
    PLAIN,
    PRECONDITIONED,
    TOLERANCES,
    WIDE,
    Cell,
    Config,
    trial,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SORTS = ("greedy", "greedy-other", "pca")
WAVES = tuple(cell for cell in PLAIN if cell.family in HELMHOLTZ)
LOOSE, TIGHT = (tuple(cell for cell in WAVES if cell.tolerance == tolerance) for tolerance in TOLERANCES)


def _cost(trials: Trials, condition: str, cells: Sequence[Cell]) -> NDArray[np.float64]:
    """Geometric mean over cells of the products per system, shape (seeds,)."""
    logs = [np.log(trials.values(condition, cell.name)) for cell in cells]
    return np.asarray(np.exp(np.mean(logs, axis=0)))


def _ratio(first: str, second: str, cells: Sequence[Cell]) -> Callable[[Trials], Interval]:
    """Products of one arm over those of another, seed by seed."""
    return lambda trials: geometric_mean_ratio(_cost(trials, first, cells), _cost(trials, second, cells))


def _best_sort(trials: Trials) -> Interval:
    """The best order of each cell, picked afterwards on the seeds that it is judged by, over random order."""
    logs = []
    for cell in PLAIN:
        orders = [np.log(trials.values(order, cell.name)) for order in SORTS]
        logs.append(min(orders, key=lambda costs: float(np.mean(costs))))
    return geometric_mean_ratio(np.exp(np.mean(logs, axis=0)), _cost(trials, "random", PLAIN))


def _solves(condition: str, cells: Sequence[Cell]) -> Gate:
    return Gate(
        f"arm {condition} solves nearly every system",
        lambda trials: float(np.mean([trials.values(condition, f"{cell.name}_solved") for cell in cells])),
        above(0.98),
    )


CLAIMS = (
    Claim(
        "On Helmholtz streams, GCRO-DR carried over a sorted stream needs less than half of the products of GMRES(40) "
        "(two families, 1e-3 and 1e-8; solves that GMRES gives up count as if they ended there).",
        _ratio("gmres", "greedy", WAVES),
        above(2.0),
        central=True,
        gates=(_solves("greedy", WAVES),),
    ),
    Claim(
        "On Helmholtz streams to 1e-3, carrying the subspace over saves a factor of 1.2 on GCRO-DR begun afresh for "
        "every system.",
        _ratio("fresh", "greedy", LOOSE),
        above(1.2),
        gates=(_solves("greedy", LOOSE), _solves("fresh", LOOSE)),
    ),
    Claim(
        "On Helmholtz streams to 1e-8, carrying the subspace over saves a factor of 1.2 on GCRO-DR begun afresh.",
        _ratio("fresh", "greedy", TIGHT),
        above(1.2),
        gates=(_solves("greedy", TIGHT), _solves("fresh", TIGHT)),
    ),
    Claim(
        "Over all five families and both accuracies, carrying over saves a factor of 1.2 on GCRO-DR begun afresh.",
        _ratio("fresh", "greedy", PLAIN),
        above(1.2),
        gates=(_solves("greedy", PLAIN), _solves("fresh", PLAIN)),
    ),
    Claim(
        "Sorting by greedy nearest neighbours takes at most 90 % of the products of a random order, over all five "
        "families and both accuracies.",
        _ratio("greedy", "random", PLAIN),
        below(0.9),
        gates=(_solves("greedy", PLAIN), _solves("random", PLAIN)),
    ),
    Claim(
        "The best of three orders, picked for each stream after the fact, takes at most 90 % of a random order.",
        _best_sort,
        below(0.9),
        gates=(_solves("greedy", PLAIN), _solves("random", PLAIN)),
    ),
    Claim(
        "With a Jacobi or incomplete LU preconditioner too, the sorted stream needs fewer products than GMRES(40).",
        _ratio("gmres", "greedy", PRECONDITIONED),
        above(1.0),
        gates=(_solves("greedy", PRECONDITIONED),),
    ),
    Claim(
        "With twice the memory, GCRO-DR(80, 40), carrying over saves a factor of 1.2 on the Helmholtz fields to 1e-8.",
        _ratio("fresh", "greedy", (WIDE,)),
        above(1.2),
        gates=(_solves("greedy", (WIDE,)), _solves("fresh", (WIDE,))),
    ),
)


# -- figure -------------------------------------------------------------------------------------------------------


SHOWN = {
    "gmres": ("GMRES(40), restarted", "0.25", "s"),
    "unrestarted": ("GMRES without restart", "0.6", "D"),
    "fresh": ("GCRO-DR, afresh each time", "#E69F00", "o"),
    "random": ("carried over, random order", "#56B4E9", "o"),
    "greedy": ("carried over, sorted", "#0072B2", "o"),
}
FAMILY_NAMES = {
    "helmholtz-field": "Helmholtz,\nrandom field",
    "helmholtz-two": "Helmholtz,\n2 parameters",
    "darcy-field": "Darcy,\nrandom field",
    "darcy-two": "Darcy,\n2 parameters",
    "convection-3d": "convection,\n3-D",
}


def figure(trials: Trials) -> Figure:
    """Products per system, family by family and arm by arm, at both accuracies."""
    import matplotlib.pyplot as plt

    drawn, panels = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True, sharex=True, layout="constrained")
    titles = ("to 1e-3: carrying over helps", "to 1e-8: restarting less is what helps")
    for axes, tolerance, title in zip(panels, TOLERANCES, titles, strict=True):
        _draw(axes, trials, tolerance)
        axes.set_title(title)
    handles, labels = panels[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="outside lower center", ncols=5)
    drawn.suptitle("Streams of related systems: sorted and random order lie on top of each other")
    return drawn


def _draw(axes: Axes, trials: Trials, tolerance: float) -> None:
    for row, family in enumerate(FAMILY_NAMES):
        cell = next(cell for cell in PLAIN if (cell.family, cell.tolerance) == (family, tolerance))
        for place, (condition, (label, colour, marker)) in enumerate(SHOWN.items()):
            values = trials.values(condition, cell.name)
            height = row + 0.15 * (place - 2)
            axes.plot(
                values,
                np.full(len(values), height),
                marker,
                color=colour,
                alpha=0.7,
                markersize=5,
                linestyle="none",
                label=label if row == 0 else None,
            )
        axes.axhline(row + 0.5, color="0.9", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(FAMILIES)), list(FAMILY_NAMES.values()))
    axes.set_ylim(len(FAMILIES) - 0.5, -0.5)
    axes.set_xlabel("matrix-vector products per system")


study = Study(
    paper="137",
    claims=CLAIMS,
    conditions={
        "gmres": "GMRES(40), every system by itself: the paper's baseline",
        "unrestarted": "GMRES without restart (at most 400 vectors): what more memory gives",
        "fresh": "GCRO-DR(40, 20) begun afresh for every system: deflated restarting alone",
        "random": "GCRO-DR(40, 20) carried over a random order",
        "greedy": "GCRO-DR(40, 20) carried over the paper's order: greedy nearest neighbours by Frobenius distance",
        "greedy-other": "the same by low frequencies of the fields, or by the distance of the matrices",
        "pca": "the same in the order of the first principal component",
        "reference": "conjugate gradients and sparse factorisation, what a user would pick instead",
    },
    scales={
        "smoke": Config(systems=3, grid=8, grid_3d=4, limit=200, low=3),
        "small": Config(),
        "full": Config(systems=100, grid=100, grid_3d=32, limit=10_000, low=12),
    },
    trial=trial,
    figure=figure,
    broken={"greedy": "gmres"},
)
