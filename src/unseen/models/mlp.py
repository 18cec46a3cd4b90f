"""A multilayer perceptron with a selectable activation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = Literal["relu", "tanh", "gelu", "quadratic"]
Parametrization = Literal["standard", "ntk"]

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "quadratic": lambda x: x * x,
}
"""The activation functions by name."""


class MLP(nn.Module):
    r"""Affine layers with an activation between each two.

    In the standard parametrization layers and their initialization are PyTorch's. In that of the neural tangent kernel
    a layer with n inputs computes :math:`\frac{\sigma_w}{\sqrt n} W x + \sigma_b b` with all of W and b drawn from
    N(0, 1): one learning rate then moves every layer, whatever the width (Jacot, Gabriel & Hongler 2018, section 3).

    Parameters
    ----------
    widths : sequence of int
        Inputs, hidden layers, outputs: at least two numbers, each at least 1.
    activation : {"relu", "tanh", "gelu", "quadratic"}
        Applied after every layer but the last.
    bias : bool
        Whether layers have biases.
    parametrization : {"standard", "ntk"}
        How weights are scaled and drawn.
    weight_scale, bias_scale : float
        :math:`\sigma_w > 0` and :math:`\sigma_b \ge 0`; the standard parametrization has neither, so 1 there.

    Examples
    --------
    >>> MLP((4, 16, 3), activation="tanh")(torch.zeros(5, 4)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self,
        widths: Sequence[int],
        *,
        activation: Activation = "relu",
        bias: bool = True,
        parametrization: Parametrization = "standard",
        weight_scale: float = 1.0,
        bias_scale: float = 1.0,
    ):
        super().__init__()
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError(f"widths are at least two whole numbers from 1 up, not {tuple(widths)}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"no activation {activation!r}; there are {', '.join(ACTIVATIONS)}")
        if parametrization not in ("standard", "ntk"):
            raise ValueError(f"parametrization must be 'standard' or 'ntk', not {parametrization!r}")
        if not (math.isfinite(weight_scale) and weight_scale > 0):
            raise ValueError(f"weight_scale must be positive and finite, not {weight_scale!r}")
        if not (math.isfinite(bias_scale) and bias_scale >= 0):
            raise ValueError(f"bias_scale must be finite and not negative, not {bias_scale!r}")
        if parametrization == "standard" and (weight_scale, bias_scale) != (1.0, 1.0):
            raise ValueError("weight_scale and bias_scale belong to the parametrization 'ntk'")
        self.widths = tuple(widths)
        self.activation = activation
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=bias) for a, b in pairwise(widths))
        self.parametrization = parametrization
        self.weight_scale, self.bias_scale = weight_scale, bias_scale
        if parametrization == "ntk":
            for parameter in self.layers.parameters():
                nn.init.normal_(parameter)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs of shape (n, widths[0]) to outputs of shape (n, widths[-1])."""
        hidden = inputs
        for layer in self.layers[:-1]:
            hidden = ACTIVATIONS[self.activation](self._affine(layer, hidden))
        return self._affine(self.layers[-1], hidden)

    def _affine(self, layer: nn.Module, hidden: Tensor) -> Tensor:
        if self.parametrization == "standard":
            outputs: Tensor = layer(hidden)
            return outputs
        assert isinstance(layer, nn.Linear)
        outputs = functional.linear(hidden, layer.weight) * (self.weight_scale / math.sqrt(layer.in_features))
        return outputs if layer.bias is None else outputs + self.bias_scale * layer.bias
