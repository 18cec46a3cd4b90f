"""Rows of small numbers as text, one character each: what a sequence model is shown, and what it must write."""

from __future__ import annotations

import operator
import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SYMBOLS = string.digits + string.ascii_uppercase + string.ascii_lowercase + "+/" + "".join(map(chr, range(256, 448)))
"""The characters of the numbers 0 to 255: behind those of ASCII the Latin letters from U+0100 on."""

ASK = ">"
"""Ends the question; the answer follows."""


def written(rows: NDArray[np.int64] | Sequence[Sequence[int]]) -> list[str]:
    """Write rows of numbers as text.

    Parameters
    ----------
    rows : sequence of sequences of int
        Numbers from 0 to 255. A row ends at its first -1, as in `unseen.problems.sequences`.

    Returns
    -------
    list of str
        One character per number.

    Raises
    ------
    ValueError
        If a number has no character or is not whole.

    Examples
    --------
    >>> written([[3, 10, -1], [0, 63, 5]])
    ['3A', '0/5']
    """
    texts = []
    for row in rows.tolist() if isinstance(rows, np.ndarray) else rows:
        numbers = [_whole(number) for number in row]
        if -1 in numbers:
            numbers = numbers[: numbers.index(-1)]
        for number in numbers:
            if not 0 <= number < len(SYMBOLS):
                raise ValueError(f"numbers of one character are 0 to {len(SYMBOLS) - 1}, not {number}")
        texts.append("".join(SYMBOLS[number] for number in numbers))
    return texts


def _whole(number: object) -> int:
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"numbers of one character are whole, not {number!r}") from None


def numbers_in(text: str) -> list[int] | None:
    """Read a row of numbers; None if the text has other characters.

    Examples
    --------
    >>> numbers_in("3A"), numbers_in("3>"), numbers_in("")
    ([3, 10], None, [])
    """
    places = [SYMBOLS.find(character) for character in text]
    return None if -1 in places else places


def prompts(rows: NDArray[np.int64] | Sequence[Sequence[int]]) -> list[str]:
    """Write rows of numbers as questions.

    Examples
    --------
    >>> prompts([[1, 0, 1]])
    ['101>']
    """
    return [text + ASK for text in written(rows)]


def alphabet(size: int) -> str:
    """All characters of questions and answers in the numbers 0 to ``size - 1``, for a `CharacterTokenizer`.

    Raises
    ------
    ValueError
        If there are not so many.

    Examples
    --------
    >>> alphabet(2)
    '01>'
    """
    if not 1 <= size <= len(SYMBOLS):
        raise ValueError(f"there are characters for 1 to {len(SYMBOLS)} numbers, not for {size}")
    return SYMBOLS[:size] + ASK
