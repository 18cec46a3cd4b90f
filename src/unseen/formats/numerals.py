"""Many texts at once: numerals as rows of character codes, and rows of codes as Python strings.

One text is one row of a matrix of one-byte characters; code 0 stands for no character. All rows become strings by one
decoding and one splitting, which takes a fraction of a microsecond per text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

ABSENT = 0
"""The code that stands for no character."""

GROUP = 4
"""Digits that are looked up at once."""

ROWS = 4096
"""Texts put together at once: few enough to stay in the cache of the processor."""

_END = ord("\n")


def _group_table() -> NDArray[np.uint32]:
    """Four characters of every group of digits, as one word: padded with zeros, then bare, then empty."""
    numbers = np.arange(10**GROUP)
    digits = numbers[:, None] // 10 ** np.arange(GROUP)[::-1] % 10
    padded = digits + ord("0")
    known = np.maximum.accumulate(digits > 0, axis=1)
    known[:, -1] = True
    table = np.concatenate([padded, np.where(known, padded, ABSENT), np.zeros((1, GROUP), dtype=np.int64)])
    return np.ascontiguousarray(table.astype(np.uint8)).view(np.uint32)[:, 0]


_GROUPS = _group_table()
_BARE, _EMPTY = 10**GROUP, 2 * 10**GROUP


def numerals(numbers: NDArray[np.int64], *, zero: bool = True) -> Codes:
    """Write whole numbers as rows of characters, right-aligned.

    Parameters
    ----------
    numbers : int64 array, shape (n,)
    zero : bool
        Whether zero is written ``"0"``, or not at all.

    Returns
    -------
    uint8 array, shape (n, width)
        Character codes, `ABSENT` in front; a minus sign stands directly before the first digit.

    Examples
    --------
    >>> lines([numerals(np.array([7, -120, 0, 123456789]))])
    ['7', '-120', '0', '123456789']
    """
    values = np.asarray(numbers, dtype=np.int64)
    # The lowest of all numbers has no opposite in 64 bits, but its opposite's bits are right as an unsigned number.
    sizes = np.where(values < 0, -values, values).view(np.uint64)
    characters = _groups(sizes, zero).view(np.uint8)
    negative = values < 0
    if not negative.any():
        return characters
    signed = np.concatenate([np.zeros((len(values), 1), dtype=np.uint8), characters], axis=1)
    first = (signed != ABSENT).argmax(axis=1)
    signed[negative, first[negative] - 1] = ord("-")
    return signed


def _groups(sizes: NDArray[np.uint64], zero: bool) -> NDArray[np.uint32]:
    """The characters of numbers without sign, in groups that are one word each."""
    count = max(1, -(-len(str(int(sizes.max(initial=0)))) // GROUP))
    if count == 1:
        codes = sizes.astype(np.int64) + _BARE
        if not zero:
            codes[sizes == 0] = _EMPTY
        return np.asarray(_GROUPS[codes][:, None], dtype=np.uint32)
    words = np.empty((len(sizes), count), dtype=np.uint32)
    rest = sizes
    for place in range(count - 1, -1, -1):
        above = rest // np.uint64(10**GROUP)
        group = (rest - above * np.uint64(10**GROUP)).astype(np.int64)
        codes = np.where(above > 0, group, group + _BARE)
        if place < count - 1 or not zero:
            codes[rest == 0] = _EMPTY
        words[:, place] = _GROUPS[codes]
        rest = above
    return words


def chosen(texts: Sequence[str], which: NDArray[Any]) -> Codes:
    """One of a few texts per row, uint8 of shape (n, length of the longest, rounded up to whole groups).

    Parameters
    ----------
    texts : sequence of str
        Of characters with codes 1 to 255 (Latin-1).
    which : integer or boolean array, shape (n,)
        Their places.

    Examples
    --------
    >>> lines([chosen([" - ", " + "], np.array([True, False]))])
    [' + ', ' - ']
    """
    width = -(-max(1, *(len(text) for text in texts)) // GROUP) * GROUP
    table = np.zeros((len(texts), width), dtype=np.uint8)
    for row, text in zip(table, texts, strict=True):
        row[: len(text)] = np.frombuffer(text.encode("latin-1"), dtype=np.uint8)
    places = np.asarray(which).astype(np.intp)
    # Words are looked up faster than rows of bytes.
    words = table.view(np.uint32)
    return (words[:, 0][places][:, None] if width == GROUP else words[places]).view(np.uint8)


def parts_of(count: int) -> Iterator[slice]:
    """Cut `count` rows into runs of at most `ROWS`, for writers that make large matrices of each.

    Examples
    --------
    >>> [part.stop - part.start for part in parts_of(10_000)]
    [4096, 4096, 1808]
    """
    return (slice(start, min(start + ROWS, count)) for start in range(0, count, ROWS))


def lines(parts: Sequence[str | Codes]) -> list[str]:
    """Put parts side by side and give one string per row.

    Parameters
    ----------
    parts : sequence of str or uint8 array, shape (n, width)
        Text is the same in every row. At least one part is an array.

    Returns
    -------
    list of str
        Of length n.

    Raises
    ------
    ValueError
        If no part is an array, a text has a line break or a character beyond Latin-1.

    Examples
    --------
    >>> a, b = np.array([3, 140]), np.array([25, 0])
    >>> lines(["What is ", numerals(a), " + ", numerals(b), "?"])
    ['What is 3 + 25?', 'What is 140 + 0?']
    """
    counts = {len(part) for part in parts if not isinstance(part, str)}
    if len(counts) != 1:
        raise ValueError(f"parts need one number of rows, not {sorted(counts)}")
    if strange := [part for part in parts if isinstance(part, str) and ("\n" in part or max(part, default="") > "ÿ")]:
        raise ValueError(f"parts are one line of Latin-1 characters, not {strange[0]!r}")
    texts = [isinstance(part, str) for part in parts]
    first, last = texts.index(False), len(parts) - texts[::-1].index(False)
    # What stands before and behind all arrays is put in when the rows are joined, not row by row.
    before, after = ("".join(map(str, outer)) for outer in (parts[:first], parts[last:]))
    glue = f"{after}\n{before}".encode("latin-1")
    inner = [part if not isinstance(part, str) else _codes(part) for part in parts[first:last]]
    width = sum(part.shape[-1] for part in inner) + 1
    found: list[str] = []
    count = counts.pop()
    for rows in parts_of(count):
        block = np.empty((rows.stop - rows.start, width), dtype=np.uint8)
        column = 0
        for part in inner:
            block[:, column : column + part.shape[-1]] = part[rows] if part.ndim == 2 else part
            column += part.shape[-1]
        block[:, -1] = _END
        joined = block.tobytes().translate(None, b"\0")[:-1].replace(b"\n", glue)
        found += (before + joined.decode("latin-1") + after).split("\n")
    return found


def _codes(text: str) -> Codes:
    return np.frombuffer(text.encode("latin-1"), dtype=np.uint8)
