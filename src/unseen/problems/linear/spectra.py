"""Dense matrices of prescribed spectrum or condition number."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SpectrumMode = Literal["geometric", "arithmetic", "one-small", "one-large", "log-uniform"]


def random_orthogonal(generator: np.random.Generator, n: int) -> Array:
    """An orthogonal matrix drawn from the Haar measure, shape (n, n).

    QR of a normal matrix with the signs of R's diagonal taken out (Mezzadri, 2007, section 5).
    """
    q, r = np.linalg.qr(generator.standard_normal((n, n)))
    return np.asarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))


def spd_with_spectrum(generator: np.random.Generator, eigenvalues: Array) -> Array:
    """A symmetric positive definite matrix ``Q diag(eigenvalues) Q^T`` with Q drawn from the Haar measure.

    Parameters
    ----------
    generator : numpy.random.Generator
    eigenvalues : float64 array, shape (n,)
        Above 0 and finite.

    Returns
    -------
    float64 array, shape (n, n)
        Exactly symmetric.

    Raises
    ------
    ValueError
        If an eigenvalue is not above 0, or there is none.

    Examples
    --------
    >>> A = spd_with_spectrum(np.random.default_rng(0), np.array([1.0, 2.0, 8.0]))
    >>> np.linalg.eigvalsh(A).round(9).tolist()
    [1.0, 2.0, 8.0]
    """
    values = np.asarray(eigenvalues, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not (np.isfinite(values) & (values > 0)).all():
        raise ValueError("eigenvalues must be one row of finite numbers above 0, at least one")
    q = random_orthogonal(generator, len(values))
    product = (q * values) @ q.T
    return np.asarray((product + product.T) / 2)


def random_with_condition(
    generator: np.random.Generator,
    n: int,
    condition: float,
    mode: SpectrumMode = "geometric",
    *,
    symmetric: bool = False,
) -> Array:
    """A random matrix with 2-norm 1 and the given condition number in the 2-norm.

    ``U diag(s) V^T`` with Haar-distributed U and V (V = U where `symmetric`, which makes it positive definite); the
    singular values are those of MATLAB's ``gallery('randsvd')`` and LAPACK's ``dlatms``.

    Parameters
    ----------
    generator : numpy.random.Generator
    n : int
        Size, at least 1.
    condition : float
        Largest over smallest singular value, from 1 up; 1 if n = 1.
    mode : str
        ``"geometric"`` or ``"arithmetic"``: evenly spaced in logarithm or value; ``"one-small"``, ``"one-large"``: all
        but one equal; ``"log-uniform"``: random in logarithm, both ends present.
    symmetric : bool
        Whether the matrix is symmetric positive definite.

    Returns
    -------
    float64 array, shape (n, n)

    Raises
    ------
    ValueError
        If a parameter is out of range or the mode unknown.

    Examples
    --------
    >>> A = random_with_condition(np.random.default_rng(0), 20, 1e3)
    >>> round(float(np.linalg.cond(A)), 6), round(float(np.linalg.norm(A, 2)), 9)
    (1000.0, 1.0)
    """
    values = singular_values(generator, n, condition, mode)
    if symmetric:
        return spd_with_spectrum(generator, values)
    left, right = random_orthogonal(generator, n), random_orthogonal(generator, n)
    return np.asarray((left * values) @ right.T)


def singular_values(
    generator: np.random.Generator, n: int, condition: float, mode: SpectrumMode = "geometric"
) -> Array:
    """The singular values of `random_with_condition`, descending from 1 to ``1 / condition``, shape (n,)."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ValueError(f"n must be a whole number from 1 up, not {n!r}")
    if not (math.isfinite(condition) and condition >= 1) or (n == 1 and condition != 1):
        raise ValueError(f"condition must be finite and from 1 up, and 1 for n = 1, not {condition!r} for n = {n}")
    small = 1 / condition
    if mode == "geometric":
        return np.asarray(np.geomspace(1, small, n))
    if mode == "arithmetic":
        return np.linspace(1, small, n)
    if mode == "one-small":
        return np.concatenate([np.ones(n - 1), [small]]) if n > 1 else np.ones(1)
    if mode == "one-large":
        return np.concatenate([[1.0], np.full(n - 1, small)])
    if mode == "log-uniform":
        middle = np.exp(generator.uniform(math.log(small), 0, max(0, n - 2)))
        return np.concatenate([[1.0], np.sort(middle)[::-1], [small]])[:n]
    raise ValueError(f"mode must be geometric, arithmetic, one-small, one-large or log-uniform, not {mode!r}")
