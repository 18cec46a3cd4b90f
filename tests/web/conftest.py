"""A real server on a free port, with a gallery of one paper, and a client that sends exactly what it is told."""

from __future__ import annotations

import http.client
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn
from PIL import Image as PillowImage

from unseen.catalogue import find
from unseen.report.site import figures
from unseen.report.site.figures import Image, Picture
from unseen.web.app import make_app
from unseen.web.live import LiveGallery
from unseen.web.runs import Run, Runs
from unseen.web.security import Rules, server_key
from unseen.web.server import bind


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """A visitor with a cookie; every request may say anything else about itself."""

    port: int
    runs: Runs
    cookie: str = ""
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"host": self.host, **({"cookie": self.cookie} if self.cookie else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("content-length", str(len(body.encode())))
            connection.endheaders(None if body is None else body.encode())
            response = connection.getresponse()
            answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def form_token(self) -> str:
        found = re.search(r'name="forgery_token" value="([0-9a-f]{64})"', self.get("/runs/index.html").text)
        assert found
        return found[1]

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        form = {"forgery_token": self.form_token(), **(fields or {})}
        sent = {"origin": f"http://{self.host}", "content_type": "application/x-www-form-urlencoded", **headers}
        return self.ask("POST", path, urlencode(form), **sent)

    def start(self, **fields: str) -> str:
        """Start a run; gives its name."""
        answer = self.post("/runs", fields)
        assert answer.status == 303, answer.text
        found = re.fullmatch(r"/runs/(.+)\.html", answer.headers["location"])
        assert found
        return found[1]

    def wait(self, name: str, until: Callable[[Run], bool], seconds: float = 60) -> Run:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            run = self.runs.get(name)
            assert run is not None
            if until(run):
                return run
            time.sleep(0.05)
        raise AssertionError((run, run.log))


def finished(run: Run) -> bool:
    return run.state != "running"


@pytest.fixture
def picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are a small picture."""
    path = tmp_path / "dot.png"
    PillowImage.new("RGB", (8, 4)).save(path)
    image = Image(path, "figures/dot.png", 8, 4)
    monkeypatch.setattr(figures, "picture", lambda *arguments: Picture(image, image, "a dot"))


@pytest.fixture
def serve(home: Path, picture: None) -> Iterator[Callable[..., Client]]:
    """Start a server; the data folder is the test's own. Stopped at the end."""
    started: list[tuple[uvicorn.Server, threading.Thread, socket.socket]] = []
    data = home / ".local" / "share" / "unseen" / "web"

    def start(token: str = "", host: str = "127.0.0.1", port: int = 0, papers: Sequence[str] = ("080",)) -> Client:
        listening = bind("127.0.0.1", port)
        runs = Runs(data / "runs")
        gallery = LiveGallery(catalogue=[find(paper) for paper in papers])
        app = make_app(gallery, runs, Rules(server_key(data), host, token))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        started.append((server, thread, listening))
        return Client(listening.getsockname()[1], runs)

    def stop() -> None:
        while started:
            server, thread, listening = started.pop()
            server.should_exit = True
            thread.join(timeout=10)
            listening.close()

    start.stop = stop  # type: ignore[attr-defined]
    yield start
    stop()


@pytest.fixture
def client(serve: Callable[..., Client]) -> Client:
    return serve()
