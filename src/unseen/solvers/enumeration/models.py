"""Models of rules: how probable a rule is, given its parent, its place there and what the predicate is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from unseen.problems.puzzles.puzzle import Type
from unseen.solvers.enumeration.grammar import RULES, TYPES, Expression, decisions

Context = tuple[int, int]
"""Parent rule (-1 at the top) and place among its parts."""

Parts = Mapping[str, int]
"""How often each kind of syntax occurs in a predicate: `Puzzle.parts`."""

Solved = tuple[Parts, Expression]
"""What a predicate was made of, and the expression that solved it."""

RULES_OF = {kind: [number for number, rule in enumerate(RULES) if rule.type == kind] for kind in TYPES}
PRIOR = 5.0
"""Weight of the more general distribution beside counts, in observations."""
KEPT = 0.2
"""Share of the uniform distribution in what a trained model says, so that nothing is far beyond reach."""


class RuleModel(Protocol):
    """Learns from solved puzzles, and says how probable rules are."""

    def fit(self, solved: Sequence[Solved]) -> Self:
        """Learn from all solutions at once, forgetting what was learned before."""
        ...

    def probabilities(self, kind: Type, contexts: Sequence[Context], parts: Parts) -> NDArray[np.float64]:
        """Shape (contexts, rules of the type), rows adding up to 1."""
        ...


@dataclass
class Uniform:
    """Every rule of a type is as probable as every other; nothing is learned."""

    def fit(self, solved: Sequence[Solved]) -> Self:
        """Learn nothing."""
        return self

    def probabilities(self, kind: Type, contexts: Sequence[Context], parts: Parts) -> NDArray[np.float64]:
        """Equal probabilities."""
        count = len(RULES_OF[kind])
        return np.full((len(contexts), count), 1 / count)


class Bigram:
    """Counts of rules under each parent and place, drawn towards those of the type; mixed with equal probabilities.

    Examples
    --------
    >>> model = Bigram().fit([({}, (0,))] * 20)
    >>> bool(model.probabilities("int", [(-1, 0)], {})[0, 0] > 0.7)
    True
    """

    def __init__(self) -> None:
        self._counts: Counter[tuple[int, int, int]] = Counter()

    def fit(self, solved: Sequence[Solved]) -> Self:
        """Count."""
        self._counts = Counter(each for _, expression in solved for each in decisions(expression))
        return self

    def probabilities(self, kind: Type, contexts: Sequence[Context], parts: Parts) -> NDArray[np.float64]:
        """The same whatever the predicate is made of."""
        rules = RULES_OF[kind]
        over_all = np.zeros(len(rules))
        for (_, _, rule), count in self._counts.items():
            if rule in rules:
                over_all[rules.index(rule)] += count
        general = (over_all + PRIOR / len(rules)) / (over_all.sum() + PRIOR)
        counts = np.array([[self._counts[(*context, rule)] for rule in rules] for context in contexts], dtype=float)
        counts = counts.reshape(len(contexts), len(rules))
        learned = (counts + PRIOR * general) / (counts.sum(axis=1, keepdims=True) + PRIOR)
        return np.asarray((1 - KEPT) * learned + KEPT / len(rules))


class BigramForest:
    """A random forest for each type: rule from parent, place and a bag of what the predicate is made of.

    Parameters
    ----------
    seed : int
        Seed of the forests.
    trees : int
        Trees of each.
    """

    def __init__(self, seed: int = 0, trees: int = 50) -> None:
        self.seed, self.trees = seed, trees
        self._forests: dict[Type, Any] = {}
        self._words: list[str] = []

    def fit(self, solved: Sequence[Solved]) -> Self:
        """Grow the forests anew."""
        from sklearn.ensemble import RandomForestClassifier

        self._forests = {}
        self._words = sorted({word for parts, _ in solved for word in parts})
        for kind in TYPES:
            made = [
                ((parent, place), parts, rule)
                for parts, expression in solved
                for parent, place, rule in decisions(expression)
                if RULES[rule].type == kind
            ]
            if made:
                features = np.array([self._features(context, parts) for context, parts, _ in made])
                forest = RandomForestClassifier(self.trees, min_samples_leaf=2, random_state=self.seed, n_jobs=1)
                self._forests[kind] = forest.fit(features, [rule for *_, rule in made])
        return self

    def probabilities(self, kind: Type, contexts: Sequence[Context], parts: Parts) -> NDArray[np.float64]:
        """The forest's shares, mixed with equal ones; equal ones where nothing was seen of a type."""
        rules = RULES_OF[kind]
        uniform = np.full((len(contexts), len(rules)), 1 / len(rules))
        forest = self._forests.get(kind)
        if forest is None or not contexts:
            return uniform
        said = forest.predict_proba(np.array([self._features(context, parts) for context in contexts]))
        found = np.zeros_like(uniform)
        found[:, [rules.index(rule) for rule in forest.classes_]] = said
        return np.asarray((1 - KEPT) * found + KEPT * uniform)

    def _features(self, context: Context, parts: Parts) -> NDArray[np.float64]:
        parent = np.zeros(len(RULES) + 1)
        parent[context[0]] = 1.0
        return np.concatenate([parent, [context[1]], [parts.get(word, 0) for word in self._words]])
