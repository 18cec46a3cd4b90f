"""What of the folder is ours, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from unseen.errors import UsageError
from unseen.report.site.folder import MARKER, claim_folder
from unseen.report.site.gallery import Gallery
from unseen.report.site.writer import write


def quiet(words: str, done: int, total: int) -> None:
    """Say nothing."""


@pytest.fixture
def little(whole: Gallery) -> Gallery:
    """The gallery of one paper."""
    return Gallery(whole.papers[:1], {"problems": (), "solvers": (), "measures": ()})


def test_a_folder_with_files_of_others_is_refused(tmp_path: Path, little: Gallery) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"is not empty and holds no report: .*--force"):
        write(little, tmp_path, quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    write(little, tmp_path, quiet, force=True)
    write(little, tmp_path, quiet)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
    assert (tmp_path / "index.html").is_file()


def test_a_report_is_renewed_and_what_it_no_longer_has_is_gone(tmp_path: Path, whole: Gallery, little: Gallery) -> None:
    write(Gallery(whole.papers[:2], little.items), tmp_path, quiet)
    (tmp_path / "papers" / "notes.txt").write_text("mine")
    gone, kept = tmp_path / whole.papers[1].file, tmp_path / whole.papers[0].file
    assert gone.is_file()
    written = write(little, tmp_path, quiet)
    assert not gone.exists()
    assert kept.is_file()
    assert (tmp_path / "papers" / "notes.txt").read_text() == "mine"
    assert written.files == len(json.loads((tmp_path / MARKER).read_text())["files"])
    assert all((tmp_path / name).is_file() for name in json.loads((tmp_path / MARKER).read_text())["files"])


def test_writing_again_changes_no_bit(tmp_path: Path, little: Gallery) -> None:
    def content() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    write(little, tmp_path, quiet)
    before = content()
    write(little, tmp_path, quiet)
    assert content() == before


@pytest.mark.parametrize("name", ["../outside.txt", "/outside.txt", "a/../../outside.txt", 7])
def test_a_marker_that_was_tampered_with_deletes_nothing_elsewhere(tmp_path: Path, name: object) -> None:
    (tmp_path / MARKER).write_text(json.dumps({"made_by": "unseen report", "files": [name, "index.html"]}))
    assert claim_folder(tmp_path) == {"index.html"}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"made_by": "me"}', "\udcff".encode(errors="surrogateescape")])
def test_a_marker_that_is_none_is_none(tmp_path: Path, content: str | bytes) -> None:
    (tmp_path / MARKER).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError, match="holds no report"):
        claim_folder(tmp_path)
