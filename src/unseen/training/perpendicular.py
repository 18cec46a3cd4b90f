"""Gradients made perpendicular to the weights, so that no step only scales them up.

On a model of one's own, around any optimizer that takes plain steps::

    from unseen.training import PerpendicularGradient
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    PerpendicularGradient().attach(optimizer)

With the seed-batched trainer: ``train(..., transform=PerpendicularGradient())``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle


@dataclass(frozen=True)
class PerpendicularGradient:
    r"""Project gradients: :math:`g - \frac{w \cdot g}{w \cdot w} w`. (Prieto et al. 2025, perpendicular gradient.)

    Parameters
    ----------
    per : {"tensor", "network"}
        Whether each parameter tensor is a vector of its own, as in the authors' code, or all of them are one, as in
        the paper's formula.
    rescale : bool
        Whether the result gets the length that the gradient had (the authors' code) or stays shorter (the formula).

    Notes
    -----
    Where the weights are all zero, nothing is projected. Where the gradient is parallel to the weights, the result is
    zero up to rounding; it is rescaled only if it is above that rounding.

    Examples
    --------
    >>> weights, gradients = {"w": torch.tensor([2.0, 0.0])}, {"w": torch.tensor([3.0, 4.0])}
    >>> PerpendicularGradient(rescale=False)(weights, gradients)["w"]
    tensor([0., 4.])
    >>> PerpendicularGradient()(weights, gradients)["w"]
    tensor([0., 5.])
    """

    per: Literal["tensor", "network"] = "tensor"
    rescale: bool = True

    def __post_init__(self) -> None:
        if self.per not in ("tensor", "network"):
            raise ValueError(f'per must be "tensor" or "network", not {self.per!r}')

    def __call__(self, parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Transform the gradients of one network, given by the parameters' names; nothing is changed in place."""
        weights = [parameters[name] for name in gradients]
        projected = self._project(weights, list(gradients.values()))
        return dict(zip(gradients, projected, strict=True))

    def attach(self, optimizer: torch.optim.Optimizer) -> RemovableHandle:
        """Make an optimizer project the gradients before each of its steps.

        Parameters
        ----------
        optimizer : torch.optim.Optimizer
            Any whose ``step`` uses the gradients it finds. Its schedulers and state are not touched. Parameters
            without a gradient are left out.

        Returns
        -------
        RemovableHandle
            Its ``remove()`` undoes this.

        Raises
        ------
        ValueError
            At a step with a closure, which computes gradients anew after the projection.
        """

        def before_step(optimizer: torch.optim.Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            if (len(args) > 1 and args[1] is not None) or kwargs.get("closure") is not None:
                raise ValueError("a step with a closure computes gradients that cannot be projected beforehand")
            learned = [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
            with torch.no_grad():
                projected = self._project(learned, [parameter.grad for parameter in learned])
                for parameter, gradient in zip(learned, projected, strict=True):
                    parameter.grad.copy_(gradient)

        return optimizer.register_step_pre_hook(before_step)

    def _project(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        if self.per == "tensor":
            return [g for w, g in zip(weights, gradients, strict=True) for g in self._project_vector([w], [g])]
        return self._project_vector(weights, gradients)

    def _project_vector(self, weights: Sequence[Tensor], gradients: Sequence[Tensor]) -> list[Tensor]:
        """Project one vector that is spread over some tensors."""
        if not weights:
            return []
        # Lengths are taken relative to the largest entry: gradients of 1e-25, common in late training, would vanish
        # when squared in float32.
        largest = torch.stack([gradient.abs().amax() for gradient in gradients]).amax()
        unit = torch.where(largest > 0, largest, torch.ones_like(largest))
        scaled = [gradient / unit for gradient in gradients]
        square = _dot(weights, weights)
        factor = _dot(weights, scaled) / torch.where(square > 0, square, torch.ones_like(square))
        projected = [gradient - factor * weight for weight, gradient in zip(weights, scaled, strict=True)]
        if self.rescale:
            before, after = _dot(scaled, scaled).sqrt(), _dot(projected, projected).sqrt()
            rounding = 8 * torch.finfo(before.dtype).eps * before
            real = after > rounding
            stretch = torch.where(real, before / torch.where(real, after, torch.ones_like(after)), 0)
            projected = [gradient * stretch for gradient in projected]
        return [gradient * unit for gradient in projected]


def _dot(left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
    return torch.stack([(a * b).sum() for a, b in zip(left, right, strict=True)]).sum()
