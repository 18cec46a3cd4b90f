"""Where the values of a captured graph live: how much memory a step needs, and which results may overwrite an input."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

aten = torch.ops.aten

IN_PLACE: Mapping[Any, Callable[..., Any]] = {
    aten.add.Tensor: aten.add_.Tensor,
    aten.sub.Tensor: aten.sub_.Tensor,
    aten.mul.Tensor: aten.mul_.Tensor,
    aten.mul.Scalar: aten.mul_.Scalar,
    aten.div.Tensor: aten.div_.Tensor,
    aten.div.Scalar: aten.div_.Scalar,
    aten.pow.Tensor_Scalar: aten.pow_.Scalar,
    aten.neg.default: aten.neg_.default,
    aten.exp.default: aten.exp_.default,
    aten.tanh.default: aten.tanh_.default,
    aten.relu.default: aten.relu_.default,
    aten.sqrt.default: aten.sqrt_.default,
    aten.rsqrt.default: aten.rsqrt_.default,
}
"""Elementwise operations and their forms that overwrite the first argument."""


def storage(value: Any) -> int:
    """Identity of the memory that a tensor lives in; 0 for what is no tensor."""
    return int(value.untyped_storage().data_ptr()) if isinstance(value, Tensor) else 0


def _last_uses(nodes: Sequence[Node], values: Mapping[Node, Any]) -> dict[int, int]:
    """For each piece of memory, the position of the last node that writes or reads it."""
    last: dict[int, int] = {}
    for position, node in enumerate(nodes):
        for touched in (node, *node.all_input_nodes):
            value = values[touched]
            for part in value if isinstance(value, tuple | list) else (value,):
                last[storage(part)] = position
    return last


def reusable(
    nodes: Sequence[Node], values: Mapping[Node, Any], keep: Collection[int]
) -> dict[Node, Callable[..., Any]]:
    """Nodes that may overwrite their first argument, with the operation that does so.

    Fresh memory costs more than arithmetic once tensors outgrow the allocator's small sizes: the operating system
    hands it out page by page. An argument may be overwritten if it is not kept, nothing reads its memory later, and
    the result has its shape, strides and type.

    Parameters
    ----------
    nodes : sequence of Node
        What is run at each step, in order.
    values : mapping of Node to value
        What each node gave in one run during which nothing was freed.
    keep : collection of int
        Memory that must keep its contents: what is bound, and what the caller gives.
    """
    last = _last_uses(nodes, values)
    home: dict[int, int] = {}
    chosen: dict[Node, Callable[..., Any]] = {}
    for position, node in enumerate(nodes):
        if node.target not in IN_PLACE or not isinstance(node.args[0], Node):
            continue
        result, source = values[node], values[node.args[0]]
        own, taken = storage(result), home.get(storage(source), storage(source))
        if taken in keep or last[taken] > position:
            continue
        if (result.shape, result.stride(), result.dtype) != (source.shape, source.stride(), source.dtype):
            continue
        if any(
            other is not node.args[0] and home.get(storage(values[other]), storage(values[other])) == taken
            for other in node.all_input_nodes
        ):
            continue
        chosen[node] = IN_PLACE[node.target]
        home[own] = taken
        last[taken] = max(last[taken], last[own])
    return chosen


def peak_bytes(nodes: Sequence[Node], values: Mapping[Node, Any], bound: Collection[int]) -> int:
    """Most bytes alive at once while the nodes run, each freed after its last use, bound memory included."""
    last = _last_uses(nodes, values)
    sizes: dict[int, int] = {}
    live = peak = 0
    alive: set[int] = set()
    for position, node in enumerate(nodes):
        for touched in (*node.all_input_nodes, node):
            value = values[touched]
            for part in value if isinstance(value, tuple | list) else (value,):
                key = storage(part)
                if key and key not in sizes:
                    sizes[key] = part.untyped_storage().nbytes()
                    live += sizes[key]
                    alive.add(key)
        peak = max(peak, live)
        for key in [key for key in alive if key not in bound and last[key] <= position]:
            alive.remove(key)
            live -= sizes[key]
    return peak
