"""Runs from a page: to the end, stopped, and found again by a server that starts anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from unseen.errors import UsageError
from unseen.web.requests import as_plain, checked, from_plain

Client = Any
Serve = Any


def finished(run: Any) -> bool:
    return bool(run.state != "running")


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for block in filter(None, text.split("\n\n")):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((lines["event"], json.loads(lines["data"])))
    return found


def test_a_study_is_run_to_the_end(toys: Path, client: Client) -> None:
    name = client.start(kind="study", study="toy", scale="smoke", seeds="0-1")
    run = client.wait(name, finished)
    assert (run.state, run.progress.fraction) == ("done", 1.0), run.log
    page = client.get(f"/runs/{name}.html").text
    assert "Finished." in page
    assert "Values are above zero on average." in page
    assert f"../runs/{name}/figure.png" in page
    assert client.get(f"/runs/{name}/figure.png").body.startswith(b"\x89PNG")
    assert name in client.get("/runs/index.html").text
    ((kind, last),) = events(client.get(f"/runs/{name}/events").text)
    assert (kind, last["state"], last["fraction"]) == ("end", "done", 1.0)


def test_some_conditions_are_run_without_a_verdict(toys: Path, client: Client) -> None:
    name = client.start(kind="study", study="toy", scale="smoke", seeds="0", condition="a")
    assert client.wait(name, finished).state == "done"
    assert "trials missing" in client.get(f"/runs/{name}.html").text
    assert toys.read_text().split()[0] == "a"
    assert len(toys.read_text().splitlines()) == 1


def test_a_run_outlives_its_server_and_is_stopped_by_the_next(toys: Path, serve: Serve) -> None:
    first = serve()
    name = first.start(kind="study", study="toyslow", scale="small", seeds="0-3")
    first.wait(name, lambda run: run.progress.fraction > 0)
    cookie, form = first.cookie, first.form_token()
    serve.stop()
    second = serve(port=first.port)
    run = second.runs.get(name)
    assert run is not None
    assert run.state == "running"
    second.cookie = cookie  # the browser's page is still open, with its form
    assert 'id="bar"' in second.get(f"/runs/{name}.html").text
    assert second.post(f"/runs/{name}/stop", {"forgery_token": form}).status == 303
    run = second.wait(name, finished)
    assert run.state == "stopped"
    assert "finished trials are kept" in run.log
    assert "Stopped." in second.get(f"/runs/{name}.html").text


def test_progress_is_told_as_it_comes(toys: Path, client: Client) -> None:
    name = client.start(kind="study", study="toyslow", scale="small", seeds="0")
    told = events(client.get(f"/runs/{name}/events").text)
    fractions = [event["fraction"] for _, event in told]
    assert [kind for kind, _ in told][-1] == "end"
    assert fractions == sorted(fractions)
    assert any(0 < fraction < 1 for fraction in fractions)
    assert any(event["seconds_left"] for _, event in told)


def test_an_evaluation(client: Client) -> None:
    fields = {"kind": "evaluation", "solver": "lookup-table", "problem": "modular-addition", "n": "50", "seeds": "0"}
    name = client.start(**fields)
    assert client.wait(name, finished).state == "done"
    page = client.get(f"/runs/{name}.html").text
    assert "Memory: 1.00 on train" in page
    assert "Scores by split" in page


def test_failed_trials_and_a_process_that_died(toys: Path, home: Path, client: Client) -> None:
    (home / "faults").touch()
    name = client.start(kind="study", study="toyfaulty", scale="smoke", seeds="1", condition="fine,raises")
    run = client.wait(name, finished)
    assert run.state == "done"  # trials failed, the run did not
    assert run.result[0]["trials"] == {"done": 1, "failed": 1}
    assert "trials missing" in client.get(f"/runs/{name}.html").text
    (run.folder / "result.json").write_text("")
    assert client.runs.get(name).state == "failed"
    assert "Failed." in client.get(f"/runs/{name}.html").text


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({}, "kind is study or evaluation"),
        ({"kind": "study", "study": "nope", "scale": "small"}, "no study named"),
        ({"kind": "study", "study": "080", "scale": "huge"}, "no scale"),
        ({"kind": "study", "study": "080", "scale": "small", "seeds": "x"}, "malformed"),
        ({"kind": "study", "study": "080", "scale": "small", "condition": "nope"}, "no condition"),
        ({"kind": "evaluation", "solver": "os:system", "problem": "parity"}, "can be started here"),
        ({"kind": "evaluation", "solver": "classical", "problem": "nope"}, "no problem named"),
        ({"kind": "evaluation", "solver": "classical", "problem": "modular-addition", "n": "0"}, "questions must be"),
        (
            {"kind": "evaluation", "solver": "classical", "problem": "modular-addition", "n": "9", "seeds": "-"},
            "malform",
        ),
    ],
)
def test_what_cannot_be_run(fields: dict[str, str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        checked(fields)


def test_a_refusal_is_shown_escaped(client: Client) -> None:
    answer = client.post("/runs", {"kind": "study", "study": "<script>alert(1)</script>", "scale": "small"})
    assert answer.status == 400
    assert "Not started: " in answer.text
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert" in answer.text


def test_requests_come_back_as_they_went() -> None:
    asked = checked({"kind": "study", "study": "80", "scale": "smoke", "seeds": "3"})
    assert from_plain(json.loads(json.dumps(as_plain(asked)))) == asked


def test_options_never_start_with_what_a_visitor_wrote(tmp_path: Path) -> None:
    asked = checked({"kind": "study", "study": "80", "scale": "smoke"})
    assert asked.command(tmp_path)[3:5] == ["run", "080"]
    with pytest.raises(UsageError):
        checked({"kind": "study", "study": "--record", "scale": "smoke"})


def test_names_of_runs_are_no_paths(client: Client, home: Path) -> None:
    (home / "request.json").write_text("{}")
    for name in ("..", ".", "../..", "20260101-000000-0000000g", "/etc", "20260101-000000-00000000"):
        assert client.runs.get(name) is None


def test_a_damaged_folder_hides_no_other(client: Client) -> None:
    folder = client.runs.folder / "20260101-000000-00000000"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text("[")
    assert client.runs.all() == []
    assert client.get("/runs/index.html").status == 200


def test_hostile_logs_are_text(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = client.runs.folder / "20260101-000000-00000000"
    folder.mkdir(parents=True)
    asked = as_plain(checked({"kind": "evaluation", "solver": "classical", "problem": "modular-addition", "n": "5"}))
    evil = "</code></pre><script>alert(1)</script>"
    (folder / "request.json").write_text(json.dumps({"request": {**asked, "seeds": evil}, "started": evil}))
    (folder / "log.txt").write_text(evil)
    (folder / "progress.jsonl").write_text(json.dumps({"what": "", "fraction": 0, "seconds_left": None, "words": evil}))
    for page in ("/runs/20260101-000000-00000000.html", "/runs/index.html"):
        assert "<script>alert" not in client.get(page).text
        assert "&lt;script&gt;alert" in client.get(page).text
