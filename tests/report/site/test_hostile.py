"""Text that would be code, wherever text comes from, comes out as text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from unseen.catalogue import Paper
from unseen.contracts.study import Claim, Finding, Verdict, above
from unseen.registry import StudyName
from unseen.report.site.docstring import study_sections
from unseen.report.site.figures import Picture
from unseen.report.site.front import front_page, search_index
from unseen.report.site.library import AxisView, ItemPage, Question, SplitView
from unseen.report.site.pages import Page, render
from unseen.report.site.papers import Condition, PaperPage, RunView, claim_view, paper_page
from unseen.report.site.verdicts import BADGES
from unseen.statistics.interval import Interval

Read = Callable[[str], Any]
EVIL = (
    "</title></script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    "]]>--><svg/onload=alert(3)>&lt;{{7*7}} javascript:alert(4)"
)


def harmless(text: str, read: Read, times: int) -> None:
    """Nothing of it became an element or an attribute, and all of it can be read."""
    page = read(text)
    assert all(script["src"].startswith(("static/", "../static/")) for script in page.of("script"))
    assert all(image["src"] != "x" for image in page.of("img"))
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert not any(value.startswith("javascript:") for _, attributes in page.elements for value in attributes.values())
    assert page.words.count(" ".join(EVIL.split())) >= times
    assert "49" not in page.words.replace("{{7*7}}", "")


@pytest.fixture
def paper() -> Paper:
    return Paper("901", "evil", EVIL, (EVIL,), 2024, "javascript:alert(1)", EVIL, EVIL, (EVIL,))


@pytest.fixture
def hostile(paper: Paper, fake_picture: Picture) -> PaperPage:
    interval = Interval(0.5, 0.4, 0.6, 0.9, EVIL, (0.4, 0.6), EVIL)
    finding = Finding(Claim(EVIL, lambda trials: interval, above(0.3), True), interval, Verdict("inconclusive", EVIL))
    run = RunView(
        name="small",
        scale="small",
        source=EVIL,
        badge=BADGES["holds"],
        problem=EVIL,
        on_record=True,
        claims=(claim_view(finding, (0, 1)),),
        commit=EVIL,
        environment=((EVIL, EVIL),),
        settings=((EVIL, EVIL, EVIL),),
        conditions=(Condition(EVIL, EVIL, "1 s"),),
        header=(EVIL, "seed"),
        trials=((EVIL, EVIL),),
        picture=dataclasses.replace(fake_picture, alt=EVIL),
    )
    before, sections = study_sections(f"{EVIL}\n\nWhat {EVIL}\n    ``{EVIL}`` and {EVIL}\n\n    1. {EVIL}\n")
    page = paper_page(paper, None, (), {})
    return dataclasses.replace(
        page,
        study=StudyName("901", "evil", "dynamics", "nowhere:study"),
        summary=EVIL,
        before=before,
        sections=sections,
        runs=(run,),
    )


def test_a_paper_and_its_record(hostile: PaperPage, read: Read) -> None:
    text = render(Page(hostile.file, "paper.html", {"page": hostile}))
    harmless(text, read, times=20)
    assert hostile.link == ""
    assert EVIL in [image["alt"] for image in read(text).of("img")]


def test_the_front_page(hostile: PaperPage, read: Read) -> None:
    harmless(render(Page("index.html", "front.html", {"front": front_page([hostile])})), read, times=4)


def test_the_search_index_is_one_constant(hostile: PaperPage) -> None:
    script = search_index([hostile])
    head, _, rest = script.partition("const PAPERS = ")
    assert head == '"use strict";\n'
    (entry,) = json.loads(rest.rstrip().rstrip(";"))
    assert entry["area"] == EVIL
    assert script.isascii()


def test_questions_and_answers(read: Read) -> None:
    split = SplitView(EVIL, EVIL, EVIL, (Question(EVIL, EVIL),))
    item = ItemPage(
        "problems",
        EVIL,
        "problems/evil.html",
        EVIL,
        (),
        "",
        facts=((EVIL, EVIL),),
        axes=(AxisView(EVIL, EVIL, (split,)),),
        problem=EVIL,
    )
    harmless(render(Page(item.file, "item.html", {"page": item, "paper_file": ""})), read, times=10)
