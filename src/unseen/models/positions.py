"""Positions inside attention: rotations, linear biases, and learned vectors per distance."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def rotated(vectors: Tensor, slots: Tensor) -> Tensor:
    r"""Turn pairs of entries by angles proportional to position (Su et al. 2021, equation 15).

    Entries i and i + half form a pair, turned by the angle :math:`s \cdot 10000^{-i/half}` at position s: the scalar
    product of a turned query and a turned key depends on the difference of their positions alone.

    Parameters
    ----------
    vectors : Tensor, shape (..., length, 2 half)
    slots : int64 Tensor, shape (length,)
        Positions.

    Returns
    -------
    Tensor, shape (..., length, 2 half)
    """
    cosine, sine = rotations(slots, vectors.shape[-1] // 2, vectors.dtype)
    return turned(vectors, cosine, sine)


def rotations(slots: Tensor, half: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the angles of `rotated`, each (length, half)."""
    rates = torch.exp(torch.arange(half, device=slots.device, dtype=dtype) * (-math.log(10_000.0) / half))
    angles = slots[:, None] * rates
    return angles.cos(), angles.sin()


def turned(vectors: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn pairs of entries by angles of known cosines and sines, broadcastable to (..., length, half)."""
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


def linear_bias(heads: int, distances: Tensor) -> Tensor:
    r"""Penalties that grow with distance (Press, Smith and Lewis 2022, section 3).

    Parameters
    ----------
    heads : int
        Number H of heads; head h = 1..H has the slope :math:`2^{-8h/H}`.
    distances : int64 Tensor, shape (length, keys)
        Position of the query less that of the key.

    Returns
    -------
    float32 Tensor, shape (heads, length, keys)
        Slope times distance, with a minus sign: far tokens count less.
    """
    slopes = torch.exp2(-8.0 / heads * torch.arange(1, heads + 1, device=distances.device))
    return -slopes[:, None, None] * distances


def relative_bias(query: Tensor, table: Tensor, distances: Tensor) -> Tensor:
    """Scores of queries with a learned vector per distance (Shaw, Uszkoreit and Vaswani 2018, equation 5).

    Parameters
    ----------
    query : Tensor, shape (n, heads, length, size)
    table : Tensor, shape (clip + 1, size)
        Vectors of the distances 0 to clip; all larger distances use the last.
    distances : int64 Tensor, shape (length, keys)
        Position of the query less that of the key; negative ones are taken as 0.

    Returns
    -------
    Tensor, shape (n, heads, length, keys)
        Scalar products divided by the root of `size`.
    """
    products = query @ table.transpose(0, 1) / math.sqrt(query.shape[-1])
    chosen = distances.clamp(0, table.shape[0] - 1)
    return products.gather(-1, chosen.expand(*products.shape[:-1], chosen.shape[-1]))
