"""One optimizer over stacked parameters: a check that it treats lanes apart, and the selection of lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

MakeOptimizer = Callable[[list[Tensor]], torch.optim.Optimizer]
"""Makes an optimizer for a list of tensors, the parameters in the module's order."""


def check_elementwise(make_optimizer: MakeOptimizer, parameters: Sequence[Tensor]) -> None:
    """Make sure that an optimizer over stacked lanes does to each lane what it would do to that lane alone.

    Elementwise optimizers (SGD, Adam, AdamW, RMSprop, Adagrad, ...) do. Those that use a norm over a whole parameter,
    or its shape as a matrix (LBFGS, Adafactor, Muon, LAMB), do not. Two lanes of small random parameters are updated
    three times together and apart, with gradients of very different size, and compared.

    Raises
    ------
    ValueError
        If the updates differ or the optimizer cannot be used this way.
    """
    generator = torch.Generator().manual_seed(0)
    device = parameters[0].device if parameters else "cpu"

    def random(shape: list[int]) -> Tensor:
        return torch.randn(2, *shape, generator=generator, dtype=torch.float64).to(device)

    shapes = [[min(size, 3) for size in parameter.shape[1:]] for parameter in parameters]
    start = [random(shape) for shape in shapes]
    gradients = [[random(shape) for shape in shapes] for _ in range(3)]
    for gradient in gradients:
        for part in gradient:
            part[1] *= 1000

    def updated(select: Callable[[Tensor], Tensor]) -> list[Tensor]:
        tensors = [select(tensor).clone() for tensor in start]
        optimizer = make_optimizer(tensors)
        for gradient in gradients:
            for tensor, part in zip(tensors, gradient, strict=True):
                tensor.grad = select(part).clone()
            optimizer.step()
        return tensors

    try:
        together = updated(lambda tensor: tensor)
        apart = [updated(lambda tensor, lane=lane: tensor[lane]) for lane in range(2)]  # type: ignore[misc]
    except Exception as error:
        raise ValueError(
            f"the optimizer cannot update stacked lanes ({type(error).__name__}: {error}); "
            "use an elementwise one such as torch.optim.AdamW or SGD"
        ) from error
    for position, tensor in enumerate(together):
        for lane in range(2):
            if not torch.allclose(tensor[lane], apart[lane][position], rtol=1e-6, atol=1e-9):
                raise ValueError(
                    f"{type(make_optimizer([t.clone() for t in start])).__name__} mixes lanes: its update of a "
                    "parameter depends on more than the entries of one lane (a norm, a factored moment); train such "
                    "an optimizer with one seed per SeedBatch"
                )


def select_lanes(optimizer: torch.optim.Optimizer, tensors: Sequence[Tensor], lanes: Tensor) -> list[Tensor]:
    """Keep only some lanes of the parameters and of the optimizer's state; the optimizer then updates the result.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Optimizer over `tensors`.
    tensors : sequence of Tensor
        Stacked parameters, each (S, ...).
    lanes : int64 Tensor
        Positions to keep.

    Returns
    -------
    list of Tensor
        The selected parameters, each (len(lanes), ...).
    """
    selected = {id(tensor): tensor.index_select(0, lanes) for tensor in tensors}
    for tensor in tensors:
        state = optimizer.state.pop(tensor, None)
        if state is not None:
            optimizer.state[selected[id(tensor)]] = {
                name: value.index_select(0, lanes)
                if isinstance(value, Tensor) and value.shape == tensor.shape
                else value
                for name, value in state.items()
            }
    for group in optimizer.param_groups:
        group["params"] = [selected[id(tensor)] for tensor in group["params"]]
    return [selected[id(tensor)] for tensor in tensors]
