"""BibTeX: checked by a small parser of its own that knows braces, fields and nothing of the writer."""

from __future__ import annotations

import re

import pytest

from unseen.catalogue import Paper, bibtex, find, load


def parsed(entry: str) -> tuple[str, dict[str, str]]:
    """Key and fields of one ``@misc`` entry; fails on unbalanced braces or anything between the fields."""
    head = re.match(r"@misc\{([^\s,{}]+),\s*", entry)
    assert head
    fields: dict[str, str] = {}
    position = head.end()
    while entry[position] != "}":
        name = re.compile(r"(\w+)\s*=\s*\{").match(entry, position)
        assert name, entry[position:]
        depth, end = 1, name.end()
        while depth:
            if entry[end] == "\\":
                end += 1
            else:
                depth += {"{": 1, "}": -1}.get(entry[end], 0)
            end += 1
        assert name[1] not in fields
        fields[name[1]] = entry[name.end() : end - 1]
        after = re.compile(r"\s*,?\s*").match(entry, end)
        assert after
        position = after.end()
    assert entry[position:].strip() == "}"
    return head[1], fields


def unescaped(text: str) -> str:
    """Text without protecting braces and backslashes, ASCII letters only."""
    return re.sub(r"[{}\\]", "", text)


def test_every_paper_gives_a_sound_entry_of_its_own() -> None:
    keys = set()
    for paper in load():
        key, fields = parsed(bibtex(paper))
        assert key not in keys
        keys.add(key)
        assert key.isascii()
        assert {"title", "year"} <= set(fields) <= {"author", "title", "year", "eprint", "archivePrefix", "url"}
        assert fields["year"] == str(paper.year)
        assert ("author" in fields) == bool(paper.authors)
        assert len(fields.get("author", "").split(" and ")) == max(1, len(paper.authors))
        assert ("eprint" in fields) == ("archivePrefix" in fields) == ("arxiv.org/abs/" in paper.link)
        assert fields.get("url", paper.link) == paper.link
        assert ("url" in fields) == ("arxiv.org/search" not in paper.link)
        outside = re.sub(r"\{[^{}]*\}", "", re.sub(r"\{\\[^{}]*(\{.\})?\}", "", fields["title"]))
        assert not re.search(r"[A-Z]", outside), f"capitals without braces: {fields['title']}"
        assert not re.search(r"(?<!\\)[&%$#_]", fields["title"] + fields.get("author", ""))


def test_the_corrupted_labels_paper() -> None:
    key, fields = parsed(bibtex(find("080")))
    assert key == "doshi2023corrupted"
    assert fields["author"].startswith("Darshil Doshi and ")
    assert fields["eprint"] == "2310.13061"
    assert fields["archivePrefix"] == "arXiv"
    assert unescaped(fields["title"]) == find("080").title


def example(**changes: object) -> Paper:
    fields: dict[str, object] = {
        "id": "999",
        "key": "some-key",
        "title": "A title",
        "authors": (),
        "year": 2020,
        "link": "https://arxiv.org/search/?searchtype=title&query=a+title",
        "area": "solvers",
        "claim": "",
        "axes": (),
    }
    return Paper(**{**fields, **changes})  # type: ignore[arg-type]


def test_without_authors_and_place_the_entry_stays_honest() -> None:
    key, fields = parsed(bibtex(example()))
    assert key == "some-key"
    assert set(fields) == {"title", "year"}


def test_a_page_outside_arxiv_has_an_address_but_no_eprint() -> None:
    _, fields = parsed(bibtex(example(link="https://openreview.net/forum?id=a_b")))
    assert fields["url"] == "https://openreview.net/forum?id=a_b"
    assert "eprint" not in fields


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("Show & tell: 50% of $5, a_b #1", r"{Show} \& tell: 50\% of \$5, a\_b \#1"),
        ("a {b} ~ ^ \\", r"a \{b\} \textasciitilde{} \textasciicircum{} \textbackslash{}"),
        ("PDEs with sharpDARTS", r"{PDEs} with {sharpDARTS}"),
        ("Schrödinger, façade, Čech, ø", r"""{Schr{\"o}dinger,} fa{\c{c}}ade, {{\v{C}}ech,} {\o}"""),
        ("plain words, o1 and 3d", "plain words, o1 and 3d"),
    ],
)
def test_special_characters_and_capitals(title: str, written: str) -> None:
    assert parsed(bibtex(example(title=title)))[1]["title"] == written


def test_names_with_accents_make_plain_keys() -> None:
    key, fields = parsed(bibtex(example(authors=("José Núñez-Ørsted", "others"))))
    assert key == "nunezorsted2020some"
    assert fields["author"] == r"Jos{\'e} N{\'u}{\~n}ez-{\O}rsted and others"
