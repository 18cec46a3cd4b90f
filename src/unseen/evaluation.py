"""Evaluation of any solver on any problem, split by split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem
from unseen.contracts.solver import Solver
from unseen.errors import UsageError
from unseen.statistics.interval import Interval

if TYPE_CHECKING:
    import pandas as pd

DEFAULT_SIZE = 1000
"""Instances per split and seed when the caller does not say; fewer where a finite split has fewer."""


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
        (split, seed) -> one score per instance, float64.
    """

    problem: str
    scored_by: str
    axes: Mapping[str, str]
    values: Mapping[tuple[str, int], NDArray[np.float64]]

    def seed_means(self, split: str) -> NDArray[np.float64]:
        """Mean score on a split, one per seed.

        Raises
        ------
        KeyError
            If the split was not evaluated.
        """
        means = [scores.mean() for (name, _), scores in self.values.items() if name == split]
        if not means:
            raise KeyError(f"split {split!r} was not evaluated; evaluated: {', '.join(self.axes)}")
        return np.array(means)

    def interval(self, split: str, level: float = 0.9) -> Interval:
        """Mean score on a split with its interval.

        Over several seeds Student's t on the seed means; for a single seed of right-or-wrong scores Wilson's
        interval over its instances, of errors Student's t over its instances (which says nothing about other seeds).
        """
        from unseen.statistics import mean, wilson

        means = self.seed_means(split)
        if len(means) > 1:
            return mean(means, level=level)
        scores = next(scores for (name, _), scores in self.values.items() if name == split)
        if self.scored_by == "accuracy" and np.isin(scores, (0.0, 1.0)).all():
            return wilson(int(scores.sum()), len(scores), level=level)
        return mean(scores, level=level)

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
                    "score": scores.mean(),
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
    chosen = list(problem.splits if splits is None else splits)
    if unknown := [split for split in chosen if split not in problem.splits]:
        raise UsageError(f"{problem.name} has no split {unknown[0]!r}; it has {', '.join(problem.splits)}")
    if isinstance(solver, type) or not (callable(solver) or hasattr(solver, "solve")):
        raise UsageError(f"a solver has a method solve(examples) or is a function of examples; got {solver!r}")
    if fit and not hasattr(solver, "fit"):
        raise UsageError(f"fit=True needs a solver with a method fit(examples); {type(solver).__name__} has none")
    values: dict[tuple[str, int], NDArray[np.float64]] = {}
    for seed in seeds:
        used: Any = deepcopy(solver).fit(problem.sample("train", None, seed)) if fit else solver  # type: ignore[union-attr]
        answer = used.solve if hasattr(used, "solve") else used
        for split in chosen:
            size = problem.splits[split].size
            examples = problem.sample(split, size if n is None else min(n, size or n), seed)
            answers = answer(examples.questions_only())
            if not hasattr(answers, "__len__") or len(answers) != len(examples):
                given = f"{len(answers)} answers" if hasattr(answers, "__len__") else repr(answers)
                raise UsageError(f"{len(examples)} questions of split {split!r} were given {given}")
            values[split, seed] = problem.score(examples, answers)
    axes = {split: problem.splits[split].axis or "train" for split in chosen}
    return Scores(problem.name, problem.scored_by, dict(axes), values)
