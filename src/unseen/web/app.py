"""The application: addresses to pages, and what may be started and stopped."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from unseen.errors import UsageError
from unseen.registry import names, study_names
from unseen.report.site.figures import Image, Picture
from unseen.report.site.pages import Live, Page, render
from unseen.web.live import LiveGallery
from unseen.web.requests import EvaluationRequest, checked, solver_names
from unseen.web.runs import Run, Runs
from unseen.web.security import Guard, Rules

HERE = Path(__file__).parent

LARGEST_SEED = 2**31 - 1

LOOK_EVERY = 0.5
"""Seconds between two looks at a run while somebody watches it."""

STILL_THERE_EVERY = 15.0
"""Seconds after which a stream in which nothing happens says that it is alive."""


def make_app(gallery: LiveGallery, runs: Runs, rules: Rules) -> FastAPI:
    """Put the application together."""
    app = FastAPI(title="Unseen", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, rules=rules)

    def answer(request: Request, page: Page, status: int = 200) -> Response:
        session = getattr(request.state, "session", "")
        live = Live(rules.forgery_token(session))
        return HTMLResponse(render(page, live, HERE / "templates"), status, {"cache-control": "no-store"})

    def missing(request: Request) -> Response:
        words = "There is no such page."
        return answer(request, Page("missing.html", "message.html", {"title": "Not found", "words": words}), 404)

    @app.get("/login")
    def login(wrong: str = "") -> Response:
        page = Page("login.html", "login.html", {"wrong": bool(wrong)})
        return HTMLResponse(render(page, Live(""), HERE / "templates"), headers={"cache-control": "no-store"})

    @app.get("/runs/index.html")
    def overview(request: Request) -> Response:
        return answer(request, _overview(gallery, runs))

    @app.post("/runs")
    def start(request: Request) -> Response:
        try:
            run = runs.start(checked(request.state.form))
        except UsageError as error:
            return answer(request, _overview(gallery, runs, str(error)), 400)
        return RedirectResponse(f"/runs/{run.name}.html", 303)

    @app.post("/runs/{name}/stop")
    def stop(request: Request, name: str) -> Response:
        run = runs.get(name)
        if run is None:
            return missing(request)
        runs.stop(run)
        return RedirectResponse(f"/runs/{name}.html", 303)

    @app.get("/runs/{name}/events")
    async def events(request: Request, name: str) -> Response:
        if await run_in_threadpool(runs.get, name) is None:
            return PlainTextResponse("no such run\n", 404)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(_events(request, runs, name), media_type="text/event-stream", headers=headers)

    @app.get("/runs/{name}/figure.png")
    def figure(request: Request, name: str) -> Response:
        run = runs.get(name)
        path = None if run is None else run.folder / "out" / "figure.png"
        return FileResponse(path) if path is not None and path.is_file() else missing(request)

    @app.get("/runs/{name}.html")
    def one_run(request: Request, name: str) -> Response:
        run = runs.get(name)
        return missing(request) if run is None else answer(request, _run_page(gallery, run))

    @app.get("/static/run.js")
    def script() -> Response:
        return FileResponse(HERE / "static" / "run.js", media_type="text/javascript")

    @app.api_route("/{address:path}", methods=["GET", "HEAD"])
    def anything(request: Request, address: str, seed: str = "0") -> Response:
        file = address or "index.html"
        number = int(seed) if seed.isascii() and seed.isdigit() and len(seed) < 11 else 0
        page = gallery.page(file, min(number, LARGEST_SEED))
        if page is not None:
            return answer(request, page)
        if (text := gallery.script(file)) is not None:
            return Response(text, media_type="text/javascript")
        path = gallery.file(file)
        if path is None or not path.is_file():
            return missing(request)
        kind = "text/plain; charset=utf-8" if file.endswith(".txt") else mimetypes.guess_type(file)[0]
        return FileResponse(path, media_type=kind)

    return app


def _overview(gallery: LiveGallery, runs: Runs, complaint: str = "") -> Page:
    context = {
        "runs": runs.all(),
        "studies": [(page.study, page.paper) for page in gallery.papers if page.study],
        "others": [name for name in study_names() if gallery.paper_of(name.id) is None],
        "solvers": solver_names(),
        "problems": sorted(names("problems")),
        "store": gallery.store_shown,
        "complaint": complaint,
    }
    return Page("runs/index.html", "runs.html", context)


def _run_page(gallery: LiveGallery, run: Run) -> Page:
    context: dict[str, Any] = {"run": run, "result": None, "evaluation": None, "paper": None}
    if isinstance(run.request, EvaluationRequest):
        context["evaluation"] = run.result
    else:
        context["paper"] = gallery.paper_of(run.request.study)
        if run.state != "running":
            context["result"] = gallery.result(run.request, _picture(run))
    return Page(f"runs/{run.name}.html", "run.html", context)


def _picture(run: Run) -> Picture | None:
    path = run.folder / "out" / "figure.png"
    if not path.is_file():
        return None
    from unseen.report.site.figures import read_image

    image: Image = read_image(path, f"runs/{run.name}/figure.png")
    return Picture(image, image, f"Figure of {run.request.title}")


async def _events(request: Request, runs: Runs, name: str) -> AsyncIterator[str]:
    """Every change of a run as a server-sent event, up to the last, named ``end``."""
    told, silent = "", 0.0
    while not await request.is_disconnected():
        run = await run_in_threadpool(runs.get, name)
        if run is None:
            return
        described = json.dumps(
            {
                "state": run.state,
                "fraction": run.progress.fraction,
                "seconds_left": run.progress.seconds_left,
                "words": run.progress.words,
                "log": run.log,
            }
        )
        if run.state != "running":
            yield f"event: end\ndata: {described}\n\n"
            return
        if described != told:
            told, silent = described, 0.0
            yield f"event: progress\ndata: {described}\n\n"
        elif silent >= STILL_THERE_EVERY:
            silent = 0.0
            yield ": still there\n\n"
        await asyncio.sleep(LOOK_EVERY)
        silent += LOOK_EVERY
