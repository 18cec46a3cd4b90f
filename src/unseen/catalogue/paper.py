"""One entry of the catalogue, and what makes an entry sound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from unseen.errors import UnseenError

AREAS: Mapping[str, str] = {
    "dynamics": "grokking, training dynamics, kernels and feature learning",
    "algorithmic": "arithmetic, algorithms, length and compositional generalization",
    "solvers": "linear, combinatorial and continuous solvers, samplers and numerics",
    "textmath": "mathematics and logic in words, symbols and pictures",
    "physics": "differential equations, neural operators and simulation",
    "measures": "generalization measures, attribution and model merging",
    "reasoning": "training and prompting language models to reason",
    "domains": "domain shift, adaptation, self-supervision and control",
}
"""The areas of the catalogue, each with what it covers."""

AXIS_NAMES: tuple[str, ...] = ("iid", "longer", "composed", "transformed", "perturbed", "shifted")
"""The ways of being unseen. Written out here because the contracts, their home, import NumPy."""

CLAIM_LENGTHS = (60, 220)
"""Fewest and most characters of a claim: enough to say something, short enough for one line of a table."""

YEARS = (1900, 2100)
"""First and last year that is believed."""

_ID = re.compile(r"\d{3}")
_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+){0,2}")
_LINK = re.compile(r"https://[^\s{}<>\"\\]+")
_ARXIV = re.compile(r"https://arxiv\.org/abs/(\d{4}\.\d{4,5}|[a-z-]+/\d{7})")
_ARXIV_SEARCH = "https://arxiv.org/search/"


class CatalogueError(UnseenError, ValueError):
    """The catalogue is damaged: one line that names file, entry and what is wrong."""


@dataclass(frozen=True)
class Paper:
    """A published work.

    Parameters
    ----------
    id : str
        Three digits, for good.
    key : str
        One to three hyphenated words, unique in the catalogue.
    title : str
        The title as published.
    authors : tuple of str
        ``"Given Family"`` each, in the published order; a last ``"others"`` stands for those not listed;
        empty where unknown.
    year : int
        Year of the first public version.
    link : str
        Where to read it, or a search for its title where its address was not certain.
    area : str
        One of `AREAS`.
    claim : str
        One sentence of ours that a reader can disagree with.
    axes : tuple of str
        The ways of being unseen that it is about, from `AXIS_NAMES`.
    """

    id: str
    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    link: str
    area: str
    claim: str
    axes: tuple[str, ...]

    @property
    def arxiv(self) -> str:
        """The arXiv identifier, empty if `link` is not an abstract page of arXiv."""
        match = _ARXIV.fullmatch(self.link)
        return match[1] if match else ""

    @property
    def located(self) -> bool:
        """Whether `link` leads to the paper itself rather than to a search for its title."""
        return not self.link.startswith(_ARXIV_SEARCH)


def paper_from(entry: Mapping[str, Any]) -> Paper:
    """Build a paper from a table of the catalogue file.

    Raises
    ------
    ValueError
        If a field is missing, unknown, of a wrong type or holds what it may not; the message names the field.
    """
    names = [field.name for field in fields(Paper)]
    if missing := [name for name in names if name not in entry]:
        raise ValueError(f"{', '.join(missing)} missing")
    if unknown := [name for name in entry if name not in names]:
        raise ValueError(f"unknown field {', '.join(unknown)}")
    for name in names:
        _check_type(name, entry[name])
    paper = Paper(**{**entry, "authors": tuple(entry["authors"]), "axes": tuple(entry["axes"])})
    for complaint in _complaints(paper):
        raise ValueError(complaint)
    return paper


def _check_type(name: str, value: object) -> None:
    if name in ("authors", "axes"):
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError(f"{name} must be a list of strings, not {value!r}")
    elif name == "year":
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"year must be a whole number, not {value!r}")
    elif not isinstance(value, str):
        raise ValueError(f"{name} must be a string, not {value!r}")


def _complaints(paper: Paper) -> Iterator[str]:
    if not _ID.fullmatch(paper.id):
        yield f"id must be three digits, not {paper.id!r}"
    if not _KEY.fullmatch(paper.key):
        yield f"key must be one to three lower-case words joined by hyphens, not {paper.key!r}"
    for name, text in (("title", paper.title), ("claim", paper.claim), *(("authors", name) for name in paper.authors)):
        if not text or text != " ".join(text.split()):
            yield f"{name} must be one line without stray blanks, not {text!r}"
    if "others" in paper.authors[:-1] or paper.authors == ("others",):
        yield "authors may name 'others' only last and after a name"
    if len(set(paper.authors)) < len(paper.authors):
        yield f"authors are listed twice: {', '.join(paper.authors)}"
    if not YEARS[0] <= paper.year <= YEARS[1]:
        yield f"year must lie in {YEARS[0]}-{YEARS[1]}, not {paper.year}"
    if not _LINK.fullmatch(paper.link):
        yield f"link must be an https address, not {paper.link!r}"
    if paper.area not in AREAS:
        yield f"area must be one of {', '.join(AREAS)}, not {paper.area!r}"
    if not CLAIM_LENGTHS[0] <= len(paper.claim) <= CLAIM_LENGTHS[1]:
        yield f"claim must have {CLAIM_LENGTHS[0]} to {CLAIM_LENGTHS[1]} characters, not {len(paper.claim)}"
    if paper.claim.casefold().rstrip(".") == paper.title.casefold().rstrip("."):
        yield "claim must say more than the title"
    if not paper.axes or len(set(paper.axes)) < len(paper.axes) or not set(paper.axes) <= set(AXIS_NAMES):
        yield f"axes must be one or more of {', '.join(AXIS_NAMES)}, each once, not {', '.join(paper.axes) or 'none'}"
