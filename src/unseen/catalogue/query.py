"""Search over the catalogue by words."""

from __future__ import annotations

import re
import unicodedata

from unseen.catalogue.paper import AREAS, Paper
from unseen.catalogue.reader import load
from unseen.errors import UsageError

# Letters that Unicode does not take apart into a base letter and an accent.
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "æ": "ae", "œ": "oe"}
)

# What a hit counts, by where the word stands: the lower the sum over the words, the earlier the paper.
_NAME, _CONTEXT, _CLAIM = 0, 1, 2


def search(query: str, area: str | None = None) -> list[Paper]:
    """The papers in which every word of the query occurs, best first.

    A word occurs if a word of title, key, claim, authors or area begins with it, whatever the case and the accents.
    Hits in title or key rank before hits in authors or area, and these before hits in the claim; the ranks of several
    words add up, and papers of equal rank stay in order of id.

    Parameters
    ----------
    query : str
        Words; punctuation separates them. Without words every paper is found.
    area : str, optional
        Keep to one of `AREAS`.

    Raises
    ------
    UsageError
        If the area is unknown.

    Examples
    --------
    >>> search("Corrupted algorithmic")[0].key
    'corrupted-labels'
    """
    if area is not None and area not in AREAS:
        raise UsageError(f"no area {area!r}; there are {', '.join(AREAS)}")
    wanted = words_of(query)
    ranked: list[tuple[int, Paper]] = []
    for paper in load():
        if area is None or paper.area == area:
            rank = _rank(paper, wanted)
            if rank is not None:
                ranked.append((rank, paper))
    return [paper for _, paper in sorted(ranked, key=lambda pair: pair[0])]


def words_of(text: str) -> list[str]:
    """The words of a text, without case, accents and punctuation.

    Examples
    --------
    >>> words_of("Light Schrödinger-Bridge")
    ['light', 'schrodinger', 'bridge']
    """
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSED))
    return re.findall(r"[^\W_]+", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _rank(paper: Paper, wanted: list[str]) -> int | None:
    places = (
        (_NAME, words_of(f"{paper.title} {paper.key}")),
        (_CONTEXT, words_of(" ".join((*paper.authors, paper.area)))),
        (_CLAIM, words_of(paper.claim)),
    )
    total = 0
    for word in wanted:
        hit = next((rank for rank, words in places if any(other.startswith(word) for other in words)), None)
        if hit is None:
            return None
        total += hit
    return total
