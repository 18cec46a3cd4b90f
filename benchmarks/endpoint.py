"""Questions to an endpoint per second, beside a thread pool around urllib, which keeps, repeats and limits nothing.

Run it alone on the machine: ``python benchmarks/endpoint.py``. The server, a process of its own, answers at once.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from unseen.solvers.language.answer_log import AnswerLog
from unseen.solvers.language.endpoint import Endpoint, Settings

QUESTIONS = 1000
CONCURRENCY = 16
ROUNDS = 5
BODY = json.dumps({"choices": [{"message": {"content": "Answer: 4"}, "finish_reason": "stop"}]}).encode()
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class InstantPeer(asyncio.Protocol):
    """Answers each request at once, whatever it is."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        """Wait for the whole request, then answer."""
        self.received += data
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if blank and len(body) >= int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            self.received = b""
            self.transport.write(REPLY)


async def serve() -> None:
    """Serve on a free port of loopback and print it."""
    server = await asyncio.get_running_loop().create_server(InstantPeer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def measure() -> list[dict[str, float | str]]:
    """Rows with name and median questions per second; all take turns."""
    questions = [f"What is {number} + 4? Write the final answer alone." for number in range(QUESTIONS)]
    with (
        subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        assert server.stdout is not None
        base_url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        seconds: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            log = AnswerLog(Path(folder) / f"{number}.db")
            endpoint = Endpoint(Settings("instant", base_url, concurrency=CONCURRENCY), log)
            works: dict[str, Callable[[], object]] = {
                "asked, each answer written down": lambda endpoint=endpoint: endpoint.ask_all(questions),
                "the same again, from the log": lambda endpoint=endpoint: endpoint.ask_all(questions),
                "thread pool around urllib": lambda: _plain(base_url, questions),
            }
            for name, work in works.items():
                started = time.perf_counter()
                work()
                seconds.setdefault(name, []).append(time.perf_counter() - started)
            log.close()
        server.terminate()
    return [{"name": name, "per_second": QUESTIONS / statistics.median(times)} for name, times in seconds.items()]


def _plain(base_url: str, questions: list[str]) -> list[str]:
    """What one writes without a library."""

    def ask(question: str) -> str:
        body = json.dumps({"model": "instant", "messages": [{"role": "user", "content": question}]}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{base_url}/chat/completions", body, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(json.load(response)["choices"][0]["message"]["content"])

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        return list(pool.map(ask, questions))


if __name__ == "__main__":
    if "--serve" in sys.argv[1:]:
        asyncio.run(serve())
    rows = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print(f"{row['name']:<40} {row['per_second']:>10,.0f} questions per second")
