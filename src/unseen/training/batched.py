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

from unseen.training.capture import Replay, capture
from unseen.training.lanes import SeedBatch

Loss = Callable[[Any, tuple[Tensor, ...]], Tensor]
"""``loss(module, batch) -> scalar`` of one lane."""

Evaluate = Callable[[Any, tuple[Tensor, ...]], Mapping[str, Tensor]]
"""``evaluate(module, batch) -> dict of str to scalar`` of one lane."""

Named = Mapping[str, Tensor]
Tensors = tuple[Tensor, ...]


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
    """

    def __init__(self, lanes: SeedBatch, loss: Loss, evaluate: Evaluate | None):
        self.network = lanes.network_name
        self.gradient = grad_and_value(lanes.per_lane(loss, training=True))
        self.names: tuple[str, ...] = ()
        self.evaluate = None if evaluate is None else lanes.per_lane(self._stacked(evaluate), training=False)

    def step(self, parameters: Named, buffers: Named, data: Tensors, drawn: Tensors) -> Replay:
        """Capture ``drawn -> [gradient of each parameter (S, ...), losses (S,)]``."""

        def outputs(parameters: Named, buffers: Named, batch: Tensors) -> list[Tensor]:
            gradients, value = self.gradient(parameters, buffers, batch)
            return [*gradients.values(), value]

        return self._captured(outputs, parameters, buffers, data, drawn)

    def metrics(self, parameters: Named, buffers: Named, batch: Tensors) -> Callable[[], tuple[tuple[str, ...], Array]]:
        """Capture ``() -> (names, values)``, the values a float64 array of shape (S, metrics)."""
        assert self.evaluate is not None
        replay = self._captured(self.evaluate, parameters, buffers, batch, ())
        return lambda: (self.names, replay()[0].cpu().numpy())

    def _stacked(self, evaluate: Evaluate) -> Callable[[Any, Tensors], list[Tensor]]:
        def run(module: Any, batch: Tensors) -> list[Tensor]:
            metrics = evaluate(module, batch)
            for name, value in metrics.items():
                if not isinstance(value, Tensor) or value.ndim:
                    raise ValueError(f"metric {name!r} must be a scalar tensor, not {_described(value)}")
            self.names = tuple(metrics)
            return [torch.stack([value.to(torch.float64) for value in metrics.values()])]

        return run

    def _captured(
        self,
        function: Callable[[Named, Named, Tensors], list[Tensor]],
        parameters: Named,
        buffers: Named,
        fixed: Tensors,
        drawn: Tensors,
    ) -> Replay:
        lanes = len(next(iter(parameters.values())))
        batched = _flat(vmap(function), list(parameters), list(buffers))
        tensors = [*parameters.values(), *buffers.values(), *fixed, *drawn]
        try:
            with torch.no_grad(), warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="There is a performance drop")
                batched(*tensors)
        except Exception as error:
            where = "".join(f" {note}" for note in getattr(error, "__notes__", ()))
            raise ValueError(f"{self.network} cannot be trained as a batch of seeds{where}: {error}") from error
        bound = (tuple(parameters.values()), (*buffers.values(), *fixed))
        if lanes == 1:
            # One lane runs without the lane axis: plain matrix products are faster than batches of one.
            single = _flat(function, list(parameters), list(buffers))
            bound = (tuple(tensor[0] for tensor in bound[0]), tuple(tensor[0] for tensor in bound[1]))
            batched = _with_lane_axis(single)
            replay = self._capture(batched, *bound, tuple(tensor[0] for tensor in drawn))
            return replay.taking_one_lane() if drawn else replay
        return self._capture(batched, *bound, drawn)

    def _capture(
        self, function: Callable[..., list[Tensor]], parameters: Tensors, fixed: Tensors, drawn: Tensors
    ) -> Replay:
        try:
            return capture(function, parameters=parameters, fixed=fixed, drawn=drawn)
        except ValueError as error:
            raise ValueError(f"{self.network} cannot be trained as a batch of seeds: {error}") from error
        except Exception as error:
            warnings.warn(
                f"{self.network} could not be captured ({type(error).__name__}: {error}); it trains more slowly",
                stacklevel=2,
            )
            return Replay(function, (*parameters, *fixed))


Array = NDArray[np.float64]


def _described(value: Any) -> str:
    return f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"


def _flat(
    function: Callable[[Named, Named, Tensors], list[Tensor]], parameters: Sequence[str], buffers: Sequence[str]
) -> Callable[..., list[Tensor]]:
    """The same function of tensors in one row: parameters, buffers, batch."""
    first, second = len(parameters), len(parameters) + len(buffers)

    def run(*tensors: Tensor) -> list[Tensor]:
        return function(
            dict(zip(parameters, tensors[:first], strict=True)),
            dict(zip(buffers, tensors[first:second], strict=True)),
            tensors[second:],
        )

    return run


def _with_lane_axis(function: Callable[..., list[Tensor]]) -> Callable[..., list[Tensor]]:
    return lambda *tensors: [output.unsqueeze(0) for output in function(*tensors)]
