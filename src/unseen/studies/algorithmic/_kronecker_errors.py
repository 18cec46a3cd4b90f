"""Errors of polynomial third-order attention, and what either method counts in multiplications."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from unseen.contracts.problem import random_stream
from unseen.models.third_order_attention import (
    attention_error_bound,
    polynomial_third_order_attention,
    third_order_attention,
)

ROUNDING = 1e-12
"""By how much an error may exceed the proven bound, which is not about rounding."""


def uniform_entries(n: int, columns: int, bound: float, seed: int) -> list[Tensor]:
    """Draw queries and two sorts of keys with entries in [-bound, bound], two sorts of values with entries in [-1, 1].

    Returns
    -------
    list of five float64 Tensors, each of shape (n, columns)
    """
    drawn = random_stream("kronecker-attention", n, columns, seed).uniform(-1, 1, size=(5, n, columns))
    drawn[:3] *= bound
    return list(torch.from_numpy(drawn).unbind(0))


def aligned_entries(n: int, columns: int, bound: float, seed: int) -> list[Tensor]:
    """Entries of the same sizes, arranged for the largest scores possible and for values that do not average out.

    All queries and second keys are `bound` everywhere; a first key and its value are `bound` and 1 everywhere, or, with
    probability one half, minus these. Scores are thus plus or minus the cube of `bound`, and outputs are the surplus of
    weight on one of the signs.

    Returns
    -------
    list of five float64 Tensors, each of shape (n, columns)
    """
    signs = random_stream("kronecker-attention-signs", n, columns, seed).choice([-1.0, 1.0], size=(n, 1))
    ones = torch.ones(n, columns, dtype=torch.float64)
    signed = torch.from_numpy(signs) * ones
    return [bound * ones, bound * signed, bound * ones, signed, ones]


def largest_error(tensors: Sequence[Tensor], exact: Tensor, degree: int) -> float:
    """Largest absolute difference between the polynomial's output and the exact one."""
    query, first_key, second_key, first_value, second_value = tensors
    found = polynomial_third_order_attention(query, first_key, second_key, first_value, second_value, degree=degree)
    return float((found - exact).abs().max())


def measured_errors(
    bound: float, *, lengths: Sequence[int], degrees: Sequence[int], columns: int, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Measure errors for every length and degree, for uniform and for aligned entries.

    Parameters
    ----------
    bound : float
        Largest entry of queries and keys.
    lengths, degrees : sequence of int
    columns : int
        Columns d of queries, keys and values.
    seed : int

    Returns
    -------
    metrics : dict
        For each degree g: ``error_degree_g`` at the last of the lengths, ``worst_error_degree_g`` over all of them,
        ``aligned_error_degree_g`` at the last length for aligned entries. ``bound_exceeded``: how many of all errors
        are larger than what is proven.
    curve : dict of lists
        ``n``, and ``degree_g`` for each degree: the errors with uniform entries.
    """
    errors: dict[str, list[float]] = {"n": list(map(float, lengths)), **{f"degree_{g}": [] for g in degrees}}
    metrics: dict[str, float] = {"bound_exceeded": 0.0}
    for n in lengths:
        for arrangement, prefix in ((uniform_entries, ""), (aligned_entries, "aligned_")):
            tensors = arrangement(n, columns, bound, seed)
            exact = third_order_attention(*tensors)
            largest = float((tensors[3].abs().amax(0) * tensors[4].abs().amax(0)).max())
            for degree in degrees:
                error = largest_error(tensors, exact, degree)
                metrics["bound_exceeded"] += error > attention_error_bound(bound, degree) * largest + ROUNDING
                metrics[f"{prefix}error_degree_{degree}"] = error
                if not prefix:
                    errors[f"degree_{degree}"].append(error)
    for degree in degrees:
        metrics[f"worst_error_degree_{degree}"] = max(errors[f"degree_{degree}"])
    return metrics, errors


def crossover(bounds: Sequence[float], errors: Sequence[float], tolerance: float) -> float:
    """Up to which size of entries an error stays within a tolerance: the first crossing, on a line in logarithms.

    Parameters
    ----------
    bounds, errors : sequence of float
        Sizes, positive and ascending, and the positive error at each.
    tolerance : float

    Returns
    -------
    float
        ``nan`` where the first error exceeds the tolerance already, ``inf`` where none does: it lies outside.
    """
    above = [error > tolerance for error in errors]
    if not any(above):
        return math.inf
    first = above.index(True)
    if first == 0:
        return math.nan
    log_errors, log_bounds = (np.log(np.asarray(v[first - 1 : first + 1], dtype=np.float64)) for v in (errors, bounds))
    return float(np.exp(np.interp(math.log(tolerance), log_errors, log_bounds)))


@lru_cache
def multiplications(n: int, columns: int, degree: int | None) -> int:
    """Count what a method multiplies, divides and exponentiates for n tokens; no number is computed.

    Parameters
    ----------
    n, columns : int
        Tokens, and columns of queries, keys and values.
    degree : int, optional
        Of the polynomial; None for the exact method.
    """
    aten = torch.ops.aten
    tensors = torch.empty(5, n, columns, device="meta").unbind(0)
    entries: dict[Any, Callable[..., int]] = {aten.mul: _entries, aten.div: _entries, aten._softmax: _twice_entries}
    with FlopCounterMode(display=False, custom_mapping=entries) as counter:
        if degree is None:
            third_order_attention(*tensors)
        else:
            polynomial_third_order_attention(*tensors, degree=degree)
    counts = counter.get_flop_counts()["Global"]
    # The counter takes each product of a matrix product twice, once for the addition.
    return sum(count if operation in entries else count // 2 for operation, count in counts.items())


def _entries(*_: Any, out_shape: Sequence[int], **__: Any) -> int:
    return math.prod(out_shape)


def _twice_entries(*_: Any, out_shape: Sequence[int], **__: Any) -> int:
    """An exponential and a division for each entry of a softmax."""
    return 2 * math.prod(out_shape)
