"""Scores against complexity: how accuracy falls, or error grows, with what is known of each question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.evaluation.scores import Scores
from unseen.statistics.interval import Interval

MOST_POINTS = 12
"""Points of a curve: more values than that are put together."""


@dataclass(frozen=True)
class Point:
    """Questions of like complexity.

    Parameters
    ----------
    low, high : int
        The range of the label, both ends included.
    questions : int
        How many were answered.
    score : Interval
        Mean score or error: Wilson's interval of right-or-wrong scores, else Student's t, over questions.
    classical : float
        Mean of the classical solver on the same questions.
    """

    low: int
    high: int
    questions: int
    score: Interval
    classical: float

    def as_json(self) -> dict[str, Any]:
        """Plain values; numbers that are undetermined or unbounded are None."""
        numbers = {"estimate": self.score.estimate, "lower": self.score.low, "upper": self.score.high}
        kept = {name: value if isfinite(value) else None for name, value in numbers.items()}
        classical = self.classical if isfinite(self.classical) else None
        return {"from": self.low, "to": self.high, "questions": self.questions, **kept, "classical": classical}


@dataclass(frozen=True)
class Curve:
    """Scores of one split against one label.

    Parameters
    ----------
    split, label : str
        Where, and against what.
    points : tuple of Point
        At least two, by rising label.
    """

    split: str
    label: str
    points: tuple[Point, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"split": self.split, "label": self.label, "points": [point.as_json() for point in self.points]}


def complexity_curves(scores: Scores, classical: Scores, level: float = 0.9) -> list[Curve]:
    """One curve per split and whole-number label that takes several values there, over all seeds together.

    Labels are what the problem knows of a question besides its answer: steps, digits, carries, length. Intervals are
    over questions; of a solver that was trained they say nothing of other trainings.

    Parameters
    ----------
    scores, classical : Scores
        Of the same splits and seeds.
    level : float
        Level of each interval.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("chain-sum")
    >>> first = lambda examples: examples.inputs["terms"][:, 0]
    >>> scores = un.evaluate(first, problem, splits=["iid"], n=400)
    >>> curves = complexity_curves(scores, un.evaluate(problem.classical(), problem, splits=["iid"], n=400))
    >>> [curve.label for curve in curves], [point.classical for point in curves[0].points][:2]
    (['steps', 'digits'], [1.0, 1.0])
    """
    found = []
    for split in scores.axes:
        seeds = [seed for name, seed in scores.values if name == split and (split, seed) in scores.labels]
        names = dict.fromkeys(label for seed in seeds for label in scores.labels[split, seed])
        for label in names:
            held = [seed for seed in seeds if label in scores.labels[split, seed]]
            column = np.concatenate([scores.labels[split, seed][label] for seed in held])
            ours = np.concatenate([scores.values[split, seed] for seed in held])
            theirs = np.concatenate([classical.values[split, seed] for seed in held])
            answered = ~np.isnan(ours)
            points = _points(column[answered], ours[answered], theirs[answered], scores.scored_by, level)
            if len(points) > 1:
                found.append(Curve(split, label, tuple(points)))
    return found


def _points(
    column: NDArray[Any], ours: NDArray[np.float64], theirs: NDArray[np.float64], scored_by: str, level: float
) -> list[Point]:
    from unseen.statistics import mean, wilson

    points = []
    for low, high in _ranges(column):
        chosen = (column >= low) & (column <= high)
        values = ours[chosen]
        if scored_by == "accuracy" and np.isin(values, (0.0, 1.0)).all():
            score = wilson(int(values.sum()), len(values), level=level)
        else:
            score = mean(values, level=level)
        points.append(Point(low, high, len(values), score, float(theirs[chosen].mean())))
    return points


def _ranges(column: NDArray[Any]) -> Sequence[tuple[int, int]]:
    """The values, or ranges of neighbouring ones with about as many questions each."""
    values, counts = np.unique(column, return_counts=True)
    if len(values) <= MOST_POINTS:
        return [(int(value), int(value)) for value in values]
    part = ((np.cumsum(counts) - counts / 2) * MOST_POINTS // counts.sum()).astype(np.int64)
    return [(int(values[part == one][0]), int(values[part == one][-1])) for one in np.unique(part)]
