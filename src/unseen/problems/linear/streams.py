"""Streams of related systems, such as data sets for neural operators are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.problems.linear.coefficients import log_normal, two_parameter
from unseen.problems.linear.elliptic import convection_diffusion_matrix, darcy_matrix, helmholtz_matrix
from unseen.problems.linear.gaussian_field import gaussian_field

Array = NDArray[np.float64]
Family = Literal["darcy-field", "darcy-two", "helmholtz-field", "helmholtz-two", "convection-3d"]

FAMILIES: tuple[Family, ...] = ("darcy-field", "darcy-two", "helmholtz-field", "helmholtz-two", "convection-3d")


@dataclass(frozen=True)
class Stream:
    """Systems of one size with the parameters that make them differ.

    Parameters
    ----------
    parameters : float64 array, shape (systems, ...)
        Coefficient fields, or the few numbers that these are made from.
    matrices : sequence of scipy.sparse.csr_array, shape (n, n) each
    right_sides : float64 array, shape (systems, n)
    """

    parameters: Array
    matrices: Sequence[Any]
    right_sides: Array

    def __len__(self) -> int:
        return len(self.matrices)


def operator_stream(
    family: Family,
    generator: np.random.Generator,
    systems: int,
    grid: int,
    *,
    smoothness: float = 2.5,
    inverse_length: float = 7.0,
    wave_number: float = 15.0,
) -> Stream:
    """Draw a stream; the right-hand side is 1 throughout, as is usual where coefficients are the input.

    ``"darcy-field"``: ``-div(a grad u) = 1``, a the exponential of a Gaussian field. ``"darcy-two"``: the same with
    the two-parameter coefficient, both uniform in [-1, 1]. ``"helmholtz-field"`` and ``"helmholtz-two"``:
    ``-laplace(u) - k^2 u = 1`` with k = `wave_number` times the tenth root of a. ``"convection-3d"``:
    ``-laplace(u) + b.grad(u) = 1`` in the cube, ``b = (30 p, 30 q, 10)``, p and q uniform in [-1, 1].

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    generator : numpy.random.Generator
    systems : int
        Number of systems.
    grid : int
        Inner points per axis.
    smoothness, inverse_length : float
        Of the Gaussian field, see `unseen.problems.linear.gaussian_field.gaussian_field`.
    wave_number : float
        Median wave number of the Helmholtz equations.

    Raises
    ------
    ValueError
        If the family is unknown.

    Examples
    --------
    >>> stream = operator_stream("darcy-two", np.random.default_rng(0), systems=3, grid=5)
    >>> len(stream), stream.parameters.shape, stream.right_sides.shape
    (3, (3, 2), (3, 25))
    """
    if family not in FAMILIES:
        raise ValueError(f"family must be one of {', '.join(FAMILIES)}, not {family!r}")
    shape = (grid,) * (3 if family == "convection-3d" else 2)
    if family.endswith("field"):
        parameters = gaussian_field(generator, systems, shape, smoothness=smoothness, inverse_length=inverse_length)
        coefficients = log_normal(parameters)
    else:
        parameters = generator.uniform(-1, 1, (systems, 2))
        coefficients = two_parameter(parameters, shape)
    if family.startswith("darcy"):
        matrices = [darcy_matrix(a) for a in coefficients]
    elif family.startswith("helmholtz"):
        matrices = [helmholtz_matrix(wave_number * a**0.1) for a in coefficients]
    else:
        matrices = [convection_diffusion_matrix(shape, np.array([30 * p, 30 * q, 10.0])) for p, q in parameters]
    return Stream(parameters, matrices, np.ones((systems, int(np.prod(shape)))))
