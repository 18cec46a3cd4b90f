"""A small network that predicts the noise in a point of few dimensions, at any level of noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from unseen.models.mlp import MLP

FREQUENCIES = (0.5, 1.0, 2.0)
"""Of the sines and cosines of the log signal-to-noise ratio, which runs over about ten units."""
LOG_SNR_RANGE = 7.0
"""Levels further out are read as this one, so that clean data (infinite ratio) has finite features."""


class NoiseNetwork(nn.Module):
    """A multilayer perceptron of point and level: ``network(x, alpha_bar)`` is the predicted noise.

    The level enters as half the log of the signal-to-noise ratio, by itself and through sines and cosines. Called with
    a plain number as level it is a noise prediction for the samplers of `unseen.solvers.diffusion`.

    Parameters
    ----------
    dimension : int
        Of the points, at least 1.
    width : int
        Units of each hidden layer.
    depth : int
        Number of hidden layers, at least 1.

    Examples
    --------
    >>> network = NoiseNetwork(2, width=16, depth=2)
    >>> network(torch.zeros(5, 2), 0.3).shape, network(torch.zeros(5, 2), torch.rand(5)).shape
    (torch.Size([5, 2]), torch.Size([5, 2]))
    """

    def __init__(self, dimension: int, *, width: int = 64, depth: int = 3):
        super().__init__()
        features = 1 + 2 * len(FREQUENCIES)
        self.layers = MLP((dimension + features, *[width] * depth, dimension), activation="gelu")

    def forward(self, x: Tensor, alpha_bar: Tensor | float) -> Tensor:
        """Predicted noise, shape (n, dimension), in points x of that shape; one level for all or one per point."""
        level = torch.as_tensor(alpha_bar, dtype=x.dtype, device=x.device)
        ratio = (torch.log(level) - torch.log1p(-level)) / 2
        ratio = ratio.clamp(-LOG_SNR_RANGE, LOG_SNR_RANGE)
        waves = [wave(frequency * ratio) for frequency in FREQUENCIES for wave in (torch.sin, torch.cos)]
        features = torch.stack([ratio / LOG_SNR_RANGE, *waves], dim=-1)
        found: Tensor = self.layers(torch.cat([x, features.expand(*x.shape[:-1], features.shape[-1])], dim=-1))
        return found
