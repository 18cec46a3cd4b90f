"""``unseen cite``: BibTeX of papers."""

from __future__ import annotations

import typer


def cite(
    items: list[str] = typer.Argument(..., help="Papers by id (080) or key (corrupted-labels), or a measure."),
) -> None:
    """Print the BibTeX of papers, or of the paper behind a measure."""
    from unseen.catalogue import bibtex, find
    from unseen.errors import UsageError
    from unseen.registry import measure, names

    entries: dict[str, None] = {}
    for item in items:
        if item in names("measures"):
            source = measure(item).paper
            if not source:
                raise UsageError(f"measure {item} is common property and comes from no paper of the catalogue")
            entries[bibtex(find(source))] = None
        else:
            entries[bibtex(find(item))] = None
    print("\n\n".join(entries))
