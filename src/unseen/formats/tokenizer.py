"""Text as numbers, one per character."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

END = 0
"""The token that ends a text and fills up shorter ones."""


@dataclass(frozen=True)
class CharacterTokenizer:
    """One token per character of a stated alphabet, in its order from 1 up; 0 ends a text and fills it up.

    Parameters
    ----------
    alphabet : str
        All characters that may occur, each once.

    Examples
    --------
    >>> tokenizer = CharacterTokenizer("0123456789+=")
    >>> tokenizer.encode(["1+2=", "12"])
    array([[ 2, 11,  3, 12],
           [ 2,  3,  0,  0]])
    >>> tokenizer.decode([[2, 11, 3, 12], [2, 3, 0, 5]])
    ['1+2=', '12']
    """

    alphabet: str

    def __post_init__(self) -> None:
        if not self.alphabet or len(set(self.alphabet)) != len(self.alphabet):
            raise ValueError(f"an alphabet has at least one character, and each only once: {self.alphabet!r}")

    @property
    def vocabulary(self) -> int:
        """Number of tokens, the end token included."""
        return len(self.alphabet) + 1

    @property
    def tokens(self) -> tuple[str, ...]:
        """What each token stands for, by its number; `END` stands for no text."""
        return ("", *self.alphabet)

    def encode(self, texts: Sequence[str], *, length: int | None = None) -> NDArray[np.int64]:
        """Write texts as rows of tokens.

        Parameters
        ----------
        texts : sequence of str
            An empty one becomes a row of `END` alone.
        length : int, optional
            Tokens per row; by default those of the longest text.

        Returns
        -------
        int64 array, shape (n, length)
            Behind each text only `END`.

        Raises
        ------
        ValueError
            If a text has a character outside the alphabet, or more than `length`, or is no text.
        """
        if isinstance(texts, str):
            raise ValueError(f"texts are a sequence of str, not the one text {texts!r}")
        for text in texts:
            if not isinstance(text, str):
                raise ValueError(f"texts are of type str, not {text!r}")
        lengths = np.fromiter((len(text) for text in texts), dtype=np.int64, count=len(texts))
        longest = int(lengths.max(initial=0))
        width = longest if length is None else length
        if longest > width:
            text = texts[int(lengths.argmax())]
            raise ValueError(f"{text!r} has {longest} characters, more than the {width} that a row holds")
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), dtype=np.uint32)
        order = np.argsort(self._codes)
        places = np.searchsorted(self._codes[order], codes).clip(max=len(order) - 1)
        known = self._codes[order][places] == codes
        if not known.all():
            stranger = chr(codes[int(np.argmin(known))])
            text = texts[int(np.searchsorted(lengths.cumsum(), np.argmin(known), side="right"))]
            raise ValueError(f"{stranger!r} in {text!r} is not in the alphabet {self.alphabet!r}")
        tokens = np.full((len(texts), width), END, dtype=np.int64)
        tokens[np.arange(width) < lengths[:, None]] = order[places] + 1
        return tokens

    def decode(self, tokens: NDArray[np.int64] | Sequence[Sequence[int]]) -> list[str]:
        """Read rows of tokens, each up to its first `END`.

        Raises
        ------
        ValueError
            If a number is no token, or rows have different lengths.
        """
        try:
            given = np.asarray(tokens)
        except ValueError as error:
            raise ValueError("rows of tokens have one length; fill shorter ones up with 0") from error
        if given.ndim != 2 and given.size:
            raise ValueError(f"tokens have the shape (n, length), not {given.shape}")
        if given.size and given.dtype.kind not in "iu":
            raise ValueError(f"tokens are whole numbers, not {given.dtype}")
        rows = given.astype(np.int64)
        if rows.size and (rows.min() < 0 or rows.max() >= self.vocabulary):
            raise ValueError(f"tokens are 0 to {self.vocabulary - 1}, not {int(rows.min())} to {int(rows.max())}")
        characters = np.array(["", *self.alphabet])
        ended = np.maximum.accumulate(rows == END, axis=-1) if rows.size else rows
        return ["".join(characters[np.where(end, END, row)]) for row, end in zip(rows, ended, strict=True)]

    @property
    def _codes(self) -> NDArray[np.uint32]:
        return np.frombuffer(self.alphabet.encode("utf-32-le"), dtype=np.uint32)
