r"""Kernels of infinitely wide ReLU networks: the Gaussian process at initialization and the neural tangent kernel.

With :math:`h_1 = \frac{\sigma_w}{\sqrt d} W_1 x + \sigma_b b_1` and
:math:`h_{l+1} = \frac{\sigma_w}{\sqrt{n_l}} W_{l+1}\,\mathrm{relu}(h_l) + \sigma_b b_{l+1}`, all W and b drawn from
N(0, 1), the outputs of a network whose hidden widths tend to infinity are independent Gaussian processes with
covariance :math:`\Sigma_L`, and gradient descent on the least-squares loss is kernel gradient descent with the fixed
kernel :math:`\Theta_L`:

.. math::
    \Sigma_1 = \Theta_1 = \sigma_w^2\, x \cdot x' / d + \sigma_b^2, \qquad
    \Sigma_{l+1} = \sigma_w^2\, E[\mathrm{relu}(u)\,\mathrm{relu}(v)] + \sigma_b^2, \qquad
    \Theta_{l+1} = \Theta_l\, \sigma_w^2\, E[\mathrm{relu}'(u)\,\mathrm{relu}'(v)] + \Sigma_{l+1}

with (u, v) Gaussian of covariance :math:`\Sigma_l`. Both expectations have closed forms in the angle between the two
inputs (Cho & Saul 2009, "Kernel methods for deep learning", equations 4 and 6; Jacot, Gabriel & Hongler 2018,
"Neural tangent kernel", section 4).

Angles are computed without the arc cosine, which near 0 and pi keeps only half of the digits: from the two chords of
the unit sphere in the first layer, and afterwards from the determinant of the 2 x 2 covariance written as a sum of
terms that cannot be negative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Kernels:
    """The two kernels of an infinitely wide network between two sets of inputs."""

    nngp: Array
    r"""Covariance of one output at initialization, :math:`\Sigma_L`; also the tangent kernel of the last layer."""

    ntk: Array
    r"""Tangent kernel of all layers together, :math:`\Theta_L`."""


def relu_moments(angle: ArrayLike) -> tuple[Array, Array]:
    r"""Expectations :math:`E[\mathrm{relu}(u)\,\mathrm{relu}(v)]` and :math:`E[\mathrm{relu}'(u)\,\mathrm{relu}'(v)]`.

    u and v are Gaussian with unit variance and correlation :math:`\cos(\mathrm{angle})`.

    Parameters
    ----------
    angle : array_like of float
        Angles in [0, pi].

    Returns
    -------
    value, derivative : ndarray of float64, of the shape of `angle`
        From (1/2, 1/2) at angle 0 down to (0, 0) at pi.

    Examples
    --------
    >>> value, derivative = relu_moments(0.0)
    >>> float(value), float(derivative)
    (0.5, 0.5)
    """
    theta = np.asarray(angle, dtype=np.float64)
    value = (np.sin(theta) + (np.pi - theta) * np.cos(theta)) / (2 * np.pi)
    return np.maximum(value, 0.0), (np.pi - theta) / (2 * np.pi)


def relu_kernels(
    left: ArrayLike, right: ArrayLike, *, depth: int = 1, weight_scale: float = 1.0, bias_scale: float = 0.0
) -> Kernels:
    r"""Kernels of a fully connected ReLU network between each row of `left` and each of `right`.

    Parameters
    ----------
    left, right : array_like of float, shapes (n, d) and (m, d)
        Inputs, one per row.
    depth : int
        Number of hidden layers, from 1 up; 1 is the "two-layer" network.
    weight_scale, bias_scale : float
        :math:`\sigma_w > 0` and :math:`\sigma_b \ge 0`. Without biases both kernels are homogeneous: scaling an input
        by c > 0 scales its row by c.

    Returns
    -------
    Kernels
        Arrays of shape (n, m).

    Raises
    ------
    ValueError
        If the shapes do not fit or a parameter is out of range.

    Examples
    --------
    Two orthogonal inputs of unit length in two dimensions:

    >>> kernels = relu_kernels([[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    >>> kernels.nngp.round(4).tolist(), kernels.ntk.round(4).tolist()
    ([[0.25, 0.0796]], [[0.5, 0.0796]])
    """
    x, y = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1] or x.shape[1] == 0:
        raise ValueError(f"inputs must have shapes (n, d) and (m, d) with d > 0, not {x.shape} and {y.shape}")
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
        raise ValueError(f"depth must be a whole number of hidden layers from 1 up, not {depth!r}")
    if not (math.isfinite(weight_scale) and weight_scale > 0):
        raise ValueError(f"weight_scale must be positive and finite, not {weight_scale!r}")
    if not (math.isfinite(bias_scale) and bias_scale >= 0):
        raise ValueError(f"bias_scale must be finite and not negative, not {bias_scale!r}")

    gain, offset = weight_scale**2, bias_scale**2
    angle = _input_angle(x, y)
    # Variances of the part of the pre-activations that comes from the weights, the biases not yet added.
    a = gain * (x**2).sum(axis=1, keepdims=True) / x.shape[1]
    b = gain * (y**2).sum(axis=1, keepdims=True).T / x.shape[1]
    nngp = np.sqrt(a * b) * np.cos(angle) + offset
    ntk = nngp
    angle = _angle_with_bias(a, b, np.cos(angle), 2 * np.sin(angle / 2) ** 2, offset)
    for _ in range(depth):
        a, b = a + offset, b + offset
        value, derivative = relu_moments(angle)
        deviation = np.sqrt(a * b)
        nngp = gain * deviation * value + offset
        ntk = gain * derivative * ntk + nngp
        a, b = gain * a / 2, gain * b / 2
        # 1 - cos of the next angle is 1 - 2 value, here without the cancellation at angle 0.
        shortfall = 2 * np.sin(angle / 2) ** 2 - (np.sin(angle) - angle * np.cos(angle)) / np.pi
        angle = _angle_with_bias(a, b, 2 * value, shortfall, offset)
    return Kernels(nngp, ntk)


def _input_angle(x: Array, y: Array) -> Array:
    """Angles between rows, shape (n, m), after Kahan: exactly 0 between equal rows, pi/2 where a row is zero."""
    from scipy.spatial.distance import cdist

    unit_x, unit_y = _unit_rows(x), _unit_rows(y)
    return np.asarray(2 * np.arctan2(cdist(unit_x, unit_y), cdist(unit_x, -unit_y)))


def _unit_rows(x: Array) -> Array:
    # Dividing by the largest entry first keeps the squares of tiny and huge rows from leaving the range of floats.
    largest = np.abs(x).max(axis=1, keepdims=True)
    scaled = x / np.where(largest > 0, largest, 1)
    length = np.sqrt((scaled**2).sum(axis=1, keepdims=True))
    return np.asarray(scaled / np.where(length > 0, length, 1))


def _angle_with_bias(a: Array, b: Array, cosine: Array, shortfall: Array, offset: float) -> Array:
    """Angle of the covariance [[a, g c], [g c, b]] + offset, where g = sqrt(a b), c = `cosine`, 1 - c = `shortfall`."""
    g = np.sqrt(a * b)
    determinant = a * b * shortfall * (1 + cosine) + offset * ((np.sqrt(a) - np.sqrt(b)) ** 2 + 2 * g * shortfall)
    # A zero row has no direction; its kernel entries are then the offset alone, whatever the angle.
    return np.arctan2(np.sqrt(np.maximum(determinant, 0.0)), g * cosine + offset)
