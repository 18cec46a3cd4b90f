"""The exact test-error curve of gradient flow in linear teacher-student regression.

P samples of N inputs, ``x ~ N(0, I/N)``, targets ``y = w.x + noise``; ratio ``A = P/N``. Gradient flow
``dw/dt = X^T (y - X w)`` on the *sum* of squared errors over two, so that time is not rescaled when P changes.
Everything is measured in units of the variance of the teacher's weights, which is also the variance of the noiseless
target: the noise has variance ``1/snr``, the student's first weights ``initial_variance``.

In the limit of large N at fixed A the eigenvalues L of ``X^T X`` follow the Marchenko-Pastur law rho and

    E_g(t) = 1/snr + Int rho(L) [(1 + initial_variance) exp(-2 L t) + (1 - exp(-L t))^2 / (snr L)] dL.

For A < 1 rho has a point mass ``1 - A`` at L = 0: the frozen subspace, whose error never changes.

Quadrature: ``L = 1 + A - 2 sqrt(A) cos(theta)`` turns the square-root edges of the density into a smooth weight;
panels in theta that halve towards the lower edge resolve the scale ``1/sqrt(t)`` whatever t is.

Source: Advani and Saxe, High-dimensional dynamics of generalization error in neural networks, arXiv:1710.03667
(Neural Networks 132, 2020), section 2.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from unseen.contracts.measure import measure

Array = NDArray[np.float64]

PANELS = 48
"""Halvings of the angle towards the lower edge: the last panel is 1e-14 wide, too small to matter for t below 1e12."""
NODES_PER_PANEL = 20
"""Gauss-Legendre nodes; the nearest singularity of any panel is three half-widths away, so the error is below 1e-15."""


def marchenko_pastur_density(eigenvalues: ArrayLike, ratio: float) -> Array:
    """Density of the non-zero eigenvalues of ``X^T X``, for X with P rows, N columns and entries of variance 1/N.

    It integrates to ``min(1, ratio)``; the rest, for ratio below 1, is a point mass at zero.

    Parameters
    ----------
    eigenvalues : array_like
        Where to evaluate; zero outside the edges ``(1 -+ sqrt(ratio))^2``.
    ratio : float
        Samples per input, P/N, above 0.

    Examples
    --------
    >>> round(float(marchenko_pastur_density(1.0, ratio=1.0)), 6)
    0.275664
    """
    _check(ratio=ratio)
    values = np.asarray(eigenvalues, dtype=np.float64)
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    inside = (values > low) & (values < high)
    safe = np.where(inside, values, 1.0)
    root = np.sqrt(np.where(inside, (high - values) * (values - low), 0.0))
    return np.asarray(root / (2 * math.pi * safe))


@lru_cache(maxsize=64)
def marchenko_pastur_quadrature(ratio: float) -> tuple[Array, Array]:
    """Nodes and weights: ``weights @ f(nodes)`` integrates f over the non-zero part of the law, read-only.

    Parameters
    ----------
    ratio : float
        Samples per input, P/N, above 0.

    Returns
    -------
    nodes, weights : arrays of shape (960,)
        Eigenvalues, above 0, and their weights, which sum to ``min(1, ratio)``.
    """
    _check(ratio=ratio)
    points, point_weights = np.polynomial.legendre.leggauss(NODES_PER_PANEL)
    edges = math.pi * np.concatenate([[0.0], 0.5 ** np.arange(PANELS - 1, -1, -1)])
    half_widths = np.diff(edges)[:, None] / 2
    theta = (edges[:-1, None] + half_widths * (1 + points)).ravel()
    # The difference of nearly equal terms in 1 + A - 2 sqrt(A) cos(theta) is avoided.
    nodes = (1 - math.sqrt(ratio)) ** 2 + 4 * math.sqrt(ratio) * np.sin(theta / 2) ** 2
    weights = (half_widths * point_weights).ravel() * 2 * ratio / math.pi * np.sin(theta) ** 2 / nodes
    nodes.flags.writeable = weights.flags.writeable = False
    return nodes, weights


def learning_curve(time: ArrayLike, *, ratio: float, snr: float, initial_variance: float = 0.0) -> Array:
    """Expected squared error on a fresh noisy target after gradient flow for the given times (equation in the module).

    Parameters
    ----------
    time : array_like
        Times, 0 or above, infinity allowed; any shape.
    ratio : float
        Samples per input, P/N, above 0.
    snr : float
        Variance of the noiseless target over that of the noise, above 0; infinity for no noise.
    initial_variance : float
        Variance of the student's first weights over that of the teacher's.

    Returns
    -------
    array of the shape of `time`
        In units of the variance of the noiseless target. Infinite at ``ratio=1``, ``time=inf`` with noise.

    Examples
    --------
    With twice as many inputs as samples, half of the teacher is never seen:

    >>> learning_curve([0, float("inf")], ratio=0.5, snr=5).round(6).tolist()
    [1.2, 0.9]
    """
    times = _check_times(time)
    _check(ratio=ratio, snr=snr, initial_variance=initial_variance)
    noise, start = 1 / snr, 1 + initial_variance
    nodes, weights = marchenko_pastur_quadrature(float(ratio))
    exponent = nodes * times[..., None]
    learnt = -np.expm1(-exponent)
    curve = noise + max(0.0, 1 - ratio) * start + (start * np.exp(-2 * exponent) + noise * learnt**2 / nodes) @ weights
    if ratio == 1 and noise > 0:
        curve = np.where(np.isinf(times), np.inf, curve)
    return np.asarray(curve, dtype=np.float64)


def learning_curve_slope(time: ArrayLike, *, ratio: float, snr: float, initial_variance: float = 0.0) -> Array:
    """Derivative of `learning_curve` by time, at finite times."""
    times = _check_times(time)
    _check(ratio=ratio, snr=snr, initial_variance=initial_variance)
    nodes, weights = marchenko_pastur_quadrature(float(ratio))
    exponent = nodes * times[..., None]
    remaining = np.exp(-exponent)
    mode = -2 * nodes * (1 + initial_variance) * remaining**2 - 2 / snr * remaining * np.expm1(-exponent)
    return np.asarray(mode @ weights, dtype=np.float64)


def optimal_stopping_time(*, ratio: float, snr: float, initial_variance: float = 0.0) -> float:
    """The time at which `learning_curve` is lowest; infinite without noise.

    A single eigenvalue L would stop at ``log(1 + snr (1 + initial_variance) L) / L``, which falls as L grows; the
    optimum of the whole spectrum lies between the times of its two edges.

    Examples
    --------
    >>> few = optimal_stopping_time(ratio=1.0, snr=1.0)
    >>> clean = optimal_stopping_time(ratio=1.0, snr=100.0)
    >>> few < clean
    True
    """
    _check(ratio=ratio, snr=snr, initial_variance=initial_variance)
    if math.isinf(snr):
        return math.inf
    strength = snr * (1 + initial_variance)
    low_edge, high_edge = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    earliest = math.log1p(strength * high_edge) / high_edge
    latest = math.log1p(strength * low_edge) / low_edge if low_edge > 0 else strength
    # The curve need not have a single minimum: bracket the lowest point of a fine grid before refining it.
    grid = np.geomspace(earliest, latest, 400)
    curve = learning_curve(grid, ratio=ratio, snr=snr, initial_variance=initial_variance)
    best = int(np.argmin(curve))

    def slope(time: float) -> float:
        return float(learning_curve_slope(time, ratio=ratio, snr=snr, initial_variance=initial_variance))

    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if not slope(low) < 0 < slope(high):
        return float(grid[best])
    return float(brentq(slope, low, high, xtol=1e-12 * high))


def optimal_ridge_error(*, ratio: float, snr: float) -> float:
    """Test error of the Bayes-optimal estimator: ridge regression with penalty ``1/snr`` on the squared weights.

    No estimator is better on average over teachers, whatever its stopping time or regularizer. The penalty belongs to
    ``|y - X w|^2 + penalty |w|^2``, as in ``sklearn.linear_model.Ridge(alpha=1/snr, fit_intercept=False)``.

    Examples
    --------
    >>> best = optimal_ridge_error(ratio=1.0, snr=5.0)
    >>> time = optimal_stopping_time(ratio=1.0, snr=5.0)
    >>> 1 < float(learning_curve(time, ratio=1.0, snr=5.0)) / best < 1.05
    True
    """
    _check(ratio=ratio, snr=snr)
    noise = 1 / snr
    nodes, weights = marchenko_pastur_quadrature(float(ratio))
    return noise + max(0.0, 1 - ratio) + noise * float(weights @ (1 / (nodes + noise)))


@measure(low=0, paper="093")
def overtraining(curve: ArrayLike) -> float:
    """Last test error of a run minus its best: what training on has cost.

    Parameters
    ----------
    curve : array_like, shape (checkpoints,)
        Test error, lower better, in order of training time.

    Returns
    -------
    float
        0 or above, in the units of the error; 0 when the last checkpoint is the best.

    Raises
    ------
    ValueError
        If the curve is empty, not one-dimensional or contains nan.

    Examples
    --------
    >>> overtraining([1.0, 0.25, 0.5])
    0.25
    """
    errors = np.asarray(curve, dtype=np.float64)
    if errors.ndim != 1 or errors.size == 0:
        raise ValueError(f"a curve has shape (checkpoints,) with at least one, not {errors.shape}")
    if np.isnan(errors).any():
        raise ValueError("a curve must not contain nan")
    return float(errors[-1] - errors.min())


def _check(*, ratio: float, snr: float = 1.0, initial_variance: float = 0.0) -> None:
    if not (0 < ratio < math.inf):
        raise ValueError(f"ratio (samples per input) must be positive and finite, not {ratio!r}")
    if not snr > 0:
        raise ValueError(f"snr must be above 0, not {snr!r}")
    if not (0 <= initial_variance < math.inf):
        raise ValueError(f"initial_variance must be finite and at least 0, not {initial_variance!r}")


def _check_times(time: ArrayLike) -> Array:
    times = np.asarray(time, dtype=np.float64)
    if not (times >= 0).all():
        raise ValueError(f"times must be at least 0, not {times[~(times >= 0)].flat[0]}")
    return times
