"""The search of the front page, run by Node where there is one, beside the command line's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from unseen.catalogue import search
from unseen.report.site.gallery import Gallery

NODE = shutil.which("node")
QUERIES = [
    "",
    "grok",
    "Corrupted algorithmic",
    "doshi",
    "schrodinger",
    "Schrödinger bridge",
    "  ",
    "a the",
    "xyzzy",
    "%",
]
LIMIT = 50.0
"""Milliseconds that a keystroke may take."""

pytestmark = pytest.mark.skipif(NODE is None, reason="the search is tried with Node")


def _select(site: Path, chosen: list[dict[str, str]]) -> list[dict[str, Any]]:
    """What the page's own scripts find, and the processor's milliseconds that it took."""
    script = """
    const searches = JSON.parse(require("fs").readFileSync(0, "utf8"));
    const found = searches.map((chosen) => {
      const before = process.cpuUsage();
      const ids = select(PAPERS, chosen).map((paper) => paper.id);
      const spent = process.cpuUsage(before);
      return { ids, milliseconds: (spent.user + spent.system) / 1000 };
    });
    console.log(JSON.stringify(found));
    """
    sources = [(site / "static" / name).read_text(encoding="utf-8") for name in ("papers.js", "search.js")]
    done = subprocess.run(
        [str(NODE), "-e", "\n".join([*sources, script])],
        input=json.dumps(chosen),
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _chosen(**given: str) -> dict[str, str]:
    return {"words": "", "area": "", "axis": "", "verdict": "", **given}


def test_it_finds_what_the_command_line_finds_in_the_same_order(site: Path) -> None:
    found = _select(site, [_chosen(words=query) for query in QUERIES])
    assert [item["ids"] for item in found] == [[paper.id for paper in search(query)] for query in QUERIES]
    assert max(item["milliseconds"] for item in found) < LIMIT


def test_it_finds_papers_by_their_number(site: Path) -> None:
    (found,) = _select(site, [_chosen(words="080")])
    assert found["ids"] == ["080"]


def test_filters_keep_what_fits(site: Path, whole: Gallery) -> None:
    found = _select(
        site, [_chosen(area="physics", axis="longer"), _chosen(verdict="holds"), _chosen(verdict="nothing")]
    )
    by_place = [p.paper.id for p in whole.papers if p.paper.area == "physics" and "longer" in p.paper.axes]
    by_verdict = [p.paper.id for p in whole.papers if p.badge.status == "holds"]
    assert [item["ids"] for item in found] == [by_place, by_verdict, []]
    assert by_place
    assert by_verdict


PAGE = """
const made = (id) => ({
  id, value: "", hidden: id === "form", textContent: "", listeners: {}, children: [],
  addEventListener(kind, act) { this.listeners[kind] = act; },
  append(...cards) { this.children = cards; },
});
const elements = {};
const element = (id) => (elements[id] ??= made(id));
const location = { hash: START, pathname: "/index.html", search: "" };
const written = [];
const history = { replaceState(state, title, address) { written.push(address); } };
const window = made("window");
const document = { querySelector: () => element("form"), getElementById: element };
const visible = () => elements.cards.children.map((card) => card.id).filter((id) => !elements[id].hidden);
"""


def _page(site: Path, start: str, steps: str) -> dict[str, Any]:
    """What the page shows after `steps`, with just enough of a browser around its scripts."""
    sources = [(site / "static" / name).read_text(encoding="utf-8") for name in ("papers.js", "search.js")]
    tell = """
    const hidden = PAPERS.filter((paper) => elements["p" + paper.id].hidden).length;
    console.log(JSON.stringify({ shown: visible(), hidden, count: elements.count.textContent, written,
      form: elements.form.hidden, values: ["words", "area", "axis", "verdict"].map((id) => element(id).value) }));
    """
    page = PAGE.replace("START", json.dumps(start))
    script = "\n".join([page, *sources, steps, tell])
    done = subprocess.run([str(NODE), "-e", script], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_an_address_from_the_map_shows_its_papers_alone(site: Path, whole: Gallery) -> None:
    found = _page(site, "#area=physics&axis=longer", "")
    fitting = [f"p{p.paper.id}" for p in whole.papers if p.paper.area == "physics" and "longer" in p.paper.axes]
    assert found["shown"] == fitting
    assert found["hidden"] == len(whole.papers) - len(fitting)
    assert found["count"] == f"{len(fitting)} papers"
    assert found["values"] == ["", "physics", "longer", ""]
    assert found["form"] is False


def test_typing_filters_and_is_kept_in_the_address(site: Path) -> None:
    found = _page(site, "", 'element("words").value = "Corrupted algorithmic"; element("form").listeners.input();')
    assert (found["shown"], found["count"]) == (["p080"], "1 paper")
    assert found["written"] == ["#words=Corrupted+algorithmic"]


def test_a_link_to_the_content_is_no_search(site: Path, whole: Gallery) -> None:
    steps = 'element("area").value = "physics"; location.hash = "#main"; window.listeners.hashchange();'
    found = _page(site, "", steps)
    assert found["values"][1] == "physics"
    assert len(found["shown"]) == len(whole.papers)


def test_a_hostile_address_is_only_looked_for(site: Path) -> None:
    found = _page(site, "#words=%3Cscript%3Ealert(1)%3C%2Fscript%3E&area=__proto__&q=1", "")
    assert (found["shown"], found["count"]) == ([], "0 papers")
