"""What the server refuses."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.web.security import POLICY, Rules, server_key

Client = Any
TOKEN = "a token that is long enough"
STUDY = {"kind": "study", "study": "080", "scale": "smoke"}


def test_only_names_of_the_server_are_answered(client: Client) -> None:
    port = client.port
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "localhost"):
        assert client.get("/about.html", host=host).status == 200, host
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "", "evil@localhost", "localhost:x"):
        assert client.get("/about.html", host=host).status in (400, 421), host


def test_a_bound_address_is_answered_by_number_and_given_names_alone() -> None:
    rules = Rules(b"key", "0.0.0.0", TOKEN, ("lab.example",))
    assert all(rules.known_host(host) for host in ("192.0.2.7:80", "[2001:db8::1]:80", "lab.example", "localhost"))
    assert not any(rules.known_host(host) for host in ("evil.example", "", "lab.example.evil.example"))


def test_every_answer_carries_the_policy(client: Client) -> None:
    for path in ("/", "/about.html", "/static/site.css", "/nowhere", "/runs/index.html"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert "unsafe" not in POLICY
    assert "http-equiv" not in client.get("/").text


def test_forged_requests_are_refused(client: Client) -> None:
    token = client.form_token()
    kind = "application/x-www-form-urlencoded"
    body = f"forgery_token={token}&kind=study&study=080&scale=smoke"
    here = f"http://{client.host}"

    def forged(body: str = body, **headers: str) -> int:
        return client.ask("POST", "/runs", body, **{"content_type": kind, "origin": here, **headers}).status

    assert forged(origin="http://evil.example") == 403
    assert forged(origin="") == 403
    assert forged(origin="null") == 403
    assert forged(origin=f"http://127.0.0.1:{client.port + 1}") == 403
    assert forged(sec_fetch_site="cross-site") == 403
    assert forged(body.replace(token, "0" * 64)) == 403
    assert forged(body.replace(token, "")) == 403
    assert forged(body.replace("forgery_token", "other")) == 403
    assert forged(content_type="text/plain") == 413
    assert forged("x" * 70_000) == 413
    assert client.ask("PUT", "/runs", body, origin=here).status == 405
    assert client.runs.all() == []


def test_a_form_of_another_session_is_refused(client: Client) -> None:
    token = client.form_token()
    client.cookie = ""
    client.get("/")
    assert client.post("/runs", {"forgery_token": token, **STUDY}).status == 403
    client.cookie = "unseen-session=made-up.0000"
    body = f"forgery_token={Rules(b'another key').forgery_token('made-up.0000')}"
    kind = "application/x-www-form-urlencoded"
    assert client.ask("POST", "/runs", body, origin=f"http://{client.host}", content_type=kind).status == 403


def test_a_token_is_demanded_once(serve: Callable[..., Client]) -> None:
    client = serve(token=TOKEN)
    for path in ("/", "/papers/080-corrupted-labels.html", "/runs/index.html", "/static", "/figures/dot.png"):
        client.cookie = ""
        answer = client.get(path)
        assert (answer.status, answer.headers["location"]) == (303, "/login"), path
        assert "set-cookie" not in answer.headers
    assert client.get("/login").status == 200
    assert client.get("/static/site.css").status == 200
    client.cookie = ""
    for wrong in ("", "a", TOKEN[:-1], TOKEN + "a"):
        body, kind = f"token={wrong}", "application/x-www-form-urlencoded"
        answer = client.ask("POST", "/login", body, origin=f"http://{client.host}", content_type=kind)
        assert answer.headers["location"] == "/login?wrong=1"
        assert "set-cookie" not in answer.headers
    body = "token=" + TOKEN.replace(" ", "+")
    answer = client.ask("POST", "/login", body, origin=f"http://{client.host}", content_type=kind)
    assert answer.headers["location"] == "/"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    assert client.get("/").status == 200
    client.cookie = ""
    assert client.get("/?token=" + TOKEN.replace(" ", "+")).headers["location"] == "/"
    assert client.get("/").status == 200


def test_a_new_token_ends_old_sessions() -> None:
    before, after = Rules(b"key", token="old"), Rules(b"key", token="new")
    session = before.new_session()
    assert before.is_session(session)
    assert not after.is_session(session)
    assert not Rules(b"other", token="old").is_session(session)


def test_the_key_is_its_owners(tmp_path: Path) -> None:
    key = server_key(tmp_path / "web")
    assert len(key) == 32
    assert server_key(tmp_path / "web") == key
    assert stat.S_IMODE((tmp_path / "web" / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "path",
    [
        "/../key",
        "/static/../../key",
        "/static/%2e%2e/%2e%2e/key",
        "/runs/..%2f..%2fkey.html",
        "/runs/../key/figure.png",
        "/runs/%2e%2e/figure.png",
        "//etc/passwd",
        "/records/..%5c..%5ckey",
        "/figures/%00",
    ],
)
def test_no_address_leaves_what_is_linked(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status in (400, 404)
    assert server_key(client.runs.folder.parent) not in answer.body
    assert b"root:" not in answer.body


def test_what_the_command_refuses(unseen: Callable[..., Any]) -> None:
    assert "give a --token" in unseen("web", "--host", "0.0.0.0").complaint
    assert "at least 16 characters" in unseen("web", "--token", "short").complaint
    assert "--port 0 takes a free one" in unseen("web", "--host", "192.0.2.1", "--token", TOKEN).complaint
    assert "no place" in unseen("web", "--port", "0", "--store", "sqlite:////no/such/folder/a.db").complaint
