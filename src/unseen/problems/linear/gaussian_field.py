"""Gaussian random fields on a grid by their spectrum."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gaussian_field(
    generator: np.random.Generator,
    samples: int,
    shape: tuple[int, ...],
    *,
    smoothness: float = 2.0,
    inverse_length: float = 3.0,
) -> Array:
    r"""Centred Gaussian fields with covariance proportional to :math:`(-\Delta + \tau^2)^{-\alpha}`, zero flux outside.

    A sum of products of cosines with independent normal coefficients, evaluated by fast cosine transforms; mode k
    along each axis has variance proportional to :math:`(\pi^2|k|^2 + \tau^2)^{-\alpha}`. The grid points count as cell
    centres. The mean variance over the grid is 1, without the constant mode, which is left out.

    Parameters
    ----------
    generator : numpy.random.Generator
    samples : int
        Number of fields, at least 0.
    shape : tuple of int
        Grid points per axis.
    smoothness : float
        :math:`\alpha`, above d/2 for a field that converges as the grid is refined.
    inverse_length : float
        :math:`\tau`, at least 0: the field is correlated over about 1/:math:`\tau`.

    Returns
    -------
    float64 array, shape (samples, *shape)

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> fields = gaussian_field(np.random.default_rng(0), 500, (16, 16))
    >>> bool(abs(fields.var() - 1) < 0.1)
    True
    """
    scale = np.sqrt(field_spectrum(shape, smoothness=smoothness, inverse_length=inverse_length))
    coefficients = generator.standard_normal((samples, *shape)) * scale
    axes = tuple(range(1, len(shape) + 1))
    return np.asarray(scipy.fft.idctn(coefficients, type=2, norm="ortho", axes=axes)) * math.sqrt(math.prod(shape))


def field_spectrum(shape: tuple[int, ...], *, smoothness: float = 2.0, inverse_length: float = 3.0) -> Array:
    """Variances of the cosine modes of `gaussian_field`, shape `shape`: they sum to 1, and the constant has none."""
    if not shape or any(points < 1 for points in shape) or math.prod(shape) < 2:
        raise ValueError(f"a field needs at least two points, not a grid of shape {tuple(shape)}")
    if not (math.isfinite(smoothness) and smoothness > 0):
        raise ValueError(f"smoothness must be above 0 and finite, not {smoothness!r}")
    if not (math.isfinite(inverse_length) and inverse_length >= 0):
        raise ValueError(f"inverse_length must be at least 0 and finite, not {inverse_length!r}")
    squares = sum(k**2 for k in np.meshgrid(*(np.arange(points, dtype=float) for points in shape), indexing="ij"))
    flat = np.asarray(squares).ravel()
    variances = np.zeros(flat.shape)
    variances[1:] = (math.pi**2 * flat[1:] + inverse_length**2) ** -smoothness
    return np.asarray(variances / variances.sum()).reshape(shape)
