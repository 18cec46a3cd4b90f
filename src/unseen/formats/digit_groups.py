"""Text as numbers, one per group of digits and one per other character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unseen.formats.tokenizer import END

DIGITS = "0123456789"

MOST_DIGITS = 6
"""Digits per token: with more the vocabulary exceeds a million."""


@dataclass(frozen=True)
class DigitGroupTokenizer:
    """Up to `size` digits in a row are one token; every other character is one of its own.

    A run of digits is cut into groups of `size` from its right end, as in numerals with separators, or from its left
    end, as many language models do; the group at the other end may be shorter. Groups that differ in length are
    different tokens: ``"7"``, ``"07"`` and ``"007"``. Token 0 ends a text and fills it up. After Yang et al. (2024),
    "Number Cookbook" (groups of one, two and three digits).

    Parameters
    ----------
    others : str
        All characters that may occur besides digits, each once.
    size : int
        Most digits of a token, 1 to 6.
    start : {"right", "left"}
        Where grouping starts in a run of digits.

    Examples
    --------
    >>> tokenizer = DigitGroupTokenizer("+=", size=3)
    >>> tokenizer.vocabulary
    1113
    >>> [tokenizer.tokens[token] for token in tokenizer.encode(["12345+7="])[0]]
    ['12', '345', '+', '7', '=']
    >>> DigitGroupTokenizer("+=", size=3, start="left").groups("12345")
    ['123', '45']
    """

    others: str
    size: int = 3
    start: Literal["right", "left"] = "right"

    def __post_init__(self) -> None:
        if len(set(self.others)) != len(self.others) or set(self.others) & set(DIGITS):
            raise ValueError(f"others are characters that are no digits, and each only once: {self.others!r}")
        if isinstance(self.size, bool) or not isinstance(self.size, int) or not 1 <= self.size <= MOST_DIGITS:
            raise ValueError(f"size must be a whole number from 1 to {MOST_DIGITS}, not {self.size!r}")
        if self.start not in ("right", "left"):
            raise ValueError(f"start must be 'right' or 'left', not {self.start!r}")

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        """What each token stands for, by its number: no text, the groups of one digit, of two and so on, the others."""
        groups = ("".join(digits) for length in range(self.size) for digits in product(DIGITS, repeat=length + 1))
        return ("", *groups, *self.others)

    @property
    def vocabulary(self) -> int:
        """Number of tokens, the end token included."""
        return len(self.tokens)

    def groups(self, text: str) -> list[str]:
        """Cut a text into the pieces that are tokens each, whatever its characters."""
        return self._pattern.findall(text)

    def encode(self, texts: Sequence[str], *, length: int | None = None) -> NDArray[np.int64]:
        """Write texts as rows of tokens.

        Parameters
        ----------
        texts : sequence of str
        length : int, optional
            Tokens per row; by default those of the text with most.

        Returns
        -------
        int64 array, shape (n, length)
            Behind each text only `END`.

        Raises
        ------
        ValueError
            If a text has a character outside the vocabulary, or more tokens than `length`.
        """
        pieces = [self.groups(text) for text in texts]
        longest = max(map(len, pieces), default=0)
        width = longest if length is None else length
        rows = np.full((len(pieces), width), END, dtype=np.int64)
        for row, text, cut in zip(rows, texts, pieces, strict=True):
            if len(cut) > width:
                raise ValueError(f"{text!r} has {len(cut)} tokens, more than the {width} that a row holds")
            try:
                row[: len(cut)] = [self._numbers[piece] for piece in cut]
            except KeyError as error:
                raise ValueError(f"{error.args[0]!r} in {text!r} is not in the vocabulary") from None
        return rows

    def decode(self, tokens: NDArray[np.int64] | Sequence[Sequence[int]]) -> list[str]:
        """Read rows of tokens, each up to its first `END`.

        Raises
        ------
        ValueError
            If a number is no token.
        """
        rows = np.asarray(tokens, dtype=np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= self.vocabulary):
            raise ValueError(f"tokens are 0 to {self.vocabulary - 1}, not {int(rows.min())} to {int(rows.max())}")
        texts = []
        for row in rows.tolist():
            end = row.index(END) if END in row else len(row)
            texts.append("".join(self.tokens[token] for token in row[:end]))
        return texts

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {piece: number for number, piece in enumerate(self.tokens) if number != END}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        whole = rf"(?=(?:[0-9]{{{self.size}}})*(?![0-9]))" if self.start == "right" else ""
        return re.compile(rf"[0-9]{{1,{self.size}}}{whole}|[^0-9]", re.DOTALL)
