"""Wilson's interval against SciPy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import wilson


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.05, 0.999))
def test_wilson_is_scipys(counts, level):
    successes, total = counts
    expected = stats.binomtest(successes, total).proportion_ci(level, method="wilson")
    found = wilson(successes, total, level=level)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9, abs=1e-9)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


def test_five_of_five_say_at_least_65_percent():
    found = wilson(5, 5)
    assert found.low == pytest.approx(5 / (5 + stats.norm.ppf(0.95) ** 2))
    assert (found.estimate, found.high) == (1, 1)


@pytest.mark.parametrize(("successes", "total"), [(1, 0), (0, 0), (3, 2), (-1, 2), (0.5, 2), (1, 2.5)])
def test_impossible_counts_are_refused(successes, total):
    with pytest.raises(ValueError, match="successes"):
        wilson(successes, total)
