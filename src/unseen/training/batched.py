"""Loss, gradient and metrics of all lanes in one captured call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import grad_and_value, vmap

from unseen.training.capture import Program, Replay, capture, uncaptured
from unseen.training.lanes import SeedBatch

Loss = Callable[[Any, tuple[Tensor, ...]], Tensor]
"""``loss(module, batch) -> scalar`` of one lane."""

Evaluate = Callable[[Any, tuple[Tensor, ...]], Mapping[str, Tensor]]
"""``evaluate(module, batch) -> dict of str to scalar`` of one lane."""

Named = Mapping[str, Tensor]

Transform = Callable[[Named, Named], Named]
"""``transform(parameters, gradients) -> gradients`` of one lane, by the parameters' names."""

Tensors = tuple[Tensor, ...]

Shapes = tuple[tuple[int, ...], ...]

Gradient = Callable[[Callable[[Named, Named, Tensors], Tensor]], Callable[[Named, Named, Tensors], tuple[Any, Tensor]]]
"""Makes ``(parameters, buffers, batch) -> (gradients by name, value)`` of a loss of the same arguments."""

Array = NDArray[np.float64]
LaneFunction = Callable[[Named, Named, Tensors], list[Tensor]]

VALUES = (
    "it decides by the values of tensors (an if, .item(), or torch.nn.functional.one_hot, which looks at them); "
    "use torch.where, and unseen.training.one_hot_squared_error for one-hot targets"
)
REASONS = {
    "data-dependent control flow": VALUES,
    "calling .item()": VALUES,
    "random": "it draws random numbers; give masks or noise as inputs (see unseen.training.DropoutMasks)",
    "running_mean": "it keeps running averages; use the statistics of the batch, or of the training set",
}
"""What to say in place of the messages of `torch.func.vmap` that contain these words."""


class LaneFunctions:
    """A loss and an evaluation, written for one lane, made into captured functions of all lanes at once.

    Parameters
    ----------
    lanes : SeedBatch
        The networks.
    loss : callable
        See `Loss`.
    evaluate : callable or None
        See `Evaluate`.
    transform : callable, optional
        See `Transform`.
    gradient : callable
        See `Gradient`.
    """

    def __init__(
        self,
        lanes: SeedBatch,
        loss: Loss,
        evaluate: Evaluate | None,
        transform: Transform | None = None,
        gradient: Gradient = grad_and_value,
    ):
        self.network = lanes.network_name
        self.gradient = gradient(lanes.per_lane(loss, training=True))
        self.transform = transform
        self.names: tuple[str, ...] = ()
        self.programs: dict[tuple[str, int, Shapes], Program] = {}
        self.warned = False
        self.stacked = True
        self.evaluate = None if evaluate is None else lanes.per_lane(self._stacked(evaluate), training=False)

    def step(self, parameters: Named, buffers: Named, data: Tensors, drawn: Tensors) -> Replay:
        """Bind ``drawn -> [gradient of each parameter (S, ...), losses (S,)]``."""

        def outputs(parameters: Named, buffers: Named, batch: Tensors) -> list[Tensor]:
            gradients, value = self.gradient(parameters, buffers, batch)
            if self.transform is not None:
                gradients = self._transformed(self.transform, parameters, gradients)
            return [*gradients.values(), value]

        return self._bind("step", outputs, parameters, buffers, data, drawn)

    def metrics(self, parameters: Named, buffers: Named, batch: Tensors) -> Callable[[], tuple[tuple[str, ...], Array]]:
        """Bind ``() -> (names, values)``, the values a float64 array of shape (S, metrics)."""
        assert self.evaluate is not None
        replay = self._bind("metrics", self.evaluate, parameters, buffers, batch, ())

        def run() -> tuple[tuple[str, ...], Array]:
            values = replay()[0].cpu().numpy()
            return self.names, values

        return run

    def fit(self, budget: int, parameters: Named, buffers: Named, data: Tensors, drawn: Tensors) -> int:
        """How many lanes to compute in one call so that a step touches at most `budget` bytes, at least one.

        Where only one fits, lanes are computed without the lane axis from here on: plain matrix products are faster
        than batches of one. Where more fit, even a lane that is alone keeps the axis, so that its arithmetic, rounding
        included, is the same in any company.

        Parameters
        ----------
        budget : int
            Bytes.
        parameters, buffers, data, drawn
            The tensors of one lane, with its axis.
        """
        self.stacked = False
        self.step(parameters, buffers, data, drawn)
        most = max(1, budget // max(1, self.programs["step", 1, shapes_of(drawn)].working_bytes))
        if most > 1:
            self.stacked = True
            self.programs.clear()
        return most

    @staticmethod
    def _transformed(transform: Transform, parameters: Named, gradients: Named) -> Named:
        made = transform(parameters, gradients)
        shapes = [{name: tuple(value.shape) for name, value in named.items()} for named in (made, gradients)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"transform must return one gradient per parameter: {shapes[1]}, not {shapes[0]}")
        return {name: made[name] for name in gradients}

    def _stacked(self, evaluate: Evaluate) -> Callable[[Any, Tensors], list[Tensor]]:
        def run(module: Any, batch: Tensors) -> list[Tensor]:
            metrics = evaluate(module, batch)
            for name, value in metrics.items():
                if not isinstance(value, Tensor) or value.ndim:
                    raise ValueError(f"metric {name!r} must be a scalar tensor, not {_described(value)}")
            self.names = tuple(metrics)
            return [torch.stack([value.to(torch.float64) for value in metrics.values()])]

        return run

    def _bind(
        self,
        name: str,
        function: LaneFunction,
        parameters: Named,
        buffers: Named,
        fixed: Tensors,
        drawn: Tensors,
    ) -> Replay:
        lanes = len(next(iter(parameters.values())))
        first, second = tuple(parameters.values()), (*buffers.values(), *fixed)
        names = (list(parameters), list(buffers))
        batched = _flat(vmap(function), *names)
        key = name, lanes, shapes_of(drawn)
        if all(known != name for known, *_ in self.programs):
            self._try(batched, (*first, *second, *drawn))
        bare = lanes == 1 and not self.stacked
        if bare:
            first, second = _first_lane(first), _first_lane(second)
        if key not in self.programs:
            single = _flat(function, *names)
            self.programs[key] = (
                self._capture(lambda *t: [o.unsqueeze(0) for o in single(*t)], first, second, _first_lane(drawn))
                if bare
                else self._capture(batched, first, second, drawn)
            )
        replay = self.programs[key].bind(first, second)
        if bare and drawn:
            return Replay(lambda *tensors: replay(*_first_lane(tensors)), ())
        return replay

    def _try(self, batched: Callable[..., list[Tensor]], tensors: Tensors) -> None:
        """Run once without capture, so that what cannot be batched is told from what cannot be captured."""
        try:
            with torch.no_grad(), warnings.catch_warnings():
                # Attention has no batching rule on the CPU and is run lane by lane, which is right if not fast.
                warnings.filterwarnings("ignore", message="There is a performance drop")
                batched(*tensors)
        except Exception as error:
            where = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
            reason = next((text for phrase, text in REASONS.items() if phrase in str(error)), str(error))
            raise ValueError(f"{self.network} cannot be trained as a batch of seeds{where}: {reason}") from error

    def _capture(
        self, function: Callable[..., list[Tensor]], parameters: Tensors, fixed: Tensors, drawn: Tensors
    ) -> Program:
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="There is a performance drop")
                return capture(function, parameters=parameters, fixed=fixed, drawn=drawn)
        except ValueError as error:
            raise ValueError(f"{self.network} cannot be trained as a batch of seeds: {error}") from error
        except Exception as error:
            if not self.warned:
                warnings.warn(
                    f"{self.network} could not be captured ({type(error).__name__}: {error}); it trains more slowly",
                    stacklevel=2,
                )
            self.warned = True
            return uncaptured(function)


def shapes_of(tensors: Sequence[Tensor]) -> Shapes:
    """The shapes that a captured function is for."""
    return tuple(tuple(tensor.shape) for tensor in tensors)


def _described(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _flat(function: LaneFunction, parameters: Sequence[str], buffers: Sequence[str]) -> Callable[..., list[Tensor]]:
    """The same function of tensors in one row: parameters, buffers, batch."""
    first, second = len(parameters), len(parameters) + len(buffers)

    def run(*tensors: Tensor) -> list[Tensor]:
        return function(
            dict(zip(parameters, tensors[:first], strict=True)),
            dict(zip(buffers, tensors[first:second], strict=True)),
            tensors[second:],
        )

    return run


def _first_lane(tensors: Sequence[Tensor]) -> Tensors:
    return tuple(tensor[0] for tensor in tensors)
