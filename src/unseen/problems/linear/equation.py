"""Linear elliptic equations on grids as a problem: coefficient fields and source in, solution field out."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
import scipy.sparse.linalg
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved
from unseen.problems.linear.coefficients import log_normal, random_obstacles, two_phase
from unseen.problems.linear.elliptic import GridSystem, elliptic_matrix
from unseen.problems.linear.gaussian_field import gaussian_field

Array = NDArray[np.float64]
Operator = Literal["poisson", "darcy", "helmholtz", "convection-diffusion"]

OTHER: Mapping[str, Operator] = {
    "poisson": "helmholtz",
    "darcy": "convection-diffusion",
    "helmholtz": "darcy",
    "convection-diffusion": "helmholtz",
}
"""Operator -> the one of the split ``shifted``."""

BLOCK = 32
"""Instances drawn from one hashed stream: fields are dear to draw."""


@dataclass(frozen=True)
class EllipticEquation(Problem):
    """Solve ``-div(a grad u) + b.grad(u) + c u = f`` on the unit square or cube, u = 0 on its border.

    Discretised by `unseen.problems.linear.elliptic` with central differences. Inputs, on one grid each: ``diffusion``
    a, ``reaction`` c, ``source`` f, float64 of shape (n, g, ..., g); ``velocity`` b, (n, d); ``interior``, bool, false
    on obstacles, where u = 0 too. These say all that there is to know: the operator has no other name. Answers are
    solutions u at the inner points, shape (n, g, ..., g), scored by the error relative to the solution of the
    *discrete* system, ``|answer - u| / |u|`` in the Euclidean norm; infinite for what is no such field.

    - ``poisson``: a = 1, b = 0, c = 0; perturbed: a log-normal.
    - ``darcy``: a log-normal, b = 0, c = 0; perturbed: a of two phases, 1 and 12.
    - ``helmholtz``: a = 1, b = 0, c = -(k (1 + field/10))^2; perturbed: half the wave number k.
    - ``convection-diffusion``: a = 1, b of length 30 in any direction, c = 0; perturbed: three times the velocity.

    The source is a Gaussian field; k is `wave_number`. Near a resonance of the Helmholtz operator a small residual
    still leaves a large error.

    Parameters
    ----------
    operator : str
        One of the table.
    grid : int
        g, inner points per axis, at least 4; split ``longer`` has 2 g + 1, half the grid width.
    dimension : {2, 3}
    samples : int
        Size of the training split, at least 1.
    held_out : int
        Size of each other split, at least 1.
    wave_number : float
        k of the Helmholtz equation, above 0.

    Examples
    --------
    >>> problem = EllipticEquation(operator="poisson", grid=6)
    >>> examples = problem.sample("transformed", 3, seed=1)
    >>> examples.inputs["source"].shape, problem.score(examples, problem.classical().solve(examples)).max() < 1e-12
    ((3, 6, 6), np.True_)
    """

    operator: Operator = "darcy"
    grid: int = 8
    dimension: int = 2
    samples: int = 40
    held_out: int = 16
    wave_number: float = 15.0

    scored_by: ClassVar[Literal["accuracy", "error"]] = "error"
    classical_score: ClassVar[float] = 1e-10

    def __post_init__(self) -> None:
        if self.operator not in OTHER:
            raise ValueError(f"operator must be one of {', '.join(OTHER)}, not {self.operator!r}")
        for name, least in (("grid", 4), ("samples", 1), ("held_out", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{name} must be a whole number from {least} up, not {value!r}")
        if self.dimension not in (2, 3):
            raise ValueError(f"dimension must be 2 or 3, not {self.dimension!r}")
        if not (math.isfinite(self.wave_number) and self.wave_number > 0):
            raise ValueError(f"wave_number must be above 0 and finite, not {self.wave_number!r}")

    @property
    def name(self) -> str:
        """``linear-system``."""
        return "linear-system"

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train`` and one split on every axis but ``composed``."""
        size = self.held_out
        return {
            "train": Split(None, f"{self.operator} equations on {self.grid} points per axis", self.samples),
            "iid": Split("iid", "fresh coefficients and sources", size),
            "longer": Split("longer", f"the same on {2 * self.grid + 1} points per axis", size),
            "transformed": Split("transformed", "obstacles inside the domain, where u = 0", size),
            "perturbed": Split("perturbed", "coefficients of another size or kind", size),
            "shifted": Split("shifted", f"another operator: {OTHER[self.operator]}", size),
        }

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` equations of a split; targets are their solutions, in ``train`` and ``iid`` alone.

        Raises
        ------
        ValueError
            If the split is unknown or has fewer than `n` equations.
        """
        n, seed = self.checked_size(split, n, seed), int(seed)
        operator = OTHER[self.operator] if split == "shifted" else self.operator
        shape = (2 * self.grid + 1 if split == "longer" else self.grid,) * self.dimension

        def draw(generator: np.random.Generator, count: int) -> dict[str, NDArray[Any]]:
            return _draw(generator, count, shape, operator, self.wave_number, split)

        labels = (self.name, self.operator, self.dimension, self.grid, self.wave_number, split, seed)
        columns = draw_in_blocks(n, draw, *labels, block_size=BLOCK)
        examples = Examples(columns, None, problem=self.name, split=split, seed=seed)
        if split not in ("train", "iid"):
            return examples
        return Examples(columns, self.truth(examples), problem=self.name, split=split, seed=seed)

    def system(self, examples: Examples, index: int) -> GridSystem:
        """The discrete system of one equation: sparse matrix, right-hand side and the order of the unknowns."""
        return grid_system({name: column[index] for name, column in examples.inputs.items()})

    def truth(self, examples: Examples) -> Array:
        """Solutions by sparse factorisation, float64 of shape (n, g, ..., g)."""
        return _direct(examples)

    def score(self, examples: Examples, answers: Any) -> Array:
        """Errors relative to the discrete solutions; infinite for an answer that is no field of finite numbers.

        A field may be an array or nested lists of the grid's shape, or the same numbers in one row.

        Raises
        ------
        ValueError
            If there are more or fewer answers than questions.
        """
        truth = self.truth(examples)
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        errors = np.full(len(truth), np.inf)
        for index, answer in enumerate(answers):
            field = _field(answer, truth.shape[1:])
            if field is not None:
                with np.errstate(over="ignore"):
                    errors[index] = np.linalg.norm(field - truth[index]) / np.linalg.norm(truth[index])
        return np.where(np.isfinite(errors), errors, np.inf)

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The bits of all inputs: fields drawn from densities never are each other's mirror images or multiples."""
        columns = [np.ascontiguousarray(column) for _, column in sorted(examples.inputs.items())]
        return [b"".join(column[index].tobytes() for column in columns) for index in range(len(examples))]

    def text(self, examples: Examples) -> list[str]:
        """The equation and its fields, in six digits."""
        return [
            _worded({name: column[index] for name, column in examples.inputs.items()}) for index in range(len(examples))
        ]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Grids as an array or nested lists, rows of numbers, a list of arrays."""
        truth = self.truth(examples)
        return {
            "array": truth,
            "nested lists": truth.tolist(),
            "rows": truth.reshape(len(truth), -1),
            "list of arrays": list(truth),
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Solutions of neighbouring questions: of another source, grid, sign or size, moved or mirrored; no field."""
        truth = self.truth(examples)
        other = random_stream(self.name, "near misses", seed)
        rows = len(truth)
        return {
            "another source": _direct(_with_source(examples, other)),
            "sign flipped": -truth,
            "half the size": truth / 2,
            "moved by a point": np.roll(truth, 1, axis=1),
            "mirrored": truth[:, ::-1],
            "one per cent of noise": truth * (1 + 0.01 * other.standard_normal(truth.shape)),
            "always zero": np.zeros_like(truth),
            "not a number": np.full_like(truth, np.nan),
            "a point too few": truth[:, 1:],
            "unsolved": [Unsolved("not converged")] * rows,
            "nothing": [None] * rows,
        }

    def classical(self) -> SparseDirect:
        """Sparse factorisation."""
        return SparseDirect()


@dataclass(frozen=True)
class SparseDirect:
    """Solves every equation of a `EllipticEquation` by sparse LU factorisation (SuperLU)."""

    def solve(self, examples: Examples) -> Array:
        """Solutions on the grids, float64 of shape (n, g, ..., g)."""
        return _direct(examples)


def grid_system(inputs: Mapping[str, NDArray[Any]]) -> GridSystem:
    """The discrete system of one equation from its fields ``diffusion, velocity, reaction, interior, source``."""
    inside = np.asarray(inputs["interior"], dtype=bool)
    matrix = elliptic_matrix(
        inputs["diffusion"], velocity=inputs["velocity"], reaction=inputs["reaction"], interior=inside
    )
    return GridSystem(matrix, np.asarray(inputs["source"], dtype=np.float64)[inside], inside)


def _direct(examples: Examples) -> Array:
    solutions = np.zeros(examples.inputs["source"].shape)
    for index in range(len(examples)):
        system = grid_system({name: column[index] for name, column in examples.inputs.items()})
        solutions[index] = system.field(
            np.asarray(scipy.sparse.linalg.splu(system.matrix.tocsc()).solve(system.right_side))
        )
    return solutions


def _draw(
    generator: np.random.Generator, count: int, shape: tuple[int, ...], operator: str, wave_number: float, split: str
) -> dict[str, NDArray[Any]]:
    """Columns of `count` equations. Everything random is drawn whether it is used or not, split by split alike."""
    dimension, perturbed = len(shape), split == "perturbed"
    source = gaussian_field(generator, count, shape)
    field = gaussian_field(generator, count, shape)
    direction = generator.standard_normal((count, dimension))
    diffusion, reaction = np.ones((count, *shape)), np.zeros((count, *shape))
    velocity = np.zeros((count, dimension))
    if operator == "poisson" and perturbed:
        diffusion = log_normal(field)
    elif operator == "darcy":
        diffusion = two_phase(field, low=1.0, high=12.0) if perturbed else log_normal(field)
    elif operator == "helmholtz":
        reaction = -((wave_number * (0.5 if perturbed else 1.0) * (1 + field / 10)) ** 2)
    elif operator == "convection-diffusion":
        speed = 90.0 if perturbed else 30.0
        velocity = speed * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    interior = np.ones((count, *shape), dtype=bool)
    if split == "transformed":
        interior = random_obstacles(generator, count, shape)
    return {
        "diffusion": diffusion,
        "velocity": velocity,
        "reaction": reaction,
        "interior": interior,
        "source": source,
    }


def _with_source(examples: Examples, generator: np.random.Generator) -> Examples:
    source = examples.inputs["source"]
    drawn = gaussian_field(generator, len(source), cast(tuple[int, ...], source.shape[1:]))
    return Examples({**examples.inputs, "source": drawn}, None)


def _field(answer: Any, shape: tuple[int, ...]) -> Array | None:
    """Read an answer as a field; None if it is not one."""
    if isinstance(answer, np.ndarray):
        field = answer
    elif isinstance(answer, (list, tuple)):
        try:
            field = np.asarray(answer)
        except (ValueError, TypeError, OverflowError):
            return None
    else:
        return None
    if field.dtype.kind not in "iuf" or field.shape not in (shape, (math.prod(shape),)):
        return None
    field = field.astype(np.float64).reshape(shape)
    return field if np.isfinite(field).all() else None


def _worded(fields: Mapping[str, NDArray[Any]]) -> str:
    shape = " x ".join(str(points) for points in fields["source"].shape)
    parts = {
        "a": _numbers(fields["diffusion"]),
        "b": _numbers(fields["velocity"]),
        "c": _numbers(fields["reaction"]),
        "f": _numbers(fields["source"]),
    }
    blocked = np.flatnonzero(~np.asarray(fields["interior"]).ravel())
    holes = f" and at the points {blocked.tolist()}, counted from 0 in that order" if len(blocked) else ""
    given = "; ".join(f"{letter} = {numbers}" for letter, numbers in parts.items())
    return (
        f"Solve -div(a grad u) + b.grad u + c u = f on the {shape} inner points of an equidistant grid on the unit "
        f"{'square' if fields['source'].ndim == 2 else 'cube'}, last axis fastest, with u = 0 on the border{holes}. "
        f"Use central differences and harmonic means of a on faces. {given}. What is u?"
    )


def _numbers(field: NDArray[Any]) -> str:
    flat = np.asarray(field).ravel()
    if (flat == flat[0]).all():
        return f"{flat[0]:.6g} everywhere"
    return ", ".join(f"{value:.6g}" for value in flat)
