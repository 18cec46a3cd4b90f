"""The catalogue's reader: what it accepts, what it refuses and in which words, and how papers are found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from unseen.catalogue import CatalogueError, UnknownPaper, find, load, parse, reader

ENTRY = {
    "id": '"007"',
    "key": '"light-bridge"',
    "title": '"A title"',
    "authors": '["Ada Example", "others"]',
    "year": "2023",
    "link": '"https://arxiv.org/abs/2310.99999"',
    "area": '"solvers"',
    "claim": '"' + "claim " * 12 + 'x"',
    "axes": '["iid", "longer"]',
}


def document(*changes: dict[str, str | None]) -> str:
    """TOML of one sound entry per argument, with fields replaced or (None) left out."""
    tables = []
    for change in changes:
        fields = {name: value for name, value in {**ENTRY, **change}.items() if value is not None}
        tables.append("[[paper]]\n" + "\n".join(f"{name} = {value}" for name, value in fields.items()))
    return "\n\n".join(tables)


def test_a_sound_entry_is_read_as_it_stands() -> None:
    (paper,) = parse(document({}))
    assert (paper.id, paper.key, paper.title, paper.year) == ("007", "light-bridge", "A title", 2023)
    assert paper.authors == ("Ada Example", "others")
    assert paper.axes == ("iid", "longer")
    assert paper.arxiv == "2310.99999"
    assert paper.located


@pytest.mark.parametrize(
    ("link", "arxiv", "located"),
    [
        ("https://arxiv.org/abs/cs/0301001", "cs/0301001", True),
        ("https://openreview.net/forum?id=abc", "", True),
        ("https://arxiv.org/search/?searchtype=title&query=some+title", "", False),
    ],
)
def test_what_a_link_says(link: str, arxiv: str, located: bool) -> None:
    (paper,) = parse(document({"link": f'"{link}"'}))
    assert (paper.arxiv, paper.located) == (arxiv, located)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"title": None}, "title missing"),
        ({"venue": '"somewhere"'}, "unknown field venue"),
        ({"year": '"2023"'}, "year must be a whole number, not '2023'"),
        ({"year": "true"}, "year must be a whole number"),
        ({"year": "1066"}, "year must lie in"),
        ({"authors": '"Ada Example"'}, "authors must be a list of strings"),
        ({"authors": '["others", "Ada Example"]'}, "'others' only last"),
        ({"authors": '["others"]'}, "'others' only last"),
        ({"authors": '["Ada Example", "Ada Example"]'}, "listed twice"),
        ({"authors": '["Ada  Example"]'}, "stray blanks"),
        ({"title": '""'}, "title must be one line"),
        ({"title": '"two\\nlines"'}, "title must be one line"),
        ({"key": '"Light-Bridge"'}, "key must be"),
        ({"key": '"one-two-three-four"'}, "key must be"),
        ({"link": '"http://arxiv.org/abs/2310.99999"'}, "https"),
        ({"link": '"https://arxiv.org/a b"'}, "https"),
        ({"area": '"chess"'}, "area must be one of dynamics, "),
        ({"claim": '"too short"'}, "60 to 220 characters, not 9"),
        ({"claim": '"' + "x" * 221 + '"'}, "not 221"),
        ({"title": '"' + "Same " * 15 + 'x"', "claim": '"' + "same " * 15 + 'X."'}, "more than the title"),
        ({"axes": "[]"}, "axes must be one or more"),
        ({"axes": '["iid", "iid"]'}, "axes must be one or more"),
        ({"axes": '["sideways"]'}, "axes must be one or more"),
    ],
)
def test_a_bad_entry_is_refused_in_one_line(change: dict[str, str | None], words: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        parse(document({}, {"id": '"008"', "key": '"other"', **change}), "papers.toml")
    message = str(refusal.value)
    assert message.startswith("papers.toml: paper 008: ")
    assert words in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[paper]\n", "papers.toml: not valid TOML: "),
        ("", "papers.toml: must hold [[paper]] tables"),
        ("paper = 3", "papers.toml: must hold [[paper]] tables"),
        ("paper = [3]", "papers.toml: entry 1: must be a table, not 3"),
        (document({}) + "\n[extra]\n", "papers.toml: must hold [[paper]] tables and nothing else"),
        (document({"id": None}), "papers.toml: entry 1: id missing"),
        (document({"id": '"7"'}), "papers.toml: paper 7: id must be three digits"),
        (document({}, {"key": '"other"'}), "papers.toml: paper 007: id 007 is taken by light-bridge"),
        (document({}, {"id": '"008"'}), "papers.toml: paper 008: key 'light-bridge' is taken by paper 007"),
        (document({}, {"id": '"006"', "key": '"other"'}), "papers.toml: paper 006: stands after paper 007"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(text: str, words: str) -> None:
    with pytest.raises(CatalogueError) as refusal:
        parse(text, "papers.toml")
    assert str(refusal.value).startswith(words)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", [None, b"\xff\xfe broken", b"[[paper]]\nid = "])
def test_load_names_the_file_that_it_cannot_read(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "papers.toml"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setattr(reader, "FILE", file)
    load.cache_clear()
    try:
        with pytest.raises(CatalogueError, match=r"\Apapers\.toml: [^\n]+\Z"):
            load()
    finally:
        load.cache_clear()


def test_every_paper_is_found_by_id_number_and_key() -> None:
    for paper in load():
        assert find(paper.id) is find(str(int(paper.id))) is find(paper.key) is paper
        assert find(f" {paper.key.upper()} ") is paper


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("corupted-labels", "corrupted-labels"),
        ("grokking", "grokking-tickets"),
        ("999", "ids run from 001 to "),
    ],
)
def test_a_mistaken_name_is_answered_with_the_nearest(name: str, suggestion: str) -> None:
    with pytest.raises(UnknownPaper, match=f"no paper '{name}'.*{suggestion}") as refusal:
        find(name)
    assert isinstance(refusal.value, LookupError)


def test_a_name_like_nothing_gets_no_suggestion() -> None:
    with pytest.raises(UnknownPaper, match=r"\Ano paper 'xqzzyx'\Z"):
        find("xqzzyx")


def test_importing_the_catalogue_reads_no_file_and_needs_only_the_standard_library() -> None:
    script = (
        "import sys, unseen.catalogue as c\n"
        "assert c.load.cache_info().currsize == 0\n"
        "c.load(); c.search('grokking'); c.find('80')\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "unseen" in result.stdout.split()
    assert not {"numpy", "torch", "pandas", "scipy", "matplotlib", "rich", "typer"} & set(result.stdout.split())
