"""Search for a good candidate when scores cost something: at random, by evolution, and guided by a predictor.

What the candidates are is left to a `SearchSpace`. Scores are positive errors, lower better; infinite and ``nan`` ones
count as worst.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Candidate = TypeVar("Candidate")

WORST = 1e12
"""What an infinite, undefined or larger error counts as."""
ATTEMPTS = 50
"""Draws of a candidate that was not seen yet, before a repeated one is accepted."""


class SearchSpace(Protocol[Candidate]):
    """What can be searched: candidates that are hashable, and how they are made and described."""

    def random(self, generator: np.random.Generator) -> Candidate:
        """A candidate drawn anywhere in the space."""
        ...

    def mutate(self, candidate: Candidate, generator: np.random.Generator) -> Candidate:
        """A candidate near another."""
        ...

    def cross(self, first: Candidate, second: Candidate, generator: np.random.Generator) -> Candidate:
        """A candidate with parts of two."""
        ...

    def features(self, candidate: Candidate) -> Array:
        """Numbers that describe a candidate to the predictor, always the same many."""
        ...


@dataclass(frozen=True)
class Search(Generic[Candidate]):
    """All that a search has evaluated, in order.

    Parameters
    ----------
    candidates : tuple
        What was evaluated.
    errors : array of float64, shape (evaluations,)
        Their errors.
    """

    candidates: tuple[Candidate, ...]
    errors: Array

    def best(self, count: int = 1) -> list[Candidate]:
        """The candidates of least error, best first."""
        return [self.candidates[place] for place in np.argsort(self.errors, kind="stable")[:count]]


def random_search(
    space: SearchSpace[Candidate],
    evaluate: Callable[[Candidate], float],
    *,
    budget: int,
    generator: np.random.Generator,
    start: Iterable[Candidate] = (),
) -> Search[Candidate]:
    """Evaluate what is known at the start, then random candidates until the budget is spent.

    Parameters
    ----------
    space : SearchSpace
        What is searched.
    evaluate : callable
        The error of a candidate.
    budget : int
        Evaluations, those of `start` among them; at least 1.
    generator : numpy.random.Generator
        Where randomness comes from.
    start : iterable of candidates
        Evaluated first, as far as the budget allows.

    Raises
    ------
    ValueError
        If `budget` is below 1.
    """
    evaluated = _Evaluated(evaluate, budget, start)
    while evaluated.left:
        evaluated.add(evaluated.unseen(partial(space.random, generator)))
    return evaluated.search()


def predictor_evolution(
    space: SearchSpace[Candidate],
    evaluate: Callable[[Candidate], float],
    *,
    budget: int,
    generator: np.random.Generator,
    start: Iterable[Candidate] = (),
    random_share: float = 0.2,
    stage: int = 15,
    parents: int = 15,
    offspring: int = 100,
    generations: int = 2,
    crossover: float = 0.3,
    guided: bool = True,
) -> Search[Candidate]:
    """Evolution in stages; in each, a predictor fitted to all errors so far chooses whom to evaluate.

    After the start and a share of random candidates, every stage fits the predictor, lets a population evolve for some
    generations under predicted errors, and evaluates the best predicted that are new. The scheme of Liu, Ning, Lin,
    Yang and Wang 2023, arXiv:2312.07243, section 4, with kernel ridge regression in the place of their network.

    Parameters
    ----------
    space, evaluate, budget, generator, start
        As in `random_search`.
    random_share : float
        Share of the budget that goes to random candidates first, in [0, 1].
    stage : int
        Evaluations per stage.
    parents : int
        The best so many have offspring.
    offspring : int
        Candidates in each generation.
    generations : int
        Generations under the predictor in each stage.
    crossover : float
        Probability that an offspring has two parents, in [0, 1]; all are mutated.
    guided : bool
        Whether there is a predictor; otherwise each stage evaluates as many offspring of the best, unseen by anyone.

    Raises
    ------
    ValueError
        If `budget` is below 1.
    """
    evaluated = _Evaluated(evaluate, budget, start)
    for _ in range(min(evaluated.left, round(random_share * budget))):
        evaluated.add(evaluated.unseen(partial(space.random, generator)))

    def child(population: Sequence[Candidate]) -> Candidate:
        first, second = (population[place] for place in generator.integers(len(population), size=2).tolist())
        parent = space.cross(first, second, generator) if generator.random() < crossover else first
        return space.mutate(parent, generator)

    if not evaluated.candidates and evaluated.left:
        evaluated.add(space.random(generator))
    while evaluated.left:
        best = evaluated.search().best(parents)
        if not guided:
            for _ in range(min(stage, evaluated.left)):
                evaluated.add(evaluated.unseen(partial(child, best)))
            continue
        predict = fitted_predictor(
            np.stack([space.features(candidate) for candidate in evaluated.candidates]), np.array(evaluated.errors)
        )
        population = best
        pool: list[Candidate] = []
        for _ in range(generations):
            pool = list(dict.fromkeys([*pool, *(child(population) for _ in range(offspring))]))
            predicted = predict(np.stack([space.features(candidate) for candidate in pool]))
            pool = [pool[place] for place in np.argsort(predicted, kind="stable")]
            population = pool[:parents]
        fresh = [candidate for candidate in pool if candidate not in evaluated.seen][: min(stage, evaluated.left)]
        for candidate in fresh or [evaluated.unseen(partial(space.random, generator))]:
            evaluated.add(candidate)
    return evaluated.search()


def fitted_predictor(features: Array, errors: Array, *, ridge: float = 1e-2) -> Callable[[Array], Array]:
    """Kernel ridge regression of log errors, as a function from features (n, f) to predicted log errors (n,).

    Features are brought to mean 0 and deviation 1; the kernel is Gaussian with the median distance as its width.

    Parameters
    ----------
    features : array of float, shape (n, f)
        What is known, at least one row.
    errors : array of float, shape (n,)
        Errors, brought into [1 / `WORST`, `WORST`].
    ridge : float
        Penalty, in units of the kernel's diagonal.
    """
    centre, spread = features.mean(axis=0), features.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    known = (features - centre) / spread
    squares = _squared_distances(known, known)
    width = np.median(squares[squares > 1e-12]) if (squares > 1e-12).any() else 1.0
    logs = np.log(np.clip(errors, 1 / WORST, WORST))
    # Hopeless candidates say only that they are hopeless.
    logs = np.minimum(logs, np.median(logs) + 3 * (np.median(logs) - logs.min()) + 1)
    weights = np.linalg.solve(np.exp(-squares / width) + ridge * np.eye(len(known)), logs - logs.mean())

    def predict(asked: Array) -> Array:
        kernel = np.exp(-_squared_distances((asked - centre) / spread, known) / width)
        return np.asarray(kernel @ weights + logs.mean())

    return predict


class _Evaluated(Generic[Candidate]):
    """The candidates evaluated so far, within a budget."""

    def __init__(self, evaluate: Callable[[Candidate], float], budget: int, start: Iterable[Candidate]):
        if budget < 1:
            raise ValueError(f"budget must be at least 1, not {budget!r}")
        self.evaluate = evaluate
        self.budget = budget
        self.candidates: list[Candidate] = []
        self.errors: list[float] = []
        self.seen: set[Any] = set()
        for candidate in start:
            if self.left and candidate not in self.seen:
                self.add(candidate)

    @property
    def left(self) -> int:
        """Evaluations that are left."""
        return self.budget - len(self.candidates)

    def add(self, candidate: Candidate) -> None:
        """Evaluate one."""
        error = float(self.evaluate(candidate))
        self.candidates.append(candidate)
        self.errors.append(min(error, WORST) if not math.isnan(error) else WORST)
        self.seen.add(candidate)

    def unseen(self, draw: Callable[[], Candidate]) -> Candidate:
        """A draw that was not evaluated yet, if there is one within reach."""
        for _ in range(ATTEMPTS):
            candidate = draw()
            if candidate not in self.seen:
                break
        return candidate

    def search(self) -> Search[Candidate]:
        """What was found."""
        return Search(tuple(self.candidates), np.array(self.errors))


def _squared_distances(first: Array, second: Array) -> Array:
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None] - 2 * first @ second.T
    return np.asarray(np.maximum(squares, 0))
