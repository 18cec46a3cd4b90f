"""The log of all answers of language models: what was answered once is never asked again."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from unseen.errors import UnseenError

SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY,
    base_url TEXT NOT NULL, model TEXT NOT NULL, parameters TEXT NOT NULL, question TEXT NOT NULL,
    text TEXT NOT NULL, finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL, tries INTEGER NOT NULL,
    written_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
) WITHOUT ROWID
"""

AT_ONCE = 500
"""Keys looked up by one query, below SQLite's limit on variables."""


@dataclass(frozen=True)
class Reply:
    """What a model said to a question.

    Parameters
    ----------
    text : str
        Its words.
    finish : str
        Why it stopped: ``"stop"``, ``"length"``, ``"content_filter"``, ``"refusal"``, or what else the server says.
    prompt_tokens, completion_tokens : int
        As the server counted them; 0 where it does not.
    seconds : float
        Wall time of the request that was answered.
    tries : int
        Requests that it took.
    """

    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    tries: int


class AnswerLogError(UnseenError):
    """The file cannot be read or written, or is something else."""


class AnswerLog:
    """An SQLite file of answers with one row per model, base URL, parameters and question; rows never change.

    Each answer is committed by itself (write-ahead log), so that a killed process loses none that was added. No key
    or header is ever in it.

    Parameters
    ----------
    path : path or None
        The file, made if missing together with its folder; None keeps the answers in memory alone.

    Raises
    ------
    AnswerLogError
        If it cannot be opened or is no answer log.

    Examples
    --------
    >>> with AnswerLog(None) as log:
    ...     log.add(("http://host/v1", "m", {}), "2 + 2?", Reply("4", "stop", 5, 1, 0.1, 1))
    ...     found = log.find(("http://host/v1", "m", {}), ["2 + 2?", "3 + 3?"])
    >>> {question: reply.text for question, reply in found.items()}
    {'2 + 2?': '4'}
    """

    def __init__(self, path: Path | None) -> None:
        self._name = "the answer log" if path is None else str(path)
        self._lock = threading.Lock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                ":memory:" if path is None else path, timeout=30, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute(SCHEMA)
            self._database.execute("SELECT key, base_url, text, finish, tries FROM answers LIMIT 1")
        except (sqlite3.Error, OSError) as error:
            raise AnswerLogError(f"{self._name} cannot be used as an answer log: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def find(self, source: Source, questions: Iterable[str]) -> dict[str, Reply]:
        """The questions that were answered before, with the replies."""
        by_key = {_key(source, question): question for question in questions}
        keys = list(by_key)
        found = {}
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            columns = "key, text, finish, prompt_tokens, completion_tokens, seconds, tries"
            rows = self._execute(f"SELECT {columns} FROM answers WHERE key IN ({marks})", some)
            found.update({by_key[key]: Reply(*row) for key, *row in rows})
        return found

    def add(self, source: Source, question: str, reply: Reply) -> None:
        """Write an answer down for good; the first answer to a question stays."""
        base_url, model, parameters = source
        written = (base_url, model, _canonical(parameters), _storable(question))
        said = (_storable(reply.text), reply.finish, reply.prompt_tokens, reply.completion_tokens)
        self._execute(
            "INSERT OR IGNORE INTO answers (key, base_url, model, parameters, question, text, finish, "
            "prompt_tokens, completion_tokens, seconds, tries) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (_key(source, question), *written, *said, reply.seconds, reply.tries),
        )

    def __len__(self) -> int:
        return int(self._execute("SELECT COUNT(*) FROM answers", ())[0][0])

    def _execute(self, statement: str, values: Iterable[Any]) -> list[Any]:
        try:
            with self._lock:
                return self._database.execute(statement, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise AnswerLogError(f"{self._name} failed: {error}") from error


Source = tuple[str, str, Mapping[str, Any]]
"""Base URL, model and parameters."""


def _key(source: Source, question: str) -> bytes:
    base_url, model, parameters = source
    identity = json.dumps([base_url, model, _canonical(parameters), question])
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()


def _canonical(parameters: Mapping[str, Any]) -> str:
    return json.dumps(parameters, sort_keys=True)


def _storable(text: str) -> str:
    """Text that can be encoded: JSON may hold halves of surrogate pairs, which no file may."""
    return text.encode("utf-8", "replace").decode("utf-8")
