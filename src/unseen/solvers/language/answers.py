"""Reading the final answer from what a language model wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

Read = Callable[[str], Any]
"""What an answer states, or None if it states nothing, as `unseen.problems.read_answers.ReadAnswers.read` does."""

MARK = re.compile(r"\banswer\s*(?:is\b(?!\s+not\b)\s*:?|[:=])|^\s*####|<answer>", re.IGNORECASE | re.MULTILINE)
END = re.compile(r"</answer>", re.IGNORECASE)
BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
NUMBER = re.compile(
    r"(?<![\w.,])[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:/\d+)?(?:[eE][+-]?\d+)?(?![\w/]|\.\d|,\d|\s*\\?%)"
)
GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
WHOLE = re.compile(r"([+-]?\d+)\.0+")
EMPHASIS = re.compile(r"(?<![\w)])(?:\*\*|__)|(?:\*\*|__)(?![\w(])|`")
ANSWER_LIKE = re.compile(r"[\s\d.,/+\-()\[\]eE^*]*\d[\s\d.,/+\-()\[\]eE^*]*")
AFTERTHOUGHT = re.compile(r"[.!?;](?=\s|$)|\b(?:because|since)\b|,\s+(?=[a-z])")
SCIENTIFIC = re.compile(
    r"([+-]?\d+(?:\.\d+)?)\s*(?:\\times|\\cdot|\u00d7|\*|x)\s*10\s*(?:\^|\*\*)\s*\{?\s*(-?\d{1,3})\s*\}?"
)
MIXED = re.compile(r"([+-]?\d{1,50}) (\d{1,50})/(\d{1,50})")
FRACTION = re.compile(r"\\[dtc]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
MODULUS = re.compile(r"\\pmod\s*\{[^{}]*\}|\(?\s*(?:\\?mod\b|modulo\b)\s*\{?\s*\d+\s*\}?\s*\)?")


def final_answer(text: str, read: Read | None = None) -> str | None:
    r"""The answer that a text ends on, as text that `read` understands; None if there is none.

    What stands in the last ``\boxed{...}`` or ``<answer>``, or after the last "answer is", "answer:" or "####",
    whichever comes last, is the answer, and nothing else is looked at: if it cannot be read, or names several numbers,
    there is none. Without
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
    line = None if behind is None or behind.boxed else behind.text.lstrip().split("\n", 1)[0]
    marked = None if behind is None else behind.text if line is None else _first_clause(line)
    if line is not None and read is not None and read(_cleaned(line)) is not None:
        return _cleaned(line)
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
    if not marks:
        return None
    behind, end, _ = _parted(text[marks[-1].end() :])
    return _Behind(behind, bool(end) and marks[-1][0].startswith("<"))


def _parted(text: str) -> tuple[str, str, str]:
    """What stands in front of the first closing tag, the tag, and the rest."""
    end = END.search(text)
    return (text, "", "") if end is None else (text[: end.start()], end[0], text[end.end() :])


def _first_clause(line: str) -> str:
    return AFTERTHOUGHT.split(line, maxsplit=1)[0]


def _object(text: str) -> str | None:
    """The JSON object that a text begins with, dollars and spaces aside; None if its first line holds another."""
    begun = text.lstrip(" \n$")
    if not begun.startswith("{"):
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(begun)
    except (ValueError, RecursionError):
        return None
    return None if "{" in begun[end:].split("\n", 1)[0] else begun[:end]


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
    """The same number without commas between thousands, powers of ten and zeros behind the point; rows in brackets."""
    if found := SCIENTIFIC.fullmatch(text):
        value = Fraction(found[1]) * Fraction(10) ** int(found[2])
        yield str(value)
    if (found := MIXED.fullmatch(text)) and int(found[3]):
        part = Fraction(int(found[2]), int(found[3]))
        yield str(int(found[1]) + (-part if found[1].startswith("-") else part))
    if text[:1] == "{" and text[-1:] == "}" and re.search(r"[,\s]", text[1:-1].strip()):
        yield f"[{text[1:-1].strip()}]"
    if GROUPED.fullmatch(text):
        text = text.replace(",", "")
        yield text
    if whole := WHOLE.fullmatch(text):
        yield whole[1]


def _over(fraction: re.Match[str]) -> str:
    """``a/b`` where it stands by itself, behind a blank where it ends a mixed number, in brackets elsewhere."""
    parts = ((fraction[1] or fraction[2] or "").strip(), (fraction[3] or fraction[4] or "").strip())
    written = "/".join(part if re.fullmatch(r"-?[\w.,]+", part) else f"({part})" for part in parts)
    before = fraction.string[: fraction.start()].rstrip()[-1:]
    behind = fraction.string[fraction.end() :].lstrip()[:1]
    if behind.isalnum() or behind in ("^", "(", "\\", "!") or before == "^" or before.isalpha():
        return f"({written})"
    return f" {written}" if before.isdigit() else written


def _cleaned(text: str) -> str:
    """Plain text for what LaTeX and typography write: fractions, dollars, spaces, minus signs."""
    text = FRACTION.sub(_over, text)
    text = re.sub(r"\\(?:left|right)(?![a-z])", "", text).replace("\\{", "{").replace("\\}", "}")
    text = re.sub(r"\\(?:text|mathrm|mathbf)\s*\{([^{}]*)\}", r"\1", text)
    text = text.replace("{,}", ",").replace("\N{MINUS SIGN}", "-")
    text = re.sub(r"\\[()\[\],;! ]|\\quad|\$", " ", text)
    return re.sub(r"[.!;:]+$", "", text.strip()).strip()
