"""Cross-entropy on StableMax, a softmax that grows linearly, and on softmax itself in a chosen precision.

Softmax turns a lead of some 17 in the logits into a probability that float32 rounds to exactly one; the gradient of the
right class is then exactly zero. StableMax needs a ratio, not a difference, of that size, so it does not saturate.

On a model of one's own::

    from unseen.training import stablemax_cross_entropy
    loss = stablemax_cross_entropy(model(inputs), targets)
    loss.backward()
"""

from __future__ import annotations

import torch
from torch import Tensor


def stablemax(logits: Tensor) -> Tensor:
    r"""Probabilities :math:`s(x_i) / \sum_j s(x_j)`, with s(x) = x + 1 from zero up and 1 / (1 - x) below.

    (Prieto, Barsbey, Mediano & Birdal 2025, definition of StableMax.)

    Parameters
    ----------
    logits : floating Tensor, shape (..., classes)

    Returns
    -------
    Tensor, shape (..., classes)
        Positive, with sum one along the last axis.

    Examples
    --------
    >>> stablemax(torch.tensor([1.0, 0.0, -1.0]))
    tensor([0.5714, 0.2857, 0.1429])
    """
    scores = _scores(logits)
    return scores / scores.sum(-1, keepdim=True)


def stablemax_cross_entropy(logits: Tensor, targets: Tensor, *, dtype: torch.dtype | None = None) -> Tensor:
    """Mean over examples of minus the logarithm of the target's `stablemax` probability.

    Parameters
    ----------
    logits : floating Tensor, shape (n, classes)
    targets : int64 Tensor, shape (n,)
        Classes from 0 up.
    dtype : torch.dtype, optional
        Precision of all of the loss's arithmetic; default: that of the logits. The authors' code always uses float64.

    Returns
    -------
    Tensor
        Scalar of that precision. Can be batched by `torch.func.vmap`.

    Raises
    ------
    ValueError
        If shapes do not fit, or `dtype` is not a floating type.

    Examples
    --------
    >>> print(round(float(stablemax_cross_entropy(torch.tensor([[3.0, 0.0, -1.0]]), torch.tensor([0]))), 4))
    0.3185
    """
    probabilities = stablemax(_prepared(logits, targets, dtype))
    return -probabilities.gather(-1, targets[..., None]).log().mean()


def softmax_cross_entropy(logits: Tensor, targets: Tensor, *, dtype: torch.dtype | None = None) -> Tensor:
    """Mean cross-entropy on softmax, computed in a chosen precision.

    Parameters
    ----------
    logits : floating Tensor, shape (n, classes)
    targets : int64 Tensor, shape (n,)
        Classes from 0 up.
    dtype : torch.dtype, optional
        Precision of all of the loss's arithmetic; default: that of the logits.

    Returns
    -------
    Tensor
        Scalar of that precision. Can be batched by `torch.func.vmap`.

    Raises
    ------
    ValueError
        If shapes do not fit, or `dtype` is not a floating type.

    Examples
    --------
    >>> lead = torch.tensor([[20.0, 0.0]])
    >>> bool(softmax_cross_entropy(lead, torch.tensor([0])) == 0)
    True
    >>> print(f"{float(softmax_cross_entropy(lead, torch.tensor([0]), dtype=torch.float64)):.3g}")
    2.06e-09
    """
    logarithms = _prepared(logits, targets, dtype).log_softmax(-1)
    return -logarithms.gather(-1, targets[..., None]).mean()


def _scores(logits: Tensor) -> Tensor:
    # The branch not taken must stay finite, or its gradient, zero times infinity, would be nan.
    return torch.where(logits < 0, 1 / (1 - logits.clamp(max=0)), 1 + logits)


def _prepared(logits: Tensor, targets: Tensor, dtype: torch.dtype | None) -> Tensor:
    if logits.ndim != 2 or targets.shape != logits.shape[:1]:
        raise ValueError(
            f"logits (n, classes) and targets (n,) are needed, not {tuple(logits.shape)} and {tuple(targets.shape)}"
        )
    if dtype is not None and not dtype.is_floating_point:
        raise ValueError(f"a loss needs a floating type, not {dtype}")
    return logits if dtype is None else logits.to(dtype)
