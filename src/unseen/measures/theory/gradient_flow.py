"""Gradient flow on least squares, solved exactly: no step size, no time stepping."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def least_squares_flow(design: Array, targets: Array, initial: Array, times: ArrayLike) -> Array:
    """Weights along ``dw/dt = X^T (y - X w)``.

    In the eigenbasis of ``X^T X`` every coordinate relaxes by itself, at the rate of its eigenvalue L:
    ``z(t) = exp(-L t) z(0) + (1 - exp(-L t)) / L  (V^T X^T y)``, whose limit at L = 0 is ``z(0)``, the frozen subspace.

    Parameters
    ----------
    design : array, shape (samples, features)
        X.
    targets : array, shape (samples,)
        y.
    initial : array, shape (features,) or (starts, features)
        Weights at time 0; several starts share one decomposition.
    times : array_like, shape (times,)
        Finite, 0 or above.

    Returns
    -------
    array, shape (times, features) or (starts, times, features)
        The weights.

    Examples
    --------
    >>> design, targets = np.eye(2), np.array([1.0, 2.0])
    >>> least_squares_flow(design, targets, np.zeros(2), [0, 50.0]).round(6).tolist()
    [[0.0, 0.0], [1.0, 2.0]]
    """
    if design.ndim != 2 or targets.shape != design.shape[:1] or initial.shape[-1:] != design.shape[1:]:
        raise ValueError(
            "least_squares_flow needs (samples, features), (samples,) and (..., features), "
            f"not {design.shape}, {targets.shape} and {initial.shape}"
        )
    moments = np.asarray(times, dtype=np.float64)
    if moments.ndim != 1 or not (np.isfinite(moments) & (moments >= 0)).all():
        raise ValueError(f"times must be a list of finite numbers from 0 up, not {times!r}")
    values, vectors = np.linalg.eigh(design.T @ design)
    # Rounding leaves null directions at about 1e-16, of either sign; below this they are null.
    values = np.where(values > values[-1] * design.shape[1] * np.finfo(np.float64).eps, values, 0.0)
    exponent = moments[:, None] * values
    safe = np.where(values > 0, values, 1.0)
    gain = np.where(values > 0, -np.expm1(-exponent) / safe, 0.0)
    pull = vectors.T @ (design.T @ targets)
    start = initial @ vectors
    coordinates = np.exp(-exponent) * start[..., None, :] + gain * pull
    return np.asarray(coordinates @ vectors.T)
