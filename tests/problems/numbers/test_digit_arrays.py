from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.formats.addition import carries
from unseen.formats.numerals import lines
from unseen.problems.numbers.digit_arrays import (
    added,
    larger,
    moved,
    multiplied,
    packed,
    random_digits,
    signed_sum,
    subtracted,
)
from unseen.problems.numbers.place_numbers import frame, larger_fraction, written_rows

WIDTH = 40
NUMBERS = st.lists(st.tuples(*[st.integers(0, 10**WIDTH - 1)] * 2), min_size=1, max_size=6)


def rows(numbers, width=WIDTH):
    return np.array([[int(digit) for digit in f"{number:0{width}}"] for number in numbers], dtype=np.int8)


def values(digits):
    return [int("".join(map(str, row))) for row in digits.tolist()]


@given(NUMBERS)
def test_operations_are_those_of_python_s_integers_far_beyond_64_bits(pairs):
    left, right = (rows(column) for column in zip(*pairs, strict=True))
    total = added(left, right)
    assert values(total.digits) == [a + b for a, b in pairs]
    assert total.carries.tolist() == [sum(carry for *_, carry in carries(a, b)) for a, b in pairs]
    assert values(multiplied(left, right).digits) == [a * b for a, b in pairs]
    high, low = rows(map(max, pairs)), rows(map(min, pairs))
    assert values(subtracted(high, low).digits) == [abs(a - b) for a, b in pairs]
    assert larger(left, right).tolist() == [a > b for a, b in pairs]


@given(NUMBERS, st.integers(0, 2**32))
def test_signed_sums(pairs, seed):
    minus = np.random.default_rng(seed).random((2, len(pairs))) < 0.5
    left, right = (rows(column) for column in zip(*pairs, strict=True))
    total, negative = signed_sum(left, minus[0], right, minus[1])
    signed = [(-a if m else a) + (-b if k else b) for (a, b), m, k in zip(pairs, *minus.tolist(), strict=True)]
    assert [-v if n else v for v, n in zip(values(total.digits), negative, strict=True)] == signed
    assert negative.tolist() == [value < 0 for value in signed]


def test_borrows_are_counted():
    # 1000 - 1 borrows at every place, 21 - 10 at none, 30 - 12 at one.
    found = subtracted(rows([1000, 21, 30], 4), rows([1, 10, 12], 4))
    assert found.carries.tolist() == [3, 0, 1]


@given(st.lists(st.integers(0, 10**WIDTH - 1), min_size=2, max_size=8))
def test_packed_words_differ_where_numbers_do_and_keep_their_order(numbers):
    words = [tuple(word) for word in packed(rows(sorted(numbers))).tolist()]
    assert len(set(words)) == len(set(numbers))
    assert all(a <= b for a, b in pairwise(words))


@given(st.integers(0, 10**6 - 1), st.integers(-9, 9))
def test_moved_rows_are_shifted_numbers(number, by):
    found = moved(rows([number], 6), np.array([by]), 10)
    assert values(found) == [number * 10 ** (4 - by) % 10**10 if by <= 4 else number // 10 ** (by - 4)]


def test_random_digits_have_their_lengths_and_all_digits_are_as_frequent():
    generator = np.random.default_rng(50)
    lengths = generator.integers(1, 7, size=9000)
    digits = random_digits(generator, lengths, 8, ending=True)
    assert (digits[:, 0] > 0).all()
    assert (digits[np.arange(9000), lengths - 1] > 0).all()
    assert (np.where(np.arange(8) >= lengths[:, None], digits, 0) == 0).all()
    assert stats.chisquare(np.bincount(digits[:, 0])[1:]).pvalue > 1e-4
    assert stats.chisquare(np.bincount(digits[lengths > 3, 2], minlength=10)).pvalue > 1e-4


@given(st.lists(st.tuples(*[st.integers(1, 10**9 - 1)] * 4), min_size=1, max_size=5))
def test_fractions_are_compared_exactly_in_narrow_and_in_wide_rows(fractions):
    for width in (9, 18):
        a, b, c, d = (rows(column, width) for column in zip(*fractions, strict=True))
        found = larger_fraction(np.hstack([a, b]), np.hstack([c, d]))
        assert found.tolist() == [p * s > r * q for p, q, r, s in fractions]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        ("integer", ["0", "7", "120"]),
        ("decimal", ["0.0", "0.007", "0.12"]),
        ("scientific", ["0.0e0", "7.0e-3", "1.2e-1"]),
    ],
)
def test_rows_are_written_without_needless_zeros(form, texts):
    places = 0 if form == "integer" else 3
    assert lines([written_rows(form, rows([0, 7, 120], 8), places)]) == texts
    assert frame(form, 8)[0] >= 8
