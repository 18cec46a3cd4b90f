"""A local model behind OpenAI's chat completions, on loopback: the least that a real client needs."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from unseen.solvers.language.answer_log import AnswerLog, Reply
from unseen.solvers.language.local_model import LocalModel


class ServedModel:
    """Serves the model of a folder until it is closed; counts its requests."""

    def __init__(self, folder: str) -> None:
        self.requests = 0
        model, lock = LocalModel(folder, AnswerLog(None), max_tokens=16), threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler) -> None:  # noqa: N805
                asked = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                with lock:  # one model, one question at a time
                    self.requests += 1
                    (reply,), _ = model.ask_all([asked["messages"][-1]["content"]])
                assert isinstance(reply, Reply)
                handler.answer(asked["model"], reply)

            def answer(handler, name: str, reply: Reply) -> None:  # noqa: N805
                usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
                message = {"role": "assistant", "content": reply.text}
                choice = {"index": 0, "message": message, "finish_reason": reply.finish}
                whole = {"object": "chat.completion", "model": name, "choices": [choice], "usage": usage}
                body = json.dumps(whole).encode()
                handler.send_response(200)
                handler.send_header("Content-Type", "application/json")
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
