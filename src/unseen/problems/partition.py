"""Division of endless families into parts that share nothing, by a hash of each instance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream

Whole = TypeVar("Whole", bound=np.integer)
"""Any type of integers."""


def hashed_share(rows: NDArray[np.int64], *labels: Hashable) -> NDArray[np.float64]:
    """A number in [0, 1) per row that looks random but depends on the row and the labels alone.

    Splits that keep rows below and above a threshold share no row, without a list of what was drawn.

    Parameters
    ----------
    rows : int64 array, shape (n, k)
        Canonical forms: rows that count as the same instance must be equal.
    *labels
        What the hash depends on besides, usually ``(name, parameters, seed)``; see `random_stream`.

    Returns
    -------
    float64 array, shape (n,)

    Examples
    --------
    >>> shares = hashed_share(np.arange(10_000)[:, None], "example")
    >>> bool(abs(shares.mean() - 0.5) < 0.02)
    True
    """
    start = random_stream(*labels, "partition").integers(2**64, dtype=np.uint64)
    state = np.full(len(rows), start, dtype=np.uint64)
    for column in rows.astype(np.uint64).T:
        state = _mixed(state ^ _mixed(column + np.uint64(0x9E3779B97F4A7C15)))
    return (state >> np.uint64(11)).astype(np.float64) / 2**53


def hashed_text_share(texts: Sequence[str], *labels: Hashable) -> NDArray[np.float64]:
    """A number in [0, 1) per text that looks random but depends on the text and the labels alone.

    As `hashed_share`, for instances whose canonical form is a text.

    Parameters
    ----------
    texts : sequence of str
        Canonical forms.
    *labels
        What the hash depends on besides; see `random_stream`.

    Returns
    -------
    float64 array, shape (n,)

    Examples
    --------
    >>> shares = hashed_text_share([str(number) for number in range(2000)], "example")
    >>> bool(abs(shares.mean() - 0.5) < 0.03)
    True
    """
    key = random_stream(*labels, "partition").bytes(16)
    words = b"".join(hashlib.blake2b(text.encode(), digest_size=8, key=key).digest() for text in texts)
    return (np.frombuffer(words, dtype="<u8") >> np.uint64(11)).astype(np.float64) / 2**53


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finalizer of SplitMix64 (Steele, Lea and Flood 2014), a bijection of 64-bit words."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def drawn_where(
    draw: Callable[[int], NDArray[Whole]],
    keep: Callable[[NDArray[Whole]], NDArray[np.bool_]],
    count: int,
    *,
    share: float | None = None,
) -> NDArray[Whole]:
    """The first `count` rows that are drawn and kept.

    Parameters
    ----------
    draw : callable
        ``draw(count) -> rows``.
    keep : callable
        ``keep(rows) -> bool array``, which of them belong to the split.
    count : int
    share : float, optional
        How much of what is drawn is expected to be kept, so that few rows too many are drawn; unsaid, twice the number
        wanted are drawn at a time. Another share gives other rows.

    Returns
    -------
    integer array, shape (count, k)

    Raises
    ------
    RuntimeError
        If hardly any row is kept.
    """
    parts: list[NDArray[Whole]] = []
    kept = tried = 0
    while kept < count:
        rows = draw(2 * count if share is None else int(1.05 * (count - kept) / share) + 16)
        tried += len(rows)
        parts.append(rows[keep(rows)])
        kept += len(parts[-1])
        if tried > 1000 * (kept + count):
            raise RuntimeError(f"of {tried} instances drawn only {kept} belong to the split")
    return np.concatenate(parts)[:count]
