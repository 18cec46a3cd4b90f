from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from unseen.contracts.problem import random_stream
from unseen.problems.optimization.checks import (
    agreement_with_fallback,
    distinguish,
    equal_optima,
    equivalent_in_form,
    rounded_agreement,
    same_optimum,
)
from unseen.problems.optimization.families import FAMILIES, built
from unseen.problems.optimization.model import AT_LEAST, AT_MOST, EQUAL, Optimum, satisfies, solve
from unseen.problems.optimization.mutants import MUTATIONS, REWRITINGS


def drawn(family: str, i: int = 0, size: int = 3):
    return FAMILIES[family](random_stream("test-models", family, i), size)


@pytest.mark.parametrize("family", ["knapsack", "set-cover", "independent-set", "generalized-assignment"])
def test_binary_models_reach_the_best_of_all_points(family):
    model = drawn(family)
    points = np.array(list(product((0.0, 1.0), repeat=len(model.cost))))
    left = points @ model.matrix.T
    holds = np.where(model.relation == AT_MOST, left <= model.right, left >= model.right).all(axis=1)
    values = points[holds] @ model.cost
    assert solve(model).value == pytest.approx(values.max() if model.maximise else values.min())


def test_assignment_agrees_with_the_hungarian_method():
    model = drawn("assignment", size=5)
    cost = model.cost.reshape(5, 5)
    assert solve(model).value == pytest.approx(cost[linear_sum_assignment(cost)].sum())


def test_maximum_flow_is_the_minimum_cut():
    model = drawn("maximum-flow")
    entering, inner, leaving = np.split(model.upper, [3, 12])
    inner = inner.reshape(3, 3)
    sides = [np.array(side, dtype=bool) for side in product((False, True), repeat=3)]
    cuts = [entering[~a].sum() + inner[a][:, ~b].sum() + leaving[b].sum() for a in sides for b in sides]
    assert solve(model).value == pytest.approx(min(cuts))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_instance_has_an_optimum_that_obeys_it(family):
    for i, size in enumerate((3, 4, 6)):
        model = drawn(family, i, size)
        found = solve(model)
        assert found.status == "optimal"
        assert satisfies(model, np.array(found.point))
        assert model.cost @ np.array(found.point) == pytest.approx(found.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_rewritings_are_accepted(family):
    model = drawn(family)
    for rewrite in REWRITINGS.values():
        assert equal_optima(solve(model), solve(rewrite(model)))
    for name in ("rescale-rows", "turn-inequalities", "split-equalities"):
        assert equivalent_in_form(model, REWRITINGS[name](model))


def test_no_mutant_whose_optimum_differs_is_equivalent_in_form():
    for family in FAMILIES:
        model = drawn(family)
        for mutate in MUTATIONS.values():
            mutant = mutate(model)
            assert equal_optima(solve(model), solve(mutant)) or not equivalent_in_form(model, mutant)


def one_variable(relation: int, right: float, *, upper: float = np.inf, maximise: bool = True, whole: bool = False):
    return built(
        np.ones(1),
        [("only", np.ones((1, 1)), relation, np.array([right]))],
        maximise=maximise,
        upper=upper,
        whole=whole,
    )


def test_infeasible_and_unbounded_are_verdicts():
    assert solve(one_variable(AT_LEAST, 2.0, upper=1.0)).status == "infeasible"
    assert solve(one_variable(AT_LEAST, 2.0)).status == "unbounded"
    assert solve(one_variable(EQUAL, 0.5, whole=True)).status == "infeasible"
    assert not equal_optima(Optimum("undecided"), Optimum("undecided"))
    assert not equal_optima(Optimum("infeasible"), Optimum("unbounded"))


@pytest.mark.parametrize(
    ("true", "found", "agree"),
    [(100, 105, True), (100, 106, False), (9.6, 10.4, True), (7, 8, False), (0.4, 0.3, True), (0, 1, False)],
)
def test_the_published_rule_rounds_before_it_compares(true, found, agree):
    assert rounded_agreement(Optimum("optimal", true), Optimum("optimal", found)) is agree


def test_conversions_accept_a_flipped_sense_and_relaxed_whole_numbers():
    right = one_variable(AT_MOST, 7.6, whole=True)
    truth = solve(right)
    for mistake in ("flip-sense", "relax-integrality"):
        wrong = MUTATIONS[mistake](right)
        assert not rounded_agreement(truth, solve(wrong))
        assert agreement_with_fallback(truth, wrong)
    # Binary variables are no integers to the published evaluator: their relaxation is not tried.
    binary = one_variable(AT_MOST, 0.6, upper=1.0, whole=True)
    assert not agreement_with_fallback(Optimum("optimal", 5.0), binary)


def test_a_difference_is_found_on_the_first_instance_that_shows_it():
    def strict(i: int):
        return one_variable(AT_MOST, 3.0 if i < 4 else 3.5)

    def whole(i: int):
        return one_variable(AT_MOST, 3.0 if i < 4 else 3.5, whole=True)

    assert same_optimum(strict, whole, 4)
    assert not same_optimum(strict, whole, 5)
    assert distinguish(strict, whole, 10) == 4
    assert distinguish(strict, strict, 10) is None
    with pytest.raises(ValueError, match="at least one instance is compared, not 0"):
        same_optimum(strict, whole, 0)


def test_misshapen_models_are_named():
    with pytest.raises(ValueError, match="no matrix of shape"):
        built(np.ones(2), [("only", np.ones((1, 3)), AT_MOST, np.ones(1))])
    with pytest.raises(ValueError, match="a relation is"):
        built(np.ones(2), [("only", np.ones((1, 2)), 2, np.ones(1))])
