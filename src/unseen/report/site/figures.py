"""A study's figure at two sizes, drawn once and kept by content in the user's cache folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from unseen.engine.environment import available_cores
from unseen.report import files

if TYPE_CHECKING:
    from unseen.contracts.study import Study, Trials
    from unseen.registry import StudyName

PAGE_WIDTH, CARD_WIDTH = 1200, 400
"""Pixels: on a paper's page, and on its card on the front page."""

COLOURS = 128
"""Colours kept: drawings have few, and files a third of the size."""

WORTH_A_WORKER = 4
"""Figures to be drawn for which it is worth to start a process: the start takes as long as a few of them."""

NOT_DRAWN_BY = ("commands", "engine", "report/site", "studies")
"""Folders of the package that cannot change what a figure shows; the study's own files are added again."""


@dataclass(frozen=True)
class Image:
    """A PNG file of known size."""

    path: Path
    address: str
    """From the site's root."""
    width: int
    height: int


@dataclass(frozen=True)
class Picture:
    """A figure on its page and on its card."""

    page: Image
    card: Image
    alt: str


@dataclass(frozen=True)
class Wanted:
    """A figure to be drawn; see `picture` for the fields."""

    name: StudyName
    run: str
    trials: Trials
    origin: bytes
    alt: str

    @property
    def drawn(self) -> bool:
        """Whether the cache has it."""
        return (cache_folder() / _digest(self.name, self.origin) / "card.png").exists()


def draw_missing(wanted: Sequence[Wanted], watch: Callable[[int, int], None]) -> None:
    """Draw what the cache lacks in worker processes, which is worth their start where there are many.

    Parameters
    ----------
    watch : callable
        Told how many are drawn, and how many are missing.
    """
    missing = [one for one in wanted if not one.drawn]
    workers = min(available_cores(), len(missing) // WORTH_A_WORKER)
    if workers < 2:
        return
    # A pool breaks where the calling program cannot be imported anew; the caller then draws what is missing.
    with suppress(BrokenProcessPool), ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, _ in enumerate(pool.map(_draw_one, missing)):
            watch(done + 1, len(missing))


def _draw_one(wanted: Wanted) -> None:
    from unseen.registry import load

    study: Study = load(wanted.name.target)
    picture(wanted.name, study, wanted.run, wanted.trials, wanted.origin, wanted.alt)


def picture(name: StudyName, study: Study, run: str, trials: Trials, origin: bytes, alt: str) -> Picture:
    """Draw a study's figure, or take it from the cache.

    Parameters
    ----------
    run : str
        The run's name among those of its study, part of the file's name.
    origin : bytes
        What the trials came from (a record's file): the figure is drawn again when it or the code changes.
    alt : str
        What it shows, in words.
    """
    stem = f"{name.id}-{name.key}-{run}"
    folder = cache_folder() / _digest(name, origin)
    page, card = folder / "page.png", folder / "card.png"
    if not card.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _draw(study, trials, page, card)
    return Picture(read_image(page, f"figures/{stem}.png"), read_image(card, f"figures/{stem}-card.png"), alt)


def cache_folder() -> Path:
    """Where figures are kept; safe to delete."""
    from platformdirs import user_cache_path

    return user_cache_path("unseen") / "figures"


def _draw(study: Study, trials: Trials, page: Path, card: Path) -> None:
    """Write both sizes; the card last, since it says that both are there."""
    import tempfile

    from PIL import Image as PillowImage

    with tempfile.TemporaryDirectory(dir=page.parent) as scratch:
        drawn = Path(scratch) / "figure.png"
        files.draw(study, trials, drawn)
        with PillowImage.open(drawn) as opened:
            whole = opened.convert("RGB")
        for width, target in ((PAGE_WIDTH, page), (CARD_WIDTH, card)):
            size = (width, round(width * whole.height / whole.width))
            smaller = whole.resize(size, PillowImage.Resampling.LANCZOS) if width < whole.width else whole
            partial = Path(scratch) / target.name
            smaller.quantize(COLOURS).save(partial, optimize=True)
            partial.replace(target)


def read_image(path: Path, address: str) -> Image:
    """A PNG file with its size: read width and height from the head of a PNG file."""
    with path.open("rb") as file:
        head = file.read(24)
    return Image(path, address, int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def _digest(name: StudyName, origin: bytes) -> str:
    import matplotlib as mpl

    digest = hashlib.sha256(origin)
    digest.update(f"{mpl.__version__} {PAGE_WIDTH} {CARD_WIDTH} {COLOURS} {name.target} {_library()}".encode())
    from unseen.report.site.sources import source_file

    own = source_file(name.target).path
    for path in (own, *sorted(own.parent.glob("_*.py")), Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


@cache
def _library() -> str:
    """A digest of the package's sources that a figure may depend on."""
    package = Path(files.__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        place = path.relative_to(package).as_posix()
        if not place.startswith(NOT_DRAWN_BY):
            digest.update(place.encode() + path.read_bytes())
    return digest.hexdigest()
