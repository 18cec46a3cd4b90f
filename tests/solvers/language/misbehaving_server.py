"""A chat-completions server on loopback that misbehaves as it is told, and counts what it was asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

Behaviour = Callable[[str, int], str]
"""``behaviour(question, how often it was asked before)`` names what happens."""

HEAD = "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"


def reply_to(question: str, **changes: Any) -> dict[str, Any]:
    """A well-formed reply that says the question back to front."""
    message = {"role": "assistant", "content": question[::-1]}
    usage = {"prompt_tokens": len(question), "completion_tokens": 2, "total_tokens": len(question) + 2}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage, **changes}


class MisbehavingServer:
    """Serves in a thread of its own while the block runs."""

    def __init__(self, behaviour: Behaviour = lambda question, before: "answer") -> None:
        self.behaviour = behaviour
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()
        self.headers: list[str] = []
        self.in_flight = self.most_in_flight = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(self._loop.create_server(lambda: _Peer(self), "127.0.0.1", 0))
        self.port = listening.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        listening.close()
        self._loop.close()


class _Peer(asyncio.Protocol):
    def __init__(self, server: MisbehavingServer) -> None:
        self.server = server
        self.received = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self.received = body[length:]
        self.server.headers = head.decode().split("\r\n")
        self.respond(json.loads(body[:length])["messages"][0]["content"])

    def respond(self, question: str) -> None:
        server = self.server
        what = server.behaviour(question, server.asked[question])
        server.asked[question] += 1
        server.happened[what] += 1
        server.in_flight += 1
        server.most_in_flight = max(server.most_in_flight, server.in_flight)
        getattr(self, what.partition(":")[0])(question, *what.split(":")[1:])
        server.in_flight -= what not in ("slow",)

    def send(self, body: str, status: str = "200 OK", more: str = "", length: int | None = None) -> None:
        said = len(body) if length is None else length
        self.transport.write((HEAD.format(status=status, length=said, more=more) + body).encode())

    # -- what can happen ------------------------------------------------------------------------------------------

    def answer(self, question: str) -> None:
        self.server.answered[question] += 1
        self.send(json.dumps(reply_to(question)))

    def slow(self, question: str) -> None:
        def later() -> None:
            self.server.in_flight -= 1
            self.answer(question)

        self.server._loop.call_later(0.05, later)

    def say(self, question: str, *words: str) -> None:
        message = {"content": ":".join(words)}
        self.send(json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}))

    def status(self, question: str, code: str) -> None:
        more = "Retry-After: 0.01\r\n" if code == "429" else ""
        self.send('{"error": {"message": "so it is\\nwith you"}}', status=f"{code} Whatever", more=more)

    def echo_key(self, question: str) -> None:
        key = next(line for line in self.server.headers if line.lower().startswith("authorization"))
        self.send(json.dumps({"error": {"message": f"wrong key {key.split()[-1]}"}}), status="401 Unauthorized")

    def hang(self, question: str) -> None:
        pass

    def drip(self, question: str) -> None:
        self.transport.write(HEAD.format(status="200 OK", length=10_000, more="").encode())

        def more() -> None:
            with suppress(Exception):
                if not self.transport.is_closing():
                    self.transport.write(b" ")
                    self.server._loop.call_later(0.02, more)

        more()

    def cut_json(self, question: str) -> None:
        self.send(json.dumps(reply_to(question))[:-20])

    def cut_body(self, question: str) -> None:
        body = json.dumps(reply_to(question))
        self.send(body[:40], length=len(body))
        self.transport.close()

    def no_choices(self, question: str) -> None:
        self.send(json.dumps(reply_to(question, choices=[])))

    def wrong_schema(self, question: str) -> None:
        self.send(json.dumps({"choices": [{"text": "an older format"}]}))

    def null_content(self, question: str) -> None:
        self.send('{"choices": [{"message": {"content": null}}]}')

    def an_array(self, question: str) -> None:
        self.send("[1, 2, 3]")

    def close(self, question: str) -> None:
        self.transport.close()

    def reset(self, question: str) -> None:
        self.transport.abort()

    def garbage(self, question: str) -> None:
        self.transport.write(b"\x00\x01 no HTTP at all\r\n\r\n")
        self.transport.close()

    def until_closed(self, question: str) -> None:
        self.server.answered[question] += 1
        self.transport.write(b"HTTP/1.0 200 OK\r\n\r\n" + json.dumps(reply_to(question)).encode())
        self.transport.close()
