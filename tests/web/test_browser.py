"""The gallery in a real browser: search, every kind of page, figures, runs, accessibility, at both widths."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from unseen.catalogue import find
from unseen.evaluation.appraisal import appraise
from unseen.evaluation.kept import keep, read_kept
from unseen.registry import problem
from unseen.report.files import evaluations_folder
from unseen.report.site.gallery import Gallery, evidence, gather_papers, with_evaluations
from unseen.report.site.library import item_page
from unseen.report.site.writer import write

sync_api = pytest.importorskip("playwright.sync_api", reason="the browser is driven by playwright")
CHROMIUM = shutil.which("chromium")
AXE = os.environ.get("UNSEEN_TEST_AXE", "")
QUIET = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking")
MORE = ("disable-component-update", "disable-sync", "disable-dev-shm-usage")
PAPERS = ("080", "093", "002")
KINDS = (
    *("index.html", "map.html", "about.html", "compare.html#of=study-080", "papers/080-corrupted-labels.html"),
    *("problems/index.html", "problems/modular-addition.html", "solvers/lookup-table.html"),
    "measures/energy-distance.html",
)
LIVE = ("runs/index.html",)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")

Client = Any
Serve = Any
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in (*QUIET, *MORE)])
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Open]:
    """Open a page in a window of its own; whatever the browser complains of, or asks of others, fails the test."""
    complaints: list[str] = []
    contexts = []

    def heard(message: Any) -> None:
        if message.type == "error" and "favicon" not in message.text:
            complaints.append(message.text)

    def opened(address: str, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: _only_here(request.url, complaints))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _only_here(address: str, complaints: list[str]) -> None:
    if not address.startswith(("http://127.0.0.1:", "file:", "data:")):
        complaints.append(f"asked for {address}")


@pytest.fixture
def folder(home: Path, picture: None, tmp_path: Path) -> Path:
    """A site on disk with a few pages of each kind, and two evaluations to compare."""
    _evaluate()
    kept = read_kept(evaluations_folder())
    shown = [find(paper) for paper in PAPERS]
    named: dict[Any, str] = {"problems": "modular-addition", "solvers": "lookup-table", "measures": "energy-distance"}
    items: Any = {kind: (with_evaluations(item_page(kind, name), kept),) for kind, name in named.items()}
    quiet = lambda words, done, total: None  # noqa: E731
    write(Gallery(gather_papers(quiet, shown, evidence(shown)), items), tmp_path / "site", quiet)
    return tmp_path / "site"


def _evaluate() -> None:
    asked = problem("modular-addition", modulus=31)
    for name in ("classical", "lookup-table"):
        keep(appraise(name, asked, n=100), evaluations_folder(), parameters={"modulus": 31}, fitted=name != "classical")


def shown(page: Any, of: str) -> int:
    return int(page.locator(f"{of} > li:visible").count())


def try_search(page: Any) -> None:
    assert shown(page, "#cards") == len(PAPERS)
    page.fill("#words", "corrupted")
    assert (shown(page, "#cards"), page.text_content("#count")) == (1, "1 paper")
    page.fill("#words", "")
    page.select_option("#verdict", "untested")
    assert page.locator("#cards > li:visible").get_attribute("id") == "p002"
    page.click("button[type=reset]")
    sync_api.expect(page.locator("#count")).to_have_text("3 papers")
    page.select_option("#kind", "measures")
    assert shown(page, "#cards") == 0
    assert shown(page, "#items") >= 1
    page.fill("#words", "energy distance")
    page.click("#items > li:visible a")
    page.wait_for_url("**/measures/energy-distance.html")
    page.go_back()
    sync_api.expect(page.locator("#words")).to_have_value("energy distance")


def try_figure(page: Any) -> None:
    plot = page.locator(".plot").first
    said = plot.locator("[role=status]")
    drawing = plot.locator("svg")
    drawing.scroll_into_view_if_needed()
    box = drawing.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3)
    first = said.text_content()
    assert ", seed " in first
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.3)
    assert said.text_content() != first
    drawing.focus()
    before = said.text_content()
    page.keyboard.press("ArrowLeft")
    assert said.text_content() != before
    curve = plot.locator("optgroup").nth(1).locator("option").first.get_attribute("value")
    plot.locator("select").select_option(curve)
    plot.locator("svg").focus()
    page.keyboard.press("ArrowRight")
    assert "step" in said.text_content()
    assert plot.locator("polyline").count() > 10


def try_compare(page: Any) -> None:
    page.wait_for_selector("#values tbody tr")
    assert "no-decay less decay-5" in page.text_content("#said")
    assert page.locator("#values tbody tr").count() == 5
    page.select_option("#second", index=0)
    assert "is 0, 90% interval 0 to 0" in page.text_content("#said")
    page.select_option("#of", "problem-modular-addition")
    sync_api.expect(page.locator("#said")).to_contain_text("90% interval -0.0")
    page.select_option("#first", label="lookup-table")
    page.select_option("#second", label="classical")
    page.select_option("#metric", label="iid")
    assert "is -1, 90% interval -1 to" in page.text_content("#said")
    page.select_option("#first", label="classical")
    page.select_option("#second", label="lookup-table")
    assert "classical less lookup-table is 1" in page.text_content("#said")


def test_from_disk(folder: Path, visit: Open) -> None:
    root = folder.as_uri()
    try_search(visit(f"{root}/index.html"))
    try_figure(visit(f"{root}/papers/080-corrupted-labels.html"))
    try_compare(visit(f"{root}/compare.html#of=study-080"))


def test_live(serve: Serve, visit: Open) -> None:
    _evaluate()
    client = serve(papers=PAPERS)
    root = f"http://127.0.0.1:{client.port}"
    try_search(visit(f"{root}/"))
    try_figure(visit(f"{root}/papers/080-corrupted-labels.html"))
    try_compare(visit(f"{root}/compare.html#of=study-080"))
    page = visit(f"{root}/problems/modular-addition.html")
    assert "lookup-table" in page.text_content("table:has(th:text('rule or memory'))")
    before = page.locator(".questions").first.text_content()
    page.click("text=New seed")
    page.wait_for_url("**seed=1*")
    assert page.locator(".questions").first.text_content() != before


def test_a_run_from_start_to_result_with_reload_and_restart(toys: Path, serve: Serve, visit: Open) -> None:
    client = serve()
    page = visit(f"http://127.0.0.1:{client.port}/runs/index.html")
    page.select_option("#study", "toyslow")
    page.select_option("#scale", "smoke")
    page.fill("#seeds", "0-3")
    page.click("text=Start the study")
    page.wait_for_selector("#bar")
    page.reload()
    page.wait_for_selector("#bar")
    page.wait_for_selector("text=Finished.", timeout=60_000)
    assert "Values are above zero on average." in page.text_content("main")

    page.goto(f"http://127.0.0.1:{client.port}/runs/index.html")
    page.select_option("#study", "toyslow")
    page.select_option("#scale", "small")
    page.fill("#seeds", "7")
    page.click("text=Start the study")
    sync_api.expect(page.locator("#words")).to_contain_text("left", timeout=60_000)
    page.click("text=Stop")
    page.wait_for_selector("text=Stopped.", timeout=60_000)
    assert "finished trials are kept" in page.text_content("#log")


def test_another_site_cannot_start_a_run(client: Client, browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    here = f"http://127.0.0.1:{client.port}"
    page.goto(f"{here}/runs/index.html")
    token = page.get_attribute("input[name=forgery_token]", "value")
    form = "".join(
        f'<input name="{name}" value="{value}">'
        for name, value in {"forgery_token": token, "kind": "study", "study": "080", "scale": "smoke"}.items()
    )
    evil = f'<form method="post" action="{here}/runs">{form}</form>'
    for other in ("http://evil.example/", f"http://localhost:{client.port}/evil"):
        page = context.new_page()
        page.route(other, lambda route: route.fulfill(content_type="text/html", body=evil))
        page.goto(other)
        with page.expect_response(f"{here}/runs") as refused:
            page.evaluate("document.forms[0].submit()")
        assert refused.value.status == 403
    assert client.runs.all() == []
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_both_widths(serve: Serve, visit: Open, scheme: str) -> None:
    _evaluate()
    client = serve(papers=PAPERS)
    page = visit(f"http://127.0.0.1:{client.port}/", 360, scheme)
    for file in (*KINDS, *LIVE):
        page.set_viewport_size({"width": 360, "height": 800})
        page.goto(f"http://127.0.0.1:{client.port}/{file}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, file
        page.set_viewport_size({"width": 1920, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth") <= 1920, file
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content", file
        if AXE:
            page.evaluate(Path(AXE).read_text(encoding="utf-8"))
            found = page.evaluate("axe.run().then((result) => result.violations)")
            found = [one for one in found if one["impact"] in ("serious", "critical")]
            serious = [(one["id"], one["nodes"][0]["html"]) for one in found]
            assert serious == [], file
