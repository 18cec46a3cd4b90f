"""How far a conditional plan is from the true one, by means and covariances of the target given the source."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure

Array = NDArray[np.float64]


@measure(low=0, paper="007")
def conditional_bures_wasserstein(
    mean: ArrayLike,
    covariance: ArrayLike,
    true_mean: ArrayLike,
    true_covariance: ArrayLike,
    target_variance: float,
) -> float:
    r"""Discrepancy of conditional plans: mean of :math:`BW_2^2(\pi(\cdot|x), \pi^*(\cdot|x))` over x, in percent.

    Each conditional distribution counts as the Gaussian of its mean and covariance. The unit is the total variance of
    the target; the measure cBW-UVP of Gushchin et al. (2023), Building the bridge of Schroedinger, takes half of it
    as unit and is twice as large.

    Parameters
    ----------
    mean, true_mean : array_like of float, shape (n, dimension)
        Means of y given each x.
    covariance, true_covariance : array_like of float, shape (n, dimension, dimension)
        Covariances of y given each x, symmetric and positive semidefinite.
    target_variance : float
        Trace of the target's covariance, above 0.

    Returns
    -------
    float
        0 for the right plan; 100 times the share of the variance that depends on x for the independent coupling, and
        more where its spread is wrong too; infinite if a number is not finite.

    Raises
    ------
    ValueError
        If shapes do not fit, there is nothing to compare, or the variance is not above 0.

    Examples
    --------
    >>> conditional_bures_wasserstein([[1.0, 0.0]], [np.eye(2)], [[0.0, 0.0]], [4 * np.eye(2)], 10.0)
    30.0
    """
    means = [np.asarray(values, dtype=np.float64) for values in (mean, true_mean)]
    covariances = [np.asarray(values, dtype=np.float64) for values in (covariance, true_covariance)]
    shape = means[0].shape
    if len(shape) != 2 or not means[0].size or means[1].shape != shape:
        raise ValueError(f"means must have one shape (n, dimension), not {shape} and {means[1].shape}")
    for values in covariances:
        if values.shape != (*shape, shape[1]):
            raise ValueError(f"covariances must have the shape {(*shape, shape[1])}, not {values.shape}")
    if not 0 < target_variance < np.inf:
        raise ValueError(f"target_variance must be above 0 and finite, not {target_variance!r}")
    squares = bures_wasserstein_squared(means[0], covariances[0], means[1], covariances[1])
    return float(100 * squares.mean() / target_variance)


def bures_wasserstein_squared(mean: Array, covariance: Array, other_mean: Array, other_covariance: Array) -> Array:
    r"""Squared Wasserstein distance of Gaussians, shape (n,); infinite where a number is not finite.

    :math:`|m - m'|^2 + tr(C + C' - 2 (C^{1/2} C' C^{1/2})^{1/2})`. Slightly negative eigenvalues count as 0.

    Parameters
    ----------
    mean, other_mean : array of float, shape (n, dimension)
        Means.
    covariance, other_covariance : array of float, shape (n, dimension, dimension)
        Covariances.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        apart = ((mean - other_mean) ** 2).sum(axis=1)
        size = np.abs(covariance).max(axis=(1, 2), initial=0.0) + np.abs(other_covariance).max(axis=(1, 2), initial=0.0)
    # Numbers whose products overflow count as not finite.
    finite = np.isfinite(apart) & np.isfinite(size) & (size < 1e100)
    result = np.full(len(mean), np.inf)
    first, second = covariance[finite], other_covariance[finite]
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))[:, None, :]) @ vectors.swapaxes(1, 2)
    crossed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum(axis=1)
    traces = np.trace(first, axis1=1, axis2=2) + np.trace(second, axis1=1, axis2=2)
    result[finite] = apart[finite] + np.maximum(traces - 2 * crossed, 0)
    return result
