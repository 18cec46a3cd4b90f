"""Losses and scores that can be batched over lanes (`torch.nn.functional.one_hot` cannot)."""

from __future__ import annotations

import torch
from torch import Tensor


def one_hot_squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean over examples and classes of the squared difference between logits and one-hot targets.

    Equals ``torch.nn.functional.mse_loss(logits, one_hot(targets))``, but can be batched by `torch.func.vmap`.

    Parameters
    ----------
    logits : Tensor, shape (n, classes)
    targets : int64 Tensor, shape (n,)
        Classes from 0 up; a target outside the classes counts as all zeros.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> one_hot_squared_error(torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([0, 1]))
    tensor(0.2500)
    """
    classes = torch.arange(logits.shape[-1], device=logits.device)
    error = logits - (targets[..., None] == classes).to(logits.dtype)
    return (error * error).mean()


def accuracy(logits: Tensor, targets: Tensor) -> Tensor:
    """Fraction of examples whose largest logit is at the target.

    Parameters
    ----------
    logits : Tensor, shape (n, classes)
    targets : int64 Tensor, shape (n,)

    Returns
    -------
    Tensor
        Scalar in [0, 1], float32; not differentiable.
    """
    return (logits.argmax(-1) == targets).float().mean()
