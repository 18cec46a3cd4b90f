"""Text up to what does not matter: case, blanks, typography, and how numbers are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_NUMERAL = re.compile(r"(?<![\d.])0*(\d+)(?:\.(\d*?)0*)?(?![\d.])")
_SIGNS = str.maketrans({"\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{MULTIPLICATION SIGN}": "*", "\u2019": "'"})


def canonical_text(text: str) -> str:
    r"""A text in the form in which two that say the same are equal.

    Unicode is normalised (NFKC), case folded, runs of blanks are one blank, blanks and full stops at the ends go,
    and numbers lose commas between thousands, zeros in front, and zeros behind the point.

    Examples
    --------
    >>> canonical_text("  What is 1,234 + 05.50 ?\n") == canonical_text("what is 1234 + 5.5 ?")
    True
    >>> canonical_text("1,2") == canonical_text("12")
    False
    """
    folded = unicodedata.normalize("NFKC", text).translate(_SIGNS).casefold()
    if any(character.isdigit() for character in folded):
        folded = _GROUPED.sub(lambda found: found[0].replace(",", ""), folded)
        folded = _NUMERAL.sub(lambda found: found[1] + (f".{found[2]}" if found[2] else ""), folded)
    return " ".join(folded.split()).strip(" .")


def canonical_texts(texts: Iterable[str]) -> list[str]:
    """`canonical_text` of each."""
    return [canonical_text(text) for text in texts]
