r"""How many infinitely wide ReLU networks must be averaged to compute a permutation of bits exactly.

Each network (two layers, no biases) is trained only on the k unit vectors :math:`e_i` with targets :math:`P e_i`.
In the limit of infinite width its outputs at a new input x of unit length are independent Gaussians with mean
:math:`W(x) Y` and common variance :math:`\Sigma(x,x) + W \Sigma(X,X) W^T - 2 W \Sigma(X,x)`, where
:math:`W(x) = \Theta(x,X)\Theta(X,X)^{-1}`, :math:`\Sigma` is the covariance at initialization and :math:`\Theta` the
tangent kernel (Lee et al. 2019, "Wide neural networks of any depth evolve as linear models", equations 14-16). The
average of m networks has the same mean and variance / m, and a bit is read as 1 where the average is positive.

All unit vectors are alike to the kernels, so that mean and variance depend on x only through its number of ones q:
:math:`\Theta(X,X)` has d on and b off its diagonal, and :math:`\Theta(x,X)` has a where x has a one and b elsewhere.
The inverse then follows from the Sherman-Morrison formula, and no sum runs over the 2^k - 1 inputs. Tail
probabilities are carried as logarithms.

The theorems of Giapitzakis, Back de Luca & Fountoulakis (2025) bound from above what is computed here exactly for one
input, and by a union bound over all inputs, each with its own failure probability, for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure
from unseen.measures.theory.ntk import relu_moments

Array = NDArray[np.float64]
Regime = Literal["ntk", "last-layer"]


@dataclass(frozen=True)
class OutputLaw:
    """Gaussian law of one trained network's outputs at inputs of unit length; arrays over the inputs asked for."""

    on: Array
    """Mean of an output whose true bit is 1."""

    off: Array
    """Mean of an output whose true bit is 0."""

    deviation: Array
    """Standard deviation of every output; outputs are independent of one another."""


def output_law(k: int, ones: ArrayLike, *, regime: Regime = "ntk") -> OutputLaw:
    """Law of the outputs of one infinitely wide network trained on the k unit vectors.

    Parameters
    ----------
    k : int
        Number of bits, from 2 up.
    ones : array_like of int
        Numbers of ones of the inputs, each from 1 to k. With one 1 the input is a training input: the means are
        exactly 1 and 0 and the deviation is 0.
    regime : {"ntk", "last-layer"}
        Whether all weights learn in the scaling that gives them equal say (the tangent kernel), or the last layer
        alone does, as in very wide networks of standard scaling under one learning rate.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> law = output_law(10, 2)
    >>> round(float(law.on), 3), round(float(law.off), 4), round(float(law.deviation), 4)
    (0.565, -0.0099, 0.0807)
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 2:
        raise ValueError(f"k must be a whole number of bits from 2 up, not {k!r}")
    if regime not in ("ntk", "last-layer"):
        raise ValueError(f"regime must be 'ntk' or 'last-layer', not {regime!r}")
    q = np.asarray(ones, dtype=np.float64)
    if not ((q >= 1) & (q <= k) & (q == np.floor(q))).all():
        raise ValueError(f"numbers of ones must be whole and from 1 to {k}, not {ones!r}")

    # Both kernels without their common factor 1/k, which cancels in the means.
    sigma_a, theta_a = _kernels(np.arctan2(np.sqrt(q - 1), 1.0))
    sigma_b, theta_b = _kernels(np.array(np.pi / 2))
    sigma_d, theta_d = _kernels(np.array(0.0))
    a, b, d = (theta_a, theta_b, theta_d) if regime == "ntk" else (sigma_a, sigma_b, sigma_d)
    off = b * ((d - b) - (a - b) * q) / ((d - b) * (d - b + k * b))
    on = off + (a - b) / (d - b)
    total, squares = q * on + (k - q) * off, q * on**2 + (k - q) * off**2
    variance = (
        sigma_d + (sigma_d - sigma_b) * squares + sigma_b * total**2 - 2 * (q * on * sigma_a + (k - q) * off * sigma_b)
    )
    trained = q == 1
    on, off = np.where(trained, 1.0, on), np.where(trained, 0.0, off)
    return OutputLaw(on, off, np.where(trained, 0.0, np.sqrt(np.maximum(variance, 0.0) / k)))


def log_failure(k: int, members: int, ones: ArrayLike, *, regime: Regime = "ntk") -> Array:
    r"""Logarithm of the probability that the average of `members` networks gets a bit of one input wrong.

    Exact in the limit of infinite width: outputs are independent, so that
    :math:`1 - p = \Phi(\mu_{on} \sqrt m / \sigma)^q\, \Phi(|\mu_{off}| \sqrt m / \sigma)^{k - q}`.

    Parameters
    ----------
    k : int
        Number of bits, from 2 up.
    members : int
        m, from 1 up.
    ones : array_like of int
        Numbers of ones q of the inputs, each from 2 to k. (With one 1 the off-bits are exactly 0 in every member,
        and rounding at 0 decides nothing.)
    regime : {"ntk", "last-layer"}
        See `output_law`.

    Returns
    -------
    ndarray of float64
        One logarithm, at most 0, for each entry of `ones`.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> round(float(np.exp(log_failure(10, 417, 2))), 3)
    0.05
    """
    q = np.asarray(ones, dtype=np.float64)
    if (q < 2).any():
        raise ValueError(f"numbers of ones must be 2 or more, not {ones!r}: with one 1 the input is a training input")
    if members < 1:
        raise ValueError(f"members must be 1 or more, not {members!r}")
    law = output_law(k, ones, regime=regime)
    scale = math.sqrt(members) / law.deviation
    with np.errstate(divide="ignore"):  # no off-bits: log 0
        log_sum = np.logaddexp(
            np.log(q) + _log_of_minus_log_cdf(law.on * scale),
            np.log(k - q) + _log_of_minus_log_cdf(-law.off * scale),
        )
    # p = 1 - exp(-s); for tiny s the exponential is 1 in floating point, while log p = log s.
    tiny = log_sum < -30
    return np.where(tiny, log_sum, np.log(-np.expm1(-np.exp(np.maximum(log_sum, -30)))))


def log_failure_anywhere(k: int, members: int, *, regime: Regime = "ntk") -> float:
    """Logarithm of the union bound, over all inputs with two ones or more, of the failure probabilities of each.

    An upper bound of the probability that the average of `members` networks is wrong on any of them; it can exceed 0.

    Examples
    --------
    >>> log_failure_anywhere(10, 888) < math.log(0.05) < log_failure_anywhere(10, 887)
    True
    """
    from scipy.special import gammaln, logsumexp

    q = np.arange(2, k + 1)
    log_count = gammaln(k + 1) - gammaln(q + 1) - gammaln(k - q + 1)
    return float(logsumexp(log_count + log_failure(k, members, q, regime=regime)))


@measure(low=1, paper="112")
def members_needed(
    k: int,
    *,
    failure: float = 0.05,
    inputs: Literal["one", "all"] = "one",
    ones: int | None = None,
    regime: Regime = "ntk",
) -> int:
    """Smallest number of networks whose average is exact but with probability `failure`.

    Parameters
    ----------
    k : int
        Number of bits, from 2 up.
    failure : float
        Allowed probability of any wrong bit, in (0, 1).
    inputs : {"one", "all"}
        Whether one input, the hardest, must come out right, or all 2^k - 1 - k that are not training inputs at once
        (by the union bound).
    ones : int, optional
        With ``inputs="one"``: an input with that many ones instead of the hardest.
    regime : {"ntk", "last-layer"}
        See `output_law`.

    Returns
    -------
    int
        From 1 up.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> members_needed(10), members_needed(10, inputs="all")
    (417, 888)
    """
    if not 0 < failure < 1:
        raise ValueError(f"failure must lie in (0, 1), not {failure!r}")
    if inputs not in ("one", "all"):
        raise ValueError(f"inputs must be 'one' or 'all', not {inputs!r}")
    if ones is not None and inputs == "all":
        raise ValueError("a number of ones can be chosen only with inputs='one'")
    q = np.arange(2, k + 1) if ones is None else np.array([ones])
    allowed = math.log(failure)

    def enough(members: int) -> bool:
        if inputs == "all":
            return log_failure_anywhere(k, members, regime=regime) <= allowed
        return bool(log_failure(k, members, q, regime=regime).max() <= allowed)

    # Failure falls with every member, so that doubling and halving finds the first number that is enough.
    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _kernels(angle: Array) -> tuple[Array, Array]:
    """NNGP and tangent kernel of the two-layer network at unit inputs that far apart, times k."""
    value, derivative = relu_moments(angle)
    return value, value + derivative * np.cos(angle)


def _log_of_minus_log_cdf(z: Array) -> Array:
    r"""Compute :math:`\log(-\log \Phi(z))`, finite for all z that can occur."""
    from scipy.special import log_ndtr

    # Beyond 30 the two logarithms agree to 1e-196, and the inner one soon underflows.
    near = np.log(-log_ndtr(np.minimum(z, 30.0)))
    return np.asarray(np.where(z > 30, log_ndtr(-z), near))
