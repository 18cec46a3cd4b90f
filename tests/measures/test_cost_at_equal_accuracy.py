"""Costs beside a classical ladder, against brute force over all rungs and over numbers of solves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.measures.cost_at_equal_accuracy import Rung, break_even_solves, cost_at_equal_accuracy, timed_in_turn

positive = st.floats(1e-3, 1e3)
rungs = st.builds(Rung, error=positive, cost=positive)


@given(rungs, st.lists(rungs, min_size=1, max_size=6))
def test_no_rung_as_accurate_is_cheaper_than_the_one_compared_with(method, ladder):
    found = cost_at_equal_accuracy(method, ladder)
    ratios = [method.cost / rung.cost for rung in ladder if rung.error <= method.error]
    assert all(found >= ratio for ratio in ratios)
    assert (found in ratios) if ratios else found == 0
    # A rung that is dearer and less accurate than another changes nothing.
    worse = [Rung(rung.error * 2, rung.cost * 2) for rung in ladder]
    assert cost_at_equal_accuracy(method, [*ladder, *worse]) == found


@given(st.floats(0, 1e3), positive, positive, st.floats(0, 1e3))
def test_total_costs_cross_where_it_says(training, cost, peer_cost, peer_training):
    solves = break_even_solves(training, cost, peer_cost, peer_training=peer_training)

    def ahead(number):
        return peer_training + number * peer_cost - training - number * cost

    if math.isinf(solves):
        assert cost >= peer_cost
        assert ahead(1e9) <= 1e-6 * 1e9 * peer_cost
    else:
        scale = training + peer_training + solves * peer_cost + 1
        assert ahead(solves + 1) >= -1e-9 * scale
        if solves > 0:
            assert abs(ahead(solves)) <= 1e-9 * scale


def test_ways_take_turns_and_medians_are_taken():
    now, asked = [0.0], []
    takes = {"quick": 1.0, "slow": 5.0}

    def way(name):
        def run(question):
            asked.append((name, question))
            now[0] += takes[name] * (100 if question == 9 else 1)
            return question + (name == "quick")

        return run

    found = timed_in_turn({name: way(name) for name in takes}, [1, 9, 2], lambda q, a: a - q, clock=lambda: now[0])
    assert found == {"quick": Rung(1.0, 1.0), "slow": Rung(0.0, 5.0)}
    assert asked[2:] == [(name, question) for question in (1, 9, 2) for name in takes]


def test_misuse_is_named():
    with pytest.raises(ValueError, match="at least one rung"):
        cost_at_equal_accuracy(Rung(1.0, 1.0), [])
    with pytest.raises(ValueError, match="no accuracy"):
        cost_at_equal_accuracy(Rung(math.inf, 1.0), [Rung(1.0, 1.0)])
    with pytest.raises(ValueError, match="an error is at least 0"):
        Rung(math.nan, 1.0)
    with pytest.raises(ValueError, match="peer_cost must be above 0"):
        break_even_solves(1.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="training must be at least 0"):
        break_even_solves(-1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="at least one question"):
        timed_in_turn({}, [], lambda q, a: 0.0)
