"""Reading the catalogue file, and finding a paper by its id or key."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from unseen.catalogue.paper import CatalogueError, Paper, paper_from
from unseen.errors import UnseenError

FILE = Path(__file__).with_name("papers.toml")
"""The catalogue that ships with the package."""


class UnknownPaper(UnseenError, LookupError):  # noqa: N818 (reads as what is wrong)
    """No paper has this id or key; the message suggests the nearest ones."""


@cache
def load() -> tuple[Paper, ...]:
    """Every paper, in order of id; read once per process.

    Raises
    ------
    CatalogueError
        If the file cannot be read or an entry is not sound.
    """
    try:
        text = FILE.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError(f"{FILE.name}: cannot be read: {' '.join(str(error).split())}") from None
    return parse(text, FILE.name)


def parse(text: str, source: str = "catalogue") -> tuple[Paper, ...]:
    """Read papers from TOML text: one ``[[paper]]`` table each, ids ascending, ids and keys unique.

    Parameters
    ----------
    text : str
        The TOML document.
    source : str
        What to call it in a message.

    Raises
    ------
    CatalogueError
        With one line that names source, entry and what is wrong.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"{source}: not valid TOML: {' '.join(str(error).split())}") from None
    entries = document.get("paper")
    if set(document) != {"paper"} or not isinstance(entries, list):
        raise CatalogueError(f"{source}: must hold [[paper]] tables and nothing else")
    papers: dict[str, Paper] = {}
    owners: dict[str, str] = {}
    last = ""
    for position, entry in enumerate(entries, start=1):
        name = (
            f"{source}: paper {entry['id']}"
            if isinstance(entry, dict) and "id" in entry
            else f"{source}: entry {position}"
        )
        try:
            if not isinstance(entry, dict):
                raise ValueError(f"must be a table, not {entry!r}")
            paper = paper_from(entry)
        except ValueError as error:
            raise CatalogueError(f"{name}: {error}") from None
        if paper.id in papers:
            raise CatalogueError(f"{name}: id {paper.id} is taken by {papers[paper.id].key}")
        if paper.key in owners:
            raise CatalogueError(f"{name}: key {paper.key!r} is taken by paper {owners[paper.key]}")
        if paper.id < last:
            raise CatalogueError(f"{name}: stands after paper {last}; ids must ascend")
        papers[paper.id] = paper
        owners[paper.key] = last = paper.id
    return tuple(papers.values())


def find(name: str) -> Paper:
    """The paper of an id or key.

    Parameters
    ----------
    name : str
        An id with or without leading zeros (``"080"``, ``"80"``), or a key (``"corrupted-labels"``) in any case.

    Raises
    ------
    UnknownPaper
        If there is none; the message suggests the nearest names.

    Examples
    --------
    >>> find("80").key
    'corrupted-labels'
    """
    wanted = name.strip().casefold()
    identifier = wanted.zfill(3) if wanted.isdecimal() else wanted
    for paper in load():
        if identifier == paper.id or wanted == paper.key:
            return paper
    raise UnknownPaper(f"no paper {name!r}{_suggestion(wanted)}")


def _suggestion(wanted: str) -> str:
    papers = load()
    if wanted.isdecimal():
        return f"; ids run from {papers[0].id} to {papers[-1].id}" if papers else ""
    # Imported here because only a mistaken name needs it.
    import difflib

    keys = [paper.key for paper in papers]
    whole = difflib.get_close_matches(wanted, keys, n=3, cutoff=0.6)
    words = [key for key in keys if difflib.get_close_matches(wanted, key.split("-"), n=1, cutoff=0.75)]
    near = list(dict.fromkeys(whole + words))[:3]
    return f"; did you mean {' or '.join(near)}?" if near else ""
