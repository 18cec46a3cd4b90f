"""How much precision a network needs to keep its accuracy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from unseen.contracts.measure import measure

if TYPE_CHECKING:
    from torch import Tensor, nn


def accuracy_by_bits(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    bits: tuple[int, ...],
    *,
    exponent_bits: int = 8,
    operations: bool = True,
) -> dict[int, float]:
    """Accuracy of a network that computes with few significand bits.

    Parameters
    ----------
    network : nn.Module
        Any classifier in float32 or float64; evaluated as it stands, without gradients.
    inputs : Tensor, shape (n, ...)
    targets : int64 Tensor, shape (n,)
    bits : tuple of int
        Stored significand bits, the implicit leading bit not counted.
    exponent_bits : int
        Width of the exponent; 8 has the range of float32.
    operations : bool
        Whether results of operations are rounded as well as weights; see `unseen.precision.networks.rounded_call`.

    Returns
    -------
    dict of int to float
        Share of examples whose largest output is that of the target. Outputs that are NaN are wrong.

    Raises
    ------
    ValueError
        If there are no examples, or not as many targets.
    """
    import torch

    from unseen.precision.formats import FloatFormat
    from unseen.precision.networks import rounded_call

    if not len(inputs) or targets.shape != inputs.shape[:1]:
        raise ValueError(f"as many targets as inputs are needed, not {tuple(targets.shape)} and {len(inputs)}")
    found = {}
    with torch.no_grad():
        for count in bits:
            outputs = rounded_call(network, inputs, to=FloatFormat(exponent_bits, count), operations=operations)
            right = (outputs.argmax(-1) == targets) & ~outputs.isnan().any(-1)
            found[count] = float(right.double().mean())
    return found


@measure(low=1, paper="155")
def bits_needed(
    network: nn.Module,
    inputs: Tensor,
    targets: Tensor,
    *,
    drop: float = 0.01,
    most: int = 23,
    exponent_bits: int = 8,
    operations: bool = True,
) -> float:
    """Fewest significand bits with which a network keeps its accuracy on given examples, within a drop.

    The network is evaluated as it is, then with ever fewer bits from `most` down; the first number of bits that costs
    more than `drop` ends it. Give the examples of one split; splits may need different numbers.

    Parameters
    ----------
    network : nn.Module
        Any classifier in float32 (or float64), a user's own too; in evaluation mode where that makes a difference.
    inputs : Tensor, shape (n, ...)
    targets : int64 Tensor, shape (n,)
    drop : float
        Accuracy that may be lost, as a share in [0, 1).
    most : int
        Stored significand bits to begin with: 23 changes nothing in float32.
    exponent_bits, operations
        As in `accuracy_by_bits`.

    Returns
    -------
    float
        Stored significand bits, the implicit leading bit not counted; infinite if even `most` are too few.

    Raises
    ------
    ValueError
        If `drop` or `most` is out of range, or the examples do not fit.

    Examples
    --------
    Telling 1.2 from 1.3 takes a grid finer than that between them: three bits round both to 1.25.

    >>> import torch
    >>> inputs = torch.tensor([[1.2, 1.3], [1.3, 1.2]])
    >>> bits_needed(torch.nn.Identity(), inputs, torch.tensor([1, 0]))
    4.0
    """
    import torch

    if not 0 <= drop < 1:
        raise ValueError(f"drop must lie in [0, 1), not {drop!r}")
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 52:
        raise ValueError(f"most must be a whole number from 1 to 52, not {most!r}")
    if not len(inputs) or targets.shape != inputs.shape[:1]:
        raise ValueError(f"as many targets as inputs are needed, not {tuple(targets.shape)} and {len(inputs)}")
    with torch.no_grad():
        whole = float((network(inputs).argmax(-1) == targets).double().mean())
    fewest = math.inf
    for count in range(most, 0, -1):
        found = accuracy_by_bits(
            network, inputs, targets, (count,), exponent_bits=exponent_bits, operations=operations
        )[count]
        # The difference of two shares may be a rounding more than a drop that it equals.
        if whole - found > drop + 1e-9:
            break
        fewest = float(count)
    return fewest
