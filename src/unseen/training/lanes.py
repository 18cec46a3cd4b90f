"""Many seeds of one network as one: parameters stacked along a leading lane axis."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from unseen.contracts.study import current_run


class SeedBatch:
    """Networks of one architecture, one per seed, whose parameters are stacked along a leading axis.

    Lane i holds the network of ``seeds[i]``. Build it with `build`; train it with `unseen.training.train`.

    Parameters
    ----------
    modules : sequence of nn.Module
        One plain module per seed, all of one architecture.
    seeds : sequence of int
        Their seeds.
    device : str or torch.device
        Where the stacked tensors live.

    Attributes
    ----------
    parameters : dict of str to Tensor
        Each parameter of the module, shape (S, ...).
    buffers : dict of str to Tensor
        Each buffer of the module, shape (S, ...); training does not change them.

    Raises
    ------
    ValueError
        If there are no modules, or they differ in architecture.
    """

    def __init__(self, modules: Sequence[nn.Module], *, seeds: Sequence[int], device: str | torch.device = "cpu"):
        if not modules:
            raise ValueError("a batch of seeds needs at least one seed")
        if len(modules) != len(seeds):
            raise ValueError(f"{len(modules)} modules for {len(seeds)} seeds")
        shapes = [
            {name: (*value.shape, value.dtype) for name, value in module.state_dict(keep_vars=True).items()}
            for module in modules
        ]
        for seed, shape in zip(seeds, shapes, strict=True):
            if shape != shapes[0]:
                names = sorted(name for name in {*shape, *shapes[0]} if shape.get(name) != shapes[0].get(name))
                raise ValueError(
                    f"the network of seed {seed} differs from that of seed {seeds[0]} in {', '.join(names)}; "
                    "all seeds need one architecture"
                )
        self.seeds = tuple(int(seed) for seed in seeds)
        self.device = torch.device(device)
        self._template = modules[0].to(self.device)
        parameters, buffers = stack_module_state([module.to(self.device) for module in modules])
        self.parameters: dict[str, Tensor] = {name: value.detach() for name, value in parameters.items()}
        self.buffers: dict[str, Tensor] = {name: value.detach() for name, value in buffers.items()}

    @classmethod
    def build(
        cls,
        build: Callable[[int], nn.Module],
        *,
        seeds: Sequence[int],
        device: str | torch.device | None = None,
    ) -> SeedBatch:
        """Build one network per seed, each after ``torch.manual_seed(seed)``.

        Lane i equals, bit for bit, the module that ``torch.manual_seed(seeds[i]); build(seeds[i])`` gives on the CPU.
        The global random state is left as it was.

        Parameters
        ----------
        build : callable
            ``build(seed) -> nn.Module``.
        seeds : sequence of int
            One lane each.
        device : str or torch.device, optional
            Default: the device of the current run.

        Examples
        --------
        >>> lanes = SeedBatch.build(lambda seed: nn.Linear(3, 2), seeds=(0, 1))
        >>> {name: tuple(value.shape) for name, value in lanes.parameters.items()}
        {'weight': (2, 2, 3), 'bias': (2, 2)}
        """
        modules = []
        with torch.random.fork_rng():
            for seed in seeds:
                torch.manual_seed(seed)
                modules.append(build(seed))
        return cls(modules, seeds=seeds, device=current_run().device if device is None else device)

    def __len__(self) -> int:
        return len(self.seeds)

    def __call__(self, *inputs: Tensor, shared: bool = False) -> Any:
        """Outputs of every lane in evaluation mode, shape (S, ...), without gradients.

        Parameters
        ----------
        *inputs : Tensor
            Arguments of the module, with a leading lane axis unless `shared`.
        shared : bool
            Whether every lane gets the same inputs.
        """
        if not shared:
            check_lane_axis({f"input {index}": value for index, value in enumerate(inputs)}, len(self))
        self._template.eval()
        run = vmap(
            lambda parameters, buffers, *arguments: functional_call(self._template, (parameters, buffers), arguments),
            in_dims=(0, 0, *(None if shared else 0 for _ in inputs)),
        )
        with torch.no_grad():
            return run(self.parameters, self.buffers, *inputs)

    @property
    def network_name(self) -> str:
        """The network's class, for messages."""
        return type(self._template).__name__

    def module(self, lane: int) -> nn.Module:
        """A plain copy of one lane's network, in evaluation mode."""
        module = copy.deepcopy(self._template).eval()
        state = {**self.parameters, **self.buffers}
        with torch.no_grad():
            for name, value in (*module.named_parameters(), *module.named_buffers()):
                value.copy_(state[name][lane])
        return module

    def per_lane(self, function: Callable[..., Any], *, training: bool) -> Callable[..., Any]:
        """``function(module, batch)`` as a function ``(parameters, buffers, batch)`` of one lane's tensors.

        The module that `function` receives is the real one with its tensors exchanged for the given, so that its
        methods and attributes work too.
        """
        bound = _Bound(self._template, function)

        def run(parameters: Mapping[str, Tensor], buffers: Mapping[str, Tensor], batch: tuple[Tensor, ...]) -> Any:
            self._template.train(training)
            state = {f"module.{name}": value for name, value in {**parameters, **buffers}.items()}
            with _naming_failures(self._template):
                return functional_call(bound, state, (batch,))

        return run


class _Bound(nn.Module):
    """A module and a function of it, so that `functional_call` exchanges tensors around the function."""

    def __init__(self, module: nn.Module, function: Callable[..., Any]):
        super().__init__()
        self.module = module
        self.function = function

    def forward(self, batch: tuple[Tensor, ...]) -> Any:
        return self.function(self.module, batch)


@contextmanager
def _naming_failures(module: nn.Module) -> Iterator[None]:
    """Add to an exception the name of the submodule in whose forward pass it arose."""
    entered: list[str] = []
    handles = []

    def left(*_: Any) -> None:
        entered.pop()

    for name, part in module.named_modules():
        label = f"{name or 'the network itself'} ({type(part).__name__})"
        handles.append(part.register_forward_pre_hook(lambda *_, label=label: entered.append(label)))
        handles.append(part.register_forward_hook(left))
    try:
        yield
    except Exception as error:
        if entered:
            error.add_note(f"in {entered[-1]}")
        raise
    finally:
        for handle in handles:
            handle.remove()


def check_lane_axis(tensors: Mapping[str, Tensor], lanes: int) -> None:
    """Raise ValueError unless every tensor's first axis has one entry per lane."""
    for name, tensor in tensors.items():
        if tensor.ndim == 0 or tensor.shape[0] != lanes:
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}, but its first axis must be the {lanes} lanes "
                "(give data that all lanes share as tensor.expand(lanes, *tensor.shape))"
            )
