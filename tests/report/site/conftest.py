"""The gallery written once for all tests, its figures replaced by a small picture; and a strict reader of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from unseen.report.site import figures, gallery, writer
from unseen.report.site.figures import Image, Picture
from unseen.report.site.gallery import Gallery

VOID = {"br", "img", "input", "link", "meta"}
NOT_IN_PARAGRAPHS = {"p", "ul", "ol", "dl", "table", "div", "pre", "section", "h1", "h2", "h3", "h4", "details"}
CHARTS = {"svg", "rect", "line", "circle", "path", "text", "desc"}


class Reader(HTMLParser):
    """Gathers elements and attributes; fails where an element is not closed, in order, or is where it may not be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice: {names}"
        assert not (tag in NOT_IN_PARAGRAPHS and "p" in self.open), f"<{tag}> within <p>"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in CHARTS, f"<{tag}/> closes nothing in HTML"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> where <{self.open[-1]}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def words(self) -> str:
        return " ".join(" ".join(data for _, data in self.texts).split())


@pytest.fixture(scope="session")
def read() -> Callable[[str], Reader]:
    """Read a page strictly."""
    return Reader


@pytest.fixture(scope="session")
def fake_picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    path = tmp_path_factory.mktemp("picture") / "dot.png"
    PillowImage.new("RGB", (8, 4)).save(path)
    image = Image(path, "figures/dot.png", 8, 4)
    return Picture(image, image, "a dot")


@pytest.fixture(scope="session")
def whole(fake_picture: Picture) -> Iterator[Gallery]:
    """The gallery of everything."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "picture", lambda *arguments: fake_picture)
        patch.setattr(figures, "draw_missing", lambda wanted, watch: None)
        yield gallery.gather(lambda words, done, total: None)


@pytest.fixture(scope="session")
def site(whole: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it was written to."""
    folder = tmp_path_factory.mktemp("site")
    writer.write(whole, folder, lambda words, done, total: None)
    return folder


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Reader]:
    """Address from the site's root -> what was read, of every page."""
    return {
        path.relative_to(site).as_posix(): Reader(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")
    }
