"""Docstrings taken apart."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from unseen.registry import study_names, study_page
from unseen.report.site.docstring import (
    Code,
    Definition,
    Heading,
    Items,
    Paragraph,
    Table,
    parse,
    spans,
    study_sections,
)


def words(value: Any) -> str:
    """Every word that a block holds, in order, markup left out."""
    if isinstance(value, (Heading, Code)):
        return value.text
    if isinstance(value, Paragraph):
        return "".join(span.text for span in value.spans)
    if isinstance(value, Table):
        return " ".join("".join(span.text for span in cell) for row in (value.header, *value.rows) for cell in row)
    if isinstance(value, Items):
        return " ".join(words(block) for item in value.items for block in item)
    if isinstance(value, Definition):
        return " ".join(["".join(span.text for span in value.term), *map(words, value.body)])
    return " ".join(map(words, value))


def test_a_study_page() -> None:
    before, sections = study_sections(
        "One line.\n\nPaper: A (2020).\n\nWhat is claimed\n    First.\n\n    Second.\n\nWhat was found\n    Nothing.\n"
    )
    assert [words(block) for block in before] == ["One line.", "Paper: A (2020)."]
    assert [(section.title, section.anchor, len(section.blocks)) for section in sections] == [
        ("What is claimed", "what-is-claimed", 2),
        ("What was found", "what-was-found", 1),
    ]


def test_a_table_whose_cells_go_on_in_the_next_line() -> None:
    border = "====  ===  ====="
    rows_of_text = ["a b   1    much and long beyond", "           more", "c          2 ``x``"]
    text = "\n".join([border, "arm   n    found", border, *rows_of_text, border])
    (table,) = parse(text)
    assert isinstance(table, Table)
    assert [words((Paragraph(cell),)) for cell in table.header] == ["arm", "n", "found"]
    rows = [[words((Paragraph(cell),)) for cell in row] for row in table.rows]
    assert rows == [["a b", "1", "much and long beyond more"], ["c", "", "2 x"]]


def test_lists_in_numbers_letters_and_dots() -> None:
    found = parse("1. one\n   goes on\n2. two\n\n   with more\n\nA. first\nB. second\n\n- dot\n- dot")
    assert [(item.marker, item.start, len(item.items)) for item in found if isinstance(item, Items)] == [
        ("1", 1, 2),
        ("A", 1, 2),
        ("", 1, 2),
    ]
    assert words(found) == "one goes on two with more first second dot dot"


def test_numpydoc() -> None:
    found = parse("Do it.\n\nParameters\n----------\na, b : int\nc : str\n    Text.\n\nExamples\n--------\n>>> 1\n1\n")
    assert [block.kind for block in found] == [
        "paragraph", "heading", "definition", "definition", "heading", "code",
    ]  # fmt: skip
    assert found[-1] == Code(">>> 1\n1")


def test_stars_and_ticks() -> None:
    assert [span.kind for span in spans("2 * 3 * 4 and *this* and **that**")] == ["text", "em", "text", "strong"]
    assert spans("``a*b*c``")[0].text == "a*b*c"
    assert spans("a `b") == spans("a `b")[:1]


def test_no_word_of_a_study_is_lost() -> None:
    for name in study_names():
        page = study_page(name)
        before, sections = study_sections(page)
        shown = " ".join([words(before), *(f"{section.title} {words(section.blocks)}" for section in sections)])
        missing = set(re.findall(r"\w{3,}", page)) - set(re.findall(r"\w{3,}", shown))
        assert missing == set(), name.id


@given(st.text(st.sampled_from("ab1.=-*`:>A \n"), max_size=80))
def test_any_text_is_taken_apart(text: str) -> None:
    shown = words(parse("\n".join(line.rstrip() for line in text.splitlines())))
    assert sorted(re.findall("[ab]", shown)) == sorted(re.findall("[ab]", text))
