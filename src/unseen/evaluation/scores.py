"""Evaluation of any solver on any problem, split by split."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Solver, Unanswered
from unseen.errors import UsageError
from unseen.statistics.interval import UNDETERMINED, Interval

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SIZE = 1000
"""Instances per split and seed when the caller does not say; fewer where a finite split has fewer."""

TRAINING_SIZE = 10_000
"""Examples that a solver is trained on where the split ``train`` is endless; a finite one is taken whole."""


@dataclass(frozen=True)
class Scores:
    """Scores of a solver on a problem, instance by instance.

    Parameters
    ----------
    problem : str
        The problem's name.
    scored_by : {"accuracy", "error"}
        Whether higher or lower is better.
    axes : mapping of str to str
        Split -> the axis on which it is unseen, ``"train"`` for training data.
    values : mapping of (str, int) to array
        (split, seed) -> one score per instance, float64; ``nan`` where the question was never answered
        (`unseen.contracts.solver.Unanswered`), which every mean and interval leaves out.
    seconds : mapping of (str, int) to float
        (split, seed) -> wall time of answering.
    complete : frozenset of str
        Finite splits of which every question was asked and answered.
    labels : mapping of (str, int) to mapping of str to array
        (split, seed) -> the whole-number labels of its questions, such as steps or digits.
    """

    problem: str
    scored_by: str
    axes: Mapping[str, str]
    values: Mapping[tuple[str, int], NDArray[np.float64]]
    seconds: Mapping[tuple[str, int], float] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    labels: Mapping[tuple[str, int], Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def answered(self, split: str) -> dict[int, NDArray[np.float64]]:
        """Seed -> scores of the questions of a split that were answered, seeds without any left out."""
        kept = {seed: scores[~np.isnan(scores)] for (name, seed), scores in self.values.items() if name == split}
        return {seed: scores for seed, scores in kept.items() if len(scores)}

    def unanswered(self, split: str) -> int:
        """Number of questions of a split that were not answered, over all seeds."""
        return sum(int(np.isnan(scores).sum()) for (name, _), scores in self.values.items() if name == split)

    def seed_means(self, split: str) -> NDArray[np.float64]:
        """Mean score on a split, one per seed that has any answer.

        Raises
        ------
        KeyError
            If the split was not evaluated.
        """
        means = [scores.mean() for scores in self.answered(split).values()]
        if not any(name == split for name, _ in self.values):
            raise KeyError(f"split {split!r} was not evaluated; evaluated: {', '.join(self.axes)}")
        return np.array(means)

    def interval(self, split: str, level: float = 0.9) -> Interval:
        """Mean score on a split with its interval.

        Over several seeds Student's t on the seed means; for a single seed of right-or-wrong scores Wilson's
        interval over its instances, of errors Student's t over its instances (which says nothing about other seeds).
        """
        from unseen.statistics import mean, wilson

        means = self.seed_means(split)
        if not len(means):
            return replace(UNDETERMINED, level=level, note="no question was answered")
        if len(means) > 1:
            return mean(means, level=level)
        scores = next(iter(self.answered(split).values()))
        if self.scored_by == "accuracy" and np.isin(scores, (0.0, 1.0)).all():
            return wilson(int(scores.sum()), len(scores), level=level)
        return mean(scores, level=level)

    def cautious_interval(self, split: str, level: float = 0.9) -> Interval:
        """The wider of `interval` and, for right-or-wrong scores, Wilson's over all instances of all seeds.

        Seeds that all score 1 leave Student's interval without width, however few questions there were. A finite
        split that was asked as a whole has nothing left to guess: with one seed the interval has no width, with
        several it is `interval`.
        """
        from unseen.statistics import wilson

        found = self.interval(split, level)
        answered = self.answered(split)
        if split in self.complete and len(answered) == 1:
            count = sum(map(len, answered.values()))
            exact = found.estimate
            return replace(found, low=exact, high=exact, method=f"all {count} questions of the split", note="")
        if self.scored_by != "accuracy" or not answered or split in self.complete:
            return found
        scores = np.concatenate(list(answered.values()))
        if not np.isin(scores, (0.0, 1.0)).all():
            return found
        over_all = wilson(int(scores.sum()), len(scores), level=level)
        low, high = min(found.low, over_all.low), max(found.high, over_all.high)
        method = found.method if (low, high) == (found.low, found.high) else f"{found.method}, widened by Wilson's"
        return replace(found, low=max(low, 0.0), high=min(high, 1.0), method=method)

    def table(self) -> pd.DataFrame:
        """One row per split and seed: problem, split, axis, seed, instances, score."""
        import pandas as pd

        return pd.DataFrame(
            [
                {
                    "problem": self.problem,
                    "split": split,
                    "axis": self.axes[split],
                    "seed": seed,
                    "instances": len(scores),
                    "score": np.nanmean(scores) if not np.isnan(scores).all() else np.nan,
                }
                for (split, seed), scores in self.values.items()
            ]
        )

    def summary(self, level: float = 0.9) -> pd.DataFrame:
        """One row per split: estimate with the ends of its interval."""
        import pandas as pd

        rows = []
        for split, axis in self.axes.items():
            interval = self.interval(split, level)
            rows.append(
                {
                    "split": split,
                    "axis": axis,
                    self.scored_by: interval.estimate,
                    "low": interval.low,
                    "high": interval.high,
                    "seeds": len(self.seed_means(split)),
                }
            )
        return pd.DataFrame(rows)


def evaluate(
    solver: Solver | Callable[[Examples], Any],
    problem: Problem,
    *,
    splits: Iterable[str] | None = None,
    n: int | None = DEFAULT_SIZE,
    seeds: Iterable[int] = (0,),
    fit: bool = False,
) -> Scores:
    """Score a solver on splits of a problem. It sees the questions alone.

    Parameters
    ----------
    solver : Solver or callable
        Anything with a method ``solve(examples)``, or a function of examples that returns one answer each.
    problem : Problem
        What is asked; see `unseen.problem`.
    splits : iterable of str, optional
        Which splits; all by default.
    n : int or None
        Instances per split and seed, at most what a finite split has; None takes all of a finite split.
    seeds : iterable of int
        The seeds to draw with. A solver trained on the ``train`` split of one seed is only evaluated honestly with
        that seed: another seed may divide the questions differently.
    fit : bool
        Whether to train a copy of the solver on the whole ``train`` split of each seed first.

    Returns
    -------
    Scores
        Score by instance, split and seed, with intervals.

    Raises
    ------
    UsageError
        If a split is unknown, the solver cannot be called or trained, or gives the wrong number of answers.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("modular-addition", modulus=11)
    >>> guess = lambda examples: examples.inputs["left"] + examples.inputs["right"]
    >>> scores = un.evaluate(guess, problem, splits=["iid"], seeds=range(3))
    >>> bool(0.3 < scores.interval("iid").estimate < 0.7)
    True
    """
    chosen = checked_splits(problem, splits)
    cells = evaluate_cells(solver, problem, splits=chosen, n=n, seeds=seeds, fit=fit)
    return gather(problem, chosen, cells)


@dataclass(frozen=True)
class Cell:
    """Scores of one split and seed."""

    split: str
    seed: int
    values: NDArray[np.float64]
    seconds: float
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)


def checked_splits(problem: Problem, splits: Iterable[str] | None) -> list[str]:
    """The splits asked for, all by default.

    Raises
    ------
    UsageError
        If the problem has no such split.
    """
    chosen = list(dict.fromkeys(problem.splits if splits is None else splits))
    if unknown := [split for split in chosen if split not in problem.splits]:
        raise UsageError(f"{problem.name} has no split {unknown[0]!r}; it has {', '.join(problem.splits)}")
    return chosen


def evaluate_cells(
    solver: Solver | Callable[[Examples], Any],
    problem: Problem,
    *,
    splits: Sequence[str],
    n: int | None,
    seeds: Iterable[int],
    fit: bool,
) -> Iterator[Cell]:
    """What `evaluate` computes, one split and seed after the other, so that a failure does not lose those before it."""
    if isinstance(solver, type) or not (callable(solver) or hasattr(solver, "solve")):
        raise UsageError(f"a solver has a method solve(examples) or is a function of examples; got {solver!r}")
    if fit and not hasattr(solver, "fit"):
        raise UsageError(f"fit=True needs a solver with a method fit(examples); {type(solver).__name__} has none")
    for seed in seeds:
        used: Any = solver
        if fit:
            size = problem.splits["train"].size
            used = deepcopy(solver).fit(problem.sample("train", TRAINING_SIZE if size is None else None, seed))  # type: ignore[union-attr]
        answer = used.solve if hasattr(used, "solve") else used
        for split in splits:
            size = problem.splits[split].size
            examples = problem.sample(split, size if n is None else min(n, size or n), seed)
            started = time.perf_counter()
            answers = _in_rows(answer(_copied(examples)))
            seconds = time.perf_counter() - started
            count = _count(answers)
            if count != len(examples):
                given = f"{type(answers).__name__}, no answers" if count is None else f"{count} answers"
                raise UsageError(f"{len(examples)} questions of split {split!r} were given {given}")
            values = problem.score(examples, answers)
            values = np.where(np.isnan(values), 0.0 if problem.scored_by == "accuracy" else np.inf, values)
            if not isinstance(answers, np.ndarray):
                values = np.where([isinstance(one, Unanswered) for one in answers], np.nan, values)
            labels = {name: one for name, one in examples.labels.items() if one.ndim == 1 and one.dtype.kind in "iu"}
            yield Cell(split, seed, values, seconds, labels)


def _copied(examples: Examples) -> Examples:
    """The questions in arrays of their own: a solver that writes into them changes no question that is scored."""
    asked = examples.questions_only()
    return replace(asked, inputs={name: column.copy() for name, column in asked.inputs.items()})


def _in_rows(answers: Any) -> Any:
    """Tensors and data frames' columns as arrays, which every problem reads; anything else as it is."""
    if hasattr(answers, "detach") and hasattr(answers, "cpu"):
        return answers.detach().cpu().numpy()
    return answers.to_numpy() if hasattr(answers, "to_numpy") else answers


def _count(answers: Any) -> int | None:
    """How many answers there are; None for what holds none, such as a single number, a text or a generator."""
    if isinstance(answers, (str, bytes, Mapping, set, frozenset)):
        return None
    try:
        return len(answers)
    except TypeError:
        return None


def gather(problem: Problem, splits: Sequence[str], cells: Iterable[Cell]) -> Scores:
    """Put cells together."""
    listed = list(cells)
    part = {
        cell.split
        for cell in listed
        if len(cell.values) != problem.splits[cell.split].size or np.isnan(cell.values).any()
    }
    return Scores(
        problem.name,
        problem.scored_by,
        {split: problem.splits[split].axis or "train" for split in splits},
        {(cell.split, cell.seed): cell.values for cell in listed},
        {(cell.split, cell.seed): cell.seconds for cell in listed},
        frozenset({cell.split for cell in listed} - part),
        {(cell.split, cell.seed): cell.labels for cell in listed},
    )
