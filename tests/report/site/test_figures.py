"""Figures are drawn once, and again when what they show changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.registry import study_name
from unseen.report import files
from unseen.report.site import figures

TRIALS = Trials((Trial("arm", 0, Outcome({"value": 1.0})),))


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were drawn, each a picture of 1500 by 600."""
    from PIL import Image as PillowImage

    log: list[str] = []

    def draw(study: Any, trials: Trials, path: Path) -> None:
        log.append(path.name)
        PillowImage.new("RGB", (1500, 600), "white").save(path)

    monkeypatch.setattr(files, "draw", draw)
    monkeypatch.setattr(figures, "cache_folder", lambda: tmp_path / "cache")
    return log


def picture(origin: bytes) -> figures.Picture:
    study: Any = None
    return figures.picture(study_name("080"), study, "small", TRIALS, origin, "what it shows")


def test_a_figure_is_drawn_once_at_two_sizes(drawn: list[str]) -> None:
    first, second = picture(b"record"), picture(b"record")
    assert drawn == ["figure.png"]
    assert first == second
    assert (first.page.width, first.page.height) == (1200, 480)
    assert (first.card.width, first.card.height) == (400, 160)
    assert first.page.address == "figures/080-corrupted-labels-small.png"
    assert first.alt == "what it shows"


def test_another_record_is_another_figure(drawn: list[str]) -> None:
    assert picture(b"record").page.path != picture(b"another").page.path
    assert len(drawn) == 2


def test_a_changed_library_is_another_figure(drawn: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    picture(b"record")
    monkeypatch.setattr(figures, "_library", lambda: "changed")
    picture(b"record")
    assert len(drawn) == 2


def test_a_drawing_that_fails_leaves_nothing_behind(drawn: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> None:
        raise ValueError("cannot be drawn")

    monkeypatch.setattr(files, "draw", fail)
    with pytest.raises(ValueError, match="cannot be drawn"):
        picture(b"record")
    monkeypatch.undo()
    assert drawn == []
