"""A fully convolutional U-Net for one field on a grid of any size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

KINDS = {2: (nn.Conv2d, functional.avg_pool2d), 3: (nn.Conv3d, functional.avg_pool3d)}


class GridUNet(nn.Module):
    """Convolutions of width 3 with residual additions, pooled and brought back, in two or three dimensions.

    After a linear layer come, on every level, residual steps ``x + relu(conv(relu(conv(x))))``; between levels the mean
    over blocks of two points per axis, and back its copies plus what the level had before. The last layer is linear
    again. Outside the grid all is zero. Grids whose sides are not multiples of ``2 ** levels`` are filled up with zeros
    for the pass.

    Parameters
    ----------
    dimension : {2, 3}
    width : int
        Channels of every layer, at least 1.
    levels : int
        How many times the grid is halved, at least 0.
    steps : int
        Residual steps on the coarsest level, at least 1; the others have one on either way.

    Examples
    --------
    >>> network = GridUNet(2, width=4, levels=2)
    >>> network(torch.zeros(5, 1, 8, 8)).shape, network(torch.zeros(1, 1, 21, 13)).shape
    (torch.Size([5, 1, 8, 8]), torch.Size([1, 1, 21, 13]))
    """

    def __init__(self, dimension: int = 2, *, width: int = 16, levels: int = 3, steps: int = 2):
        super().__init__()
        if dimension not in KINDS:
            raise ValueError(f"dimension must be 2 or 3, not {dimension!r}")
        if width < 1 or levels < 0 or steps < 1:
            raise ValueError(f"width and steps are at least 1, levels at least 0, not {width}, {steps} and {levels}")
        self.dimension, self.levels = dimension, levels
        convolution, self.pool = KINDS[dimension]
        self.first = convolution(1, width, 3, padding=1)
        self.down = nn.ModuleList(_ResidualStep(convolution, width) for _ in range(levels))
        self.bottom = nn.Sequential(*(_ResidualStep(convolution, width) for _ in range(steps)))
        self.up = nn.ModuleList(_ResidualStep(convolution, width) for _ in range(levels))
        self.last = convolution(width, 1, 1)

    def forward(self, fields: Tensor) -> Tensor:
        """Fields of shape (n, 1, g_1, ..., g_d) to fields of the same shape."""
        if fields.ndim != self.dimension + 2 or fields.shape[1] != 1:
            raise ValueError(f"fields have shape (n, 1) and {self.dimension} grid axes, not {tuple(fields.shape)}")
        sides, block = fields.shape[2:], 2**self.levels
        fill = [extra for side in reversed(sides) for extra in (0, -side % block)]
        x = self.first(functional.pad(fields, fill) if any(fill) else fields)
        before = []
        for step in self.down:
            x = step(x)
            before.append(x)
            x = self.pool(x, 2)
        x = self.bottom(x)
        for step, kept in zip(self.up, reversed(before), strict=True):
            x = step(functional.interpolate(x, scale_factor=2.0, mode="nearest") + kept)
        found: Tensor = self.last(x)
        for axis, side in enumerate(sides, start=2):
            found = found.narrow(axis, 0, side)
        return found


class _ResidualStep(nn.Module):
    def __init__(self, convolution: type[nn.Module], width: int):
        super().__init__()
        self.inner = convolution(width, width, 3, padding=1)
        self.outer = convolution(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.relu(self.outer(torch.relu(self.inner(x))))
