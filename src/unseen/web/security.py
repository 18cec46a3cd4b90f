"""Who may ask what of the server: hosts, tokens, forged requests, and what pages may load.

Every request passes `Guard` before the application sees it, so that no route can forget to be protected.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SESSION = "unseen-session"
"""Name of the cookie."""

MOST_BYTES = 65_536
"""Largest body of a request that is read."""

SAFE = ("GET", "HEAD")
"""Methods that change nothing."""

POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)

HEADERS = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def server_key(folder: Path) -> bytes:
    """The secret that sessions are signed with, kept in a file that its owner alone can read, made if missing."""
    path = folder / "key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    return path.read_bytes()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to that host.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_name(header: str) -> str:
    """The name in a Host header, without port and brackets; empty if it is malformed.

    Examples
    --------
    >>> host_name("localhost:8000"), host_name("[::1]:8000"), host_name("evil@localhost")
    ('localhost', '::1', '')
    """
    try:
        parts = urlsplit(f"//{header}")
        if parts.username is not None or parts.path or parts.query or parts.fragment:
            return ""
        _ = parts.port
    except ValueError:
        return ""
    return parts.hostname or ""


@dataclass(frozen=True)
class Rules:
    """What the guard goes by.

    Parameters
    ----------
    key : bytes
        Signs sessions and forgery tokens.
    host : str
        What the server is bound to.
    token : str
        What a visitor must show once; empty if everybody who can connect may come in.
    names : tuple of str
        More names that the server is called by.
    """

    key: bytes
    host: str = "127.0.0.1"
    token: str = field(default="", repr=False)
    names: tuple[str, ...] = ()

    def known_host(self, header: str) -> bool:
        """Whether a Host header names this server: another site's name that leads here is refused.

        Addresses are always right where not only loopback is bound, since a name is what such a site needs.
        """
        name = host_name(header)
        if name in ("localhost", "127.0.0.1", "::1", self.host, *self.names):
            return bool(name)
        if is_loopback(self.host):
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def sign(self, purpose: str, session: str) -> str:
        """A signature that only this server can make; a new token makes all old ones worthless."""
        text = "\0".join((purpose, self.token, session))
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def new_session(self) -> str:
        """A session for a cookie."""
        session = secrets.token_urlsafe(18)
        return f"{session}.{self.sign('session', session)}"

    def is_session(self, cookie: str) -> bool:
        """Whether this server made that session."""
        session, _, signature = cookie.partition(".")
        return hmac.compare_digest(signature.encode(), self.sign("session", session).encode())

    def is_token(self, shown: str) -> bool:
        """Whether a visitor's token is right, in a time that does not tell how much of it is."""
        return bool(self.token) and hmac.compare_digest(
            hashlib.sha256(shown.encode()).digest(), hashlib.sha256(self.token.encode()).digest()
        )

    def forgery_token(self, session: str) -> str:
        """What forms of that session send back."""
        return self.sign("form", session)


class Guard:
    """Refuses what may not be asked; what comes through has a session, and its form in ``request.state.form``."""

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self.app = app
        self.rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on, one request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        cookie = request.cookies.get(SESSION, "")
        fresh = "" if self.rules.is_session(cookie) else self.rules.new_session()
        answer = await self._refusal(request, known=not fresh)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        scope.setdefault("state", {})["session"] = fresh or cookie
        await self.app(scope, receive, _with_headers(send, fresh))

    async def _refusal(self, request: Request, *, known: bool) -> Response | None:
        """Why the request goes no further; None if it does."""
        rules = self.rules
        if not rules.known_host(request.headers.get("host", "")):
            return PlainTextResponse("this server is not called that: see --name\n", 421)
        if rules.token and not known:
            if rules.is_token(request.query_params.get("token", "")):
                return self._let_in(request.url.path)
            if request.method in SAFE and request.url.path.startswith("/static/"):
                return None
            if not (request.url.path == "/login" and request.method == "POST"):
                return RedirectResponse("/login", 303) if request.url.path != "/login" else None
        if request.method in SAFE:
            return None
        if request.method != "POST":
            return PlainTextResponse("only GET, HEAD and POST are understood\n", 405)
        if not self._same_origin(request):
            return PlainTextResponse("a request from another site is refused\n", 403)
        form = await _form(request)
        if form is None:
            return PlainTextResponse(f"a form of at most {MOST_BYTES} bytes is expected\n", 413)
        if request.url.path == "/login":
            right = rules.is_token(form.get("token", ""))
            return self._let_in("/") if right else RedirectResponse("/login?wrong=1", 303)
        expected = rules.forgery_token(request.cookies.get(SESSION, ""))
        if not known or not hmac.compare_digest(form.get("forgery_token", "").encode(), expected.encode()):
            return PlainTextResponse(
                "the form has expired or is forged: go back, reload the page, send it again\n", 403
            )
        request.scope.setdefault("state", {})["form"] = form
        return None

    def _let_in(self, path: str) -> Response:
        answer = RedirectResponse("/" + path.lstrip("/"), 303)
        answer.headers["set-cookie"] = _cookie(self.rules.new_session())
        return answer

    def _same_origin(self, request: Request) -> bool:
        """Whether a request says that a page of this server sent it."""
        site = request.headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return False
        origin = urlsplit(request.headers.get("origin", ""))
        return origin.scheme in ("http", "https") and origin.netloc == request.headers.get("host")


def _cookie(session: str) -> str:
    return f"{SESSION}={session}; Path=/; HttpOnly; SameSite=Strict"


async def _form(request: Request) -> Mapping[str, str] | None:
    """The fields of a form, the first value of each; None if it is none, or too large."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/x-www-form-urlencoded":
        return None
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] if name != "condition" else ",".join(values) for name, values in fields.items()}


def _with_headers(send: Send, session: str = "") -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            if session:
                headers.append((b"set-cookie", _cookie(session).encode()))
            message = {**message, "headers": [*message.get("headers", []), *headers]}
        await send(message)

    return sender
