"""A two-layer network with a quadratic activation that reads a pair of residues, as studies of modular addition use.

References
----------
Doshi, Das, He, Gromov (2023), "To grok or not to grok: disentangling generalization and memorization on corrupted
algorithmic datasets", section 2; initialization and the places of dropout and normalization as in the authors' code,
https://github.com/d-doshi/Grokking (``utils/models.py``, commit 0b4335f).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

Norm = Literal["none", "batch"]


class QuadraticMLP(nn.Module):
    """``logits = W2 (W1 x)^2`` for x the one-hot vectors of a and b set end to end; no biases.

    The first layer is kept as two tables of one row per residue, U for a and V for b, so that
    ``W1 x = U[a] + V[b]`` is looked up instead of multiplied out.

    Parameters
    ----------
    modulus : int
        Number p of residues, at least 2: a and b lie in 0..p-1, and there are p logits.
    width : int
        Number N of hidden units, at least 1.
    norm : {"none", "batch"}
        ``"batch"`` normalizes the squared units over the batch, with a learned scale and shift, before the second
        layer. The statistics are those of the batch given, or of `population` where that is given: no running
        averages are kept.

    Notes
    -----
    Weights are drawn from N(0, sigma^2), ``sigma = 0.5 / (2 N)^(1/3)``, so that the logits are of order one whatever
    the width. Dropout acts on the first layer's output *before* the square; its mask is an input, so that a run is
    reproducible seed by seed.

    Examples
    --------
    >>> model = QuadraticMLP(modulus=5, width=8)
    >>> model(torch.tensor([[1, 2], [4, 4]])).shape
    torch.Size([2, 5])
    """

    def __init__(self, *, modulus: int, width: int, norm: Norm = "none"):
        super().__init__()
        if modulus < 2:
            raise ValueError(f"the modulus is a whole number from 2 up, not {modulus}")
        if width < 1:
            raise ValueError(f"the width is a whole number from 1 up, not {width}")
        if norm not in ("none", "batch"):
            raise ValueError(f"norm is 'none' or 'batch', not {norm!r}")
        self.modulus, self.width, self.norm = modulus, width, norm
        sigma = 0.5 / (2 * width) ** (1 / 3)
        self.U = nn.Parameter(sigma * torch.randn(modulus, width))
        self.V = nn.Parameter(sigma * torch.randn(modulus, width))
        self.W = nn.Parameter(sigma * torch.randn(modulus, width))
        if norm == "batch":
            self.scale = nn.Parameter(torch.ones(width))
            self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, pairs: Tensor, *, mask: Tensor | None = None, population: Tensor | None = None) -> Tensor:
        """Compute the logits.

        Parameters
        ----------
        pairs : int64 Tensor, shape (n, 2)
            a and b of each example.
        mask : Tensor, shape (n, width), optional
            Dropout: 0 where a unit is dropped, ``1 / keep`` where it is kept.
        population : int64 Tensor, shape (m, 2), optional
            With ``norm="batch"``: the examples over which the statistics are taken; default `pairs` themselves. Give
            the training examples when evaluating.

        Returns
        -------
        Tensor, shape (n, modulus)
        """
        hidden = self.hidden(pairs, mask=mask)
        if self.norm == "batch":
            reference = hidden if population is None else self.hidden(population)
            hidden = self.normalized(hidden, reference)
        return functional.linear(hidden, self.W)

    def hidden(self, pairs: Tensor, *, mask: Tensor | None = None) -> Tensor:
        """The squared units before normalization, shape (n, width)."""
        preactivation = functional.embedding(pairs[:, 0], self.U) + functional.embedding(pairs[:, 1], self.V)
        if mask is not None:
            preactivation = preactivation * mask
        return preactivation * preactivation

    def normalized(self, hidden: Tensor, reference: Tensor) -> Tensor:
        """`hidden` with mean and variance of `reference` taken out unit by unit, then scaled and shifted."""
        variance, mean = torch.var_mean(reference, dim=0, correction=0)
        return (hidden - mean) * torch.rsqrt(variance + 1e-5) * self.scale + self.shift
