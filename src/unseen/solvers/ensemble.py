"""Ensembles: solvers trained apart whose answers are averaged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples
from unseen.contracts.solver import TrainableSolver, Unsolved
from unseen.solvers.reading import Answers, check_answers, written


class Ensemble:
    """Averages the numeric answers of its members and rounds them if asked to.

    Parameters
    ----------
    members : sequence of TrainableSolver
        Solvers that answer with arrays of one shape. They must differ in their seeds: the ensemble trains all of them
        on the same examples.
    answers : {"values", "bits"}
        Whether to answer with the averages or with 1 where they exceed `tolerance` and 0 elsewhere.
    tolerance : float
        Not negative; what an average must exceed to be read as a one.

    Examples
    --------
    >>> from unseen.problems.binary.permutation import BinaryPermutation
    >>> from unseen.solvers.neural.wide_networks import WideNetworks
    >>> problem = BinaryPermutation(4)
    >>> members = [WideNetworks(256, seed=seed) for seed in range(200)]
    >>> ensemble = Ensemble(members, answers="bits").fit(problem.sample("train"))
    >>> words = problem.sample("composed:2")
    >>> float(problem.score(words, ensemble.solve(words)).mean())
    1.0
    """

    def __init__(
        self, members: Sequence[TrainableSolver], *, answers: Answers = "values", tolerance: float = 0.0
    ) -> None:
        if not members:
            raise ValueError("an ensemble needs at least one member")
        if not 0 <= tolerance < np.inf:
            raise ValueError(f"tolerance must be finite and not negative, not {tolerance!r}")
        check_answers(answers)
        self.members, self.answers, self.tolerance = tuple(members), answers, tolerance

    def fit(self, examples: Examples) -> Self:
        """Train every member on the same examples."""
        for member in self.members:
            member.fit(examples)
        return self

    def solve(self, examples: Examples) -> NDArray[Any] | list[Any]:
        """The averages, float64, or the bits that they stand for, int64, in the shape of the members' answers.

        A question that some member has left unsolved stays so, for that member's reason.

        Raises
        ------
        ValueError
            If members answer in different shapes or not in numbers.
        """
        given = [member.solve(examples) for member in self.members]
        gaps = _unsolved(given)
        if not gaps:
            return self._averaged(given)
        places = range(len(examples))
        solved = [place for place in places if place not in gaps]
        averages = iter(self._averaged([[answers[place] for place in solved] for answers in given]) if solved else ())
        return [gaps[place] if place in gaps else next(averages) for place in places]

    def _averaged(self, given: Sequence[Any]) -> NDArray[Any]:
        arrays = [np.asarray(answers) for answers in given]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1 or any(array.dtype.kind not in "biuf" for array in arrays):
            found = ", ".join(sorted({f"{array.dtype} {array.shape}" for array in arrays}))
            raise ValueError(f"members must answer with numbers in one shape, not {found}")
        return written(np.asarray(np.mean(arrays, axis=0, dtype=np.float64)), self.answers, self.tolerance)


def _unsolved(given: Sequence[Any]) -> dict[int, Unsolved]:
    """The first reason for each question that some member has not solved."""
    gaps: dict[int, Unsolved] = {}
    for answers in given:
        if not isinstance(answers, np.ndarray):
            for place, answer in enumerate(answers):
                if isinstance(answer, Unsolved):
                    gaps.setdefault(place, answer)
    return gaps
