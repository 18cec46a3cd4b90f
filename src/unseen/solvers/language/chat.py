"""The chat-completions format: one question as a request, one reply as text; whatever else a server sends is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a well-formed reply holds."""

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int


class MalformedReplyError(Exception):
    """Status 200, but no reply in it."""


def request_body(model: str, question: str, parameters: Mapping[str, Any]) -> bytes:
    """The question as a chat with one message of the user."""
    chat = {"model": model, "messages": [{"role": "user", "content": question}], **parameters}
    return json.dumps(chat, ensure_ascii=True).encode()


def read_reply(body: bytes) -> Said:
    """The first choice of a reply.

    Raises
    ------
    MalformedReplyError
        If it is no JSON, holds no choice, or the choice no text.

    Examples
    --------
    >>> read_reply(b'{"choices": [{"message": {"content": "4"}, "finish_reason": "stop"}]}').text
    '4'
    """
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedReplyError("a reply that is no JSON, or cut off") from None
    if not isinstance(reply, dict):
        raise MalformedReplyError("a reply that is no JSON object")
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        raise MalformedReplyError("a reply without choices")
    message = choices[0].get("message") if isinstance(choices[0], dict) else None
    if not isinstance(message, dict):
        raise MalformedReplyError("a choice without message")
    finish = choices[0].get("finish_reason")
    finish = finish if isinstance(finish, str) else ""
    text = message.get("content")
    if isinstance(message.get("refusal"), str) and not text:
        text, finish = message["refusal"], "refusal"
    if text is None and finish in ("length", "content_filter"):
        text = ""
    if not isinstance(text, str):
        raise MalformedReplyError("a message without text")
    usage = reply.get("usage")
    counted = usage if isinstance(usage, dict) else {}
    return Said(text, finish, _count(counted, "prompt_tokens"), _count(counted, "completion_tokens"))


def complaint(body: bytes) -> str:
    """What a server says is wrong, in one line of at most 200 characters."""
    try:
        said = json.loads(body)
        found = said.get("error", said) if isinstance(said, dict) else said
        words = found.get("message", found) if isinstance(found, dict) else found
    except (ValueError, RecursionError):
        words = body.decode("utf-8", "replace")
    return " ".join(str(words).split())[:200]


def _count(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**53 else 0
