from fractions import Fraction

import numpy as np
import pytest

from unseen.problems.games.hats import SKIP, BlockValue, best_response, block_recursion, value
from unseen.solvers.hats.alternating import finite_values, search_fixed_skips, search_free_skips
from unseen.solvers.hats.enumeration import best_by_enumeration

KNOWN = [Fraction(1, 4), Fraction(5, 16), Fraction(22, 64), Fraction(89, 256), Fraction(358, 1024)]
"""Best values for one to five hats; those for one to three are proved by trying all strategies."""


@pytest.mark.parametrize("height", [1, 2, 3])
def test_enumeration_gives_the_known_optimum_and_a_pair_that_reaches_it(height):
    found = best_by_enumeration(height)
    assert found.value == KNOWN[height - 1] == value(found.first, found.second)


@pytest.mark.parametrize("height", [1, 2, 3, 4, 5])
def test_search_reaches_the_best_known_value_and_both_strategies_answer_each_other_best(height):
    found = search_fixed_skips(height, starts=300, seed=60)
    assert found.value == KNOWN[height - 1]
    assert best_response(found.first)[1] == found.value == best_response(found.second)[1]


def test_blocks_have_the_known_values():
    found = {size: search_fixed_skips(size, (0, 2**size - 1), starts=400, seed=60).worth for size in (3, 4, 5)}
    assert found[3] == BlockValue(Fraction(21, 64), Fraction(4, 64))
    assert found[4].value == Fraction(88, 252)
    assert found[5] == BlockValue(Fraction(357, 1024), Fraction(4, 1024))
    assert found[3].value == found[5].value == Fraction(7, 20)


def test_skips_are_where_they_were_asked_for():
    found = search_fixed_skips(3, (0, 7), starts=20, seed=61)
    for strategy in (found.first, found.second):
        assert np.flatnonzero(strategy == SKIP).tolist() == [0, 7]


def test_free_skipping_is_no_worse_and_never_exceeds_seven_twentieths():
    free = search_free_skips(3, starts=400, seed=62)
    assert free.value == Fraction(7, 20)
    assert block_recursion(free.first, free.second) == free.worth


@pytest.mark.parametrize("p", [Fraction(1, 5), Fraction(2, 5)])
def test_exchanging_colours_changes_the_best_value_by_the_difference_of_the_chances(p):
    # Both lose with white named by both, so P(both black) - P(both white) = 2p - 1 whatever is played.
    low, high = (search_free_skips(3, p=q, starts=400, seed=63).value for q in (p, 1 - p))
    assert high - low == 1 - 2 * p


def test_finite_stacks_follow_from_blocks():
    worth = search_fixed_skips(3, (0, 7), starts=100).worth
    values = finite_values(worth, KNOWN[:3], 12)
    errors = [Fraction(7, 20) - v for v in values]
    assert all(later == earlier / 16 for earlier, later in zip(errors, errors[3:], strict=False))
    assert values[5] <= Fraction(1433, 4096)


def test_bad_searches_are_named():
    with pytest.raises(ValueError, match="at least one start"):
        search_fixed_skips(3, starts=0)
    with pytest.raises(ValueError, match="words of 2 hats are 0 to 3"):
        search_fixed_skips(2, (4,))
    with pytest.raises(ValueError, match="1 to 3 hats, not 4"):
        best_by_enumeration(4)
