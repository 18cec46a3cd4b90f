"""How often a problem's checker errs, measured: right answers that are rejected, wrong ones that are accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from unseen.contracts.problem import Examples, Problem, random_stream
from unseen.contracts.solver import Unsolved
from unseen.solvers.language.answers import final_answer
from unseen.statistics.interval import Interval
from unseen.testing.checker import is_right, is_wrong

QUESTIONS = 20
"""Questions per split that are measured on by default."""

REPLIES = (
    "{this}",
    "Answer: {this}",
    "**Answer:** {this}",
    "The answer is {this}.",
    "So the final answer is $\\boxed{{{this}}}$.",
    "<answer>{this}</answer>",
    "Step by step.\n#### {this}",
    "I work it out in 3 steps, with 2 checks.\n\nAnswer: `{this}`\n",
    "<think>Perhaps the answer is {other}. No, it is not.</think>\nAnswer: {this}",
    "First I find {other}, which cannot be.\nAnswer: {this}",
    "Answer: {other}\nWait, that was wrong.\nAnswer: {this}",
    "\\boxed{{{other}}} was wrong. Corrected: \\boxed{{{this}}}",
)
"""Replies that end on the answer ``this`` and may name another one on the way."""

EVASIVE = (
    "The answer is {right} or {wrong}.",
    "<think>Answer: {right}",
    "I cannot say. Was it {right}? Or not? Answer:",
    "The answer is not {right}.\nAnswer: unknown",
)
"""Replies that name the right answer without giving it."""

NOT_IN_REPLIES = frozenset({"a sentence", "a unit behind"})
"""Near misses as bare answers that a reply may hold and mean the right answer."""

NUMERAL = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Rate:
    """How often something happened.

    Parameters
    ----------
    kind : {"false reject", "false accept"}
        Which mistake of the checker it is.
    what : str
        What was scored: ``"forms"``, ``"near misses"``, ``"mutated answers"``, ``"replies"`` or ``"evasive replies"``.
    count, of : int
        Mistakes, and answers that were scored.
    """

    kind: str
    what: str
    count: int
    of: int

    def interval(self, level: float = 0.9) -> Interval:
        """Wilson's interval of the rate."""
        from unseen.statistics import wilson

        return wilson(self.count, self.of, level=level)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as documented in docs/json.md."""
        found = self.interval()
        return {"kind": self.kind, "what": self.what, "count": self.count, "of": self.of, "high": found.high}

    def __str__(self) -> str:
        found = self.interval()
        done = "rejected" if self.kind == "false reject" else "accepted"
        which = "right" if self.kind == "false reject" else "wrong"
        words = f"{which} answers, {self.what}: {self.count} of {self.of:,} {done}"
        return f"{words} (at most {100 * found.high:.2g} % at level {found.level:g})"


@dataclass(frozen=True)
class CheckerRates:
    """What `measure_checker` found.

    Parameters
    ----------
    rates : tuple of Rate
        One per kind of mistake and of answer.
    mistakes : tuple of str
        The first few mistakes in words, to be looked into.
    """

    rates: tuple[Rate, ...]
    mistakes: tuple[str, ...] = ()

    def total(self, kind: str) -> Rate:
        """All answers of one kind of mistake together."""
        chosen = [rate for rate in self.rates if rate.kind == kind]
        return Rate(kind, "answers", sum(rate.count for rate in chosen), sum(rate.of for rate in chosen))


def measure_checker(problem: Problem, *, n: int = QUESTIONS, seeds: Sequence[int] = (0,)) -> CheckerRates:
    """Score answers of which it is known whether they are right, and count what the checker gets wrong.

    Right are the problem's `right_forms`, as they are and as text within replies like a language model's. Wrong are its
    `near_misses`; mutated answers, in which a digit of the right text is changed, dropped or doubled, or which answer
    another question of the draw that has another answer; the same within replies that may name the right answer on
    the way; and replies that name it without giving it. A mutation that leaves all numbers of the text as they were,
    such as a zero behind the point, is none. Problems scored by an error are not mutated digit by digit, since the
    last digits hardly matter there.

    Parameters
    ----------
    problem : Problem
        Whose checker.
    n : int
        Questions per split and seed; fewer where a split is smaller.
    seeds : sequence of int
        What the questions and the mistakes are drawn with.

    Examples
    --------
    >>> import unseen as un
    >>> found = measure_checker(un.problem("modular-addition", modulus=13), n=5)
    >>> found.total("false reject").count, found.total("false accept").count
    (0, 0)
    """
    tally = _Tally(problem)
    for split, about in problem.splits.items():
        for seed in seeds:
            examples = problem.sample(split, n if about.size is None else min(n, about.size), seed)
            if len(examples):
                tally.add(examples)
    return CheckerRates(tuple(Rate(*name, *counted) for name, counted in tally.counts.items()), tuple(tally.mistakes))


class _Tally:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.read: Callable[[str], Any] | None = getattr(problem, "read", None)
        self.counts: dict[tuple[str, str], tuple[int, int]] = {}
        self.mistakes: list[str] = []

    def add(self, examples: Examples) -> None:
        forms = self.problem.right_forms(examples)
        misses = self.problem.near_misses(examples, examples.seed)
        for form, answers in forms.items():
            self.count("false reject", "forms", examples, answers, form)
        for mistake, answers in misses.items():
            self.count("false accept", "near misses", examples, answers, mistake)
        texts = [list(form) for form in forms.values() if all(isinstance(one, str) for one in form)]
        if not texts:
            return
        right = [text.strip() for text in texts[0]]
        mutated = list(_mutations(self.problem, examples, right))
        for name, places, answers in mutated:
            self.count("false accept", "mutated answers", examples[places], answers, name)
        for mistake, answers in misses.items():
            if mistake not in NOT_IN_REPLIES and all(isinstance(one, str) for one in answers):
                self.replies(
                    "false accept", "near misses in replies", examples, REPLIES[:3], list(answers), right, mistake
                )
        if mutated:
            _, places, wrong = mutated[0]
            kept, some = [right[place] for place in places], examples[places]
            self.replies("false reject", "replies", some, REPLIES, kept, wrong, "replies")
            self.replies("false accept", "replies", some, REPLIES, wrong, kept, "replies")
            for template in EVASIVE:
                said = [template.format(right=a, wrong=b) for a, b in zip(kept, wrong, strict=True)]
                self.count("false accept", "evasive replies", some, self.final(said), template)

    def replies(
        self, kind: str, what: str, examples: Examples, templates: Sequence[str], these: Any, others: Any, name: str
    ) -> None:
        for template in templates:
            said = [template.format(this=this, other=other) for this, other in zip(these, others, strict=True)]
            self.count(kind, what, examples, self.final(said), f"{name}, {template}")

    def final(self, said: Sequence[str]) -> list[Any]:
        found = [final_answer(text, self.read) for text in said]
        return [Unsolved("no answer in the reply") if one is None else one for one in found]

    def count(self, kind: str, what: str, examples: Examples, answers: Any, name: str) -> None:
        scores = self.problem.score(examples, answers)
        wrong = ~is_right(self.problem, scores) if kind == "false reject" else ~is_wrong(self.problem, scores)
        count, of = self.counts.get((kind, what), (0, 0))
        self.counts[kind, what] = count + int(wrong.sum()), of + len(wrong)
        if wrong.any() and len(self.mistakes) < 20:
            place = int(wrong.argmax())
            self.mistakes.append(f"{kind} of {answers[place]!r:.200} ({name}) on split {examples.split}")


def _mutations(problem: Problem, examples: Examples, right: list[str]) -> Iterator[tuple[str, Any, list[str]]]:
    """A mutation's name, the questions that it could be made of, and the wrong answers."""
    truth = np.asarray(problem.truth(examples))
    keys = [row.tobytes() if row.dtype != object else repr(row) for row in (np.asarray(row) for row in truth)]
    other = [
        next((j for k in range(1, len(keys)) if keys[j := (i + k) % len(keys)] != keys[i]), i) for i in range(len(keys))
    ]
    places = np.array([i for i, j in enumerate(other) if i != j], dtype=np.int64)
    if len(places):
        yield "another question's answer", places, [right[other[i]] for i in places]
    if problem.scored_by == "error":
        return
    stream = random_stream(problem.name, "mutated answers", examples.split, examples.seed)
    for name, mutate in (("a digit changed", _changed), ("a digit dropped", _dropped), ("a digit doubled", _doubled)):
        made = [_mutated(text, mutate, int(stream.integers(1 << 30))) for text in right]
        kept = [i for i, one in enumerate(made) if one is not None]
        if kept:
            yield name, np.array(kept), [str(made[i]) for i in kept]


def _mutated(text: str, mutate: Callable[[str, int, int], str], draw: int) -> str | None:
    digits = [place for place, character in enumerate(text) if character.isascii() and character.isdigit()]
    if not digits:
        return None
    found = mutate(text, digits[draw % len(digits)], draw // len(digits))
    return None if _numbers(found) == _numbers(text) else found


def _changed(text: str, place: int, draw: int) -> str:
    return text[:place] + str((int(text[place]) + 1 + draw % 9) % 10) + text[place + 1 :]


def _dropped(text: str, place: int, draw: int) -> str:
    return text[:place] + text[place + 1 :]


def _doubled(text: str, place: int, draw: int) -> str:
    return text[:place] + text[place] + text[place:]


def _numbers(text: str) -> list[Fraction]:
    return [Fraction(numeral) for numeral in NUMERAL.findall(text)]
