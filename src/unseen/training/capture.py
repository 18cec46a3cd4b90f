"""A function of tensors captured once as a straight line of tensor operations, replayed without autograd.

Small networks on a CPU spend most of a training step in Python, autograd and functional transforms, not in arithmetic.
`capture` traces all of that once with `torch.fx` and leaves only the tensor operations; those that depend on nothing
that changes from step to step (one-hot targets, index offsets, views of parameters) are carried out once.
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.func import functionalize
from torch.fx import Graph, GraphModule, Interpreter, Node
from torch.fx.experimental.proxy_tensor import make_fx

aten = torch.ops.aten

SHAPE_ONLY = {
    aten.ones_like.default,
    aten.zeros_like.default,
    aten.full_like.default,
    aten.new_zeros.default,
    aten.new_ones.default,
    aten.new_full.default,
}
"""Operations whose result depends only on the shape and type of their tensor argument."""


@dataclass(frozen=True)
class Replay:
    """A captured function: call it with the tensors that change, get its outputs."""

    forward: Callable[..., Sequence[Tensor]]
    bound: tuple[Tensor, ...] = ()
    """Parameters, fixed data and what was computed from them once."""

    working_bytes: int = 0
    """Most bytes alive at once during a replay, bound tensors included."""

    def __call__(self, *drawn: Tensor) -> Sequence[Tensor]:
        """Compute the outputs."""
        with torch.no_grad():
            return self.forward(*self.bound, *drawn)

    def taking_one_lane(self) -> Replay:
        """The same, called with tensors that have a lane axis of length one in front."""
        forward, n_bound = self.forward, len(self.bound)
        return replace(self, forward=lambda *tensors: forward(*tensors[:n_bound], *(t[0] for t in tensors[n_bound:])))


def capture(
    function: Callable[..., Sequence[Tensor]],
    *,
    parameters: Sequence[Tensor],
    fixed: Sequence[Tensor] = (),
    drawn: Sequence[Tensor] = (),
) -> Replay:
    """Trace ``function(*parameters, *fixed, *drawn)`` into a `Replay` that is called with `drawn` alone.

    Parameters
    ----------
    function : callable
        A pure function of its tensors: whatever Python does in it (numbers it computes, random draws) is frozen at
        the values of this call.
    parameters : sequence of Tensor
        Tensors that keep their identity but whose values change in place between calls.
    fixed : sequence of Tensor
        Tensors that do not change.
    drawn : sequence of Tensor
        Examples of the tensors given anew at each call; shapes and types must stay these.

    Returns
    -------
    Replay
        Its outputs are contiguous and share no memory with parameters or fixed tensors.

    Raises
    ------
    ValueError
        If the function draws random numbers or changes one of its arguments in place.
    """
    examples = [*parameters, *fixed, *drawn]
    with torch.no_grad(), warnings.catch_warnings():
        # Per-lane fallback of an operation without a batching rule is handled by running such lanes one by one.
        warnings.filterwarnings("ignore", message="There is a performance drop")
        traced: GraphModule = make_fx(functionalize(function, remove="mutations"))(*examples)
    _refuse_impure(traced.graph)
    _merge_repeated(traced.graph)
    traced.recompile()
    values = _Recorder(traced).record(examples)
    _drop_views_that_change_nothing(traced.graph, values)
    return _split(traced, values, len(parameters), len(fixed))


def _refuse_impure(graph: Graph) -> None:
    for node in graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload):
            if torch.Tag.nondeterministic_seeded in node.target.tags:
                raise ValueError(f"it draws random numbers ({node.target}); give masks or noise as inputs instead")
            if node.target._schema.is_mutable:
                raise ValueError(f"it changes one of its inputs in place ({node.target})")


def _merge_repeated(graph: Graph) -> None:
    """Compute each expression once: forward and backward rules often repeat one another."""
    seen: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        if node.target is aten.pow.Tensor_Scalar and node.args[1] == 1:
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
            continue
        key = repr((str(node.target), node.args, sorted(node.kwargs.items())))
        if key in seen:
            node.replace_all_uses_with(seen[key])
            graph.erase_node(node)
        else:
            seen[key] = node
    graph.eliminate_dead_code()


class _Recorder(Interpreter):
    """Runs a graph once and keeps every value, so that which values share memory can be read off."""

    def record(self, examples: Sequence[Tensor]) -> dict[Node, Any]:
        self.values: dict[Node, Any] = {}
        with torch.no_grad():
            self.run(*examples)
        return self.values

    def run_node(self, n: Node) -> Any:
        self.values[n] = super().run_node(n)
        return self.values[n]


def _storage(value: Any) -> int:
    return value.untyped_storage().data_ptr() if isinstance(value, Tensor) else 0


def _same_view(one: Tensor, other: Any) -> bool:
    return (
        isinstance(other, Tensor)
        and one.data_ptr() == other.data_ptr()
        and one.shape == other.shape
        and one.stride() == other.stride()
        and one.dtype == other.dtype
        and one.is_conj() == other.is_conj()
        and one.is_neg() == other.is_neg()
    )


def _drop_views_that_change_nothing(graph: Graph, values: dict[Node, Any]) -> None:
    for node in list(graph.nodes):
        if node.op == "call_function" and node.args and isinstance(node.args[0], Node):
            value, source = values[node], values[node.args[0]]
            if isinstance(value, Tensor) and value.numel() and _same_view(value, source):
                node.replace_all_uses_with(node.args[0])
                graph.erase_node(node)
    graph.eliminate_dead_code()


@dataclass
class _Kinds:
    """Which nodes need not be run at each step."""

    constant: set[Node] = field(default_factory=set)
    """Depend on fixed tensors alone."""

    view: set[Node] = field(default_factory=set)
    """Parameters, and views of them, which follow their values by sharing memory."""

    def settled(self, node: Node) -> bool:
        return node in self.constant or node in self.view


def _classify(graph: Graph, values: dict[Node, Any], n_parameters: int, n_fixed: int) -> _Kinds:
    kinds = _Kinds()
    position = 0
    for node in graph.nodes:
        inputs = node.all_input_nodes
        if node.op == "placeholder":
            if position < n_parameters:
                kinds.view.add(node)
            elif position < n_parameters + n_fixed:
                kinds.constant.add(node)
            position += 1
        elif node.op == "get_attr" or (node.op == "call_function" and all(i in kinds.constant for i in inputs)):
            kinds.constant.add(node)
        elif node.op == "call_function" and node.target in SHAPE_ONLY:
            kinds.constant.add(node)
        elif node.op == "call_function" and all(kinds.settled(i) for i in inputs):
            shared = {_storage(values[i]) for i in inputs if i in kinds.view}
            if isinstance(values[node], Tensor) and _storage(values[node]) in shared:
                kinds.view.add(node)
    return kinds


def _split(traced: GraphModule, values: dict[Node, Any], n_parameters: int, n_fixed: int) -> Replay:
    """Bind what is settled once and keep a graph of the rest."""
    old = traced.graph
    kinds = _classify(old, values, n_parameters, n_fixed)
    kept = [node for node in old.nodes if not kinds.settled(node)]
    used = dict.fromkeys(i for node in kept for i in node.all_input_nodes if kinds.settled(i))
    new = Graph()
    copies: dict[Node, Node] = {node: new.placeholder(f"bound_{index}") for index, node in enumerate(used)}
    bound_storages = {_storage(values[node]) for node in used}
    for node in kept:
        if node.op == "output":
            new.output([_owned(new, copies[out], values[out], bound_storages) for out in node.args[0]])
        else:
            copies[node] = new.node_copy(node, lambda argument: copies[argument])
    module = GraphModule(traced, new)
    bound = tuple(values[node] for node in used)
    return Replay(module.forward, bound, _peak_bytes(kept, values, bound))


def _owned(graph: Graph, node: Node, value: Tensor, bound_storages: set[int]) -> Node:
    """An output that optimizers may read as a contiguous tensor of its own."""
    if value.is_contiguous() and _storage(value) not in bound_storages:
        return node
    return graph.call_function(aten.clone.default, (node,), {"memory_format": torch.contiguous_format})


def _peak_bytes(kept: Sequence[Node], values: dict[Node, Any], bound: Sequence[Tensor]) -> int:
    last_use: dict[int, int] = {}
    for index, node in enumerate(kept):
        for touched in (node, *node.all_input_nodes):
            last_use[_storage(values[touched])] = index
    sizes = {_storage(tensor): tensor.untyped_storage().nbytes() for tensor in bound}
    live = peak = sum(sizes.values())
    alive: dict[int, int] = {}
    for index, node in enumerate(kept):
        value = values[node]
        for tensor in value if isinstance(value, tuple | list) else (value,):
            if isinstance(tensor, Tensor) and (key := _storage(tensor)) not in sizes:
                sizes[key] = alive[key] = tensor.untyped_storage().nbytes()
                live += sizes[key]
        peak = max(peak, live)
        for key in [key for key in alive if last_use.get(key, index) <= index]:
            live -= alive.pop(key)
    return peak
