"""The audit of a data set: what its splits share, and what can be guessed."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.audit.canonical import canonical_texts
from unseen.audit.guessable import Guess, guess_answers
from unseen.audit.near import near_duplicates
from unseen.audit.table import Rows

MOST_SHOWN = 3
"""Examples shown per split and finding."""


@dataclass(frozen=True)
class SplitAudit:
    """What was found of one split.

    Parameters
    ----------
    split : str
        Its name.
    rows, distinct : int
        Rows, and different questions up to the canonical form.
    shared : mapping of str to int
        Other split -> rows of this one whose question stands there too.
    shared_any : int
        Rows whose question stands in any other split.
    other_answer : int
        Rows whose question stands in another split with another answer.
    near : int
        Further rows with a near-duplicate in another split.
    too_short : int
        Rows too short to be compared with near ones.
    guesses : tuple of Guess
        Baselines that were taught on the reference split.
    examples : tuple of (str, str)
        Pairs of questions that are shared or near, this split's first.
    """

    split: str
    rows: int
    distinct: int
    shared: Mapping[str, int]
    shared_any: int
    other_answer: int
    near: int
    too_short: int
    guesses: tuple[Guess, ...]
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Audit:
    """What was found of a data set.

    Parameters
    ----------
    splits : tuple of SplitAudit
        In order of first appearance.
    reference : str
        The split that baselines were taught on: ``train`` if there is one, else the largest.
    complaints : tuple of str
        Rows that were left out.
    left_out : int
        How many.
    level : float
        Level of the intervals.
    """

    splits: tuple[SplitAudit, ...]
    reference: str
    complaints: tuple[str, ...]
    left_out: int
    level: float

    def findings(self) -> list[str]:
        """One sentence per defect; empty if nothing was found."""
        found = []
        for one in self.splits:
            for other, count in one.shared.items():
                if count and not self._said_before(one.split, other):
                    share = count / one.rows
                    found.append(f"{count:,} of {one.rows:,} rows of {one.split} ({share:.1%}) stand in {other} too.")
            if one.other_answer:
                found.append(f"{one.other_answer:,} rows of {one.split} have another answer in another split.")
            if one.near and one.split != self.reference:
                found.append(f"{one.near:,} further rows of {one.split} have a near-duplicate in another split.")
            found += [f"{one.split}: {guess.finding}." for guess in one.guesses if guess.finding]
        return found

    def _said_before(self, split: str, other: str) -> bool:
        """Whether the pair was, or will be, named the other way round: the reference split comes second."""
        order = [self.reference, *(one.split for one in self.splits)]
        return order.index(split) < order.index(other)

    def as_json(self) -> dict[str, Any]:
        """Plain values, as documented in docs/json.md."""
        return {
            "reference": self.reference,
            "findings": self.findings(),
            "left_out": self.left_out,
            "complaints": list(self.complaints),
            "splits": [
                {
                    "split": one.split,
                    "rows": one.rows,
                    "distinct": one.distinct,
                    "shared": dict(one.shared),
                    "shared_any": one.shared_any,
                    "other_answer": one.other_answer,
                    "near": one.near,
                    "too_short": one.too_short,
                    "examples": [list(pair) for pair in one.examples],
                    "guesses": [
                        {
                            "baseline": guess.baseline,
                            "accuracy": guess.accuracy.estimate,
                            "low": guess.accuracy.low,
                            "high": guess.accuracy.high,
                            "level": self.level,
                            "chance": guess.chance,
                            "finding": guess.finding,
                        }
                        for guess in one.guesses
                    ],
                }
                for one in self.splits
            ],
        }


def audit(rows: Rows, forms: Sequence[Hashable] | None = None, *, level: float = 0.9) -> Audit:
    """Audit a data set.

    Two rows hold the same question if their forms are equal: by default the text up to case, blanks, typography and
    the writing of numbers. Near-duplicates are looked for among the rows that are not shared. Baselines are taught on
    the reference split and tried on each other one; a single split is halved.

    Parameters
    ----------
    rows : Rows
        Questions, splits and answers.
    forms : sequence of hashable, optional
        The canonical form of each question, where a better one than its text is known.
    level : float
        Level of the intervals.

    Examples
    --------
    >>> found = audit(Rows(["train", "test", "test"], ["1 + 2?", "1 + 2 ?", " 01 + 2?"], ["3", "3", "3"]))
    >>> found.findings()
    ['1 of 2 rows of test (50.0%) stand in train too.']
    """
    names = list(dict.fromkeys(rows.splits))
    place = {name: index for index, name in enumerate(names)}
    groups = np.array([place[name] for name in rows.splits])
    texts = canonical_texts(rows.questions)
    known: dict[Hashable, int] = {}
    keys = np.array([known.setdefault(form, len(known)) for form in (texts if forms is None else forms)])
    standing = np.zeros((len(known), len(names)), dtype=bool)
    standing[keys, groups] = True
    elsewhere = standing[keys]
    elsewhere[np.arange(len(groups)), groups] = False
    shared = elsewhere.any(axis=1)
    near = near_duplicates(texts, groups)
    other = np.full(len(groups), -1)
    other[near.rows] = near.others
    other[shared] = -1
    answers = [None if answer is None else text for answer, text in zip(rows.answers, _answers(rows), strict=True)]
    contradicted = shared & _contradicted(keys, answers)
    sizes = np.bincount(groups, minlength=len(names))
    reference = "train" if "train" in place else names[int(sizes.argmax())]
    found = []
    for name, index in place.items():
        mine = groups == index
        counts = elsewhere[mine].sum(axis=0)
        found.append(
            SplitAudit(
                split=name,
                rows=int(mine.sum()),
                distinct=len(np.unique(keys[mine])),
                shared={names[j]: int(counts[j]) for j in range(len(names)) if j != index},
                shared_any=int(shared[mine].sum()),
                other_answer=int(contradicted[mine].sum()),
                near=int((other[mine] >= 0).sum()),
                too_short=int(near.too_short[mine].sum()),
                guesses=tuple(_guesses(texts, answers, groups, index, place[reference], len(names), level)),
                examples=_examples(rows, mine, shared, keys, groups, other),
            )
        )
    return Audit(tuple(found), reference, tuple(rows.complaints), rows.left_out, level)


def _answers(rows: Rows) -> list[str]:
    return canonical_texts(answer or "" for answer in rows.answers)


def _contradicted(keys: NDArray[Any], answers: Sequence[str | None]) -> NDArray[np.bool_]:
    """Where a question is asked again with another answer; missing answers contradict nothing."""
    known: dict[str, int] = {}
    codes = np.array([-1 if answer is None else known.setdefault(answer, len(known)) for answer in answers])
    given = codes >= 0
    low = np.full(int(keys.max(initial=-1)) + 1, len(known))
    high = np.full(len(low), -1)
    np.minimum.at(low, keys[given], codes[given])
    np.maximum.at(high, keys[given], codes[given])
    return np.asarray(given & (low[keys] < high[keys]))


def _guesses(
    texts: Sequence[str],
    answers: Sequence[str | None],
    groups: NDArray[Any],
    split: int,
    reference: int,
    count: int,
    level: float,
) -> list[Guess]:
    given = np.array([answer is not None for answer in answers])
    train = np.flatnonzero(given & (groups == reference))
    test = np.flatnonzero(given & (groups == split))
    if split == reference:
        if count > 1:
            return []
        train, test = train[::2], train[1::2]
    taught, tried = (
        ([texts[i] for i in part], [str(answers[i]) for i in part]) for part in (train.tolist(), test.tolist())
    )
    return guess_answers(taught, tried, level)


def _examples(
    rows: Rows, mine: NDArray[Any], shared: NDArray[Any], keys: NDArray[Any], groups: NDArray[Any], other: NDArray[Any]
) -> tuple[tuple[str, str], ...]:
    repeated = np.flatnonzero(mine & shared)[:MOST_SHOWN]
    twins = [int(np.flatnonzero((keys == keys[row]) & (groups != groups[row]))[0]) for row in repeated]
    alike = np.flatnonzero(mine & (other >= 0))[:MOST_SHOWN]
    pairs = [*zip(repeated.tolist(), twins, strict=True), *zip(alike.tolist(), other[alike].tolist(), strict=True)]
    return tuple((rows.questions[row], rows.questions[twin]) for row, twin in pairs)
