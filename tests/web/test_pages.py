"""The live pages are those of the report, with fresh questions and the user's own runs."""

from __future__ import annotations

import re
from typing import Any

from unseen.engine.plan import plan
from unseen.engine.store import StoredTrial, open_store
from unseen.records import read_record, record_files
from unseen.registry import names, study_name
from unseen.report.site.library import item_page
from unseen.report.site.pages import item_view, render

Client = Any


def test_every_kind_of_page_is_there(client: Client) -> None:
    for path in ("/", "/index.html", "/map.html", "/about.html", "/papers/080-corrupted-labels.html"):
        assert client.get(path).status == 200, path
    for kind in ("problems", "solvers", "measures"):
        index = client.get(f"/{kind}/index.html").text
        assert all(f">{name}</a>" in index for name in names(kind))  # type: ignore[arg-type]
        link = re.search(rf'href="\.\./({kind}/[a-z0-9-]+\.html)"', index)
        assert link
        assert client.get(f"/{link[1]}").status == 200
    assert client.get("/figures/dot.png").headers["content-type"] == "image/png"
    assert client.get("/static/papers.js").text.startswith('"use strict";\nconst PAPERS')
    assert client.get("/records/080-corrupted-labels.small.json").headers["content-type"] == "application/json"
    assert client.get("/solvers/lookup-table.html").status == 200
    assert "text/plain" in client.get("/sources/unseen/solvers/lookup.py.txt").headers["content-type"]
    assert client.ask("HEAD", "/").status == 200


def test_a_page_is_that_of_the_report_but_for_what_is_live(client: Client) -> None:
    live = client.get("/measures/energy-distance.html").text
    still = render(item_view(item_page("measures", "energy-distance"), []))
    cut = re.compile(r"<main.*</main>", re.DOTALL)
    assert cut.findall(live) == cut.findall(still)


def test_questions_are_fresh_by_seed(client: Client) -> None:
    first = client.get("/problems/modular-addition.html").text
    again = client.get("/problems/modular-addition.html?seed=0").text
    other = client.get("/problems/modular-addition.html?seed=1").text
    assert first == again
    assert first != other
    questions = [re.findall(r"What is \d+ \+ \d+ modulo \d+\?", text) for text in (first, other)]
    assert len(questions[0]) == len(questions[1]) >= 6
    assert questions[0] != questions[1]
    for seed in ("-1", "x", "9" * 30, "1e3"):
        assert client.get(f"/problems/modular-addition.html?seed={seed}").status == 200


def test_a_run_of_the_user_is_shown_when_it_is_there(client: Client) -> None:
    address = "/papers/080-corrupted-labels.html"
    assert "your own" not in client.get(address).text
    record = read_record(record_files()["080", "small"])
    planned = plan(study_name("080"), scale="small")
    outcomes = {(trial.condition, trial.seed): trial.outcome for trial in record.trials.items}
    with open_store() as store:
        store.claim(planned.keys, "me", scale="small", config=planned.config)
        trials = [
            StoredTrial(key, "small", "done", outcomes[key.condition, key.seed], "", 1.0, 1, {}, None)
            for key in planned.keys
        ]
        store.finish("me", trials)
    assert "scale small, your own" in client.get(address).text
