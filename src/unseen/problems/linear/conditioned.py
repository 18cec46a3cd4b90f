"""Random dense matrices whose condition number is given."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Spectrum = Literal["geometric", "arithmetic", "one-small", "one-large"]
SPECTRA: tuple[Spectrum, ...] = ("geometric", "arithmetic", "one-small", "one-large")


def random_with_condition(
    n: int, condition: float, generator: np.random.Generator, mode: Spectrum = "geometric"
) -> NDArray[np.float64]:
    """A random square matrix with a given condition number in the 2-norm, and largest singular value 1.

    It is the product of two independent random orthogonal matrices with a diagonal one between them.

    Parameters
    ----------
    n : int
        Rows and columns, from 1 up; 1 has no condition number but 1.
    condition : float
        Largest over smallest singular value, finite, from 1 up.
    generator : numpy.random.Generator
    mode : str
        How singular values lie between 1 and ``1 / condition``: evenly on a logarithmic scale, evenly, all 1 but the
        smallest, or all ``1 / condition`` but the largest (modes 3, 4, 2 and 1 of LAPACK's test matrices).

    Returns
    -------
    float64 array, shape (n, n)

    Raises
    ------
    ValueError
        If an argument is outside its range.

    Examples
    --------
    >>> matrix = random_with_condition(30, 1e5, np.random.default_rng(0))
    >>> print(f"{np.linalg.cond(matrix):.3e}")
    1.000e+05
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number from 1 up, not {n!r}")
    if not 1 <= condition < math.inf:
        raise ValueError(f"condition must be finite and at least 1, not {condition!r}")
    if mode not in SPECTRA:
        raise ValueError(f"mode must be one of {', '.join(SPECTRA)}, not {mode!r}")
    if mode == "geometric":
        values = np.geomspace(1, 1 / condition, n)
    elif mode == "arithmetic":
        values = np.linspace(1, 1 / condition, n)
    else:
        values = np.full(n, 1.0 if mode == "one-small" else 1 / condition)
        values[0], values[-1] = 1.0, values[-1] if n == 1 else 1 / condition
    left, right = (_orthogonal(n, generator) for _ in range(2))
    return np.asarray((left * values) @ right, dtype=np.float64)


def _orthogonal(n: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """An orthogonal matrix from the uniform (Haar) distribution (Stewart 1980)."""
    q, r = np.linalg.qr(generator.standard_normal((n, n)))
    return np.asarray(q * np.sign(np.diag(r)), dtype=np.float64)
