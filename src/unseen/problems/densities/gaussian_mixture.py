"""Mixtures of Gaussians: density, score and exact noise prediction at every level of noise, in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.problem import random_stream

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float64]
Points = TypeVar("Points", Array, "Tensor")
"""Points, shape (n, d): a NumPy array or a torch tensor, which the results then are too, of the same dtype."""


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""A mixture :math:`p(x) = \sum_k w_k N(x; m_k, s_k^2 I)` and what a diffusion makes of it.

    With :math:`\bar\alpha \in [0, 1]`, a clean point :math:`x_0 \sim p` and noise :math:`\epsilon \sim N(0, I)`, the
    noisy point is :math:`x = \sqrt{\bar\alpha}\, x_0 + \sqrt{1 - \bar\alpha}\, \epsilon`: a mixture again, with means
    :math:`\sqrt{\bar\alpha}\, m_k` and variances :math:`\bar\alpha s_k^2 + 1 - \bar\alpha`. Its score and the best
    predictions of noise and of clean point given x, which networks are trained to give, follow in closed form::

        noise_prediction = -sqrt(1 - alpha_bar) score = E[noise | x]
        data_prediction  = (x - sqrt(1 - alpha_bar) noise_prediction) / sqrt(alpha_bar) = E[x_0 | x]

    All methods take points of shape (n, d), NumPy or torch, and a level alpha_bar, 1 (clean) by default, which is one
    number for all or one per point, shape (n,).

    Parameters
    ----------
    means : array_like of float, shape (k, d)
        Centres of the modes.
    deviations : array_like of float, shape () or (k,)
        Standard deviation of each mode in every direction, above 0.
    weights : array_like of float, shape (k,), optional
        Shares of the modes, above 0, normalised to sum 1; equal by default.

    Raises
    ------
    ValueError
        If shapes do not fit, or deviations or weights are not positive and finite.

    Examples
    --------
    >>> standard = GaussianMixture([[0.0, 0.0]], 1.0)
    >>> standard.noise_prediction(np.array([[1.0, -2.0]]), 0.75)
    array([[ 0.5, -1. ]])
    """

    means: Any
    deviations: Any
    weights: Any = None

    def __post_init__(self) -> None:
        means = np.array(self.means, dtype=np.float64)
        if means.ndim != 2 or not means.size or not np.isfinite(means).all():
            raise ValueError(f"means must be finite and of shape (modes, dimensions), not of shape {means.shape}")
        deviations = _positive("deviations", self.deviations, len(means))
        weights = _positive("weights", 1.0 if self.weights is None else self.weights, len(means))
        for name, value in (("means", means), ("deviations", deviations), ("weights", weights / weights.sum())):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @property
    def dimension(self) -> int:
        """D."""
        return int(self.means.shape[1])

    def sample(self, generator: np.random.Generator, count: int) -> Array:
        """Draw clean points, float64 of shape (count, d)."""
        modes = generator.choice(len(self.means), size=count, p=self.weights)
        noise = generator.standard_normal((count, self.dimension))
        return np.asarray(self.means[modes] + self.deviations[modes, None] * noise)

    def log_density(self, x: Points, alpha_bar: ArrayLike = 1.0) -> Points:
        """Logarithm of the density of noisy points, shape (n,)."""
        library, logs, *_ = self._modes(x, alpha_bar)
        most = library.amax(logs, axis=1, keepdims=True)
        found: Points = library.log(library.exp(logs - most).sum(axis=1)) + most[:, 0]
        return found

    def score(self, x: Points, alpha_bar: ArrayLike = 1.0) -> Points:
        """Gradient of `log_density` with respect to x, shape (n, d)."""
        library, logs, means, root, variances = self._modes(x, alpha_bar)
        shares = library.exp(logs - library.amax(logs, axis=1, keepdims=True))
        pulls = shares / (shares.sum(axis=1, keepdims=True) * variances)
        found: Points = root * (pulls @ means) - pulls.sum(axis=1, keepdims=True) * x
        return found

    def noise_prediction(self, x: Points, alpha_bar: ArrayLike) -> Points:
        """Expected noise in noisy points, shape (n, d): what a perfectly trained network answers."""
        library, level = _level(x, alpha_bar)
        found: Points = -library.sqrt(1 - level) * self.score(x, alpha_bar)
        return found

    def data_prediction(self, x: Points, alpha_bar: ArrayLike) -> Points:
        """Expected clean point behind noisy points, shape (n, d); alpha_bar above 0."""
        library, level = _level(x, alpha_bar)
        found: Points = (x + (1 - level) * self.score(x, alpha_bar)) / library.sqrt(level)
        return found

    def _modes(self, x: Any, alpha_bar: ArrayLike) -> tuple[Any, Any, Any, Any, Any]:
        """Library, log of weighted densities (n, k), clean means (k, d), root of the level, variances of the modes."""
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise ValueError(f"points must have shape (n, {self.dimension}), not {tuple(x.shape)}")
        library, level = _level(x, alpha_bar)
        if library is np:
            means, deviations, weights = self.means, self.deviations, self.weights
        else:
            # Copies, since torch warns of tensors that share memory which may not be written to.
            means, deviations, weights = (
                library.tensor(part.tolist(), dtype=x.dtype, device=x.device)
                for part in (self.means, self.deviations, self.weights)
            )
        root = library.sqrt(level)
        variances = level * deviations**2 + (1 - level)
        squares = (x**2).sum(axis=1, keepdims=True) - 2 * root * (x @ means.T) + level * (means**2).sum(axis=1)
        logs = (
            library.log(weights) - squares / (2 * variances) - self.dimension / 2 * library.log(2 * math.pi * variances)
        )
        return library, logs, means, root, variances


def ring_mixture(modes: int = 8, *, radius: float = 1.0, deviation: float = 0.15) -> GaussianMixture:
    """Equal modes, evenly spaced on a circle in the plane; the first lies at angle 0."""
    angles = 2 * np.pi * np.arange(modes) / modes
    return GaussianMixture(radius * np.stack([np.cos(angles), np.sin(angles)], axis=1), deviation)


def random_mixture(modes: int, dimension: int, *, deviation: float = 0.15, seed: int = 0) -> GaussianMixture:
    """Equal modes with centres drawn from N(0, I)."""
    stream = random_stream("random mixture", modes, dimension, seed)
    return GaussianMixture(stream.standard_normal((modes, dimension)), deviation)


def _level(x: Any, alpha_bar: ArrayLike) -> tuple[Any, Any]:
    """The library of the points, and the level as one of its arrays that broadcasts against (n, d)."""
    if isinstance(x, np.ndarray):
        library: Any = np
        level: Any = np.asarray(alpha_bar, dtype=np.float64)
    else:
        import torch

        library = torch
        level = torch.as_tensor(alpha_bar, dtype=x.dtype, device=x.device)
    if not bool(((level >= 0) & (level <= 1)).all()):
        raise ValueError(f"alpha_bar must lie in [0, 1], not {alpha_bar!r}")
    return library, level[:, None] if level.ndim else level


def _positive(name: str, values: Any, count: int) -> Array:
    found = np.array(np.broadcast_to(np.asarray(values, dtype=np.float64), (count,)))
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ValueError(f"{name} must be positive and finite, not {values!r}")
    return found
