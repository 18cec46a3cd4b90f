"""The arms of study 137: one solver and one order over every stream of systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome, setting
from unseen.problems.linear.streams import FAMILIES, Family, Stream, operator_stream
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.solvers.linear.gcrodr import GCRODR
from unseen.solvers.linear.gmres import GMRES
from unseen.solvers.linear.interface import LinearSolver, Preconditioner
from unseen.solvers.linear.ordering import Order, low_frequencies, sort_by_similarity
from unseen.solvers.linear.preconditioners import incomplete_cholesky, incomplete_lu, jacobi
from unseen.solvers.linear.sparse_lu import SparseLU
from unseen.solvers.linear.stream import StreamReport, solve_stream

TOLERANCES = (1e-3, 1e-8)
FIELDS: tuple[Family, ...] = ("darcy-field", "helmholtz-field")
HELMHOLTZ: tuple[Family, ...] = ("helmholtz-field", "helmholtz-two")
PRECONDITIONERS: dict[str, Preconditioner] = {"jacobi": jacobi, "ilu": incomplete_lu(drop_tolerance=0.1, fill=2.0)}


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    systems: int = setting(32, "systems per stream")
    grid: int = setting(32, "inner points per axis in two dimensions")
    grid_3d: int = setting(12, "inner points per axis in three dimensions")
    m: int = setting(40, "restart length of GMRES, largest dimension of the search space of GCRO-DR")
    k: int = setting(20, "dimension of the recycled space")
    limit: int = setting(2000, "most iterations per system; a solve that is cut off counts with these")
    low: int = setting(8, "cosine modes per axis that the order by low frequencies looks at")


@dataclass(frozen=True)
class Cell:
    """One stream solved to one accuracy with one preconditioner.

    Parameters
    ----------
    family : str
    tolerance : float
    preconditioner : str
        ``"none"``, ``"jacobi"`` or ``"ilu"``.
    wide : bool
        Whether m and k are doubled.
    """

    family: Family
    tolerance: float
    preconditioner: str = "none"
    wide: bool = False

    @property
    def name(self) -> str:
        """The metric's name: ``helmholtz_field_1e8``, ``darcy_field_1e8_ilu``."""
        digits = round(-np.log10(self.tolerance))
        parts = [self.family.replace("-", "_"), f"1e{digits}"]
        if self.preconditioner != "none":
            parts.append(self.preconditioner)
        return "_".join([*parts, "wide"] if self.wide else parts)


PLAIN = tuple(Cell(family, tolerance) for family in FAMILIES for tolerance in TOLERANCES)
PRECONDITIONED = tuple(Cell(family, 1e-8, name) for family in FIELDS for name in PRECONDITIONERS)
WIDE = Cell("helmholtz-field", 1e-8, wide=True)
CELLS = (*PLAIN, *PRECONDITIONED, WIDE)


@dataclass(frozen=True)
class Arm:
    """What distinguishes a condition: solver, order, and whether anything is carried over."""

    make: Callable[[int, int, Preconditioner | None], LinearSolver]
    order: str = "given"
    fresh: bool = False


ARMS = {
    "gmres": Arm(lambda m, k, preconditioner: GMRES(m, preconditioner)),
    "unrestarted": Arm(lambda m, k, preconditioner: GMRES(10 * m, preconditioner)),
    "fresh": Arm(GCRODR, fresh=True),
    "random": Arm(GCRODR, "random"),
    "greedy": Arm(GCRODR, "greedy"),
    "greedy-other": Arm(GCRODR, "greedy-other"),
    "pca": Arm(GCRODR, "pca"),
}


@lru_cache(maxsize=8)
def stream(family: Family, seed: int, config: Config) -> Stream:
    """The systems of one family, the same for all arms of a seed."""
    grid = config.grid_3d if family == "convection-3d" else config.grid
    return operator_stream(family, random_stream("137", family, seed), config.systems, grid)


@lru_cache(maxsize=8)
def exact(family: Family, seed: int, config: Config) -> NDArray[np.float64]:
    """Their solutions by sparse factorisation."""
    systems = stream(family, seed, config)
    found = solve_stream(SparseLU(), systems.matrices, systems.right_sides, tolerance=1e-10)
    return found.solutions


def order_of(name: str, family: Family, seed: int, config: Config) -> NDArray[np.int64]:
    """In which order an arm solves a stream."""
    systems = stream(family, seed, config)
    features: Any = systems.parameters
    method: Order = "greedy"
    if name == "greedy-other":
        # The other distance: low frequencies of a field; for two parameters the Frobenius distance of the matrices.
        if family in FIELDS:
            features = low_frequencies(systems.parameters, config.low)
        else:
            features = np.stack([matrix.data for matrix in systems.matrices])
    elif name == "pca":
        method = "pca"
    elif name in ("random", "given"):
        method = "random" if name == "random" else "given"
    return sort_by_similarity(features, method, random_stream("137", "order", family, seed))


def trial(condition: str, seed: int, config: Config) -> Outcome:
    """Mean products per system of every cell, and how far labels of three digits are from the exact ones."""
    if condition == "reference":
        return _reference(seed, config)
    metrics: dict[str, float] = {}
    for cell, report in _solved(condition, seed, config):
        # A solve that was given up counts as if it had gone on to the limit.
        products = np.where(report.converged, report.products, np.maximum(report.products, config.limit))
        metrics[cell.name] = float(products.mean())
        metrics[f"{cell.name}_solved"] = float(report.converged.mean())
        if cell.tolerance == max(TOLERANCES):
            metrics[f"{cell.family.replace('-', '_')}_label_error"] = _label_error(report, cell.family, seed, config)
    return Outcome(metrics)


def _solved(condition: str, seed: int, config: Config) -> Iterator[tuple[Cell, StreamReport]]:
    arm = ARMS[condition]
    for cell in CELLS:
        systems = stream(cell.family, seed, config)
        size = 2 if cell.wide else 1
        solver = arm.make(size * config.m, size * config.k, PRECONDITIONERS.get(cell.preconditioner))
        yield (
            cell,
            solve_stream(
                solver,
                systems.matrices,
                systems.right_sides,
                order=order_of(arm.order, cell.family, seed, config),
                tolerance=cell.tolerance,
                limit=config.limit,
                fresh=arm.fresh,
            ),
        )


def _label_error(report: StreamReport, family: Family, seed: int, config: Config) -> float:
    """Mean relative error of the solutions as training data, against those of the factorisation."""
    truth = exact(family, seed, config)
    errors = np.linalg.norm(report.solutions - truth, axis=1) / np.linalg.norm(truth, axis=1)
    return float(errors.mean())


def _reference(seed: int, config: Config) -> Outcome:
    """What a user would pick instead, in its own counters: conjugate gradients where they apply, factorisation."""
    metrics: dict[str, float] = {}
    for family in FAMILIES:
        systems, word = stream(family, seed, config), family.replace("-", "_")
        factors = SparseLU()
        entries = [
            factors.solve(A, b).counters["factor_entries"] / A.nnz
            for A, b in zip(systems.matrices, systems.right_sides, strict=True)
        ]
        metrics[f"{word}_factor_entries_per_nonzero"] = float(np.mean(entries))
        if not family.startswith("darcy"):
            continue
        for tolerance in TOLERANCES:
            name = Cell(family, tolerance).name
            for solver, ending in ((ConjugateGradient(), "cg"), (ConjugateGradient(incomplete_cholesky), "cg_ic")):
                found = solve_stream(solver, systems.matrices, systems.right_sides, tolerance=tolerance)
                metrics[f"{name}_{ending}"] = float(found.products.mean())
    return Outcome(metrics)
