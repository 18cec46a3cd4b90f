"""How far two samples of points are apart as distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure


@measure(low=0)
def energy_distance(first: ArrayLike, second: ArrayLike) -> float:
    r"""Energy distance :math:`2 E|X - Y| - E|X - X'| - E|Y - Y'|` between the distributions that two samples stand for.

    All pairs count, a point with itself among them, so that the value is never negative and 0 only for equal samples.
    Two samples of one distribution, n and m points, still have :math:`(1/n + 1/m) E|X - X'|` on average: compare values
    at equal sizes, or take their difference. In one dimension it is the square of `scipy.stats.energy_distance`.
    Szekely and Rizzo 2013, Energy statistics: a class of statistics based on distances.

    Parameters
    ----------
    first, second : array_like of float, shapes (n, d) and (m, d)
        The points, at least one each. Memory grows as n m.

    Returns
    -------
    float
        0 or more, in the unit of the coordinates.

    Raises
    ------
    ValueError
        If shapes do not fit, there are no points, or a coordinate is not finite.

    Examples
    --------
    >>> energy_distance([[0.0], [0.0]], [[1.0], [1.0]])
    2.0
    """
    from scipy.spatial.distance import cdist

    x, y = _points("first", first), _points("second", second)
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"points of {x.shape[1]} and of {y.shape[1]} dimensions cannot be compared")
    value = 2 * cdist(x, y).mean() - cdist(x, x).mean() - cdist(y, y).mean()
    # Rounding can take equal samples below zero.
    return max(0.0, float(value))


def _points(name: str, values: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 2 or not found.size:
        raise ValueError(f"{name} must have shape (points, dimensions), at least one of each, not {found.shape}")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} has a coordinate that is not finite")
    return found
