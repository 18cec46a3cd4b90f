"""Networks as they would compute in a low-precision format: weights and the result of every operation are rounded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_map

from unseen.errors import UsageError
from unseen.precision.formats import FixedPoint, FloatFormat, named_format
from unseen.precision.modes import Mode
from unseen.precision.rounding import round_to

IN_PLACE = re.compile(r"\w*[^_]_|__i(add|sub|mul|div|truediv|floordiv|mod|pow)__")
"""Names of functions that write into their first argument: ``relu_``, ``+=``."""


class RoundedOperations(TorchFunctionMode):
    """Within the block, real tensors that PyTorch's functions return are rounded.

    What one call does is rounded once, at its end: a matrix product is accumulated in the tensors' own precision, as
    hardware with wide accumulators does. Gradients pass straight through every rounding; where they are recorded,
    functions that write into a tensor (``relu_``) are refused.

    Parameters
    ----------
    to : FloatFormat, FixedPoint or str
        The format, or its name.
    mode : str
        One of `unseen.precision.MODES`.
    generator : numpy.random.Generator or torch.Generator, optional
        For stochastic rounding.

    Examples
    --------
    >>> with RoundedOperations("bfloat16"):
    ...     total = torch.tensor(256.0) + torch.tensor(1.0)
    >>> total.item()
    256.0
    """

    def __init__(self, to: FloatFormat | FixedPoint | str, mode: Mode = "nearest-even", generator: Any = None):
        super().__init__()
        self.to = named_format(to) if isinstance(to, str) else to
        self.mode, self.generator = mode, generator

    def __torch_function__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Call the function and round what it returns."""
        result = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if IN_PLACE.fullmatch(name) or (kwargs or {}).get("out") is not None:
            tree_map(self._round_in_place, result)
            return result
        return tree_map(self._round, result)

    def _round_in_place(self, value: Any) -> None:
        if isinstance(value, Tensor) and value.requires_grad:
            raise UsageError("what is written into a tensor can only be rounded without gradients: use torch.no_grad()")
        if isinstance(value, Tensor) and value.is_floating_point():
            value.copy_(self._round(value))

    def _round(self, value: Any) -> Any:
        if not isinstance(value, Tensor) or not value.is_floating_point():
            return value
        return round_to(value, self.to, self.mode, generator=self.generator)


def rounded_call(
    network: nn.Module,
    *inputs: Tensor,
    to: FloatFormat | FixedPoint | str,
    mode: Mode = "nearest-even",
    generator: Any = None,
    operations: bool = True,
) -> Any:
    """What a network would answer if it computed in a low-precision format.

    Parameters
    ----------
    network : nn.Module
        Any network in float32 or float64; it is left as it is, and gradients reach its own parameters.
    *inputs : Tensor
        What it is called with; real ones are rounded first.
    to, mode, generator
        As in `RoundedOperations`.
    operations : bool
        Whether results of operations are rounded; else only weights, buffers and inputs are.

    Returns
    -------
    object
        What the network returns.

    Examples
    --------
    >>> layer = nn.Linear(2, 1, bias=False)
    >>> _ = nn.init.constant_(layer.weight, 1 / 3)
    >>> rounded_call(layer, torch.tensor([1.0, 1.0]), to="e4m3fn").item()
    0.6875
    """
    rounding = RoundedOperations(to, mode, generator)
    state = {name: rounding._round(value) for name, value in (*network.named_parameters(), *network.named_buffers())}
    given = tuple(rounding._round(value) for value in inputs)
    if not operations:
        return torch.func.functional_call(network, state, given)
    with rounding:
        return torch.func.functional_call(network, state, given)
