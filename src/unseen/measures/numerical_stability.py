"""How far training has run into rounding: saturated softmax, growing logits, steps that only scale the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unseen.contracts.measure import measure

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@measure(low=0, high=1, paper="085")
def softmax_collapse(logits: Tensor, *, dtype: torch.dtype | None = None) -> Tensor:
    """Share of examples whose softmax rounds to exactly one at the largest logit.

    That is: the exponentials of the logits less their maximum sum to exactly one, all other classes being lost to
    rounding. If the largest logit is the target's, its loss and its gradient are exactly zero. (Prieto et al. 2025,
    softmax collapse.)

    Parameters
    ----------
    logits : Tensor, shape (n, classes)
    dtype : torch.dtype, optional
        Precision in which the softmax is computed; default: that of the logits.

    Returns
    -------
    float64 Tensor
        Scalar in [0, 1].

    Examples
    --------
    >>> import torch
    >>> print(float(softmax_collapse(torch.tensor([[20.0, 0.0], [10.0, 0.0]]))))
    0.5
    >>> print(float(softmax_collapse(torch.tensor([[20.0, 0.0], [10.0, 0.0]]), dtype=torch.float64)))
    0.0
    """
    values = logits if dtype is None else logits.to(dtype)
    total = (values - values.amax(-1, keepdim=True)).exp().sum(-1)
    return (total == 1).double().mean()


@measure(low=0, paper="085")
def logit_scale(logits: Tensor) -> Tensor:
    """Root mean square of the logits, each example's mean taken out, since it changes no probability.

    Parameters
    ----------
    logits : Tensor, shape (n, classes)

    Returns
    -------
    float64 Tensor
        Scalar from 0 up.

    Examples
    --------
    >>> import torch
    >>> print(float(logit_scale(torch.tensor([[3.0, 1.0], [9.0, 7.0]]))))
    1.0
    """
    values = logits.double()
    return (values - values.mean(-1, keepdim=True)).square().mean().sqrt()


@measure(low=-1, high=1, paper="085")
def scaling_alignment(parameters: Mapping[str, Tensor], gradients: Mapping[str, Tensor]) -> Tensor:
    """Cosine between the direction of descent and the weights, both as one long vector.

    Near one, a step of gradient descent does little but scale the weights up, and with them, in a network without
    biases, the logits. (Prieto et al. 2025, naive loss minimization.)

    Parameters
    ----------
    parameters, gradients : mapping of str to Tensor
        The weights and the loss's gradients, by name, with the same shapes.

    Returns
    -------
    float64 Tensor
        Scalar in [-1, 1]; ``nan`` if the gradients or the weights are all exactly zero, which have no direction.

    Examples
    --------
    >>> import torch
    >>> print(float(scaling_alignment({"w": torch.tensor([1.0, 0.0])}, {"w": torch.tensor([-3.0, 4.0])})))
    0.6
    """
    weights = _flat([parameters[name] for name in gradients])
    gradient = _flat(list(gradients.values()))
    return -(weights * gradient).sum() / (weights.square().sum().sqrt() * gradient.square().sum().sqrt())


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    import torch

    return torch.cat([tensor.double().flatten() for tensor in tensors])
