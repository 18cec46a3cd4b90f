"""``openai:MODEL`` and ``hf:PATH`` on the command line: parameters, limits and the log of answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unseen.commands.progress import LOG_EVERY

if TYPE_CHECKING:
    from unseen.solvers.language.answer_log import AnswerLog
    from unseen.solvers.language.endpoint import Endpoint
    from unseen.solvers.language.language_model import Asked

PREFIX = "openai:"
"""What names of language models behind an endpoint begin with."""

LOCAL = "hf:"
"""What names of language models in a local folder begin with."""


@dataclass(frozen=True)
class LanguageOptions:
    """The options of ``unseen evaluate`` that are about language models."""

    base_url: str
    key_variable: str
    parameters: list[str]
    concurrency: int
    time_limit: float
    tries: int
    most_requests: int | None
    most_tokens: int | None
    most_money: float | None
    price_read: float | None
    price_written: float | None
    answers: Path | None


@contextmanager
def open_models(names: list[str], options: LanguageOptions) -> Iterator[Mapping[str, Asked]]:
    """Whom to ask for each language model among the names; they share the limits and the log of answers.

    Raises
    ------
    UsageError
        If an option is out of range, a key is missing or the log cannot be used.
    """
    models = [name for name in dict.fromkeys(names) if name.startswith((PREFIX, LOCAL))]
    if not models:
        yield {}
        return
    from unseen.solvers.language.answer_log import AnswerLog

    remote = [name for name in models if name.startswith(PREFIX)]
    ready = _endpoints(remote, options)  # what is wrong with them is said before a file is made
    with AnswerLog(options.answers or _default_log()) as log:
        asked: dict[str, Asked] = {name: make(log) for name, make in ready.items()}
        asked |= {name: _local(name, options, log) for name in models if name not in ready}
        yield asked


def _endpoints(models: list[str], options: LanguageOptions) -> dict[str, Callable[[AnswerLog], Endpoint]]:
    """What makes the endpoint of each model, once there is a log."""
    if not models:
        return {}
    from unseen.solvers.language.endpoint import Endpoint, Settings, key_from_environment
    from unseen.solvers.language.limits import Budget, Prices

    prices = None
    if options.price_read is not None or options.price_written is not None:
        prices = Prices(options.price_read or 0.0, options.price_written or 0.0)
    all_settings = [
        Settings(
            model=name.removeprefix(PREFIX),
            base_url=options.base_url,
            parameters=_parameters(options.parameters),
            concurrency=options.concurrency,
            time_limit=options.time_limit,
            tries=options.tries,
            limits=_limits(options),
            prices=prices,
        )
        for name in models
    ]
    key = key_from_environment(options.key_variable, options.base_url)
    budget = Budget(_limits(options), prices or Prices())

    def maker(name: str, settings: Settings) -> Callable[[AnswerLog], Endpoint]:
        return lambda log: Endpoint(settings, log, key, budget, watch=progress_of(name))

    return {name: maker(name, made) for name, made in zip(models, all_settings, strict=True)}


def _local(name: str, options: LanguageOptions, log: AnswerLog) -> Asked:
    from unseen.errors import UsageError
    from unseen.solvers.language.local_model import LocalModel

    chosen = _parameters(options.parameters)
    most = chosen.pop("max_tokens", 1024)
    if chosen.pop("temperature", 0) != 0 or chosen:
        raise UsageError(f"{name} answers greedily: --model-set takes max_tokens alone")
    if isinstance(most, bool) or not isinstance(most, int):
        raise UsageError(f"--model-set max_tokens must be a whole number, not {most!r}")
    return LocalModel(name.removeprefix(LOCAL), log, max_tokens=most, watch=progress_of(name))


def progress_of(name: str, every: float = LOG_EVERY) -> Callable[[int, int], None]:
    """Show on standard error how many questions are done: for people in place, in a log now and then a line."""
    import sys
    import time

    last = time.monotonic()

    def watch(done: int, total: int) -> None:
        nonlocal last
        words = f"{name}: {done} of {total} questions done"
        if sys.stderr.isatty():
            end = "\r" if done < total else "\r" + " " * len(words) + "\r"
            print(words, end=end, file=sys.stderr, flush=True)
        elif time.monotonic() - last >= every:
            last = time.monotonic()
            print(words, file=sys.stderr, flush=True)

    return watch


def _limits(options: LanguageOptions) -> Any:
    from unseen.solvers.language.limits import Limits

    given = {"requests": options.most_requests, "tokens": options.most_tokens, "money": options.most_money}
    return Limits(**{name: limit for name, limit in given.items() if limit is not None})


def _parameters(given: list[str]) -> dict[str, Any]:
    """Temperature 0 and at most 1024 tokens unless given otherwise; ``None`` leaves a field out."""
    import json

    from unseen.commands.parameters import read_parameters
    from unseen.errors import UsageError

    chosen = {"temperature": 0, "max_tokens": 1024, **read_parameters(given)}
    if "max_completion_tokens" in chosen:
        del chosen["max_tokens"]
    if taken := {"model", "messages", "stream", "n"} & set(chosen):
        raise UsageError(f"--model-set cannot set {sorted(taken)[0]}")
    try:
        json.dumps(chosen, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"--model-set takes what JSON can hold: {error}") from error
    return {name: value for name, value in chosen.items() if value is not None}


def _default_log() -> Path:
    from platformdirs import user_data_path

    return user_data_path("unseen") / "answers.db"
