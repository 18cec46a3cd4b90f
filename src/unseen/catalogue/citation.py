"""A paper as a BibTeX entry."""

from __future__ import annotations

import re
import unicodedata

from unseen.catalogue.paper import Paper
from unseen.catalogue.query import words_of

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "ø": r"{\o}",
    "Ø": r"{\O}",
    "ł": r"{\l}",
    "Ł": r"{\L}",
    "ß": r"{\ss}",
    "æ": r"{\ae}",
    "œ": r"{\oe}",
    "\N{LATIN SMALL LETTER DOTLESS I}": r"{\i}",
    "\N{EN DASH}": "--",
    "\N{EM DASH}": "---",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
}

_ACCENTS = {
    "\N{COMBINING GRAVE ACCENT}": "`",
    "\N{COMBINING ACUTE ACCENT}": "'",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "^",
    "\N{COMBINING TILDE}": "~",
    "\N{COMBINING MACRON}": "=",
    "\N{COMBINING BREVE}": "u",
    "\N{COMBINING DOT ABOVE}": ".",
    "\N{COMBINING DIAERESIS}": '"',
    "\N{COMBINING RING ABOVE}": "r",
    "\N{COMBINING DOUBLE ACUTE ACCENT}": "H",
    "\N{COMBINING CARON}": "v",
    "\N{COMBINING CEDILLA}": "c",
    "\N{COMBINING OGONEK}": "k",
}


def bibtex(paper: Paper) -> str:
    r"""A ``@misc`` entry for the paper, in plain ASCII wherever LaTeX has a form for the letter.

    The entry's key is the first author's family name, the year and the first word of the paper's key, or the paper's
    key itself where no author is known. Capitals of the title are kept by braces. A link that is only a search for
    the title is left out.

    Examples
    --------
    >>> paper = Paper("999", "light-bridge", "On Schrödinger", ("Ada Example",), 2023,
    ...               "https://arxiv.org/abs/2310.99999", "solvers", "", ())
    >>> print(bibtex(paper))
    @misc{example2023light,
      author = {Ada Example},
      title = {{On} {Schr{\"o}dinger}},
      year = {2023},
      eprint = {2310.99999},
      archivePrefix = {arXiv},
      url = {https://arxiv.org/abs/2310.99999}
    }
    """
    values = {
        "author": " and ".join(_escaped(name) for name in paper.authors),
        "title": " ".join(_protected(word) for word in paper.title.split()),
        "year": str(paper.year),
        "eprint": paper.arxiv,
        "archivePrefix": "arXiv" if paper.arxiv else "",
        "url": paper.link if paper.located else "",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in values.items() if value]
    return f"@misc{{{_entry_key(paper)},\n" + ",\n".join(lines) + "\n}"


def _entry_key(paper: Paper) -> str:
    if not paper.authors:
        return paper.key
    family = "".join(words_of(paper.authors[0].split()[-1]))
    return f"{family}{paper.year}{paper.key.split('-')[0]}"


def _protected(word: str) -> str:
    return f"{{{_escaped(word)}}}" if re.search(r"[^\W\d_]", word) and word != word.lower() else _escaped(word)


def _escaped(text: str) -> str:
    return "".join(_escaped_letter(letter) for letter in unicodedata.normalize("NFC", text))


def _escaped_letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    decomposed = unicodedata.normalize("NFD", letter)
    accent = _ACCENTS.get(decomposed[1:])
    if accent is None:
        return letter
    base = f"{{{decomposed[0]}}}" if accent.isalpha() else decomposed[0]
    return f"{{\\{accent}{base}}}"
