"""A function of tensors captured once as a straight line of tensor operations, replayed without autograd.

Small networks on a CPU spend most of a training step in Python, autograd and functional transforms, not in arithmetic.
`capture` traces all of that once with `torch.fx` and leaves only the tensor operations; those that depend on nothing
that changes from step to step (one-hot targets, index offsets, views of parameters) are carried out once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.func import functionalize
from torch.fx import Graph, GraphModule, Interpreter, Node
from torch.fx.experimental.proxy_tensor import make_fx

from unseen.training.memory import peak_bytes, reusable, storage
from unseen.training.short_rows import TAKEN_APART

aten = torch.ops.aten

FILLED_LIKE = {
    aten.ones_like.default: 1,
    aten.zeros_like.default: 0,
    aten.new_ones.default: 1,
    aten.new_zeros.default: 0,
}
"""Operations that take only shape and type from a tensor, and what they fill it with."""


DIRECT: dict[Any, Callable[..., Any]] = {
    overload: getattr(torch, name)
    for name, overload in {
        "add": aten.add.Tensor,
        "sub": aten.sub.Tensor,
        "mul": aten.mul.Tensor,
        "div": aten.div.Tensor,
        "neg": aten.neg.default,
        "exp": aten.exp.default,
        "log": aten.log.default,
        "tanh": aten.tanh.default,
        "relu": aten.relu.default,
        "rsqrt": aten.rsqrt.default,
        "pow": aten.pow.Tensor_Scalar,
        "where": aten.where.self,
        "sum": aten.sum.dim_IntList,
        "mean": aten.mean.dim,
        "mm": aten.mm.default,
        "bmm": aten.bmm.default,
        "addmm": aten.addmm.default,
        "permute": aten.permute.default,
        "transpose": aten.transpose.int,
        "unsqueeze": aten.unsqueeze.default,
        "gather": aten.gather.default,
        "clone": aten.clone.default,
    }.items()
}
"""The ordinary functions of the most frequent operations: called from Python they cost about a microsecond less."""


@dataclass(frozen=True)
class Replay:
    """A captured function bound to its tensors: call it with those that change, get its outputs."""

    forward: Callable[..., Sequence[Tensor]]
    bound: tuple[Tensor, ...]

    def __call__(self, *drawn: Tensor) -> Sequence[Tensor]:
        """Compute the outputs."""
        with torch.no_grad():
            return self.forward(*self.bound, *drawn)


@dataclass(frozen=True)
class Program:
    """A captured function; `bind` it to parameters and fixed tensors of the same shapes to run it."""

    settle: Callable[..., Sequence[Tensor]]
    """From parameters and fixed tensors: what a step needs of them."""

    forward: Callable[..., Sequence[Tensor]]
    """From what `settle` gives and the drawn tensors: the outputs."""

    working_bytes: int = 0
    """Most bytes alive at once during a step, bound tensors included; 0 if not known."""

    def bind(self, parameters: Sequence[Tensor], fixed: Sequence[Tensor] = ()) -> Replay:
        """Carry out what need be done only once."""
        with torch.no_grad():
            return Replay(self.forward, tuple(self.settle(*parameters, *fixed)))


def uncaptured(function: Callable[..., Sequence[Tensor]]) -> Program:
    """The function as it is, run anew at each step."""
    return Program(lambda *tensors: tensors, function)


def capture(
    function: Callable[..., Sequence[Tensor]],
    *,
    parameters: Sequence[Tensor],
    fixed: Sequence[Tensor] = (),
    drawn: Sequence[Tensor] = (),
) -> Program:
    """Trace ``function(*parameters, *fixed, *drawn)``.

    Parameters
    ----------
    function : callable
        A pure function of its tensors: whatever else Python does in it is frozen at the values of this call.
    parameters : sequence of Tensor
        Tensors that keep their identity but whose values change in place between calls.
    fixed : sequence of Tensor
        Tensors that do not change.
    drawn : sequence of Tensor
        Examples of the tensors given anew at each call; shapes and types must stay these.

    Returns
    -------
    Program
        Its outputs are contiguous and share no memory with parameters or fixed tensors.

    Raises
    ------
    ValueError
        If the function draws random numbers or changes one of its arguments in place.

    Examples
    --------
    >>> weight, inputs = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    >>> program = capture(lambda w, x: [(w * x).sum()], parameters=[weight], fixed=[inputs])
    >>> replay = program.bind([weight], [inputs])
    >>> _ = weight.add_(1)
    >>> replay()
    [tensor(18.)]
    """
    examples = [*parameters, *fixed, *drawn]
    before = _random_states(examples)
    with torch.no_grad():
        traced: GraphModule = make_fx(
            functionalize(function, remove="mutations"), decomposition_table=dict(TAKEN_APART)
        )(*examples)
    if any(not torch.equal(one, other) for one, other in zip(before, _random_states(examples), strict=True)):
        raise ValueError("it draws random numbers; give masks or noise as inputs instead")
    for node in traced.graph.nodes:
        if isinstance(node.target, torch._ops.OpOverload) and node.target._schema.is_mutable:
            raise ValueError(f"it changes one of its inputs in place ({node.target})")
    _merge_repeated(traced.graph)
    traced.recompile()
    values = _Recorder(traced).record(examples)
    _cut_from_shapes(traced.graph, values)
    _drop_views_that_change_nothing(traced.graph, values)
    return _split(traced, values, len(parameters), len(fixed))


def _random_states(examples: Sequence[Tensor]) -> list[Tensor]:
    devices = {tensor.device for tensor in examples if tensor.is_cuda}
    return [torch.get_rng_state(), *(torch.cuda.get_rng_state(device) for device in devices)]


def _merge_repeated(graph: Graph) -> None:
    """Compute each expression once: forward and backward rules often repeat one another."""
    seen: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.op != "call_function":
            continue
        if node.target in (aten.pow.Tensor_Scalar, aten.mul.Scalar) and node.args[1] == 1:
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


def _cut_from_shapes(graph: Graph, values: dict[Node, Any]) -> None:
    """Make what depends only on the shape of a changing tensor depend on nothing."""
    for node in graph.nodes:
        if node.target in FILLED_LIKE:
            value: Tensor = values[node]
            node.args = (list(value.shape), FILLED_LIKE[node.target])
            node.kwargs = {"dtype": value.dtype, "device": value.device}
            node.target = aten.full.default


def _drop_views_that_change_nothing(graph: Graph, values: dict[Node, Any]) -> None:
    """Skip views that equal what they are views of, or what that is a view of (a transpose of a transpose)."""
    for node in list(graph.nodes):
        value = values[node]
        if node.op != "call_function" or not isinstance(value, Tensor) or not value.numel():
            continue
        source = node
        while source.args and isinstance(source.args[0], Node) and storage(values[source.args[0]]) == storage(value):
            source = source.args[0]
            if _same_view(value, values[source]):
                node.replace_all_uses_with(source)
                graph.erase_node(node)
                break
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
        elif node.op == "call_function" and all(kinds.settled(i) for i in inputs):
            shared = {storage(values[i]) for i in inputs if i in kinds.view}
            if isinstance(values[node], Tensor) and storage(values[node]) in shared:
                kinds.view.add(node)
    return kinds


def _split(traced: GraphModule, values: dict[Node, Any], n_parameters: int, n_fixed: int) -> Program:
    """Divide a graph into what is settled once and what each step must do."""
    old = traced.graph
    kinds = _classify(old, values, n_parameters, n_fixed)
    kept = [node for node in old.nodes if not kinds.settled(node)]
    used = list(dict.fromkeys(i for node in kept for i in node.all_input_nodes if kinds.settled(i)))
    bound = {storage(values[node]) for node in used}

    settle = Graph()
    settled: dict[Node, Node] = {}
    for node in old.nodes:
        if kinds.settled(node):
            settled[node] = settle.node_copy(node, lambda argument: settled[argument])
    settle.output([settled[node] for node in used])
    settle.eliminate_dead_code()

    step = Graph()
    copies: dict[Node, Node] = {node: step.placeholder(f"bound_{index}") for index, node in enumerate(used)}
    given = {storage(values[node]) for node in kept if node.op == "placeholder"}
    in_place = reusable(kept, values, bound | given)
    for node in kept:
        if node.op == "output":
            step.output([_owned(step, copies[out], values[out], bound) for out in node.args[0]])
        else:
            copies[node] = step.node_copy(node, lambda argument: copies[argument])
            target = in_place.get(node, node.target)
            copies[node].target = DIRECT.get(target, target)
    return Program(
        GraphModule(traced, settle).forward, GraphModule(traced, step).forward, peak_bytes(kept, values, bound)
    )


def _owned(graph: Graph, node: Node, value: Tensor, bound: set[int]) -> Node:
    """An output that optimizers may read as a contiguous tensor of its own."""
    if value.is_contiguous() and storage(value) not in bound:
        return node
    return graph.call_function(aten.clone.default, (node,), {"memory_format": torch.contiguous_format})
