"""A multilayer perceptron with a selectable activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = Literal["relu", "tanh", "gelu", "quadratic"]

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "quadratic": lambda x: x * x,
}
"""The activation functions by name."""


class MLP(nn.Module):
    """Affine layers with an activation between each two; PyTorch's default initialization.

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, outputs: at least two numbers, each at least 1.
    activation : {"relu", "tanh", "gelu", "quadratic"}
        Applied after every layer but the last.
    bias : bool
        Whether layers have biases.

    Examples
    --------
    >>> MLP((4, 16, 3), activation="tanh")(torch.zeros(5, 4)).shape
    torch.Size([5, 3])
    """

    def __init__(self, widths: Sequence[int], *, activation: Activation = "relu", bias: bool = True):
        super().__init__()
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(f"widths are at least two whole numbers from 1 up, not {tuple(widths)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(ACTIVATIONS)}")
        self.widths = tuple(widths)
        self.activation = activation
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in pairwise(widths))

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs of shape (n, widths[0]) to outputs of shape (n, widths[-1])."""
        hidden = inputs
        for layer in self.layers[:-1]:
            hidden = ACTIVATIONS[self.activation](layer(hidden))
        outputs: Tensor = self.layers[-1](hidden)
        return outputs
