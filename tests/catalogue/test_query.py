"""Search: what it finds, what it leaves out, and in which order."""

from __future__ import annotations

import pytest

from unseen.catalogue import AREAS, Paper, load, search
from unseen.catalogue.query import words_of


def paper(number: int, key: str, title: str, claim: str, area: str = "solvers", author: str = "Ada Example") -> Paper:
    return Paper(f"{number:03d}", key, title, (author,), 2023, "https://example.org", area, claim, ("iid",))


SHELF = (
    paper(1, "first", "On rivers", "A bridge is not a ferry."),
    paper(2, "light-bridge", "Light Schrödinger", "Nothing of note."),
    paper(3, "third", "Bridges over lakes", "Ferries are slower.", area="physics"),
    paper(4, "fourth", "On ferries", "Łukasz was wrong.", author="Zoë Bridgeman"),
)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unseen.catalogue.query.load", lambda: SHELF)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("bridge", ["002", "003", "004", "001"]),  # key and title, then author, then claim
        ("BRIDGE", ["002", "003", "004", "001"]),
        ("bridges", ["003"]),  # a longer word than the one written is no hit
        ("ridge", []),  # the middle of a word is no hit
        ("light-bridge", ["002"]),
        ("schrodinger", ["002"]),
        ("SCHRÖDINGER", ["002"]),
        ("zoe", ["004"]),
        ("lukasz", ["004"]),
        ("bridge ferr", ["004", "003", "001"]),  # all words must occur, wherever each stands; ranks add up
        ("bridge nothing absent", []),
        ("physics", ["003"]),
        ("on", ["001", "004"]),
        ("  ", ["001", "002", "003", "004"]),
    ],
)
def test_order_and_extent(query: str, ids: list[str]) -> None:
    assert [found.id for found in search(query)] == ids


@pytest.mark.usefixtures("shelf")
def test_an_area_keeps_the_others_out() -> None:
    assert [found.id for found in search("bridge", area="physics")] == ["003"]
    assert [found.id for found in search("bridge", area="solvers")] == ["002", "004", "001"]
    assert search("bridge", area="domains") == []


def test_an_unknown_area_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no area 'chess'; there are " + ", ".join(AREAS)):
        search("bridge", area="chess")


@pytest.mark.parametrize(
    ("text", "words"),
    [("Two-hop, snake_case", ["two", "hop", "snake", "case"]), ("Straße Ångström", ["strasse", "angstrom"]), ("…", [])],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_every_paper_is_found_by_its_own_words_and_each_hit_holds_them() -> None:
    for wanted in load():
        assert wanted in search(wanted.title)
        assert wanted in search(wanted.key, area=wanted.area)
    for query in ("grokking", "length generalization", "solver"):
        found = search(query)
        assert found
        for hit in found:
            text = words_of(" ".join((hit.title, hit.key, hit.claim, hit.area, *hit.authors)))
            assert all(any(word.startswith(part) for word in text) for part in query.split())
        missed = [other for other in load() if other not in found]
        assert not any(query in f"{other.title} {other.claim}".casefold() for other in missed)
