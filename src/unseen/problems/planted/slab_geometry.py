"""One coordinate that tells a class: intervals on [-1, 1] that alternate between class 0 and class 1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MASSES: Mapping[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    2: ((1, 0), (0, 1)),
    3: ((0, 1, 0), (1 / 2, 0, 1 / 2)),
    5: ((1 / 8, 0, 3 / 4, 0, 1 / 8), (0, 1 / 2, 0, 1 / 2, 0)),
    7: ((0, 1 / 4, 0, 1 / 2, 0, 1 / 4, 0), (1 / 16, 0, 7 / 16, 0, 7 / 16, 0, 1 / 16)),
}
"""Number of intervals -> probability of each for class 0 and for class 1, from left to right.

Two intervals are a linear feature, an odd number k a k-slab, which k - 1 thresholds tell apart. The masses are those of
Shah et al. 2020 (section 3 and appendix A): 3/4 of class 0 in the middle of the 5-slab, 7/8 of class 1 in the inner
pair of the 7-slab."""


def spacing(intervals: int, margin: float) -> float:
    """Distance between the centres of neighbouring intervals, whose gaps are twice the margin wide."""
    return slab_width(intervals, margin) + 2 * margin


def slab_width(intervals: int, margin: float) -> float:
    """Width of each of the equal intervals that fill [-1, 1] but for the gaps; 0 or less if the margin is too large."""
    return (2 - 2 * margin * (intervals - 1)) / intervals


def draw_coordinates(
    generator: np.random.Generator, classes: NDArray[np.int64], count: int, intervals: int, margin: float
) -> Array:
    """Coordinates that tell the classes, independent of one another given the class.

    Parameters
    ----------
    generator : numpy.random.Generator
        Where randomness comes from.
    classes : int64 array, shape (n,)
        0 or 1.
    count : int
        Number of coordinates.
    intervals : int
        2, 3, 5 or 7.
    margin : float
        Half the width of a gap.

    Returns
    -------
    float64 array, shape (n, count)
        Uniform within an interval that is drawn by `MASSES`.
    """
    shape = (len(classes), count)
    which = generator.random(shape)
    chosen = np.empty(shape, np.int64)
    for label, masses in enumerate(MASSES[intervals]):
        rows = classes == label
        chosen[rows] = np.searchsorted(np.cumsum(masses)[:-1], which[rows], side="right")
    left = chosen * spacing(intervals, margin) - 1
    return np.asarray(left + slab_width(intervals, margin) * generator.random(shape))


def read_classes(coordinates: Array, intervals: int, margin: float) -> NDArray[np.int64]:
    """The class that each coordinate tells: that of the nearest interval, 0 or 1, in the same shape.

    Examples
    --------
    >>> read_classes(np.array([-0.9, -0.4, 0.0, 0.4, 0.9]), 5, 0.1).tolist()
    [0, 1, 0, 1, 0]
    """
    centres = -1 + slab_width(intervals, margin) / 2 + spacing(intervals, margin) * np.arange(intervals)
    nearest = np.abs(coordinates[..., None] - centres).argmin(axis=-1)
    positive = np.array([mass > 0 for mass in MASSES[intervals][1]])
    return np.asarray(positive[nearest], dtype=np.int64)
