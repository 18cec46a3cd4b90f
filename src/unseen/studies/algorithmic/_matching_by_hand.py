"""A layer of third-order attention that marks all triples, its weights written down instead of learned."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unseen.models.third_order_attention import ThirdOrderAttention

CERTAINTY = 12.0
"""Difference of scores between a triple that adds up to zero and the threshold; its exponential is how surely."""

AT_A_TIME = 64
"""Sequences computed together, to bound memory."""


def wave_stream(values: Tensor, modulus: int) -> Tensor:
    """A blank element, then the residues as cosines and sines of all their multiples.

    Parameters
    ----------
    values : int64 Tensor, shape (n, length)
        Residues 0 to modulus - 1.
    modulus : int
        Odd, at least 3.

    Returns
    -------
    float64 Tensor, shape (n, length + 1, 2 modulus - 1)
        The first (modulus - 1) / 2 columns are cosines, as many follow with sines, the next tells the blank element,
        the rest is empty: a query needs four columns for each multiple.
    """
    multiples = torch.arange(1, (modulus - 1) // 2 + 1)
    angles = 2 * math.pi / modulus * (values[..., None] * multiples % modulus).double()
    stream = torch.zeros(len(values), values.shape[1] + 1, 2 * modulus - 1, dtype=torch.float64)
    stream[:, 1:, : modulus - 1] = torch.cat([angles.cos(), angles.sin()], dim=-1)
    stream[:, 0, modulus - 1] = 1
    return stream


def triple_layer(modulus: int) -> ThirdOrderAttention:
    r"""Weights with which an element's output is near 1 if it adds up to 0 with two others, and near 0 if not.

    The cosine of a sum of three angles is a sum of four products of cosines and sines, one factor from each element.
    Over all multiples of :math:`2 \pi / M` the cosines of a sum s add up to (M - 1) / 2 if s = 0 modulo M and to -1/2
    if not. The blank element has a score with itself half-way between and the value 0, all others the value 1: the
    output is the share of weight on pairs that fit.

    Parameters
    ----------
    modulus : int
        M, odd and at least 3; the layer's width is 2 M - 1, in one head.

    Raises
    ------
    ValueError
        If the modulus is even or below 3.
    """
    if modulus < 3 or modulus % 2 == 0:
        raise ValueError(f"the modulus must be odd and at least 3, not {modulus}")
    waves, width = (modulus - 1) // 2, 2 * modulus - 1
    columns = torch.eye(width, dtype=torch.float64)
    cosine, sine, blank = columns[:waves], columns[waves : 2 * waves], columns[2 * waves : 2 * waves + 1]
    nothing = torch.zeros(1, width, dtype=torch.float64)
    # Scores are divided by the width; between a triple that fits and one that does not they differ by half of M.
    gain = 4 * CERTAINTY * width / modulus
    layer = ThirdOrderAttention(width).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
        layer.inputs.weight[: 3 * width] = torch.cat(
            [
                *(gain * cosine, -gain * cosine, -gain * sine, -gain * sine, nothing),
                *(cosine, sine, cosine, sine, blank),
                *(cosine, sine, sine, cosine, blank),
            ]
        )
        layer.inputs.bias[width - 1] = gain * (waves - 0.5) / 2
        layer.inputs.bias[3 * width :] = 1
        layer.inputs.weight[3 * width :, 2 * waves] = -1
        layer.output.weight.copy_(columns)
    return layer


def marks_by_hand(values: NDArray[np.int64], modulus: int) -> NDArray[np.bool_]:
    """Mark the elements of triples that add up to zero, in sequences of up to 400 elements.

    Parameters
    ----------
    values : int64 array, shape (n, length)
        Residues 0 to modulus - 1.
    modulus : int
        Odd, at least 3.
    """
    layer = triple_layer(modulus)
    with torch.no_grad():
        outputs = [
            layer(wave_stream(torch.from_numpy(values[start : start + AT_A_TIME]), modulus))[:, 1:, 0]
            for start in range(0, len(values), AT_A_TIME)
        ]
    return (torch.cat(outputs) > 0.5).numpy()
