"""The catalogue itself: complete, and each entry what it says it is."""

from __future__ import annotations

import re
import typing

from unseen.catalogue import AREAS, AXIS_NAMES, load
from unseen.contracts.problem import AXES

PAPERS_IN_SCOPE = 171


def test_every_id_is_present_once() -> None:
    assert [paper.id for paper in load()] == [f"{number:03d}" for number in range(1, PAPERS_IN_SCOPE + 1)]


def test_keys_and_titles_are_unique_and_keys_well_formed() -> None:
    papers = load()
    assert len({paper.key for paper in papers}) == len({paper.title.casefold() for paper in papers}) == len(papers)
    for paper in papers:
        assert 1 <= len(paper.key.split("-")) <= 3
        assert re.fullmatch(r"[a-z0-9-]+", paper.key)
        assert not paper.key.isdecimal()  # it would be taken for an id


def test_areas_and_axes_are_the_known_ones() -> None:
    assert set(AREAS) == {
        "dynamics", "algorithmic", "solvers", "textmath", "physics", "measures", "reasoning", "domains",
    }  # fmt: skip
    assert tuple(AXES) == AXIS_NAMES
    papers = load()
    assert {paper.area for paper in papers} == set(AREAS)
    assert {axis for paper in papers for axis in paper.axes} == set(AXIS_NAMES)


def test_links_lead_to_one_paper_each_and_agree_with_the_year() -> None:
    located = [paper for paper in load() if paper.located]
    assert len({paper.link for paper in located}) == len(located)
    for paper in load():
        assert paper.link.startswith("https://")
        assert 2010 <= paper.year <= 2026
        if new_style := re.match(r"(\d\d)(\d\d)\.", paper.arxiv):
            assert 1 <= int(new_style[2]) <= 12, paper.id
            assert paper.year <= 2000 + int(new_style[1]) <= paper.year + 2, paper.id


def test_claims_are_sentences_of_their_own() -> None:
    claims = [paper.claim for paper in load()]
    assert len(set(claims)) == len(claims)
    for paper in load():
        assert 60 <= len(paper.claim) <= 220
        assert paper.claim.endswith("."), paper.id
        assert paper.claim[0].isupper() or paper.claim[0].isdecimal(), paper.id
        shared = set(_runs(paper.claim)) & set(_runs(paper.title))
        assert not shared, f"{paper.id} repeats its title: {shared}"


def _runs(text: str, length: int = 6) -> typing.Iterator[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.casefold())
    return (tuple(words[start : start + length]) for start in range(len(words) - length + 1))
