"""Ways to write the sum of two whole numbers: what a sequence model is shown, and what it must write.

Each format is a pure function of the two numbers; `Format.read` gives the sum back, or None where a text does not have
the format. After Lee et al. (2023), "Teaching arithmetic to small transformers", section 3 (plain, reversed, the two
scratchpads), and Zhou et al. (2023), "What algorithms can transformers learn?", section 3 (index hints); the
wording of the scratchpads is our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

LABELS = "abcdefghijklmnopqrstuvwxyz"
"""Marks of equal places in numbers with index hints."""

NUMERAL = re.compile(r"[0-9]{1,100}")

FormatName = Literal["plain", "reversed", "padded", "hinted", "scratchpad", "detailed"]


@dataclass(frozen=True)
class AdditionFormat:
    """A way to write additions.

    Parameters
    ----------
    name : str
        The registered name.
    alphabet : str
        All characters that it uses.
    prompt : callable
        ``prompt(left, right, start) -> str``: the question, up to and with the sign after which the answer begins.
        `start` is the number of the first label (index hints); the other formats do not look at it.
    answer : callable
        ``answer(left, right, start) -> str``.
    sum_in : callable
        ``sum_in(answer) -> str or None``: the digits of the sum, leading digit first.
    """

    name: FormatName
    alphabet: str
    prompt: Callable[[int, int, int], str]
    answer: Callable[[int, int, int], str]
    sum_in: Callable[[str], str | None]

    def read(self, answer: str) -> int | None:
        """The sum that an answer states; None if it is not written in this format."""
        digits = self.sum_in(answer)
        return int(digits) if digits is not None and NUMERAL.fullmatch(digits) else None


def carries(left: int, right: int) -> list[tuple[int, int, int, int]]:
    """Schoolbook addition, last place first: (digit, digit, digit of the sum, carry to the next place) of each place.

    Numbers are taken to have as many places as the longer. A carry out of the last place stands in its row.

    Examples
    --------
    >>> carries(58, 7)
    [(8, 7, 5, 1), (5, 0, 6, 0)]
    """
    _check(left, right)
    rows, carry = [], 0
    for _ in range(max(len(str(left)), len(str(right)))):
        (left, a), (right, b) = divmod(left, 10), divmod(right, 10)
        carry, digit = divmod(a + b + carry, 10)
        rows.append((a, b, digit, carry))
    return rows


def carry_chain(left: int, right: int) -> int:
    """Longest run of neighbouring places that each hand a carry on.

    Examples
    --------
    >>> carry_chain(999, 1), carry_chain(505, 505), carry_chain(12, 34)
    (3, 1, 0)
    """
    longest = run = 0
    for *_, carry in carries(left, right):
        run = run + 1 if carry else 0
        longest = max(longest, run)
    return longest


def _check(left: int, right: int) -> None:
    for number in (left, right):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise ValueError(f"these formats write whole numbers, not {number!r}")
    if left < 0 or right < 0:
        raise ValueError(f"these formats write numbers from 0 up, not {left} + {right}")


def _plain_prompt(left: int, right: int, start: int = 0) -> str:
    _check(left, right)
    return f"{left}+{right}="


def _plain_answer(left: int, right: int, start: int = 0) -> str:
    _check(left, right)
    return str(left + right)


def _reversed_answer(left: int, right: int, start: int = 0) -> str:
    return _plain_answer(left, right)[::-1]


def _padded_prompt(left: int, right: int, start: int = 0) -> str:
    _check(left, right)
    width = max(len(str(left)), len(str(right)))
    return f"{left:0{width}}+{right:0{width}}="


def _padded_answer(left: int, right: int, start: int = 0) -> str:
    """One place more than the longer number."""
    _check(left, right)
    return f"{left + right:0{max(len(str(left)), len(str(right))) + 1}}"


def _hinted(digits: str, start: int) -> str:
    """Each digit behind its label; the last digit has the label `start`, the one before it the next, in a ring."""
    places = range(len(digits) - 1, -1, -1)
    return "".join(LABELS[(start + place) % len(LABELS)] + digit for place, digit in zip(places, digits, strict=True))


def _hinted_prompt(left: int, right: int, start: int = 0) -> str:
    _check(left, right)
    width = max(len(str(left)), len(str(right)))
    if width >= len(LABELS):
        raise ValueError(f"index hints have labels for {len(LABELS) - 1} digits, not for {width}")
    return f"{_hinted(f'{left:0{width}}', start)}+{_hinted(f'{right:0{width}}', start)}="


def _hinted_answer(left: int, right: int, start: int = 0) -> str:
    """Last digit first, each behind its label, with one place more than the longer number."""
    _check(left, right)
    width = max(len(str(left)), len(str(right))) + 1
    marked = _hinted(f"{left + right:0{width}}", start)
    return "".join(reversed([marked[i : i + 2] for i in range(0, len(marked), 2)]))


def _hinted_sum(answer: str) -> str | None:
    if not re.fullmatch(r"(?:[a-z][0-9])+", answer):
        return None
    labels = [LABELS.index(label) for label in answer[::2]]
    if any((later - earlier) % len(LABELS) != 1 for earlier, later in pairwise(labels)):
        return None
    return answer[1::2][::-1]


def _scratchpad(left: int, right: int, start: int = 0) -> str:
    """Digit of the sum and carry of each place, last place first, then the sum."""
    steps = ",".join(f"{digit}c{carry}" for *_, digit, carry in carries(left, right))
    return f"{steps};{left + right}"


def _scratchpad_sum(answer: str) -> str | None:
    found = re.fullmatch(r"[0-9]c[01](?:,[0-9]c[01])*;([0-9]+)", answer)
    return found[1] if found else None


def _detailed(left: int, right: int, start: int = 0) -> str:
    """Per place: what is left of both numbers, the addition with the carry that came in, its result; then the sum."""
    rows = carries(left, right)
    width = len(rows)
    first, second = f"{left:0{width}}", f"{right:0{width}}"
    steps, carry = [], 0
    for place, (a, b, digit, out) in enumerate(rows):
        rest = width - place
        steps.append(f"[{first[:rest]},{second[:rest]}]{a}+{b}+{carry}={digit}c{out}")
        carry = out
    return f"{','.join(steps)};{left + right}"


def _detailed_sum(answer: str) -> str | None:
    step = r"\[[0-9]+,[0-9]+\][0-9]\+[0-9]\+[01]=[0-9]c[01]"
    found = re.fullmatch(rf"{step}(?:,{step})*;([0-9]+)", answer)
    return found[1] if found else None


DIGITS = "0123456789"

FORMATS = {
    found.name: found
    for found in (
        AdditionFormat("plain", DIGITS + "+=", _plain_prompt, _plain_answer, lambda text: text),
        AdditionFormat("reversed", DIGITS + "+=", _plain_prompt, _reversed_answer, lambda text: text[::-1]),
        AdditionFormat("padded", DIGITS + "+=", _padded_prompt, _padded_answer, lambda text: text),
        AdditionFormat("hinted", DIGITS + LABELS + "+=", _hinted_prompt, _hinted_answer, _hinted_sum),
        AdditionFormat("scratchpad", DIGITS + "+=c,;", _plain_prompt, _scratchpad, _scratchpad_sum),
        AdditionFormat("detailed", DIGITS + "+=c,;[]", _plain_prompt, _detailed, _detailed_sum),
    )
}
"""The formats by name."""


def addition_format(name: str) -> AdditionFormat:
    """Look up a format.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> found = addition_format("scratchpad")
    >>> found.prompt(58, 7, 0) + found.answer(58, 7, 0)
    '58+7=5c1,6c0;65'
    >>> found.read("5c1,6c0;65"), found.read("65")
    (65, None)
    """
    if name not in FORMATS:
        raise ValueError(f"no format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]
