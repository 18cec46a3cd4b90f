"""Derivatives with respect to all parameters, example by example, in blocks that bound the memory.

The one home of per-example gradients and Jacobians: a function of the network's outputs is differentiated for each
example by itself with `torch.func`, so that layers need no special treatment. Networks must treat the examples of a
batch independently (no batch normalization in training mode).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vmap

Function = Callable[..., Tensor]
"""``function(model, *examples) -> Tensor`` for a batch of one example; its first axis, if any, is that batch."""


def network_outputs(model: nn.Module, inputs: Tensor) -> Tensor:
    """The network's outputs themselves."""
    outputs: Tensor = model(inputs)
    return outputs


def jacobian(model: nn.Module, *examples: Tensor, function: Function = network_outputs, chunk: int = 16) -> Tensor:
    """Per-example derivatives, all parameters side by side.

    Parameters
    ----------
    model : nn.Module
        The network; parameters that need no gradient are left out.
    *examples : Tensor
        Inputs (and targets, where `function` takes them), each of shape (n, ...).
    function : callable
        What is differentiated; by default the outputs. For per-example gradients of a loss give
        ``lambda model, x, y: loss(model(x), y)``.
    chunk : int
        Examples differentiated at a time.

    Returns
    -------
    Tensor, shape (n, values, parameters)
        In the order of ``model.named_parameters()``; `values` is the number of values of the function per example.

    Raises
    ------
    ValueError
        If there are no examples, they differ in number, or `chunk` is below 1.

    Examples
    --------
    >>> model = nn.Linear(2, 1)
    >>> jacobian(model, torch.tensor([[3.0, 5.0]]))[0].tolist()
    [[3.0, 5.0, 1.0]]
    """
    blocks = [torch.cat(parts, dim=2) for parts in jacobian_blocks(model, *examples, function=function, chunk=chunk)]
    return torch.cat(blocks)


def jacobian_blocks(
    model: nn.Module, *examples: Tensor, function: Function = network_outputs, chunk: int = 16
) -> Iterator[list[Tensor]]:
    """The rows of `jacobian`, one block of examples after another, for Jacobians that do not fit into memory.

    Yields
    ------
    list of Tensor
        Per parameter tensor, shape (block, values, size of the tensor).

    Raises
    ------
    ValueError
        As for `jacobian`.
    """
    counts = [len(values) for values in examples]
    if not counts or min(counts) == 0 or len(set(counts)) > 1:
        raise ValueError(f"examples must be tensors of one length above 0, not of lengths {counts}")
    if chunk < 1:
        raise ValueError(f"chunk is a whole number from 1 up, not {chunk!r}")
    bound = _Bound(model, function)
    learned = {f"model.{name}": p.detach() for name, p in model.named_parameters() if p.requires_grad}
    if not learned:
        raise ValueError(f"{type(model).__name__} has no parameter that needs a gradient")

    def values(parameters: dict[str, Tensor], *one: Tensor) -> Tensor:
        found: Tensor = functional_call(bound, parameters, tuple(part[None] for part in one))
        return found.reshape(-1)

    rows = vmap(jacrev(values), in_dims=(None, *(0 for _ in examples)))
    for start in range(0, counts[0], chunk):
        found = rows(learned, *(part[start : start + chunk] for part in examples))
        yield [part.detach().flatten(start_dim=2) for part in found.values()]


class _Bound(nn.Module):
    """A module and a function of it, so that `functional_call` exchanges parameters around the function."""

    def __init__(self, model: nn.Module, function: Function):
        super().__init__()
        self.model = model
        self.function = function

    def forward(self, *examples: Tensor) -> Any:
        return self.function(self.model, *examples)
