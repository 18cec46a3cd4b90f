"""Asking a language model behind an OpenAI-compatible server: many questions at once, none lost, none asked twice."""

from __future__ import annotations

import http.client
import os
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from unseen.contracts.solver import Unanswered
from unseen.errors import UnseenError, UsageError
from unseen.solvers.language.answer_log import AnswerLog, Reply
from unseen.solvers.language.chat import MalformedReplyError, Said, complaint, read_reply, request_body
from unseen.solvers.language.connection import Connection, StoppedError, TimeLimitError, Watch
from unseen.solvers.language.limits import Budget, LimitReachedError, Limits, Prices

OPENAI = "https://api.openai.com/v1"

WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
"""Status codes that may go away by themselves."""

THIS_QUESTION_ALONE = frozenset({400, 413, 422})
"""Status codes that may be about one question (too long, say): it is given up at once, the others are asked."""

FRAME_TOKENS = 64
"""Tokens that a server may put around a question; one token of text has at least one byte."""

WRITTEN_TOKENS = 16_384
"""Tokens that a reply may have where the parameters set no limit; only what a budget reserves depends on it."""

IN_A_ROW = 10
"""Questions without answer, one after the other, after which the server is given up."""

LONGEST_WAIT = 60.0
"""Seconds that a server's Retry-After is obeyed at most."""


class EndpointError(UnseenError):
    """The server refuses all questions, or cannot be reached."""


@dataclass(frozen=True)
class Settings:
    """Where and how to ask.

    Parameters
    ----------
    model : str
        As the server calls it.
    base_url : str
        Up to and without ``/chat/completions``.
    parameters : mapping
        Further fields of the request (``temperature``, ``max_tokens``); part of what identifies an answer.
    concurrency : int
        Requests in flight at once, 1 to 1024.
    time_limit : float
        Seconds that one request may take.
    tries : int
        Requests that a question may take.
    first_wait, longest_wait : float
        Seconds: the n-th repetition waits a random time up to ``first_wait * 2**n``, at most `longest_wait`.
    limits, prices
        What may be spent at most, and what tokens cost.

    Raises
    ------
    UsageError
        If a value is out of range, the URL malformed or holds a password, or money is limited without prices.
    """

    model: str
    base_url: str = OPENAI
    parameters: Mapping[str, Any] = field(default_factory=dict)
    concurrency: int = 16
    time_limit: float = 120.0
    tries: int = 8
    first_wait: float = 0.5
    longest_wait: float = 30.0
    limits: Limits = field(default_factory=Limits)
    prices: Prices | None = None

    def __post_init__(self) -> None:
        if not self.model or self.model != self.model.strip():
            raise UsageError(f"a model needs a name, not {self.model!r}")
        if not 1 <= self.concurrency <= 1024:
            raise UsageError(f"concurrency must be from 1 to 1024, not {self.concurrency}")
        if not 0 < self.time_limit <= 86_400:
            raise UsageError(f"the time limit must be above 0 and at most 86400 seconds, not {self.time_limit:g}")
        if not 1 <= self.tries <= 100:
            raise UsageError(f"tries must be from 1 to 100, not {self.tries}")
        if self.limits.money < float("inf") and self.prices is None:
            raise UsageError("a limit on money needs the prices of tokens")
        split_url(self.base_url)


def split_url(base_url: str) -> SplitResult:
    """The parts of a base URL.

    Raises
    ------
    UsageError
        If it is no http or https URL with a host, or holds a password, query or fragment.
    """
    allowed = "write http://host:port/v1 or https://host/v1"
    try:
        parts = urlsplit(base_url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise UsageError(f"the base URL is malformed: {allowed}") from None
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"the base URL must not hold a password, which would be stored with the answers: {allowed}")
    printable = base_url.isascii() and base_url.isprintable() and " " not in base_url
    fine = parts.scheme in ("http", "https") and parts.hostname and port_is_fine and printable
    if not fine or parts.query or parts.fragment:
        raise UsageError(f"the base URL {base_url!r:.100} is malformed: {allowed}")
    return parts


def key_from_environment(name: str, base_url: str) -> str | None:
    """The key in an environment variable; None if there is none and the server may need none.

    Raises
    ------
    UsageError
        If it is missing for OpenAI itself, or holds what no key holds. The key is not repeated.
    """
    key = os.environ.get(name, "").strip()
    if not key:
        if split_url(base_url).hostname == urlsplit(OPENAI).hostname:
            raise UsageError(f"{OPENAI} needs a key: set the environment variable {name}, or name another --base-url")
        return None
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise UsageError(f"the environment variable {name} holds something that is no key")
    return key


class _Failed(NamedTuple):
    """A request that brought no answer."""

    why: str
    wait: float = 0.0
    """Seconds that the server asks to wait."""
    unreached: bool = False
    final: bool = False
    """Whether another try is no use."""


class Endpoint:
    """Asks questions, each until it is answered or given up, and writes every answer down before it counts.

    Parameters
    ----------
    settings : Settings
        Where and how.
    log : AnswerLog
        Answers of before are taken from it.
    key : str, optional
        Sent as bearer token; it is never stored, logged or shown.
    budget : Budget, optional
        Shared with other endpoints; by default one of its own, with the limits of the settings.
    watch : callable, optional
        Called about twice a second with the number of questions done and their total.
    """

    def __init__(
        self,
        settings: Settings,
        log: AnswerLog,
        key: str | None = None,
        budget: Budget | None = None,
        watch: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.settings = settings
        self.log = log
        self.stopped: str = ""
        """Empty, or why no more questions are asked."""
        self.prices = settings.prices
        self.watch = watch
        self._key = key
        self._url = split_url(settings.base_url)
        self._path = f"{self._url.path.rstrip('/')}/chat/completions"
        self._source = (settings.base_url.rstrip("/"), settings.model, dict(settings.parameters))
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "unseen"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._budget = budget or Budget(settings.limits, settings.prices or Prices())
        self._random = random.Random()
        self._lock = threading.Lock()
        self._not_before = 0.0
        self._failed_in_a_row = 0
        self._succeeded = False

    def __repr__(self) -> str:
        return f"Endpoint({self.settings.model!r}, {self.settings.base_url!r})"

    def ask_all(self, questions: Sequence[str]) -> tuple[list[Reply | Unanswered], int]:
        """Replies in the order of the questions, and how many distinct ones came from the log.

        The same text is asked once, however often it occurs.

        Raises
        ------
        EndpointError
            If the server refuses for good (a wrong key, an unknown model) or cannot be reached.
        AnswerLogError
            If an answer cannot be written down.
        """
        replies: dict[str, Reply | Unanswered] = dict(self.log.find(self._source, questions))
        stored = len(replies)
        left = [question for question in dict.fromkeys(questions) if question not in replies]
        if left and not self.stopped:
            _Round(self, left, replies).run()
        missing = Unanswered(self.stopped or "not asked")
        return [replies.get(question, missing) for question in questions], stored

    # -- one question ---------------------------------------------------------------------------------------------

    def ask(self, question: str, connection: Connection, watch: Watch) -> Reply | Unanswered:
        """Ask one question until it is answered or `Settings.tries` requests have failed.

        Raises
        ------
        LimitReachedError, StoppedError, EndpointError
            If no more may be asked.
        """
        body = request_body(self.settings.model, question, self.settings.parameters)
        for number in range(1, self.settings.tries + 1):
            self._wait_for_turn(watch)
            started = time.monotonic()
            outcome = self._try(body, question, connection)
            if isinstance(outcome, Said):
                with self._lock:
                    self._failed_in_a_row, self._succeeded = 0, True
                return Reply(*outcome, seconds=time.monotonic() - started, tries=number)
            if outcome.unreached and not self._succeeded and number >= min(3, self.settings.tries):
                raise EndpointError(f"{self.settings.base_url} cannot be reached: {outcome.why}")
            if outcome.final or number == self.settings.tries:
                return self._given_up(f"{outcome.why} (tries: {number})")
            longest = min(self.settings.longest_wait, self.settings.first_wait * 2 ** (number - 1))
            if watch.ending.wait(max(outcome.wait, self._random.uniform(0, longest))):
                break
        raise StoppedError

    def _given_up(self, why: str) -> Unanswered:
        with self._lock:
            self._failed_in_a_row += 1
            count = self._failed_in_a_row
        if count >= IN_A_ROW:
            raise EndpointError(f"{self.settings.base_url} gave no answer to {count} questions in a row: {why}")
        return Unanswered(why)

    def _wait_for_turn(self, watch: Watch) -> None:
        while (wait := self._not_before - time.monotonic()) > 0:
            if watch.ending.wait(wait):
                raise StoppedError

    def _try(self, body: bytes, question: str, connection: Connection) -> Said | _Failed:
        parameters = self.settings.parameters
        most = parameters.get("max_completion_tokens", parameters.get("max_tokens", WRITTEN_TOKENS))
        most = most if isinstance(most, int) else WRITTEN_TOKENS
        reserved = self._budget.reserve(len(question.encode("utf-8", "replace")) + FRAME_TOKENS, most)
        spent = reserved  # until the server says something better
        try:
            try:
                status, headers, received = connection.post(self._path, self._headers, body)
            except (ConnectionRefusedError, socket.gaierror) as error:
                spent = (0, 0)
                return _Failed(_in_words(error), unreached=True)
            except ssl.SSLCertVerificationError as error:
                spent = (0, 0)
                raise EndpointError(f"{self.settings.base_url}: {error.verify_message}") from error
            except TimeLimitError as error:
                return _Failed(str(error))
            except (OSError, http.client.HTTPException) as error:
                return _Failed(_in_words(error))
            if status != 200:
                spent = (0, 0)
                return self._refused(status, headers, received)
            try:
                said = read_reply(received)
            except MalformedReplyError as error:
                return _Failed(str(error))
            if said.prompt_tokens or said.completion_tokens:
                spent = (said.prompt_tokens, said.completion_tokens)
            return said
        finally:
            self._budget.settle(reserved, *spent)

    def _refused(self, status: int, headers: http.client.HTTPMessage, received: bytes) -> _Failed:
        words = complaint(received)
        if self._key:
            words = words.replace(self._key, "(key)")
        why = f"status {status}" + (f", {words}" if words else "")
        if status in THIS_QUESTION_ALONE:
            return _Failed(why, final=True)
        if status not in WORTH_ANOTHER_TRY:
            hint = "; it redirects to another address" if 300 <= status < 400 else ""
            raise EndpointError(f"{self.settings.base_url} refuses {self.settings.model}: {why}{hint}")
        wait = _retry_after(headers.get("Retry-After"))
        if wait:
            with self._lock:
                self._not_before = max(self._not_before, time.monotonic() + wait)
        return _Failed(why, wait)


class _Round:
    """The threads of one call of `Endpoint.ask_all`."""

    def __init__(self, endpoint: Endpoint, questions: Sequence[str], replies: dict[str, Reply | Unanswered]) -> None:
        self._endpoint, self._replies = endpoint, replies
        self._questions, self._count = iter(questions), len(questions)
        self._before = len(replies)
        self._lock = threading.Lock()
        self._watch = Watch()
        self._error: BaseException | None = None
        count = min(endpoint.settings.concurrency, len(questions))
        self._threads = [threading.Thread(target=self._work, daemon=True, name="unseen-ask") for _ in range(count)]

    def run(self) -> None:
        try:
            for thread in self._threads:
                thread.start()
            for thread in self._threads:
                while thread.is_alive():
                    thread.join(timeout=0.5)
                    self._endpoint.watch(len(self._replies) - self._before, self._count)
        except BaseException:  # Ctrl-C: nothing may be asked after it
            self._watch.stop()
            for thread in self._threads:
                if thread.ident is not None:
                    thread.join()
            raise
        finally:
            self._watch.close()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        endpoint = self._endpoint
        connection = Connection(endpoint._url, endpoint.settings.time_limit, self._watch)
        try:
            while not self._watch.ending.is_set():
                with self._lock:
                    question = next(self._questions, None)
                if question is None:
                    return
                reply = endpoint.ask(question, connection, self._watch)
                if isinstance(reply, Reply):
                    endpoint.log.add(endpoint._source, question, reply)
                with self._lock:
                    self._replies[question] = reply
        except (LimitReachedError, UnseenError) as error:
            with self._lock:
                endpoint.stopped = endpoint.stopped or str(error)
                if isinstance(error, UnseenError):
                    self._error = self._error or error
            self._watch.ending.set()
        except StoppedError:
            pass
        except BaseException as error:  # a defect here must not look like an unanswered question
            with self._lock:
                self._error = self._error or error
            self._watch.ending.set()
        finally:
            connection.close()


def _retry_after(text: str | None) -> float:
    """Seconds to wait; dates are not read, since the usual waiting does as well."""
    try:
        wait = float(text or 0)
    except ValueError:
        return 0.0
    return min(max(wait, 0.0), LONGEST_WAIT) if wait == wait else 0.0


def _in_words(error: BaseException) -> str:
    if isinstance(error, socket.gaierror):
        return "the name of the host is not known"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)):
        return "the server closed the connection"
    if isinstance(error, http.client.IncompleteRead):
        return "the reply was cut off"
    words = " ".join(str(error).split())[:100]
    return words or type(error).__name__
