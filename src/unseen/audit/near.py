"""Near-duplicates between splits: MinHash finds candidates, the shared shingles themselves decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream

SHINGLE = 3
"""Tokens (words, numbers, signs) in a row that make a shingle."""

THRESHOLD = 0.8
"""Share of shingles in common (Jaccard) from which two questions are near-duplicates."""

TEMPLATE_SHARE = 0.05
"""Shingles that stand in more than this share of all rows are the template, and left out."""

TEMPLATE_ROWS = 200
"""Rows from which on a template is looked for."""

FEWEST = 5
"""Shingles that a question must have, without the template, to be compared."""

BANDS, PER_BAND = 16, 4
"""Signature: 16 bands of 4 hashes find a pair of similarity 0.8 with probability 0.9998."""

NEIGHBOURS = 8
"""Rows of the same band value that each row is compared with, besides the first and the last one."""

_TOKEN = re.compile(r"\d+(?:\.\d+)?|\w+|[^\w\s]")


@dataclass(frozen=True)
class Near:
    """Near-duplicates between splits.

    Parameters
    ----------
    rows, others : array of int
        Each row that has one in another split, and the most similar one that was found.
    similarity : array of float
        Their share of shingles in common, from `THRESHOLD` to 1.
    too_short : array of bool
        Per row, whether it has too few shingles to be compared.
    """

    rows: NDArray[np.int64]
    others: NDArray[np.int64]
    similarity: NDArray[np.float64]
    too_short: NDArray[np.bool_]


def near_duplicates(texts: Sequence[str], splits: Sequence[int] | NDArray[Any]) -> Near:
    """Find the rows of which another split holds a near-duplicate.

    Each row is compared with at most `NEIGHBOURS` others per band, so a row whose near-duplicates are many may be
    missed, never one be made up: candidates count only if their shingles say so.

    Parameters
    ----------
    texts : sequence of str
        In canonical form, see `unseen.audit.canonical.canonical_text`; equal texts are near-duplicates too.
    splits : sequence of int
        The split of each row, as a number.

    References
    ----------
    Broder (1997), On the resemblance and containment of documents; banding as in Leskovec, Rajaraman and Ullman,
    Mining of Massive Datasets, section 3.4.

    Examples
    --------
    >>> words = "the quick brown fox jumps over the lazy dog and runs far away into the deep dark wood".split()
    >>> a, b = " ".join(words), " ".join([*words[:-1], "forest"])
    >>> near_duplicates([a, b, "an entirely different text of some length stands here"], [0, 1, 1]).rows.tolist()
    [0, 1]
    """
    groups = np.asarray(splits, dtype=np.int64)
    rows, shingles, kinds = _shingles(texts)
    if len(texts) >= TEMPLATE_ROWS:
        common = np.bincount(shingles, minlength=kinds) > TEMPLATE_SHARE * len(texts)
        kept = ~common[shingles]
        rows, shingles = rows[kept], shingles[kept]
    counts = np.bincount(rows, minlength=len(texts))
    long_enough = counts >= FEWEST
    kept = long_enough[rows]
    rows, shingles = rows[kept], shingles[kept]
    if not len(rows):
        nothing = np.empty(0, dtype=np.int64)
        return Near(nothing, nothing, np.empty(0), ~long_enough)
    pairs = _candidates(rows, shingles, groups)
    similarity = _similarities(pairs, rows, shingles, (len(texts), kinds), counts)
    found = similarity >= THRESHOLD
    both = np.concatenate([pairs[found], pairs[found][:, ::-1]])
    values = np.tile(similarity[found], 2)
    order = np.lexsort((both[:, 1], -values, both[:, 0]))
    both, values = both[order], values[order]
    first = np.ones(len(both), dtype=bool)
    first[1:] = both[1:, 0] != both[:-1, 0]
    return Near(both[first, 0], both[first, 1], values[first], ~long_enough)


def _shingles(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Row and shingle of each, every shingle once per row, ordered by row; and how many kinds there are."""
    known: dict[str, int] = {}
    ids = [[known.setdefault(token, len(known)) for token in _TOKEN.findall(text)] for text in texts]
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    flat = np.fromiter((token for row in ids for token in row), dtype=np.uint64, count=int(lengths.sum()))
    row = np.repeat(np.arange(len(texts)), lengths)
    if len(flat) < SHINGLE:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), 0
    size = len(flat) - SHINGLE + 1
    hashed = np.zeros(size, dtype=np.uint64)
    for offset in range(SHINGLE):
        hashed = hashed * np.uint64(0x9E3779B97F4A7C15) + flat[offset : offset + size] + np.uint64(1)
        hashed ^= hashed >> np.uint64(29)
    within = row[:size] == row[SHINGLE - 1 :]
    kinds, shingle = np.unique(hashed[within], return_inverse=True)
    pair = np.unique(row[:size][within] * len(kinds) + shingle)
    return pair // len(kinds), pair % len(kinds), len(kinds)


def _candidates(rows: NDArray[np.int64], shingles: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of rows of different splits that agree in a band of their signatures; shape (m, 2)."""
    stream = random_stream("near-duplicates")
    starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
    members = rows[starts]
    values = shingles.astype(np.uint64) * np.uint64(0xBF58476D1CE4E5B9) + np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    shuffled = stream.permutation(len(members))
    found = []
    for _ in range(BANDS):
        key = np.zeros(len(members), dtype=np.uint64)
        for _ in range(PER_BAND):
            factor, shift = stream.integers(1, 1 << 62, size=2, dtype=np.uint64)
            hashes = (values * (np.uint64(2) * factor + np.uint64(1)) + shift) >> np.uint64(32)
            key = key * np.uint64(0x9E3779B97F4A7C15) + np.minimum.reduceat(hashes, starts)
        order = shuffled[np.argsort(key[shuffled], kind="stable")]
        found.append(_in_buckets(members[order], key[order], groups))
    pairs = np.concatenate(found)
    pairs.sort(axis=1)
    size = np.int64(len(groups))
    coded = np.unique(pairs[:, 0] * size + pairs[:, 1])
    return np.stack([coded // size, coded % size], axis=1)


def _in_buckets(rows: NDArray[np.int64], keys: NDArray[np.uint64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pairs of different splits among rows of equal keys: near ones in the order given, and the ends of splits."""
    pairs = []
    split = groups[rows]
    for offset in range(1, NEIGHBOURS + 1):
        same = (keys[offset:] == keys[:-offset]) & (split[offset:] != split[:-offset])
        pairs.append(np.stack([rows[:-offset][same], rows[offset:][same]], axis=1))
    by_split = np.lexsort((split, keys))
    rows, keys, split = rows[by_split], keys[by_split], split[by_split]
    begins = np.r_[True, keys[1:] != keys[:-1]]
    bucket = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    last = np.r_[first[1:], len(rows)] - 1
    for end in (first[bucket], last[bucket]):
        other = split != split[end]
        pairs.append(np.stack([rows[other], rows[end[other]]], axis=1))
    return np.concatenate(pairs)


def _similarities(
    pairs: NDArray[np.int64],
    rows: NDArray[np.int64],
    shingles: NDArray[np.int64],
    shape: tuple[int, int],
    counts: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Shingles in common over shingles of either, for each pair."""
    from scipy.sparse import csr_matrix

    held = csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, shingles)), shape=shape)
    found = []
    for start in range(0, len(pairs), 50_000):
        left, right = pairs[start : start + 50_000].T
        common = np.asarray(held[left].multiply(held[right]).sum(axis=1)).ravel()
        found.append(common / (counts[left] + counts[right] - common))
    return np.concatenate(found) if found else np.empty(0)
