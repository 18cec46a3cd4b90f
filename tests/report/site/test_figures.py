"""Figures are drawn once, and again when what they show changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.registry import study_name
from unseen.report import files
from unseen.report.site import figures
from unseen.report.site.evidence import recorded

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


def test_many_figures_are_drawn_by_workers_and_found_by_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(figures, "available_cores", lambda: 2)
    (run,) = recorded({"155"})["155"]
    assert run.record is not None
    trials = run.record.trials
    wanted = [figures.Wanted(study_name("155"), "small", trials, b"%d" % place, "") for place in range(8)]
    told: list[tuple[int, int]] = []
    figures.draw_missing(wanted, lambda done, total: told.append((done, total)))
    assert told == [(done, 8) for done in range(1, 9)]
    monkeypatch.setattr(files, "draw", lambda *arguments: pytest.fail("drawn again"))
    study: Any = None
    pictures = {figures.picture(one.name, study, one.run, one.trials, one.origin, "").page.path for one in wanted}
    assert len(pictures) == 8
    assert all(one.drawn for one in wanted)
