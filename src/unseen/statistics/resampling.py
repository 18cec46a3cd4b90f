"""The bootstrap over seeds, and over seeds and then instances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf, nan
from operator import index
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from unseen.statistics._inputs import (
    ALL_EQUAL,
    ONE_VALUE,
    Array,
    all_equal,
    as_sample,
    as_tuple,
    check_level,
    missing,
)
from unseen.statistics.interval import Interval

BLOCK_ELEMENTS = 2_000_000
"""Values drawn at once: 16 MB, enough that a sample of seeds is resampled in a single block."""


def bootstrap(
    statistic: Callable[..., Any],
    *samples: ArrayLike,
    paired: bool = True,
    method: Literal["percentile", "bca"] = "percentile",
    level: float = 0.9,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Bootstrap interval of any statistic of one sample or several.

    With few seeds a bootstrap interval is too narrow, since resamples vary less than fresh samples would. For the
    mean of five normal values, nominally 90 % intervals cover in 78 % (percentile) and 79 % (BCa) of the cases; for
    twenty values in 88 % and 87 %. Where a Student t interval answers the question (`mean`, `paired_difference`,
    `geometric_mean_ratio`, `slope`), it is exact there and should be used.

    Parameters
    ----------
    statistic : callable
        ``statistic(*samples, axis=-1)`` reduces the last axis of arrays of shapes (n,) and (resamples, n), as
        ``np.mean`` and ``np.median`` do.
    *samples : array_like of float, shape (n,)
        One value per seed. ``nan`` leaves the result undetermined; infinite values are passed on to the statistic.
    paired : bool
        Whether several samples are paired by seed and resampled together; they are then of equal length.
    method : {"percentile", "bca"}
        Quantiles of the resampled statistics, or the same corrected for bias and acceleration.
    level : float
        Confidence level in (0, 1).
    resamples : int
        Number of resamples.
    seed : int
        Seed of the resampling, from 0 up.

    Returns
    -------
    Interval
        `values` holds the sample if it is the only one. A resample in which the statistic is ``nan`` counts against
        both ends: as below the low one and above the high one.

    Raises
    ------
    ValueError
        If there is no sample, one is empty, paired lengths differ, the statistic does not reduce the last axis, or
        an option is out of range.

    References
    ----------
    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), sections 13.3 and 14.3; for BCa of several
    samples Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 5.3.2.

    Examples
    --------
    >>> print(bootstrap(np.median, [3.0, 1.0, 4.0, 1.5, 9.0]))
    3 [1, 9]
    >>> both = bootstrap(lambda a, b, axis: a.mean(axis) / b.mean(axis), [2.0, 4.0, 6.0], [1.0, 2.0, 3.0])
    >>> both.low == both.high == 2
    True
    """
    arrays = [as_sample(sample, f"sample {number}") for number, sample in enumerate(samples, 1)]
    if not arrays:
        raise ValueError("bootstrap needs at least one sample")
    sizes = [array.size for array in arrays]
    if paired and len(set(sizes)) > 1:
        raise ValueError(f"paired samples must be of equal length, not {sizes}")
    if method not in ("percentile", "bca"):
        raise ValueError(f"method must be 'percentile' or 'bca', not {method!r}")
    name = "percentile" if method == "percentile" else "BCa"
    counted = f"{sizes[0]}" if paired else " and ".join(map(str, sizes))
    made = partial(
        Interval,
        level=check_level(level),
        method=f"{name} bootstrap, n = {counted}",
        values=as_tuple(arrays[0]) if len(arrays) == 1 else (),
    )
    if note := missing(*arrays):
        return made(nan, nan, nan, note=note)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = float(statistic(*arrays, axis=-1))
    if np.isnan(estimate):
        return made(nan, nan, nan, note="the statistic is undefined on the sample")
    if min(sizes) == 1:
        return made(estimate, -inf, inf, note=ONE_VALUE)
    if all(all_equal(array) for array in arrays):
        return made(estimate, estimate, estimate, note=ALL_EQUAL)
    found = resampled(statistic, arrays, paired=paired, resamples=resamples, seed=seed)
    shares = ((1 - level) / 2, (1 + level) / 2)
    if method == "bca":
        shares = _bca_shares(statistic, arrays, paired, estimate, found, shares)
    if np.isnan(shares).any():
        return made(estimate, -inf, inf, note="BCa is undefined here: use the percentile method")
    return made(estimate, *quantiles(found, *shares), note=_undefined(found))


def clustered_bootstrap(
    values: ArrayLike,
    clusters: ArrayLike,
    *,
    statistic: Callable[..., Any] = np.mean,
    level: float = 0.9,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Percentile bootstrap of scores that come in clusters: seeds are resampled, then the instances within each.

    For a comparison of two conditions on the same seeds and instances, pass the differences of their scores. With
    few clusters it is too narrow (80 % instead of 90 % for five seeds of 20 instances, when half of the variance
    lies between seeds); `mean` of the scores per seed has the right level there. With many clusters it is slightly
    too wide, since the spread within clusters is counted twice.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        One score per instance. ``nan`` leaves the result undetermined; infinite values go on to the statistic.
    clusters : array_like, shape (n,)
        The cluster of each score, usually its seed. Clusters may be of different sizes.
    statistic : callable
        ``statistic(values, axis=-1)`` reduces the last axis of arrays of shapes (n,) and (resamples, n).
    level : float
        Confidence level in (0, 1).
    resamples : int
        Number of resamples.
    seed : int
        Seed of the resampling, from 0 up.

    Returns
    -------
    Interval
        `values` holds the statistic of each cluster, in ascending order of the cluster labels.

    Raises
    ------
    ValueError
        If there are no values, lengths differ, the statistic does not reduce the last axis, or an option is out of
        range.

    References
    ----------
    Davison and Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.
    """
    sample, labels = as_sample(values), np.asarray(clusters)
    if labels.shape != sample.shape:
        raise ValueError(f"values and clusters must be of equal length, not {sample.shape} and {labels.shape}")
    _, membership, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    grouped = np.split(sample[np.argsort(membership, kind="stable")], np.cumsum(sizes)[:-1])
    made = partial(
        Interval,
        level=check_level(level),
        method=f"clustered percentile bootstrap, {sizes.size} clusters, n = {sample.size}",
    )
    if note := missing(sample):
        return made(nan, nan, nan, note=note)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = partial(made, values=tuple(float(statistic(group, axis=-1)) for group in grouped))
        estimate = float(statistic(sample, axis=-1))
    if np.isnan(estimate):
        return made(nan, nan, nan, note="the statistic is undefined on the sample")
    if sizes.size == 1:
        return made(estimate, -inf, inf, note="1 cluster: no interval")
    if all_equal(sample):
        return made(estimate, estimate, estimate, note=ALL_EQUAL)
    found = _resampled_in_clusters(statistic, grouped, resamples, seed)
    return made(estimate, *quantiles(found, (1 - level) / 2, (1 + level) / 2), note=_undefined(found))


def resampled(
    statistic: Callable[..., Any], samples: Sequence[Array], *, paired: bool, resamples: int, seed: int
) -> Array:
    """The statistic of each resample, shape (resamples,).

    The same seed and lengths draw the same members, so that several statistics can be resampled alike.
    """
    generator, parts = np.random.default_rng(index(seed)), []
    for count in _blocks(resamples, sum(sample.size for sample in samples)):
        if paired:
            members = generator.integers(samples[0].size, size=(count, samples[0].size))
            drawn = [sample[members] for sample in samples]
        else:
            drawn = [sample[generator.integers(sample.size, size=(count, sample.size))] for sample in samples]
        parts.append(_reduce(statistic, drawn))
    return np.concatenate(parts)


def quantiles(found: Array, low_share: float, high_share: float) -> tuple[float, float]:
    """The ends of the interval between two quantiles, undefined resamples counted against both ends."""
    undefined = np.isnan(found)
    # Order statistics instead of interpolation: between an infinite and a finite value there is nothing.
    low = np.quantile(np.where(undefined, -inf, found), low_share, method="lower")
    high = np.quantile(np.where(undefined, inf, found), high_share, method="higher")
    return float(low), float(high)


def _blocks(resamples: int, width: int) -> Iterator[int]:
    left = index(resamples)
    if left < 1:
        raise ValueError(f"resamples must be at least 1, not {resamples}")
    size = max(1, BLOCK_ELEMENTS // width)
    while left > 0:
        yield min(left, size)
        left -= size


def _reduce(statistic: Callable[..., Any], drawn: Sequence[Array]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        reduced = np.asarray(statistic(*drawn, axis=-1), dtype=np.float64)
    if reduced.shape != drawn[0].shape[:1]:
        raise ValueError(
            f"the statistic must reduce the last axis: it made shape {reduced.shape} of shape {drawn[0].shape}"
        )
    return reduced


def _resampled_in_clusters(statistic: Callable[..., Any], groups: Sequence[Array], resamples: int, seed: int) -> Array:
    generator, parts = np.random.default_rng(index(seed)), []
    pool = np.concatenate(groups)
    sizes = np.array([group.size for group in groups])
    starts = np.cumsum(sizes) - sizes
    for count in _blocks(resamples, sizes.max() * sizes.size):
        chosen = generator.integers(sizes.size, size=(count, sizes.size))
        lengths = sizes[chosen].sum(axis=1)
        cluster_of_draw = np.repeat(chosen.ravel(), sizes[chosen].ravel())
        drawn = pool[starts[cluster_of_draw] + generator.integers(sizes[cluster_of_draw])]
        first = np.cumsum(lengths) - lengths
        block = np.empty(count)
        # Clusters of different sizes give resamples of different lengths: those of equal length go together.
        for length in np.unique(lengths):
            rows: NDArray[np.bool_] = lengths == length
            block[rows] = _reduce(statistic, [drawn[first[rows, None] + np.arange(length)]])
        parts.append(block)
    return np.concatenate(parts)


def _bca_shares(
    statistic: Callable[..., Any],
    samples: Sequence[Array],
    paired: bool,
    estimate: float,
    found: Array,
    shares: tuple[float, float],
) -> tuple[float, float]:
    """Where to read the resampled statistics instead of at `shares`; ``nan`` where the correction is undefined."""
    defined = found[~np.isnan(found)]
    bias = ndtri(np.mean(defined < estimate) / 2 + np.mean(defined <= estimate) / 2)
    with np.errstate(invalid="ignore"):
        influences = [
            (left_out.size - 1) / left_out.size * (left_out.mean() - left_out)
            for left_out in _jackknife(statistic, samples, paired)
        ]
        # The acceleration has no unit: brought to size one, its cubes neither underflow nor overflow.
        largest = max(float(np.abs(influence).max()) for influence in influences)
        parts = [influence / (largest or 1.0) for influence in influences]
    cubes = sum(float((part**3).sum()) for part in parts)
    squares = sum(float((part**2).sum()) for part in parts)
    acceleration = cubes / (6 * squares**1.5) if largest != 0 else 0.0
    with np.errstate(invalid="ignore"):
        shifted = bias + ndtri(np.array(shares))
        low, high = ndtr(bias + shifted / (1 - acceleration * shifted))
    return float(low), float(high)


def _jackknife(statistic: Callable[..., Any], samples: Sequence[Array], paired: bool) -> Iterator[Array]:
    """The statistic with one member left out: of all samples at once if paired, else of each in turn."""

    def without_one(sample: Array) -> Array:
        kept = ~np.eye(sample.size, dtype=bool)
        return np.broadcast_to(sample, kept.shape)[kept].reshape(sample.size, sample.size - 1)

    if paired:
        yield _reduce(statistic, [without_one(sample) for sample in samples])
        return
    for number, sample in enumerate(samples):
        shortened = without_one(sample)
        others = [np.broadcast_to(other, (sample.size, other.size)) for other in samples]
        yield _reduce(statistic, [*others[:number], shortened, *others[number + 1 :]])


def _undefined(found: Array) -> str:
    count = int(np.isnan(found).sum())
    return f"statistic undefined in {count} of {found.size} resamples" if count else ""
