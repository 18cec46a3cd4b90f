"""Best-first search for an expression that satisfies a predicate.

Costs are whole numbers, `GRAIN` times the negative logarithm (base 2) of a rule's probability, so that all expressions
of one cost are made at once out of cheaper ones: bottom up, every part evaluated once. Of expressions with the same
place and the same value only the first is kept as a part of others. That loses no answer, since an expression's value
follows from its parts' values; which of several programs for an answer is found is the cheapest in either case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Any

import numpy as np

from unseen.problems.puzzles.puzzle import Type
from unseen.solvers.enumeration.grammar import RULES, TYPES, Expression, applicable, outer, parameter_value
from unseen.solvers.enumeration.models import RULES_OF, Context, Parts, RuleModel

GRAIN = 4
HIGHEST_COST = 400

Costs = dict[tuple[Type, int], list[tuple[int, int, tuple[int, ...]]]]
"""Place -> its rules as (cost, rule, places of the parts)."""


@dataclass(frozen=True)
class Found:
    """What a search came to.

    Parameters
    ----------
    expression : tuple or None
        The first that satisfies, None if the budget was spent before.
    answer : object
        Its value.
    candidates : int
        Expressions of the answer's type that were proposed, values seen before included.
    steps : int
        Rules applied in all, those of parts included.
    """

    expression: Expression | None
    answer: Any
    candidates: int
    steps: int


@dataclass
class Table:
    """The rules of each place in the order of their cost; places whose rules cost the same are one."""

    kinds: list[Type]
    rules: list[list[tuple[int, int, tuple[int, ...]]]]

    @classmethod
    def of(cls, model: RuleModel, types: Sequence[Type], parts: Parts, order: Sequence[int]) -> Table:
        """The costs that a model gives for a puzzle.

        Parameters
        ----------
        model : RuleModel
        types : sequence of str
            Types of the answer and of the parameters.
        parts : mapping
            What the predicate is made of.
        order : sequence of int
            Place of each rule among those that cost the same.
        """
        usable = applicable(types[1:])
        contexts: dict[Type, list[Context]] = {kind: [] for kind in TYPES}
        contexts[types[0]].append((-1, 0))
        for number, rule in enumerate(RULES):
            for place, kind in enumerate(rule.parts):
                contexts[kind].append((number, place))
        kinds: list[Type] = []
        names: dict[tuple[Type, bytes], int] = {}
        place_of: dict[Context, int] = {}
        costs_of: list[dict[int, int]] = []
        for kind in TYPES:
            rules = [rule for rule in RULES_OF[kind] if usable[rule]]
            shares = model.probabilities(kind, contexts[kind], parts)[:, [usable[rule] for rule in RULES_OF[kind]]]
            shares = shares / shares.sum(axis=1, keepdims=True)
            costs = np.maximum(1, np.rint(-GRAIN * np.log2(shares))).astype(np.int64)
            for context, row in zip(contexts[kind], costs, strict=True):
                place_of[context] = names.setdefault((kind, row.tobytes()), len(kinds))
                if place_of[context] == len(kinds):
                    kinds.append(kind)
                    costs_of.append(dict(zip(rules, row.tolist(), strict=True)))
        # The top is place 0, whatever its type.
        top = place_of[-1, 0]
        swap = {top: 0, 0: top}
        kinds[0], kinds[top] = kinds[top], kinds[0]
        costs_of[0], costs_of[top] = costs_of[top], costs_of[0]
        made = [
            sorted(
                (
                    (cost, rule, tuple(_swapped(swap, place_of[rule, n]) for n in range(len(RULES[rule].parts))))
                    for rule, cost in costs.items()
                ),
                key=lambda each: (each[0], order[each[1]]),
            )
            for costs in costs_of
        ]
        return cls(kinds, made)


def _swapped(swap: dict[int, int], place: int) -> int:
    return swap.get(place, place)


def search(
    satisfies: Callable[[Any], bool],
    types: Sequence[Type],
    parameters: Sequence[Any],
    table: Table,
    *,
    candidates: int,
    steps: int,
) -> Found:
    """Look for the most probable expression whose value satisfies.

    Parameters
    ----------
    satisfies : callable
        Whether a value is an answer.
    types : sequence of str
        Types of the answer and of the parameters.
    parameters : sequence
        Values of the parameters.
    table : Table
        Costs of the rules.
    candidates, steps : int
        Budget: expressions of the answer's type, and rules applied in all. Nothing is measured in seconds.
    """
    return _Search(satisfies, types, parameters, table, candidates, steps).run()


class _Search:
    def __init__(
        self,
        satisfies: Callable[[Any], bool],
        types: Sequence[Type],
        parameters: Sequence[Any],
        table: Table,
        candidates: int,
        steps: int,
    ) -> None:
        self.satisfies, self.types, self.parameters = satisfies, types[1:], parameters
        self.table, self.most_candidates, self.most_steps = table, candidates, steps
        self.candidates = self.steps = 0
        self.known: list[list[list[tuple[Any, Expression]]]] = [[[]] for _ in table.kinds]
        self.seen: list[set[Any]] = [set() for _ in table.kinds]

    def run(self) -> Found:
        """Cost after cost, until something satisfies or the budget is spent."""
        for cost in range(1, HIGHEST_COST):
            made = []
            for place, rules in enumerate(self.table.rules):
                fresh: list[tuple[Any, Expression]] = []
                for rule_cost, rule, parts in rules:
                    if rule_cost > cost:
                        break
                    self._apply(rule, parts, cost - rule_cost, fresh, place)
                    if place == 0 and fresh and (found := self._tested(fresh)):
                        return found
                    if self.spent:
                        return Found(None, None, self.candidates, self.steps)
                made.append(fresh)
            for place, fresh in enumerate(made):
                self.known[place].append(fresh)
            self.tested = 0
        return Found(None, None, self.candidates, self.steps)

    tested = 0
    """How many of the values of the present cost were tested."""

    @property
    def spent(self) -> bool:
        """Whether nothing is left of the budget."""
        return self.candidates >= self.most_candidates or self.steps >= self.most_steps

    def _tested(self, fresh: list[tuple[Any, Expression]]) -> Found | None:
        for value, expression in fresh[self.tested :]:
            if self.satisfies(outer(value)):
                return Found(expression, outer(value), self.candidates, self.steps)
        self.tested = len(fresh)
        return None

    def _apply(
        self, rule: int, parts: tuple[int, ...], left: int, fresh: list[tuple[Any, Expression]], place: int
    ) -> None:
        """All expressions of a rule whose parts together cost `left`; the new values among theirs."""
        seen, value = self.seen[place], RULES[rule].value
        if not parts:
            if left == 0 and self._allowed(1, place):
                made = parameter_value(RULES[rule], self.types, self.parameters) if value is None else value()
                if made not in seen:
                    seen.add(made)
                    fresh.append((made, (rule,)))
        elif value is None:
            return
        elif len(parts) == 1:
            first = self.known[parts[0]][left] if left else []
            for a, of_a in islice(first, self._allowed(len(first), place)):
                made = value(a)
                if made is not None and made not in seen:
                    seen.add(made)
                    fresh.append((made, (rule, of_a)))
        else:
            one, other = (self.known[part] for part in parts)
            for split in range(1, left):
                first, second = one[split], other[left - split]
                if not first or not second:
                    continue
                allowed = self._allowed(len(first) * len(second), place)
                for (a, of_a), (b, of_b) in islice(product(first, second), allowed):
                    made = value(a, b)
                    if made is not None and made not in seen:
                        seen.add(made)
                        fresh.append((made, (rule, of_a, of_b)))

    def _allowed(self, wanted: int, place: int) -> int:
        """How many of so many expressions the budget allows; they count as made."""
        allowed = min(wanted, self.most_steps - self.steps)
        if place == 0:
            allowed = min(allowed, self.most_candidates - self.candidates)
            self.candidates += allowed
        self.steps += allowed
        return allowed
