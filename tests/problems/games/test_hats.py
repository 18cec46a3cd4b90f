from fractions import Fraction
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.problems.games.hat_guessing import HatGuessing
from unseen.problems.games.hats import SKIP, as_strategy, best_response, block_recursion, stacks, value


def played(f, g, height, p):
    """Probability of winning, hat by hat from the rules."""
    words = list(product((0, 1), repeat=height))
    total = Fraction(0)
    for x, y in product(words, words):
        seen_x, seen_y = (sum(bit << place for place, bit in enumerate(word)) for word in (x, y))
        if x[f[seen_y]] and y[g[seen_x]]:
            total += prod(p if bit else 1 - p for bit in (*x, *y))
    return total


two_strategies = st.integers(1, 3).flatmap(
    lambda h: st.tuples(st.just(h), *[st.lists(st.integers(0, h - 1), min_size=2**h, max_size=2**h) for _ in range(2)])
)


@given(two_strategies, st.fractions(0, 1, max_denominator=20))
def test_value_is_that_of_the_game_played_out(drawn, p):
    height, f, g = drawn
    assert value(f, g, p) == played(f, g, height, p) == value(g, f, p)


@given(two_strategies, st.fractions(0, 1, max_denominator=9))
def test_no_answer_beats_the_best_response(drawn, p):
    _, f, g = drawn
    best, worth = best_response(f, p)
    assert value(f, best, p) == worth >= value(f, g, p)


def test_two_hats_are_worth_five_sixteenths_whatever_is_tried():
    pairs = product(product((0, 1), repeat=4), repeat=2)
    assert max(value(f, g) for f, g in pairs) == Fraction(5, 16)


@given(st.fractions(0, 1, max_denominator=50))
def test_skipping_until_black_is_seen_wins_in_the_known_share(p):
    # Both say the first place where the other's hat is black: won if that place is the same, p^2 / (1 - (1 - p)^2).
    expected = p / (2 - p) if p else 0
    assert block_recursion([SKIP, 0], [SKIP, 0], p).value == expected
    assert block_recursion([SKIP, 0, 1, 0], [SKIP, 0, 1, 0], p).value == expected


def test_block_value_is_that_of_a_simulation_of_many_blocks():
    rng = np.random.default_rng(7)
    f, g = (rng.integers(-1, 3, size=8) for _ in range(2))
    blocks = rng.integers(8, size=(2, 200_000, 12))
    said = [np.zeros(200_000, dtype=bool) for _ in range(2)]
    right = [np.zeros(200_000, dtype=bool) for _ in range(2)]
    for x, y in zip(blocks[0].T, blocks[1].T, strict=True):
        for player, (strategy, seen, own) in enumerate(((f, y, x), (g, x, y))):
            place = strategy[seen]
            now = ~said[player] & (place != SKIP)
            right[player] |= now & (own >> np.maximum(place, 0) & 1).astype(bool)
            said[player] |= now
    share = (right[0] & right[1]).mean()
    expected = float(block_recursion(f, g).value)
    assert abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / 200_000) + 2e-4


def test_bad_strategies_are_named():
    with pytest.raises(ValueError, match="1 to 10 hats, not 0"):
        stacks(0)
    with pytest.raises(ValueError, match="for each of the 2\\^h words"):
        as_strategy([0, 1, 0])
    with pytest.raises(ValueError, match="places for 1 hats are 0 to 0, not"):
        value([0, 1], [0, 0])
    with pytest.raises(ValueError, match="2 and 4 words do not meet"):
        value([0, 0], [0, 0, 0, 0])
    with pytest.raises(ValueError, match="a probability lies in"):
        value([0, 0], [0, 0], Fraction(3, 2))


def test_problem_counts_wins_as_the_game_does():
    problem = HatGuessing()
    examples = problem.sample("iid", 40, seed=5)
    for f, g, target in zip(examples.inputs["first"], examples.inputs["second"], examples.targets, strict=True):
        assert value(f, g) == Fraction(int(target), 64)
    best = problem.sample("transformed:best-partner", 40, seed=5)
    for f, target in zip(best.inputs["first"], best.targets, strict=True):
        assert best_response(f)[1] == Fraction(int(target), 64)


def test_exchanged_players_are_the_same_question():
    problem = HatGuessing()
    examples = problem.sample("train", 300, seed=1)
    rows = problem.rows(examples)
    swapped = np.concatenate([rows[:, 8:16], rows[:, :8], rows[:, 16:]], axis=1)
    assert (problem.ordered(rows) == problem.ordered(swapped)).all()
    assert (problem.solved(swapped) == examples.targets).all()
