"""The runs that pages report."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.catalogue import find
from unseen.records import record_files, write_record
from unseen.registry import study_name, study_names
from unseen.report.site import evidence
from unseen.report.site.evidence import recorded, stored
from unseen.report.site.pages import Page, render
from unseen.report.site.papers import paper_page


def test_a_stale_and_a_damaged_record_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any) -> None:
    from unseen import records

    (genuine,) = recorded({"080"})["080"]
    assert genuine.record is not None
    monkeypatch.setattr(records, "records_folder", lambda: tmp_path)
    stale = write_record(dataclasses.replace(genuine.record, revision=99))
    damaged = tmp_path / "damaged.json"
    damaged.write_text(stale.read_text().replace("0.951", "0.991"))
    files = {("080", "small"): stale, ("093", "small"): damaged}
    monkeypatch.setattr(evidence, "record_files", lambda: files)
    found = recorded({"080", "093"})
    record_files.cache_clear()
    for study, why in (("080", "has revision 99, the study"), ("093", "damaged or was edited")):
        assert (found[study][0].status, found[study][0].judgement) == ("stale", None)
        page = paper_page(find(study), study_name(study), found[study], {})
        words = read(render(Page(page.file, "paper.html", {"page": page}))).words
        assert "! record out of date" in words
        assert why in words
        assert "claims hold" not in words


def test_own_runs_are_shown_when_they_are_whole(toys: Path, home: Path, unseen: Callable[..., Any], read: Any) -> None:
    store = f"sqlite:///{home}/own.db"
    names = [name for name in study_names() if name.id == "toy"]
    assert unseen("run", "toy", "--scale", "small", "--seeds", "0", "--store", store).code == 0
    assert stored(names, store) == {}
    assert unseen("run", "toy", "--scale", "small", "--store", store).code == 0
    (own,) = stored(names, store)["toy"]
    assert (own.status, own.name, own.path) == ("holds", "small-own", None)
    assert own.source.startswith("your own run in sqlite:///")
    page = paper_page(find("080"), names[0], (own,), {})
    words = read(render(Page(page.file, "paper.html", {"page": page}))).words
    assert "holds at scale small (your own run)" in words
