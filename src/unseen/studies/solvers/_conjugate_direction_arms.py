"""Arms of study 004: systems of every split, the trained networks, and what each solver needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Outcome, current_run, setting
from unseen.models.grid_unet import GridUNet
from unseen.problems.linear.coefficients import log_normal, random_obstacles
from unseen.problems.linear.elliptic import GridSystem, elliptic_matrix, poisson_matrix
from unseen.problems.linear.gaussian_field import gaussian_field
from unseen.problems.linear.ritz import RitzPairs, mode_mixtures, ritz_mixtures, ritz_vectors
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.solvers.linear.deep_conjugate_directions import DeepConjugateDirections, products_per_call
from unseen.solvers.linear.fast_poisson import fast_poisson_inverse
from unseen.solvers.linear.interface import Apply, Array, LinearSolver, Preconditioner
from unseen.solvers.linear.multigrid import algebraic_multigrid, cycle_products
from unseen.solvers.linear.preconditioners import incomplete_cholesky
from unseen.training import Minibatches, SeedBatch, train, warmup_cosine
from unseen.training.inverse_up_to_scale import inverse_up_to_scale_loss, negative_laplacian

Kind = Literal["ritz", "modes", "obstacles", "coefficient", "smooth"]

TOLERANCE = 1e-4


@dataclass(frozen=True)
class Config:
    """Sizes of the experiment."""

    dimension: int = setting(2, "of the domain: unit square or cube")
    grid: int = setting(32, "inner points per axis in training")
    ritz: int = setting(500, "Ritz vectors that training vectors are mixed from")
    samples: int = setting(4000, "training vectors")
    steps: int = setting(1000, "updates of each network")
    minibatch: int = setting(32, "training vectors per update")
    learning_rate: float = setting(1e-3, "of Adam at its highest; half a cosine down to a hundredth")
    width: int = setting(16, "channels of every layer")
    levels: int = setting(3, "how often the network halves the grid")
    right_sides: tuple[int, ...] = setting((20, 10, 5, 3), "systems per cell, by how often its grid was doubled")
    limit: int = setting(500, "most iterations; a solve that is cut off counts with these")


@dataclass(frozen=True)
class Cell:
    """Systems of one kind on one grid.

    Parameters
    ----------
    kind : str
        ``"ritz"``: Poisson's equation, right-hand sides mixed as in training. ``"modes"``: the same from exact
        eigenvectors, for grids of any size. ``"obstacles"``, ``"coefficient"``: those with balls cut out, and with a
        log-normal coefficient. ``"smooth"``: Poisson's equation with Gaussian fields as right-hand sides.
    doubled : int
        How often the training grid is doubled.
    """

    kind: Kind
    doubled: int = 0

    @property
    def name(self) -> str:
        """The metric's ending: ``modes_4``, on a grid of four times as many points per axis."""
        return f"{self.kind}_{2**self.doubled}"


SEEN = Cell("ritz")
SIZES = tuple(Cell("modes", doubled) for doubled in range(4))
"""Three of them, up to four times the training grid per axis as in the paper, are what the exponent is fitted to."""
OBSTACLES, OBSTACLES_FINE = Cell("obstacles"), Cell("obstacles", 2)
COEFFICIENT = Cell("coefficient")
SMOOTH, SMOOTH_FINE = Cell("smooth"), Cell("smooth", 2)
CELLS = (SEEN, *SIZES, OBSTACLES, OBSTACLES_FINE, COEFFICIENT, SMOOTH, SMOOTH_FINE)


@lru_cache(maxsize=len(CELLS))
def systems(cell: Cell, seed: int, config: Config) -> tuple[GridSystem, ...]:
    """The systems of a cell, the same for all arms of a seed."""
    stream = random_stream("004", cell.name, seed)
    count, shape = config.right_sides[cell.doubled], (config.grid * 2**cell.doubled,) * config.dimension
    diffusion, interior = np.ones((count, *shape)), np.ones((count, *shape), dtype=bool)
    if cell.kind == "coefficient":
        diffusion = log_normal(gaussian_field(stream, count, shape))
    if cell.kind == "obstacles":
        interior = random_obstacles(stream, count, shape)
    if cell.kind == "ritz":
        right_sides = ritz_mixtures(ritz_pairs(seed, config), count, stream).reshape(count, *shape)
    elif cell.kind == "smooth":
        right_sides = gaussian_field(stream, count, shape)
    else:
        right_sides = mode_mixtures(shape, count, stream)
    return tuple(
        GridSystem(elliptic_matrix(a, interior=inside), b[inside], inside)
        for a, inside, b in zip(diffusion, interior, right_sides, strict=True)
    )


@lru_cache(maxsize=8)
def ritz_pairs(seed: int, config: Config) -> RitzPairs:
    """Ritz pairs of the training matrix: Poisson's on a grid without obstacles."""
    A = poisson_matrix((config.grid,) * config.dimension)
    return ritz_vectors(A, config.ritz, random_stream("004", "Lanczos", seed))


@lru_cache(maxsize=2)
def trained_networks(seeds: tuple[int, ...], levels: int, config: Config) -> tuple[tuple[nn.Module, float], ...]:
    """One network per seed and its loss on held-out vectors, all seeds trained together; shared by the arms."""
    drawn = torch.stack([_training_fields(seed, config.samples, "training", config) for seed in seeds])
    held_out = torch.stack([_training_fields(seed, 256, "held out", config) for seed in seeds])
    device = current_run().device
    lanes = SeedBatch.build(lambda seed: _network(levels, config), seeds=seeds)
    history = train(
        lanes,
        loss=_loss,
        optimizer=lambda parameters: torch.optim.Adam(parameters, lr=config.learning_rate),
        steps=config.steps,
        draw=Minibatches((drawn.to(device),), size=config.minibatch, seeds=seeds),
        schedule=warmup_cosine(steps=config.steps, warmup=config.steps // 50, final=0.01),
        evaluate=lambda model, batch: {"loss": _loss(model, batch)},
        evaluation=(held_out.to(device),),
        evaluate_at=(config.steps,),
    )
    losses = [float(metrics["loss"][-1]) if len(metrics["loss"]) else np.inf for metrics in history.metrics]
    return tuple((lanes.module(lane).requires_grad_(False), loss) for lane, loss in enumerate(losses))


def untrained_network(seed: int, config: Config) -> nn.Module:
    """A network as it is before training."""
    return SeedBatch.build(lambda _: _network(config.levels, config), seeds=(seed,)).module(0)


def _network(levels: int, config: Config) -> GridUNet:
    return GridUNet(config.dimension, width=config.width, levels=levels)


def _loss(model: Any, batch: Sequence[Tensor]) -> Tensor:
    directions = model(batch[0])
    return inverse_up_to_scale_loss(directions, negative_laplacian(directions), batch[0])


def _training_fields(seed: int, count: int, purpose: str, config: Config) -> Tensor:
    """Mixtures of Ritz vectors as fields of mean square 1, single precision, shape (count, 1, g, ..., g)."""
    mixed = ritz_mixtures(ritz_pairs(seed, config), count, random_stream("004", purpose, seed))
    scaled = (mixed * np.sqrt(mixed.shape[1])).astype(np.float32)
    return torch.from_numpy(scaled).view(count, 1, *(config.grid,) * config.dimension)


# -- arms ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """A solver for one system, and what one application of its preconditioner costs in products with A."""

    solver: LinearSolver
    products: float = 0.0


def whole_grid_inverse(interior: Any) -> Preconditioner:
    """The exact inverse of Poisson's matrix on the whole grid, obstacles or not, read at the unknowns."""
    inverse = fast_poisson_inverse(interior.shape)

    def build(A: Any) -> Apply:
        def apply(r: Array) -> Array:
            field = np.zeros(interior.shape)
            field[interior] = r
            return np.asarray(inverse(field.ravel()).reshape(interior.shape)[interior])

        return apply

    return build


def _plain(system: GridSystem) -> Prepared:
    return Prepared(ConjugateGradient())


def _incomplete(system: GridSystem) -> Prepared:
    # Two triangles without their diagonals, and three divisions or multiplications by diagonals.
    unknowns = system.matrix.shape[0]
    return Prepared(ConjugateGradient(incomplete_cholesky), 1 + 2 * unknowns / system.matrix.nnz)


def _multigrid(system: GridSystem) -> Prepared:
    return Prepared(ConjugateGradient(algebraic_multigrid()), cycle_products(system.matrix))


def _sines(system: GridSystem) -> Prepared:
    # Two real transforms of 2.5 N log2 N operations each, beside two for each entry of the matrix.
    points = system.interior.size
    return Prepared(
        ConjugateGradient(whole_grid_inverse(system.interior)), 2.5 * points * np.log2(points) / system.matrix.nnz
    )


CLASSICAL: dict[str, Callable[[GridSystem], Prepared]] = {
    "cg": _plain,
    "incomplete-cholesky": _incomplete,
    "multigrid": _multigrid,
    "sine-transforms": _sines,
}


@dataclass(frozen=True)
class Learned:
    """What distinguishes an arm with a network."""

    window: int = 2
    one_level: bool = False


LEARNED = {
    "dcdm": Learned(),
    "one-direction": Learned(window=1),
    "twenty-directions": Learned(window=20),
    "one-level": Learned(one_level=True),
}


def trial(condition: str, seeds: Sequence[int], config: Config) -> list[Outcome]:
    """Median iterations and work of one arm in every cell."""
    seeds = tuple(seeds)
    if condition in CLASSICAL:
        return [_outcome(CLASSICAL[condition], CELLS, seed, config) for seed in seeds]
    if condition == "untrained":
        return [_learned(untrained_network(seed, config), Learned(), (SEEN,), seed, config) for seed in seeds]
    arm = LEARNED[condition]
    networks = trained_networks(seeds, 1 if arm.one_level else config.levels, config)
    outcomes = []
    for seed, (network, loss) in zip(seeds, networks, strict=True):
        found = _learned(network, arm, CELLS, seed, config)
        outcomes.append(Outcome({**found.metrics, "loss": loss}))
    return outcomes


def _learned(network: nn.Module, arm: Learned, cells: Sequence[Cell], seed: int, config: Config) -> Outcome:
    # Counting is dear beside the small solves, and the same for all systems on a grid but for the entries of A.
    per_entry = lru_cache(maxsize=None)(lambda shape: products_per_call(network, shape, 1))

    def prepare(system: GridSystem) -> Prepared:
        cost = per_entry(system.interior.shape) / system.matrix.nnz
        return Prepared(DeepConjugateDirections(network, system.interior, arm.window), cost)

    return _outcome(prepare, cells, seed, config)


def _outcome(prepare: Callable[[GridSystem], Prepared], cells: Sequence[Cell], seed: int, config: Config) -> Outcome:
    """Medians over the systems of each cell."""
    metrics: dict[str, float] = {}
    for cell in cells:
        iterations: list[float] = []
        work: list[float] = []
        solved: list[bool] = []
        for system in systems(cell, seed, config):
            prepared = prepare(system)
            report = prepared.solver.solve(system.matrix, system.right_side, tolerance=TOLERANCE, limit=config.limit)
            counted = report.iterations if report.converged else config.limit
            iterations.append(counted)
            applications = prepared.products * report.counters["preconditioner_applications"]
            work.append(report.counters["matrix_vector_products"] + applications)
            solved.append(report.converged)
        metrics[f"iterations_{cell.name}"] = float(np.median(iterations))
        metrics[f"work_{cell.name}"] = float(np.median(work))
        metrics[f"solved_{cell.name}"] = float(np.mean(solved))
    return Outcome(metrics)
