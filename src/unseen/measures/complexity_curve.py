"""Accuracy against the complexity of questions: does a solver keep it where they are more complex than in training?

Complexity is a label that the problem's generator knows of each question (steps, depth, how far a carry travels), not
a number taken from a model. Generators correlate everything, so that a complex question tends to be a long one too:
labels that are to be held equal are named in `matched_on`, and `ComplexityCurve.table` shows what became of all labels.
A label is an upper bound of what a question needs. Where a shortcut answers complex questions (score one in place of
the solver), the label is not tight, and an accuracy kept says little.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure
from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Solver

if TYPE_CHECKING:
    import pandas as pd

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class ComplexityCurve:
    """Mean score at each level of complexity, ascending.

    Parameters
    ----------
    key : str
        The label that is the complexity.
    trained : float
        The highest level in training.
    matched_on : tuple of str
        Labels whose joint distribution is the same at every level.
    levels, scores : float64 arrays, shape (levels,)
        Values of the label, and the mean score of the questions that have them.
    questions, used : int64 arrays, shape (levels,)
        Questions of each level, and those of them that have a counterpart at every other level; all without matching.
    labels : mapping of str to float64 array, shape (levels,)
        Mean of every numeric label at each level, weighted as the scores are.
    """

    key: str
    trained: float
    matched_on: tuple[str, ...]
    levels: Reals
    scores: Reals
    questions: NDArray[np.int64]
    used: NDArray[np.int64]
    labels: Mapping[str, Reals]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Which levels occur in training, shape (levels,)."""
        return np.asarray(self.levels <= self.trained)

    @cached_property
    def fitted(self) -> Reals:
        """The scores' best fit that never rises, by least squares weighted with `used` (isotonic regression)."""
        from sklearn.isotonic import IsotonicRegression

        fit = IsotonicRegression(increasing=False).fit(self.levels, self.scores, sample_weight=self.used)
        return np.asarray(fit.predict(self.levels), dtype=np.float64)

    def table(self) -> pd.DataFrame:
        """One row per level: whether it was trained, score, fit, questions, questions used, mean of every label."""
        import pandas as pd

        return pd.DataFrame(
            {
                self.key: self.levels,
                "trained": self.inside,
                "score": self.scores,
                "fitted": self.fitted,
                "questions": self.questions,
                "used": self.used,
                **{f"mean {name}": means for name, means in self.labels.items() if name != self.key},
            }
        )


def complexity_curve(
    scores: ArrayLike,
    labels: Mapping[str, ArrayLike],
    key: str,
    *,
    trained: float,
    matched_on: Sequence[str] = (),
) -> ComplexityCurve:
    """Mean score by complexity, other labels held equal where asked.

    With `matched_on`, questions are grouped by the values of these labels. Only groups that occur at every level are
    used, and each counts at every level with one weight, its smallest number of questions at any level; so the labels
    have the same joint distribution at every level, exactly.

    Parameters
    ----------
    scores : array_like of float, shape (n,)
        One finite score per question, as from `Problem.score`.
    labels : mapping of str to array_like, each of shape (n,)
        As in `Examples.labels`.
    key : str
        The label that is the complexity: finite numbers, few different ones.
    trained : float
        The highest level in training; levels above it are out of distribution.
    matched_on : sequence of str
        Labels to be held equal.

    Returns
    -------
    ComplexityCurve

    Raises
    ------
    ValueError
        If a label is unknown or has another length, there are no questions or none on one side of `trained`, a number
        is not finite, or no value of the labels to be matched occurs at every level.

    Examples
    --------
    Long questions are answered badly here and short ones well, whatever their depth. Unmatched, depth seems to matter.

    >>> labels = {"depth": [1, 1, 1, 2, 2, 2], "length": [5, 5, 9, 5, 9, 9]}
    >>> [1, 1, 0, 1, 0, 0] == [int(length == 5) for length in labels["length"]]
    True
    >>> complexity_curve([1, 1, 0, 1, 0, 0], labels, "depth", trained=1).scores.round(2).tolist()
    [0.67, 0.33]
    >>> complexity_curve([1, 1, 0, 1, 0, 0], labels, "depth", trained=1, matched_on=["length"]).scores.tolist()
    [0.5, 0.5]
    """
    given = np.asarray(scores, dtype=np.float64)
    columns = {name: np.asarray(column) for name, column in labels.items()}
    _check(given, columns, (key, *matched_on))
    values = columns[key].astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"the complexity {key!r} must be finite")
    levels, level = np.unique(values, return_inverse=True)
    if not levels[0] <= trained < levels[-1]:
        raise ValueError(
            f"levels of {key!r} on both sides of the highest trained one, {trained:g}, are needed; "
            f"there are {levels[0]:g} to {levels[-1]:g}"
        )
    weights = _matching_weights(level, len(levels), [columns[name] for name in matched_on], matched_on, key)
    totals = np.bincount(level, weights)
    numeric = {name: column for name, column in columns.items() if column.dtype.kind in "biuf"}
    return ComplexityCurve(
        key=key,
        trained=float(trained),
        matched_on=tuple(matched_on),
        levels=levels,
        scores=np.bincount(level, weights * given) / totals,
        questions=np.bincount(level),
        used=np.bincount(level[weights > 0], minlength=len(levels)),
        labels={name: np.bincount(level, weights * column) / totals for name, column in numeric.items()},
    )


def solver_complexity_curve(
    solver: Solver | Callable[[Examples], Any],
    problem: Problem,
    key: str,
    *,
    splits: Sequence[str],
    n: int = 1000,
    seed: int = 0,
    trained: float | None = None,
    matched_on: Sequence[str] = (),
) -> ComplexityCurve:
    """Ask a solver questions of some splits of a problem, and look at its accuracy by their complexity.

    Parameters
    ----------
    solver : Solver or callable
        Anything with a method ``solve(examples)``, or a function of examples; trained where it needs to be.
    problem : Problem
        One that is scored by accuracy and labels its questions with `key`.
    key, matched_on
        See `complexity_curve`.
    splits : sequence of str
        Where questions come from, ``("iid", "longer:carries")`` for instance.
    n : int
        Questions per split, at most what a finite split has.
    seed : int
        What the problem is drawn with.
    trained : float, optional
        The highest level in training; by default that of the ``train`` split, of an endless one of its first `n`.

    Returns
    -------
    ComplexityCurve

    Raises
    ------
    ValueError
        If the problem is scored by an error, or something that `complexity_curve` refuses.

    Examples
    --------
    A rule that looks two places back adds all questions up to that complexity and none above.

    >>> import unseen as un
    >>> problem = un.problem("whole-number-addition", digits=4, sampler="fixed-length", longest_chain=2)
    >>> rule = un.solver("windowed-adder", lower=2)
    >>> curve = solver_complexity_curve(rule, problem, "carry_reach", splits=("iid", "longer:carries"), n=4000)
    >>> curve.scores.tolist(), retained_accuracy(curve)
    ([1.0, 1.0, 1.0, 0.0, 0.0], 0.0)
    """
    if problem.scored_by != "accuracy":
        raise ValueError(f"{problem.name} is scored by an error; accuracy against complexity needs scores")
    answer = solver.solve if isinstance(solver, Solver) else solver
    scores, labels = [], []
    for split in splits:
        examples = problem.sample(split, min(n, problem.splits[split].size or n), seed)
        scores.append(problem.score(examples, answer(examples.questions_only())))
        labels.append(examples.labels)
    if trained is None:
        known = problem.sample("train", problem.splits["train"].size or n, seed).labels
        _check(np.zeros(len(known.get(key, ()))), known, (key,))
        trained = float(np.max(known[key]))
    shared = [name for name in labels[0] if all(name in others for others in labels)] if labels else []
    return complexity_curve(
        np.concatenate(scores) if scores else (),
        {name: np.concatenate([column[name] for column in labels]) for name in shared},
        key,
        trained=trained,
        matched_on=matched_on,
    )


@measure(low=0, paper="016")
def retained_accuracy(curve: ComplexityCurve) -> float:
    """Mean score above the training's complexity, divided by the mean score inside it; every level counts once.

    Parameters
    ----------
    curve : ComplexityCurve
        Its scores are used, not their fit.

    Returns
    -------
    float
        1 where all is kept, 0 where nothing is; above 1 if complex questions are answered better; ``nan`` if no simple
        question was answered right either.

    Examples
    --------
    >>> labels = {"steps": [1, 1, 2, 2, 3, 3, 4, 4]}
    >>> retained_accuracy(complexity_curve([1, 1, 1, 1, 1, 0, 0, 0], labels, "steps", trained=2))
    0.25
    """
    inside = float(curve.scores[curve.inside].mean())
    return float(curve.scores[~curve.inside].mean()) / inside if inside else float("nan")


@measure(paper="016")
def slope_beyond_training(curve: ComplexityCurve) -> float:
    """Change of the score per unit of complexity, from the highest trained level that was asked on upwards.

    Parameters
    ----------
    curve : ComplexityCurve
        Its scores are used, not their fit.

    Returns
    -------
    float
        Slope of the least-squares line; every level counts once.

    Examples
    --------
    >>> labels = {"steps": [1, 1, 2, 2, 3, 3, 4, 4]}
    >>> print(round(slope_beyond_training(complexity_curve([1, 1, 1, 1, 1, 0, 0, 0], labels, "steps", trained=2)), 6))
    -0.5
    """
    start = int(curve.inside.sum()) - 1
    levels, scores = curve.levels[start:], curve.scores[start:]
    centred = levels - levels.mean()
    return float(centred @ scores / (centred @ centred))


def _check(scores: Reals, columns: Mapping[str, Any], needed: Sequence[str]) -> None:
    if unknown := [name for name in needed if name not in columns]:
        raise ValueError(f"no label {unknown[0]!r}; there are {', '.join(columns) or 'none'}")
    if scores.ndim != 1 or not len(scores):
        raise ValueError(f"scores have the shape (n,) with at least one question, not {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite")
    if wrong := [name for name, column in columns.items() if np.shape(column) != scores.shape]:
        raise ValueError(
            f"label {wrong[0]!r} has the shape {np.shape(columns[wrong[0]])}, the scores have {scores.shape}"
        )


def _matching_weights(
    level: NDArray[np.int64], levels: int, columns: Sequence[NDArray[Any]], names: Sequence[str], key: str
) -> Reals:
    """A weight per question that makes the columns' joint distribution the same at every level."""
    group = np.zeros(len(level), dtype=np.int64)
    for column in columns:
        _, codes = np.unique(column, return_inverse=True)
        _, group = np.unique(group * (codes.max() + 1) + codes, return_inverse=True)
    if not columns:
        return np.ones(len(level))
    counts = np.zeros((levels, int(group.max()) + 1))
    np.add.at(counts, (level, group), 1)
    share = counts.min(axis=0)
    if not share.any():
        raise ValueError(f"no value of {', '.join(names)} occurs at every level of {key!r}")
    return np.asarray((share / np.maximum(counts, 1))[level, group])
