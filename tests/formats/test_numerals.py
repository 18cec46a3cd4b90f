from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.formats.numerals import ROWS, chosen, lines, numerals

WORDS = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.one_of(WORDS, st.integers(-10_001, 10_001), st.sampled_from([10**k for k in range(19)]))))
def test_numerals_are_those_of_python(numbers):
    values = np.array(numbers, dtype=np.int64)
    assert lines([numerals(values)]) == [str(number) for number in numbers]
    assert lines([numerals(values, zero=False)]) == [str(number) if number else "" for number in numbers]


@given(st.lists(st.tuples(st.integers(0, 99), st.booleans(), WORDS), max_size=30))
def test_lines_put_texts_and_columns_side_by_side(rows):
    a, sign, b = (np.array([row[i] for row in rows], dtype=t) for i, t in enumerate((np.int64, bool, np.int64)))
    found = lines(["¿", numerals(a), chosen([" \N{MULTIPLICATION SIGN} ", "-"], sign), "=", numerals(b), "?!"])
    times = " \N{MULTIPLICATION SIGN} "
    assert found == [f"¿{a}{'-' if minus else times}={b}?!" for a, minus, b in rows]


def test_more_rows_than_are_put_together_at_once():
    values = np.arange(2 * ROWS + 1)
    assert lines(["<", numerals(values), ">"]) == [f"<{value}>" for value in values]
    assert lines([numerals(values), numerals(values)]) == [f"{value}{value}" for value in values]


def test_parts_that_do_not_fit_are_named():
    one, two = numerals(np.arange(1)), numerals(np.arange(2))
    with pytest.raises(ValueError, match=r"one number of rows, not \[1, 2\]"):
        lines([one, two])
    with pytest.raises(ValueError, match="not \\[\\]"):
        lines(["text"])
    for strange in ("a\nb", "\N{MINUS SIGN}"):
        with pytest.raises(ValueError, match="Latin-1"):
            lines([one, strange])
