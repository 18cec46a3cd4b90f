"""Exact tests against SciPy and enumeration, Holm's correction against the closed testing principle."""

from __future__ import annotations

from itertools import combinations, product
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.statistics import holm, permutation_test, sign_test

alternatives = st.sampled_from(["two-sided", "greater", "less"])


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40), alternatives)
def test_sign_test_is_scipys_binomial_test_without_the_zeros(differences, alternative):
    kept = [value for value in differences if value]
    found = sign_test(differences, alternative=alternative)
    positive = sum(value > 0 for value in kept)
    expected = stats.binomtest(positive, len(kept), alternative=alternative).pvalue if kept else 1.0
    assert found.p_value == pytest.approx(expected, rel=1e-9)
    assert found.statistic == positive
    assert ("zero left out" in found.method) == (len(kept) < len(differences))


def test_sign_test_takes_infinite_differences_by_their_sign():
    assert sign_test([inf, 1, 2, 3, 4], alternative="greater").p_value == 1 / 32
    assert sign_test([inf, 1, 2, 3, 4]).p_value == 1 / 16


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9), alternatives)
def test_permutation_test_counts_all_flips_ties_included(differences, alternative):
    # Tenths, whose sums round differently in different orders: ties must count all the same.
    found = permutation_test(np.array(differences) / 10, alternative=alternative)
    observed, count = sum(differences), 0
    for signs in product((1, -1), repeat=len(differences)):
        flipped = sum(sign * value for sign, value in zip(signs, differences, strict=True))
        count += {
            "two-sided": abs(flipped) >= abs(observed),
            "greater": flipped >= observed,
            "less": flipped <= observed,
        }[alternative]
    assert found.p_value == count / 2 ** len(differences)
    assert found.statistic == pytest.approx(observed / 10 / len(differences))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_permutation_test_is_scipys(alternative):
    differences = np.random.default_rng(5129).normal(0.4, 1, size=10)
    expected = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=inf, alternative=alternative
    )
    assert permutation_test(differences, alternative=alternative).p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_drawn_flips_come_close_to_all_flips(alternative):
    differences = np.random.default_rng(773).normal(0.4, 1, size=17)
    signs = np.array(list(product((1, -1), repeat=17)))
    sums, observed = signs @ differences, differences.sum()
    extreme = {
        "two-sided": abs(sums) >= abs(observed) - 1e-9,
        "greater": sums >= observed - 1e-9,
        "less": sums <= observed + 1e-9,
    }
    exact = extreme[alternative].mean()
    found = permutation_test(differences, alternative=alternative, resamples=40_000)
    assert found.p_value == pytest.approx(exact, abs=5 * np.sqrt(exact * (1 - exact) / 40_000))
    assert found.p_value != permutation_test(differences, alternative=alternative, resamples=40_000, seed=1).p_value


def test_drawn_flips_never_give_zero():
    assert permutation_test(np.full(60, 1.0), alternative="greater", resamples=999).p_value == 1 / 1000


@pytest.mark.parametrize("test", [sign_test, permutation_test])
def test_undetermined_and_refused_input(test):
    assert isnan(test([1.0, nan]).p_value)
    with pytest.raises(ValueError, match="at least one value"):
        test([])
    with pytest.raises(ValueError, match="alternative must be one of"):
        test([1.0], alternative="upper")
    assert isnan(permutation_test([1.0, inf]).p_value)
    with pytest.raises(ValueError, match="resamples"):
        permutation_test([1.0], resamples=0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_holm_is_the_closed_test_with_bonferroni(p_values):
    corrected = holm(p_values)
    everyone = range(len(p_values))
    for i in everyone:
        families = [set(group) for size in range(1, len(p_values) + 1) for group in combinations(everyone, size)]
        expected = max(min(1, len(f) * min(p_values[j] for j in f)) for f in families if i in f)
        assert corrected[i] == pytest.approx(expected)


def test_holm_counts_unanswered_questions():
    corrected = holm([0.01, nan, 0.02])
    assert corrected[[0, 2]].tolist() == pytest.approx([0.03, 0.04])
    assert isnan(corrected[1])
    for impossible in ([1.1], [-0.1], []):
        with pytest.raises(ValueError, match="p_values"):
            holm(impossible)
