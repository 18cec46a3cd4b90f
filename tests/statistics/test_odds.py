from math import comb, inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.statistics import odds_ratio


def tail(successes, total, other, other_total, odds, *, upper):
    """Probability of so many successes or more (or fewer) in the first group, all four margins fixed."""
    margin = successes + other
    ways = {
        k: comb(total, k) * comb(other_total, margin - k) * odds**k
        for k in range(max(0, margin - other_total), min(total, margin) + 1)
    }
    chosen = [weight for k, weight in ways.items() if (k >= successes if upper else k <= successes)]
    return sum(chosen) / sum(ways.values())


@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from([0.8, 0.9, 0.95]))
def test_ends_invert_fishers_exact_test(successes, other, level):
    found = odds_ratio(successes, 8, other, 8, level=level)
    alpha = (1 - level) / 2
    assert tail(successes, 8, other, 8, found.low, upper=True) == pytest.approx(alpha, rel=1e-4)
    assert tail(successes, 8, other, 8, found.high, upper=False) == pytest.approx(alpha, rel=1e-4)
    assert found.low < found.estimate < found.high


def test_groups_exchanged_give_the_inverse():
    one, other = odds_ratio(5, 9, 2, 12), odds_ratio(2, 12, 5, 9)
    assert one.estimate == pytest.approx(1 / other.estimate)
    assert (one.low, one.high) == pytest.approx((1 / other.high, 1 / other.low))


def test_empty_cells_leave_an_end_open():
    assert odds_ratio(3, 40, 0, 10_000).high == inf
    assert odds_ratio(3, 40, 0, 10_000).low > 10
    assert odds_ratio(0, 5, 3, 9).low == 0
    assert not odds_ratio(0, 5, 0, 9).determined
    assert not odds_ratio(5, 5, 9, 9).determined


def test_bad_counts_are_named():
    with pytest.raises(ValueError, match="not 3 of 2"):
        odds_ratio(3, 2, 0, 4)
    with pytest.raises(ValueError, match="not 0 of 0"):
        odds_ratio(1, 2, 0, 0)
