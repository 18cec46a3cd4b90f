r"""The Schroedinger bridge between two Gaussians, in closed form.

Janati, Muzellec, Peyre and Cuturi (2020), Entropic optimal transport between unbalanced Gaussian measures has a closed
form; Bunne, Hsieh, Cuturi and Krause (2023), The Schroedinger bridge between Gaussian measures has a closed form.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.problems.densities.potential_plan import PotentialPlan, check_epsilon

Array = NDArray[np.float64]


def gaussian_slope(source: Array, target: Array, epsilon: float | Array = 1.0) -> Array:
    r"""The symmetric S with :math:`S C_0 S + \varepsilon S = C_1`: y given x is :math:`N(m + S x, \varepsilon S)`.

    :math:`S = 2 C_1^{1/2} (\varepsilon + (\varepsilon^2 + 4 C_1^{1/2} C_0 C_1^{1/2})^{1/2})^{-1} C_1^{1/2}`: no
    difference of nearly equal numbers, and covariances may be singular.

    Parameters
    ----------
    source, target : array of float, shape (..., dimension, dimension)
        :math:`C_0` and :math:`C_1`, symmetric and positive semidefinite.
    epsilon : float, or array of float of shape (...)
        Above 0.

    Returns
    -------
    array of float64, shape (..., dimension, dimension)

    Examples
    --------
    >>> slope = gaussian_slope(np.eye(1), np.eye(1), 1.5)
    >>> slope, slope @ slope + 1.5 * slope
    (array([[0.5]]), array([[1.]]))
    """
    root = _symmetric_root(target)
    amount = np.asarray(epsilon, dtype=np.float64)[..., None]
    values, vectors = np.linalg.eigh(root @ source @ root)
    inner = 2 / (amount + np.sqrt(amount**2 + 4 * np.maximum(values, 0)))
    slope = root @ ((vectors * inner[..., None, :]) @ vectors.swapaxes(-1, -2)) @ root
    return np.asarray((slope + slope.swapaxes(-1, -2)) / 2)


def gaussian_plan(
    source_mean: ArrayLike,
    source_covariance: ArrayLike,
    target_mean: ArrayLike,
    target_covariance: ArrayLike,
    epsilon: float,
) -> PotentialPlan:
    """The bridge from one Gaussian to another: a `PotentialPlan` of one component.

    Parameters
    ----------
    source_mean, target_mean : array_like of float, shape (dimension,)
        The means.
    source_covariance, target_covariance : array_like of float, shape (dimension, dimension)
        The covariances, symmetric and positive semidefinite.
    epsilon : float
        Entropic weight, above 0.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, a matrix is no covariance, or epsilon is not above 0.
    """
    check_epsilon(epsilon)
    means = [np.asarray(mean, dtype=np.float64) for mean in (source_mean, target_mean)]
    covariances = [np.asarray(matrix, dtype=np.float64) for matrix in (source_covariance, target_covariance)]
    dimension = means[0].size
    for mean, covariance in zip(means, covariances, strict=True):
        if mean.shape != (dimension,) or covariance.shape != (dimension, dimension):
            raise ValueError(
                f"means must have the shape ({dimension},) and covariances ({dimension}, {dimension}), not {mean.shape}"
                f" and {covariance.shape}"
            )
        _check_covariance(covariance)
        if not np.isfinite(mean).all():
            raise ValueError("means must be finite")
    slope = gaussian_slope(covariances[0], covariances[1], epsilon)
    spectrum, rotation = np.linalg.eigh(slope)
    return PotentialPlan(
        log_weights=np.zeros(1),
        centres=(means[1] - slope @ means[0])[None],
        spectrum=np.maximum(spectrum, 0)[None],
        rotation=rotation[None],
        epsilon=float(epsilon),
    )


def _check_covariance(matrix: Array) -> None:
    if not np.isfinite(matrix).all():
        raise ValueError("a covariance must be finite")
    scale = float(np.abs(matrix).max(initial=0.0))
    if not np.allclose(matrix, matrix.T, atol=1e-9 * scale):
        raise ValueError("a covariance must be symmetric")
    if float(np.linalg.eigvalsh(matrix).min(initial=0.0)) < -1e-9 * scale:
        raise ValueError("a covariance must not have negative eigenvalues")


def _symmetric_root(matrix: Array) -> Array:
    """Square root of symmetric positive semidefinite matrices."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))[..., None, :]) @ vectors.swapaxes(-1, -2))
