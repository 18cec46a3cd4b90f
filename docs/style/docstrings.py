"""Griffe extension of the reference: what our docstrings write in reStructuredText, as the Markdown that pages show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import indent
from typing import Any

import griffe

from unseen.report.site.docstring import Span, Table, parse

_BORDER = re.compile(r"(?P<indent> *)=+(?: +=+)+")
_FORMULA = re.compile(r":math:`([^`]+)`")


class MarkdownDocstrings(griffe.Extension):
    """Rewrites every docstring before it is taken apart into sections."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one object."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Leave out of each package what it only passes on, which stands where it is defined."""
        passed_on = [n for n, m in pkg.members.items() if m.is_alias and m.target_path.startswith("unseen.")]
        for name in passed_on:
            del pkg.members[name]
        for module in pkg.modules.values():
            if not module.is_alias:
                self.on_package(pkg=module)


def markdown(docstring: str) -> str:
    r"""Tables as Markdown's, formulas as code: pages load nothing that could typeset them.

    Examples
    --------
    >>> print(markdown("a :math:`n^2`\n\n===  ===\nx    y\n===  ===\n1    2\n===  ==="))
    a `n^2`
    <BLANKLINE>
    | x | y |
    |---|---|
    | 1 | 2 |
    """
    text = _FORMULA.sub(r"`\1`", docstring).replace(".. math::", "Formula:")
    return "\n".join(_with_tables(text.splitlines()))


def _with_tables(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        border = _BORDER.fullmatch(lines[at])
        end = next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines)) if border else at
        blocks = parse("\n".join(line[len(border["indent"]) :] for line in lines[at:end])) if border else ()
        if border and len(blocks) == 1 and isinstance(blocks[0], Table):
            yield indent("\n".join(_rows(blocks[0])), border["indent"])
            at = end
        else:
            yield lines[at]
            at += 1


def _rows(table: Table) -> Iterator[str]:
    header = table.header or ((),) * len(table.rows[0])
    yield _row(header)
    yield "|" + "---|" * len(header)
    yield from map(_row, table.rows)


def _row(cells: Sequence[Sequence[Span]]) -> str:
    marks = {"text": "", "code": "`", "em": "*", "strong": "**"}
    written = ("".join(f"{marks[s.kind]}{s.text}{marks[s.kind]}" for s in cell) for cell in cells)
    return "| " + " | ".join(text.replace("|", "\\|") for text in written) + " |"
