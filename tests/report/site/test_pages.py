"""Laws of every page that is written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from unseen.catalogue import load as papers
from unseen.contracts.problem import AXES
from unseen.engine.recording import judge_record
from unseen.records import read_record, record_files
from unseen.registry import names, problem, study_names
from unseen.report.site.gallery import Gallery
from unseen.report.site.verdicts import BADGES

Pages = Mapping[str, Any]
MOST_BYTES = 1_500_000


def test_every_paper_has_its_page(pages: Pages) -> None:
    for paper in papers():
        words = pages[f"papers/{paper.id}-{paper.key}.html"].words
        assert paper.title in words
        assert paper.claim in words
        assert "@misc{" in words


def test_every_problem_solver_and_measure_has_its_page(pages: Pages) -> None:
    for kind in ("problems", "solvers", "measures"):
        for name in names(kind):
            assert "not complete" not in pages[f"{kind}/{name}.html"].words


def test_pages_are_well_formed_and_their_names_unique(pages: Pages) -> None:
    for file, page in pages.items():
        ids = page.ids
        assert len(set(ids)) == len(ids), file


def test_headings_are_in_order(pages: Pages) -> None:
    for file, page in pages.items():
        levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1, file
        assert levels.count(1) == 1, file
        assert all(below <= above + 1 for above, below in pairwise(levels)), (file, levels)


def test_everything_that_is_linked_is_there(site: Path, pages: Pages) -> None:
    for file, page in pages.items():
        for tag, attributes in page.elements:
            for link in (attributes.get("href"), attributes.get("src")):
                if link is None or (tag == "a" and link.startswith("https://")):
                    continue
                parts = urlsplit(link)
                assert (parts.scheme, parts.netloc) == ("", ""), (file, link)
                assert not parts.path.startswith("/"), (file, link)
                target = normpath(join(dirname(file), unquote(parts.path))) if parts.path else file
                assert (site / target).is_file(), (file, link)
                if parts.fragment and "=" not in parts.fragment:  # those with a sign of equality are filters
                    assert parts.fragment in pages[target].ids, (file, link)


def test_nothing_comes_from_elsewhere_and_nothing_is_inline(pages: Pages) -> None:
    for file, page in pages.items():
        for tag, attributes in page.elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes), file
            assert tag not in {"style", "iframe", "object", "embed", "base"}, file
            assert not any("http" in attributes.get(name, "") for name in ("src", "srcset", "xlink:href")), file
            assert tag != "link" or "http" not in attributes["href"], file
        assert all(script.get("src") for script in page.of("script")), file
        assert not [data for element, data in page.texts if element == "script" and data.strip()], file
        (policy,) = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
        assert policy.startswith("default-src 'none'; "), file
        assert "unsafe" not in policy, file
        assert all(f"{kind}-src 'self' file:;" in policy for kind in ("img", "style", "script")), file


def test_scripts_and_styles_ask_for_nothing(site: Path) -> None:
    for path in (site / "static").iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|@import|url\(|fetch\(|XMLHttpRequest|innerHTML|eval\(", text), path.name


def test_pages_can_be_read_by_keyboard_and_by_ear(pages: Pages) -> None:
    for file, page in pages.items():
        assert page.of("html")[0]["lang"] == "en"
        assert page.of("a")[0]["href"] == "#main", file
        assert "main" in page.ids, file
        assert all("alt" in image and image["width"] and image["height"] for image in page.of("img")), file
        assert all(field["id"] in {label["for"] for label in page.of("label")} for field in page.of("select"))
        for drawing in page.of("svg"):
            assert drawing["role"] == "img", file
            assert set(drawing["aria-labelledby"].split()) <= set(page.ids), file
        assert "width=device-width" in " ".join(meta.get("content", "") for meta in page.of("meta")), file


def test_words_stand_out_from_what_is_behind_them(site: Path) -> None:
    css = (site / "static" / "site.css").read_text(encoding="utf-8")
    schemes = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
    assert len(schemes) == 2  # light and dark
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): #(\w+);", scheme))
        behind = [_luminance(colours.pop(name)) for name in ("ground", "raised")]
        words = [_luminance(colours[name]) for name in colours if name not in ("line", "region")]
        lowest = min((max(a, b) + 0.05) / (min(a, b) + 0.05) for a in behind for b in words)
        assert lowest >= 4.5  # WCAG 2.2, success criterion 1.4.3


def _luminance(colour: str) -> float:
    """Relative luminance by WCAG 2.2 of a colour in three or six hexadecimal digits."""
    digits = colour if len(colour) == 6 else "".join(digit * 2 for digit in colour)
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_pages_are_small(site: Path) -> None:
    for path in site.rglob("*"):
        assert not path.is_file() or path.stat().st_size < MOST_BYTES, path


@pytest.mark.parametrize(("study", "scale"), sorted(record_files()))
def test_every_verdict_is_the_recomputed_one(study: str, scale: str, pages: Pages) -> None:
    judgement = judge_record(read_record(record_files()[study, scale]))
    (file,) = [file for file in pages if file.startswith(f"papers/{study}-")]
    shown = [attributes["class"].split()[1] for attributes in pages[file].of("span") if _is_badge(attributes)]
    central_first = sorted(judgement.findings, key=lambda finding: not finding.claim.central)
    assert shown == [judgement.verdict.status, *(finding.verdict.status for finding in central_first)]


def test_verdicts_on_the_front_page_are_those_of_the_papers(whole: Gallery, pages: Pages) -> None:
    front = pages["index.html"]
    shown = [attributes["class"].split()[1] for attributes in front.of("span") if _is_badge(attributes)]
    assert shown == [page.badge.status for page in whole.papers]
    recorded = {study for study, _ in record_files()}
    assert [page.badge.status == "untested" for page in whole.papers] == [
        page.paper.id not in recorded for page in whole.papers
    ]


def _is_badge(attributes: dict[str, str]) -> bool:
    return attributes.get("class", "").startswith("badge ")


def test_a_study_page_shows_its_sections_tables_and_every_seed(pages: Pages) -> None:
    page = pages["papers/080-corrupted-labels.html"]
    titles = {data for tag, data in page.texts if tag == "h3"}
    assert {"What the paper claims", "Ours beside theirs", "What was found"} <= titles
    assert "train 0.978, test 0.983 (1000 steps)" in {data for tag, data in page.texts if tag == "td"}
    assert "unseen run 080" in page.words
    assert "All 30 trials" in page.words
    assert "9d91498f802e1925f979f3b86c51d01763f17ad4" in page.words
    assert len(page.of("svg")) == 8


def test_answers_beside_questions_are_right(pages: Pages) -> None:
    cells = [data for tag, data in pages["problems/modular-addition.html"].texts if tag == "td"]
    asked = 0
    for question, answer in pairwise(cells):
        if match := re.fullmatch(r"What is (\d+) \+ (\d+) modulo (\d+)\?", question):
            assert (int(match[1]) + int(match[2])) % int(match[3]) == int(answer)
            asked += 1
    assert asked == 3 * len(problem("modular-addition").splits)


def test_the_map_counts_every_paper(pages: Pages) -> None:
    page = pages["map.html"]
    links = {a["href"]: data for a, data in _links(page) if a["href"].startswith("index.html#")}
    for area in {paper.area for paper in papers()}:
        count = sum(paper.area == area for paper in papers())
        assert links[f"index.html#area={area}"] == f"{count} papers"
        for axis in AXES:
            count = sum(paper.area == area and axis in paper.axes for paper in papers())
            words = "1 paper" if count == 1 else f"{count} papers"
            assert links.get(f"index.html#area={area}&axis={axis}", "0 papers") == words


def test_the_map_leads_to_every_study_under_each_of_its_axes(pages: Pages) -> None:
    found = [(a["href"], data) for a, data in _links(pages["map.html"]) if a["href"].startswith("papers/")]
    expected = [
        (paper.id, paper.key) for paper in papers() for _ in paper.axes if paper.id in {s.id for s in study_names()}
    ]
    assert sorted(data.split()[1] for _, data in found) == sorted(number for number, _ in expected)
    assert {href for href, _ in found} == {f"papers/{number}-{key}.html" for number, key in expected}
    for href, data in found:
        assert data.split()[1] in href
        assert data.split()[0] in {badge.sign for badge in BADGES.values()}


def _links(page: Any) -> list[tuple[dict[str, str], str]]:
    words = [data for tag, data in page.texts if tag == "a"]
    return list(zip(page.of("a"), words, strict=True))
