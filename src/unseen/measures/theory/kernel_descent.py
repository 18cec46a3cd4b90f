"""Gradient descent on least squares in function space, solved exactly: what a network with a fixed kernel does."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def kernel_descent(gram: ArrayLike, cross: ArrayLike, residual: ArrayLike, *, rate: float, steps: int) -> Array:
    r"""Change of a function by gradient descent on :math:`\frac12 \sum_i (f(x_i) - y_i)^2` with a fixed kernel.

    After t steps of size :math:`\eta` the function has moved from :math:`f_0` by
    :math:`K(x, X)\, K^{-1} (I - (I - \eta K)^t) (y - f_0(X))`; with :math:`\eta \to 0` at fixed :math:`\eta t` this is
    gradient flow (Jacot, Gabriel & Hongler 2018, section 5).

    Parameters
    ----------
    gram : array_like, shape (n, n)
        K, the kernel of the training inputs; it may be singular.
    cross : array_like, shape (m, n)
        The kernel between the inputs asked for and the training inputs.
    residual : array_like, shape (n,)
        Targets minus initial outputs.
    rate : float
        Step size, above 0. Above 2 over the largest eigenvalue the function diverges, as descent does.
    steps : int
        Number of steps, from 0 up.

    Returns
    -------
    array, shape (m,)
        The change at the inputs asked for.

    Raises
    ------
    ValueError
        If the shapes do not fit, or `rate` or `steps` is out of range.

    Examples
    --------
    >>> kernel_descent([[1.0]], [[1.0], [0.5]], [2.0], rate=0.5, steps=2).tolist()
    [1.5, 0.75]
    """
    matrix, towards, wanted = (np.asarray(a, dtype=np.float64) for a in (gram, cross, residual))
    if matrix.shape != 2 * wanted.shape or towards.ndim != 2 or towards.shape[1:] != wanted.shape:
        raise ValueError(
            "gram, cross and residual must have shapes (n, n), (m, n) and (n,), "
            f"not {matrix.shape}, {towards.shape} and {wanted.shape}"
        )
    if not (math.isfinite(rate) and rate > 0):
        raise ValueError(f"rate must be positive and finite, not {rate!r}")
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 0:
        raise ValueError(f"steps must be a whole number from 0 up, not {steps!r}")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    # Null directions, of either sign by rounding, have the limit rate * steps.
    null = np.abs(values) <= len(values) * np.finfo(np.float64).eps * np.abs(values).max()
    safe = np.where(null, 1.0, values)
    gain = np.where(null, rate * steps, (1 - (1 - rate * safe) ** steps) / safe)
    return np.asarray(towards @ (vectors @ (gain * (vectors.T @ wanted))))
