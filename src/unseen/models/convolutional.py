"""A small convolutional classifier for small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn


class ConvolutionalClassifier(nn.Module):
    """Layers of 3 x 3 convolution and ReLU, the mean over all places, and a linear layer.

    Parameters
    ----------
    channels : sequence of int
        Channels of the input, then of each convolution: at least two numbers.
    classes : int
        Outputs.
    stride : int
        Of every convolution but the first; padding keeps the borders.

    Examples
    --------
    >>> ConvolutionalClassifier((1, 16, 32), classes=10)(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 10])
    """

    def __init__(self, channels: Sequence[int], classes: int, stride: int = 2):
        super().__init__()
        if len(channels) < 2 or min(*channels, classes, stride) < 1:
            raise ValueError(f"at least two positive widths are needed, not {tuple(channels)}, {classes}, {stride}")
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, stride=1 if number == 0 else stride, padding=1)
            for number, (before, after) in enumerate(pairwise(channels))
        )
        self.output = nn.Linear(channels[-1], classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (n, classes) of pictures (n, channels, height, width)."""
        for convolution in self.convolutions:
            pictures = torch.relu(convolution(pictures))
        return cast(Tensor, self.output(pictures.mean((-2, -1))))
