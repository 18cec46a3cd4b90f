"""Reading the final answer from what a language model wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Read = Callable[[str], Any]
"""What an answer states, or None if it states nothing, as `unseen.problems.read_answers.ReadAnswers.read` does."""

MARK = re.compile(r"\banswer\s*(?:is\b(?!\s+not\b)\s*:?|[:=])", re.IGNORECASE)
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
NUMBER = re.compile(
    r"(?<![\w.,])[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?(?:[eE][+-]?\d+)?(?![\w/]|\.\d|,\d|\s*\\?%)"
)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
WHOLE = re.compile(r"([+-]?\d+)\.0+")
EMPHASIS = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])|`")
ANSWER_LIKE = re.compile(r"[\s\d.,/+\-()\[\]eE^*]*\d[\s\d.,/+\-()\[\]eE^*]*")
AFTERTHOUGHT = re.compile(r"[.!?;](?=\s|$)|\b(?:because|since)\b|,\s+(?=[a-z])")
MODULUS = re.compile(r"\\pmod\s*\{[^{}]*\}|\(?\s*(?:\\?mod\b|modulo\b)\s*\{?\s*\d+\s*\}?\s*\)?")


def final_answer(text: str, read: Read | None = None) -> str | None:
    r"""The answer that a text ends on, as text that `read` understands; None if there is none.

    What stands in the last ``\boxed{...}`` or after the last "answer is" or "answer:", whichever comes later, is the
    answer, and nothing else is looked at: if it cannot be read, or names several numbers, there is none. Without
    such a mark, the whole text is tried, then its last line, then its last run of numbers, then its last number.
    A JSON object that stands first in any of these places is taken whole.
    Thinking between ``<think>`` and ``</think>`` is left out; thinking without an end has no answer.

    Parameters
    ----------
    text : str
        What the model wrote.
    read : callable, optional
        The problem's own reading function; by default text counts as readable that is made of numbers alone.

    Examples
    --------
    >>> final_answer("17 + 4 = 21, so the answer is **21**.")
    '21'
    >>> final_answer(r"First I tried 12. \\boxed{\\frac{3}{4}}")
    '3/4'
    >>> final_answer("The answer is 12 or 13.") is None
    True
    """
    spoken = _without_thinking(text)
    if spoken is None or not spoken.strip():
        return None
    readable = read or _answer_like
    plain = EMPHASIS.sub("", spoken)
    behind = _behind_mark(plain)
    whole = _object(plain if behind is None else behind.text)
    if whole is not None and (read is None or read(whole) is not None):
        return whole
    marked = None if behind is None else behind.text if behind.boxed else _first_clause(behind.text)
    for candidate in _forms(marked) if marked is not None else _unmarked(plain):
        if candidate and readable(candidate) is not None:
            return candidate
    # A problem that reads words, not numbers, scores them itself.
    return _cleaned(marked) or None if marked is not None and read is None and not NUMBER.search(marked) else None


def _without_thinking(text: str) -> str | None:
    kept = re.sub(r"<think>.*?</think>", "", text, flags=re.DOTALL)
    if "</think>" in kept:  # some servers put the opening into the prompt
        kept = kept.rpartition("</think>")[2]
    return None if "<think>" in kept else kept


def _answer_like(text: str) -> str | None:
    return text if ANSWER_LIKE.fullmatch(text) else None


class _Behind(NamedTuple):
    text: str
    boxed: bool


def _behind_mark(text: str) -> _Behind | None:
    """What is in the last box, or all that stands behind the last mark, whichever comes later; None without either."""
    box = _last_box(text)
    marks = list(MARK.finditer(text))
    if box is not None and (not marks or box[0] >= marks[-1].start()):
        return _Behind(box[1], True)
    return _Behind(text[marks[-1].end() :], False) if marks else None


def _first_clause(text: str) -> str:
    return AFTERTHOUGHT.split(text.lstrip().split("\n", 1)[0], maxsplit=1)[0]


def _object(text: str) -> str | None:
    """The JSON object that a text begins with, dollars and spaces aside; None if it begins with none."""
    begun = text.lstrip(" \n$")
    if not begun.startswith("{"):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(begun)
    except (ValueError, RecursionError):
        return None
    return begun[:end]


def _last_box(text: str) -> tuple[int, str] | None:
    """Where the last box starts and what is in it, up to the brace that closes it; nothing if none does."""
    starts = list(BOX.finditer(text))
    if not starts:
        return None
    depth, begin = 1, starts[-1].end()
    for place in range(begin, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return starts[-1].start(), text[begin:place]
    return starts[-1].start(), ""


def _forms(marked: str) -> Iterator[str]:
    """The marked text as it stands, what follows its last equals sign, and its only number."""
    cleaned = _cleaned(marked)
    yield cleaned
    yield from _number_forms(cleaned)
    side = cleaned.rpartition("=")[2].strip()
    if side != cleaned:
        yield side
        yield from _number_forms(side)
    numbers = NUMBER.findall(MODULUS.sub(" ", side))
    if len(numbers) == 1:
        yield numbers[0]
        yield from _number_forms(numbers[0])


def _unmarked(text: str) -> Iterator[str]:
    cleaned = _cleaned(text)
    yield cleaned
    yield from _number_forms(cleaned)
    last = _cleaned(text.strip().splitlines()[-1])
    yield last
    yield from _number_forms(last)
    if ANSWER_LIKE.fullmatch(last):
        return  # several numbers and no word that says which of them is meant
    if runs := re.findall(rf"{NUMBER.pattern}(?:\s*,?\s*{NUMBER.pattern})+", last):
        yield runs[-1]
    numbers = NUMBER.findall(MODULUS.sub(" ", _cleaned(text)))
    if numbers:
        yield numbers[-1]
        yield from _number_forms(numbers[-1])


def _number_forms(text: str) -> Iterator[str]:
    """The same number without commas between thousands, and without zeros behind the point."""
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
        yield text
    if whole := WHOLE.fullmatch(text):
        yield whole[1]


def _cleaned(text: str) -> str:
    """Plain text for what LaTeX and typography write: fractions, dollars, spaces, minus signs."""
    text = re.sub(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", text)
    text = re.sub(r"\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}", r"\1", text)
    text = text.replace("{,}", ",").replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"\\[()\[\],;! ]|\\quad|\$", " ", text)
    return re.sub(r"[.!;:]+$", "", text.strip()).strip()
