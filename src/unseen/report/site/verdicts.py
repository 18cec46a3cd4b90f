"""The five things that can be said of a paper: how they are written, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unseen.report.summary import MARKS


@dataclass(frozen=True)
class Badge:
    """A verdict as a sign and a word; each tells it apart without the other, and without colour."""

    status: str
    """One of `BADGES`: what the style sheet and the filters go by."""
    sign: str
    word: str
    meaning: str
    plural: str = ""
    """The word for several, where it is another one."""

    def counted(self, count: int) -> str:
        """Say how many there are: ``"2 hold"``."""
        return f"{count} {self.plural if count != 1 and self.plural else self.word}"


BADGES: Mapping[str, Badge] = {
    "holds": Badge(
        "holds",
        MARKS["holds"][0],
        "holds",
        "The whole interval lies inside the region in which the sentence is true.",
        "hold",
    ),
    "fails": Badge("fails", MARKS["fails"][0], "fails", "The whole interval lies outside that region.", "fail"),
    "inconclusive": Badge(
        "inconclusive",
        MARKS["inconclusive"][0],
        "inconclusive",
        "The interval lies across the region's border, or a condition for saying anything was not met.",
    ),
    "untested": Badge("untested", "○", "not yet tested", "There is no run on record."),
    "stale": Badge(
        "stale",
        "!",
        "record out of date",
        "The study has changed since the record was made, or the record is damaged: no verdict can be computed.",
    ),
}
"""Status -> badge, in the order in which counts are given."""


def counts(statuses: Iterable[str]) -> tuple[tuple[Badge, int], ...]:
    """How often each verdict occurs, those that do not left out.

    Examples
    --------
    >>> [(badge.word, count) for badge, count in counts(["untested", "holds", "holds"])]
    [('holds', 2), ('not yet tested', 1)]
    """
    found = list(statuses)
    return tuple((badge, count) for status, badge in BADGES.items() if (count := found.count(status)))
