"""What all estimators share: checking their input, and the words for what keeps them from an interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

ONE_VALUE = "n = 1: no interval"
ALL_EQUAL = "all values equal"

Array = NDArray[np.float64]


def as_sample(values: ArrayLike, name: str = "values") -> Array:
    """One-dimensional float64 array of at least one value.

    Raises
    ------
    ValueError
        If `values` is empty or not one-dimensional.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1:
        raise ValueError(f"{name} must have shape (n,), not {sample.shape}")
    if sample.size == 0:
        raise ValueError(f"{name} must hold at least one value")
    return sample


def as_pairs(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array]:
    """Two samples of equal length, paired by position.

    Raises
    ------
    ValueError
        If either is empty or not one-dimensional, or their lengths differ.
    """
    first, second = as_sample(a, "a"), as_sample(b, "b")
    if first.size != second.size:
        raise ValueError(f"a and b are paired and must be of equal length, not {first.size} and {second.size}")
    return first, second


def check_level(level: float) -> float:
    """The level itself, if it lies in (0, 1).

    Raises
    ------
    ValueError
        If it does not.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), not {level}")
    return float(level)


def check_not_negative(sample: Array, name: str) -> None:
    """Refuse samples that a ratio or a logarithm makes no sense of.

    Raises
    ------
    ValueError
        If a value is negative.
    """
    if (sample < 0).any():
        raise ValueError(f"{name} must not be negative, but holds {float(np.nanmin(sample))}")


def as_tuple(sample: Array) -> tuple[float, ...]:
    """The values as plain floats, for `Interval.values`."""
    return tuple(sample.ravel().tolist())


def missing(*samples: Array) -> str:
    """Empty, or how many values are ``nan``."""
    return _count(samples, np.isnan, "nan")


def not_finite(*samples: Array) -> str:
    """Empty, or how many values are ``nan`` or else infinite."""
    return missing(*samples) or _count(samples, np.isinf, "infinite")


def not_positive_and_finite(*samples: Array) -> str:
    """Empty, or how many values are ``nan``, infinite or zero: those without a logarithm."""
    return not_finite(*samples) or _count(samples, lambda sample: sample == 0, "zero")


def _count(samples: tuple[Array, ...], is_bad: Callable[[Array], NDArray[np.bool_]], word: str) -> str:
    bad = sum(int(is_bad(sample).sum()) for sample in samples)
    return f"{bad} of {sum(sample.size for sample in samples)} values {word}" if bad else ""


def all_equal(sample: Array) -> bool:
    """Whether all values are the same, bit for bit."""
    return bool((sample == sample[0]).all())
