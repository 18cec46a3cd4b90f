"""``unseen report`` as it is called."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.report.site import gallery
from unseen.report.site.gallery import Gallery

Command = Callable[..., Any]
DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text()


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gallery without papers, which takes no time."""
    nothing = Gallery((), {"problems": (), "solvers": (), "measures": ()})
    monkeypatch.setattr(gallery, "gather", lambda watch, store, evaluations: nothing)


def test_it_says_what_to_open(empty: None, home: Path, unseen: Command) -> None:
    printed = unseen("report", "--out", home / "site")
    assert (printed.code, printed.err) == (0, "")
    assert re.fullmatch(rf"7 pages, \d+\.\d MB, \d+ s\nopen {re.escape(str(home))}/site/index.html\n", printed.out)
    assert (home / "site" / "index.html").is_file()


def test_json(empty: None, home: Path, unseen: Command) -> None:
    printed = unseen("report", "--out", home / "site", "--json")
    found = json.loads(printed.out)
    section = re.search(r"## `unseen report.*?`\n(.*?)(\n## |\Z)", DOCUMENT, re.DOTALL)
    assert section
    assert set(found) == set(re.findall(r"`([a-z_]+)`", section[1]))
    assert Path(found["front"]).is_file()
    assert (found["pages"], found["files"] > 6, found["bytes"] > 10_000) == (7, True, True)


def test_what_is_refused(home: Path, unseen: Command) -> None:
    (home / "mine").mkdir()
    (home / "mine" / "letter").write_text("dear")
    assert "holds no report" in unseen("report", "--out", home / "mine").complaint
    assert "letter" in unseen("report", "--out", home / "mine" / "letter").complaint
    store = "sqlite:////no/such/folder/a.db"
    assert "/no/such/folder first" in unseen("report", "--out", home / "site", "--store", store).complaint
    assert unseen("report").code == 2
