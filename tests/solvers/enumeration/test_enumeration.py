"""Expressions mean what their Python means, and the search tries the most probable first and misses none."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.problems.puzzles.programming_puzzles import ProgrammingPuzzles
from unseen.problems.puzzles.puzzle import FAMILIES
from unseen.solvers.enumeration.enumerator import Enumerator, holds_elsewhere, self_bootstrap
from unseen.solvers.enumeration.grammar import RULES, TYPES, decisions, evaluate, python
from unseen.solvers.enumeration.models import RULES_OF, Bigram, BigramForest, Uniform
from unseen.solvers.enumeration.search import Table, search

PARAMETERS = ("int", "int", "str", "str", "list")
NAMES = ("m", "n", "s", "t", "xs")
RULE = {(rule.type, rule.python): number for number, rule in enumerate(RULES) if rule.python}


def expressions(kind: str, depth: int) -> st.SearchStrategy:
    usable = [
        number
        for number in RULES_OF[kind]
        if RULES[number].parameter is None or PARAMETERS.count(kind) > RULES[number].parameter
    ]
    leaves = [number for number in usable if not RULES[number].parts]
    if depth == 0:
        return st.sampled_from(leaves).map(lambda number: (number,))
    return st.sampled_from(usable).flatmap(
        lambda number: st.tuples(st.just(number), *(expressions(part, depth - 1) for part in RULES[number].parts))
    )


@given(
    expression=st.sampled_from(TYPES).flatmap(lambda kind: expressions(kind, 3)),
    numbers=st.tuples(st.integers(-50, 50), st.integers(-50, 50)),
    texts=st.tuples(st.text("ab1 ", max_size=6), st.text("ab1 ", max_size=6)),
    several=st.lists(st.integers(-9, 9), max_size=5),
)
def test_an_expression_has_the_value_of_its_python(expression, numbers, texts, several):
    given_values = (*numbers, *texts, several)
    value = evaluate(expression, PARAMETERS, given_values)
    if value is not None:  # no value: Python raises, or it is too large
        written = python(expression, PARAMETERS, NAMES)
        assert eval(written, {}, dict(zip(NAMES, given_values, strict=True))) == value


def smallest_by_brute_force(wanted: int, parameters: tuple[int, int], nodes: int) -> int:
    """Nodes of the smallest expression of sums, differences and products of two parameters and 0, 1, 2, 10."""
    by_size: list[set[int]] = [set(), {*parameters, 0, 1, 2, 10}]
    while wanted not in by_size[-1] and len(by_size) <= nodes:
        size = len(by_size)
        pairs = [(a, b) for left in range(1, size - 1) for a in by_size[left] for b in by_size[size - 1 - left]]
        by_size.append({value for a, b in pairs for value in (a + b, a - b, a * b)})
    return len(by_size) - 1


@pytest.mark.parametrize(("parameters", "wanted"), [((7, 5), 12), ((20, 155), 135), ((3, 50), 153), ((4, 9), 45)])
def test_the_first_found_is_among_the_smallest(parameters, wanted):
    """With equal probabilities a smaller expression is a more probable one, but for the number of rules of a type."""
    types = ("int", "int", "int")
    table = Table.of(Uniform(), types, {}, range(len(RULES)))
    found = search(lambda answer: answer == wanted, types, parameters, table, candidates=100_000, steps=10**7)
    assert evaluate(found.expression, ("int", "int"), parameters) == wanted
    assert len(decisions(found.expression)) <= smallest_by_brute_force(wanted, parameters, 7)


def test_the_budget_is_kept_and_counts_proposals():
    impossible = FAMILIES["sum_to"]
    for budget in (1, 10, 1000):
        found = Enumerator(candidates=budget).find(impossible, (123_457, 10**14 + 7))
        assert found.candidates <= budget
        if found.expression is None:
            assert found.candidates == budget


def test_what_is_found_satisfies_and_the_budget_spent_is_said():
    problem = ProgrammingPuzzles()
    examples = problem.sample("train", 60, seed=2)
    solver = Enumerator(candidates=2000)
    scores = problem.score(examples, solver.solve(examples))
    found = solver.find_all(problem.asked(examples))
    assert scores.tolist() == [float(each.expression is not None) for each in found]
    assert 0.3 < scores.mean() < 1


def test_bigram_counts_are_bayes_by_hand():
    plus = RULE["int", "({0} + {1})"]
    model = Bigram().fit([({}, (plus, (0,), (1,)))] * 10)
    first, second = (model.probabilities("int", [(plus, place)], {})[0] for place in (0, 1))
    rules = RULES_OF["int"]
    general = (np.array([{plus: 10, 0: 10, 1: 10}.get(rule, 0) for rule in rules]) + 5 / len(rules)) / 35
    counts = np.array([10.0 * (rule == 0) for rule in rules])
    np.testing.assert_allclose(first, 0.8 * (counts + 5 * general) / 15 + 0.2 / len(rules))
    assert second[rules.index(1)] == pytest.approx(first[rules.index(0)])


@pytest.mark.parametrize("model", [Uniform(), Bigram(), BigramForest(trees=5)])
def test_probabilities_add_up_to_one_before_and_after_training(model):
    solved = [(FAMILIES["sum_to"].parts, (RULE["int", "({0} - {1})"], (1,), (0,)))] * 4
    for trained in (model, model.fit(solved)):
        for kind in TYPES:
            said = trained.probabilities(kind, [(-1, 0), (RULE["int", "len({0})"], 0)], {"Add": 1})
            np.testing.assert_allclose(said.sum(axis=1), 1)
            assert (said > 0).all()


def test_training_on_its_own_solutions_finds_the_same_families_with_fewer_candidates():
    problem = ProgrammingPuzzles()
    names = ("sum_to", "ascending", "single", "counting")
    instances = [(FAMILIES[name], drawn) for name in names for drawn in problem.instances(name, "train", 3, seed=5)]
    before = Enumerator(candidates=3000)
    after, counts = self_bootstrap(before, instances, Bigram(), rounds=2)
    assert counts[1] >= counts[0] > 0
    spent = [
        sum(math.log(found.candidates) for found in solver.find_all(instances) if found.expression is not None)
        for solver in (before, after)
    ]
    assert spent[1] < spent[0]


def test_a_rule_holds_elsewhere_and_a_constant_does_not():
    family, others = FAMILIES["sum_to"], [(3, 10), (50, 7)]
    found = Enumerator().find(family, (20, 155))
    assert holds_elsewhere(found, family, others)
    by_chance = Enumerator().find(family, (8, 10))  # 2 is a constant of the grammar
    assert by_chance.answer == 2
    assert not holds_elsewhere(by_chance, family, others)
    with pytest.raises(ValueError, match="a program and other parameters"):
        holds_elsewhere(found, family, [])


@pytest.mark.parametrize("options", [{"candidates": 0}, {"steps": True}])
def test_nonsense_is_refused(options):
    with pytest.raises(ValueError, match="whole number from 1 up"):
        Enumerator(**options)
