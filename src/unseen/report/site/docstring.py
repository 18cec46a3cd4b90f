"""Docstrings taken apart into the blocks that a page shows: the part of reStructuredText and numpydoc that we write.

Nothing here makes HTML: templates do, and they escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from textwrap import dedent
from typing import Literal

_SPAN = re.compile(
    r"``(?P<literal>.+?)``|`(?P<name>[^`\n]+)`"
    r"|\*\*(?P<strong>[^*]+)\*\*|(?<![\w*])\*(?P<em>[^*\s](?:[^*]*[^*\s])?)\*(?![\w*])"
)
_BORDER = re.compile(r"=+(?: +=+)+")
_UNDERLINE = re.compile(r"-{3,}")
_PARAMETER = re.compile(r"\*{0,2}\w+(?:, \*{0,2}\w+)* : \S.*")
_MARKER = re.compile(r"(?:(?P<number>\d+)\.|(?P<letter>A)\.|(?P<bullet>[-*]))(?P<gap> +)(?=\S)")
_NEXT_LETTER = re.compile(r"[B-Z]\.(?P<gap> +)(?=\S)")


@dataclass(frozen=True)
class Span:
    """A run of words in one style."""

    kind: Literal["text", "code", "em", "strong"]
    text: str


@dataclass(frozen=True)
class Heading:
    """A numpydoc heading such as ``Parameters``."""

    text: str
    kind: str = "heading"


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    spans: tuple[Span, ...]
    kind: str = "paragraph"


@dataclass(frozen=True)
class Code:
    """Lines shown as they are."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class Table:
    """A table of spans; `header` is empty where there is none."""

    header: tuple[tuple[Span, ...], ...]
    rows: tuple[tuple[tuple[Span, ...], ...], ...]
    kind: str = "table"


@dataclass(frozen=True)
class Items:
    """A list: bulleted where `marker` is empty, else counted from `start` in numbers or capital letters."""

    marker: Literal["", "1", "A"]
    start: int
    items: tuple[tuple[Block, ...], ...]
    kind: str = "items"


@dataclass(frozen=True)
class Definition:
    """A term and what stands indented under it: a parameter, or a section of a study's page."""

    term: tuple[Span, ...]
    body: tuple[Block, ...]
    kind: str = "definition"


Block = Heading | Paragraph | Code | Table | Items | Definition


@dataclass(frozen=True)
class Section:
    """A section of a study's page; `anchor` names it within the page."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]


def spans(text: str) -> tuple[Span, ...]:
    """Take inline markup apart.

    Examples
    --------
    >>> [(span.kind, span.text) for span in spans("see `rank` *now*, 2 * 3")]
    [('text', 'see '), ('code', 'rank'), ('text', ' '), ('em', 'now'), ('text', ', 2 * 3')]
    """
    found: list[Span] = []
    end = 0
    for match in _SPAN.finditer(text):
        if match.start() > end:
            found.append(Span("text", text[end : match.start()]))
        kind: Literal["em", "strong", "code"] = "em" if match["em"] else "strong" if match["strong"] else "code"
        found.append(Span(kind, next(group for group in match.groups() if group)))
        end = match.end()
    if end < len(text):
        found.append(Span("text", text[end:]))
    return tuple(found)


def plain(text: str) -> str:
    """The words alone.

    Examples
    --------
    >>> plain("one *and* `two`")
    'one and two'
    """
    return "".join(span.text for span in spans(text))


def parse(text: str) -> tuple[Block, ...]:
    """Take a docstring, already dedented, apart into blocks."""
    return tuple(_blocks(text.splitlines()))


def study_sections(page: str) -> tuple[tuple[Block, ...], tuple[Section, ...]]:
    """A study's page as what stands before its first section, and its sections."""
    before: list[Block] = []
    sections: list[Section] = []
    for block in parse(page):
        if isinstance(block, Definition):
            title = "".join(span.text for span in block.term)
            sections.append(Section(title, anchor(title), block.body))
        elif sections:
            last = sections.pop()
            sections.append(Section(last.title, last.anchor, (*last.blocks, block)))
        else:
            before.append(block)
    return tuple(before), tuple(sections)


def anchor(title: str) -> str:
    """A title as a fragment identifier.

    Examples
    --------
    >>> anchor("What was run (scale small)")
    'what-was-run-scale-small'
    """
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    at = 0
    literal_next = False
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
            continue
        if line[0] == " ":
            body, at = _indented(lines, at)
            if literal_next:
                yield Code("\n".join(body).rstrip())
            else:
                yield from _blocks(body)
            literal_next = False
        elif _BORDER.fullmatch(line) and (end := _table_end(lines, at)):
            yield _table(lines[at : end + 1])
            at = end + 1
        elif line.startswith(">>>"):
            code = list(takewhile(str.strip, lines[at:]))
            yield Code("\n".join(code))
            at += len(code)
        elif at + 1 < len(lines) and _UNDERLINE.fullmatch(lines[at + 1]):
            yield Heading(line)
            at += 2
        elif match := _MARKER.match(line):
            items, at = _items(lines, at, match)
            yield items
        elif _PARAMETER.fullmatch(line) or _has_body(lines, at):
            body, after = _indented(lines, at + 1)
            yield Definition(spans(line), tuple(_blocks(body)))
            at = after
        else:
            start = at
            while at == start or (at < len(lines) and lines[at].strip() and not _has_body(lines, at)):
                at += 1
            words = " ".join(part.strip() for part in lines[start:at])
            literal_next = words.endswith("::")
            yield Paragraph(spans(words[:-1] if literal_next else words))


def _has_body(lines: Sequence[str], at: int) -> bool:
    return at + 1 < len(lines) and lines[at + 1].startswith(" ") and bool(lines[at + 1].strip())


def _indented(lines: Sequence[str], at: int) -> tuple[list[str], int]:
    """The indented lines from `at` on, dedented, and where they end."""
    end = at
    while end < len(lines) and (not lines[end].strip() or lines[end][0] == " "):
        end += 1
    return dedent("\n".join(lines[at:end])).splitlines(), end


def _items(lines: Sequence[str], at: int, first: re.Match[str]) -> tuple[Items, int]:
    marker: Literal["", "1", "A"] = "" if first["bullet"] else "1" if first["number"] else "A"
    found: list[tuple[Block, ...]] = []
    match: re.Match[str] | None = first
    while match:
        body, after = _indented(lines, at + 1)
        found.append(tuple(_blocks([lines[at][match.end() :], *body])))
        at = after
        match = _next_item(lines[at], marker) if at < len(lines) else None
    return Items(marker, int(first["number"] or 1), tuple(found)), at


def _next_item(line: str, marker: str) -> re.Match[str] | None:
    if marker == "A":
        return _NEXT_LETTER.match(line)
    match = _MARKER.match(line)
    return match if match and bool(match["bullet"]) == (marker == "") and not match["letter"] else None


def _table_end(lines: Sequence[str], start: int) -> int:
    """The table's last border: the first one that a blank line or the end follows; 0 if there is none."""
    for at in range(start + 1, len(lines)):
        last = at + 1 == len(lines) or not lines[at + 1].strip()
        if last and _BORDER.fullmatch(lines[at]):
            return at
    return 0


def _table(lines: Sequence[str]) -> Table:
    starts = [match.start() for match in re.finditer("=+", lines[0])]
    columns = list(zip(starts, [*starts[1:], None], strict=True))
    parts: list[list[list[str]]] = [[]]
    for line in lines[1:-1]:
        if _BORDER.fullmatch(line):
            parts.append([])
        elif line.strip():
            cells = [line[low:high].strip() for low, high in columns]
            if cells[0] or not parts[-1]:
                parts[-1].append(cells)
            else:  # a row whose first cell is empty goes on with the row before
                above = parts[-1][-1]
                parts[-1][-1] = [f"{old} {new}".strip() for old, new in zip(above, cells, strict=True)]
    *header, rows = parts
    heading = header[0][0] if header and header[0] else []
    return Table(tuple(spans(cell) for cell in heading), tuple(tuple(spans(cell) for cell in row) for row in rows))
