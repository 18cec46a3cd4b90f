"""Whether answers can be guessed: from the answers alone, from one feature of the question, from its words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.statistics.interval import Interval

MOST_CLASSES = 50
"""Answers, the most common ones, that a baseline can give."""

MOST_FEATURES = 5000
"""Words and signs, the most common ones, that baselines look at."""

MOST_ROWS = 20_000
"""Rows that a baseline learns from, and that it is tested on."""

FEWEST_ROWS = 20
"""Rows below which nothing is learned."""

_TOKEN = re.compile(r"\d+(?:\.\d+)?|\w+|[^\w\s]")


@dataclass(frozen=True)
class Guess:
    """How often a baseline is right on a split.

    Parameters
    ----------
    baseline : str
        ``"most common answer"``, ``"answers' frequencies"``, ``"one feature"`` or ``"bag of words"``.
    accuracy : Interval
        Share right, with Wilson's interval.
    chance : float
        What it is compared with: one over the number of answers for those that look at answers alone, else the most
        common answer's share.
    finding : str
        Empty, or in words why the answers can be guessed.
    """

    baseline: str
    accuracy: Interval
    chance: float
    finding: str


def guess_answers(
    train: tuple[Sequence[str], Sequence[str]], test: tuple[Sequence[str], Sequence[str]], level: float = 0.9
) -> list[Guess]:
    """Learn to guess the answers of one split, and try on another.

    - *most common answer*: of the training rows;
    - *answers' frequencies*: what guessing at random as often as in training gets, in expectation;
    - *one feature*: the word, sign, first or last word, or length whose presence tells answers apart best in training;
    - *bag of words*: logistic regression on which words and signs are present.

    A finding is made where the low end of the interval exceeds twice the chance (most common answer), or the high end
    of the most common answer's interval (the last two). A problem may be solved by its words alone and be sound; a
    finding says what is to be looked at.

    Parameters
    ----------
    train, test : (questions, answers)
        Both in canonical form.
    level : float
        Level of the intervals.

    Examples
    --------
    >>> questions = [f"is {n} even" if n % 3 else f"is {n} even please" for n in range(300)]
    >>> answers = ["no" if n % 3 else "yes" for n in range(300)]
    >>> found = guess_answers((questions[:200], answers[:200]), (questions[200:], answers[200:]))
    >>> found[2].finding
    "with '3 words' or without it the answer is right in 1.00 of the rows, the most common answer in 0.67"
    """
    from unseen.statistics import wilson

    (questions, answers), (asked, right) = (_cut(*train), _cut(*test))
    if len(answers) < FEWEST_ROWS or len(right) < FEWEST_ROWS:
        return []
    counts = Counter(answers)
    common = counts.most_common(MOST_CLASSES)
    place = {answer: index for index, (answer, _) in enumerate(common)}
    labels = np.array([place.get(answer, -1) for answer in answers])
    wanted = np.array([place.get(answer, -2) for answer in right])
    total, chance = len(answers), 1 / len(counts)

    def found(hits: float) -> Interval:
        return wilson(round(hits), len(right), level=level)

    majority = found(float((wanted == 0).sum()))
    words = ""
    if len(counts) > 1 and majority.low > 2 * chance:
        words = f"one answer of {len(counts)}, {common[0][0]!r:.40}, is right in {majority.estimate:.2f} of the rows"
    guesses = [Guess("most common answer", majority, chance, words)]
    prior = found(sum(counts[answer] / total for answer in right))
    guesses.append(Guess("answers' frequencies", prior, chance, ""))
    if len(common) < 2 or common[1][1] < 2:
        return guesses  # answers do not repeat: nothing to be learned from words
    features, names = _features(questions)
    tested, _ = _features(asked, names)
    stump, name = _stump(features, labels, tested, len(common))
    one = found(float((stump == wanted).sum()))
    words = f"with {names[name]!r} or without it the answer is right in {one.estimate:.2f} of the rows, "
    words += f"the most common answer in {majority.estimate:.2f}"
    guesses.append(Guess("one feature", one, majority.estimate, words if one.low > majority.high else ""))
    bag = found(float((_bag_of_words(features, labels, tested) == wanted).sum()))
    words = f"from which words are present the answer is right in {bag.estimate:.2f} of the rows, "
    words += f"the most common answer in {majority.estimate:.2f}"
    guesses.append(Guess("bag of words", bag, majority.estimate, words if bag.low > majority.high else ""))
    return guesses


def _cut(questions: Sequence[str], answers: Sequence[str]) -> tuple[list[str], list[str]]:
    """At most `MOST_ROWS` rows, spread over the whole."""
    step = max(1, -(-len(answers) // MOST_ROWS))
    return list(questions[::step]), list(answers[::step])


def _features(questions: Sequence[str], names: list[str] | None = None) -> tuple[Any, list[str]]:
    """Which features each question has, as a sparse matrix of zeros and ones, and their names."""
    from scipy.sparse import csr_matrix

    rows = []
    for question in questions:
        tokens = _TOKEN.findall(question)
        ends = {f"first word {tokens[0]}", f"last word {tokens[-1]}"} if tokens else set()
        rows.append({*tokens, *ends, f"{len(tokens)} words"})
    if names is None:
        names = [name for name, _ in Counter(name for row in rows for name in sorted(row)).most_common(MOST_FEATURES)]
    place = {name: index for index, name in enumerate(names)}
    columns = [[place[name] for name in row if name in place] for row in rows]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((column for row in columns for column in row), dtype=np.int64, count=int(starts[-1]))
    matrix = csr_matrix((np.ones(len(flat)), flat, starts), shape=(len(rows), len(names)))
    matrix.sort_indices()
    return matrix, names


def _stump(features: Any, labels: NDArray[Any], tested: Any, classes: int) -> tuple[NDArray[Any], int]:
    """The answers of the best rule with one feature, and which feature that is."""
    known = labels >= 0
    one_hot = np.zeros((len(labels), classes))
    one_hot[np.flatnonzero(known), labels[known]] = 1
    present = np.asarray(features.T @ one_hot)
    absent = one_hot.sum(axis=0) - present
    best = int((present.max(axis=1) + absent.max(axis=1)).argmax())
    has = np.asarray(tested[:, [best]].todense()).ravel() > 0
    return np.where(has, present[best].argmax(), absent[best].argmax()), best


def _bag_of_words(features: Any, labels: NDArray[Any], tested: Any) -> NDArray[Any]:
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=10, tol=None, average=True, random_state=0)
    return np.asarray(model.fit(features, labels).predict(tested))
