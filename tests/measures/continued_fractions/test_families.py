import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.measures.continued_fractions.convergents import polynomial_values
from unseen.measures.continued_fractions.families import all_fractions, canonical_fractions, distinct_fractions, ends

whole = st.integers(-9, 9)
leading = whole.filter(bool)
linear, quadratic = st.tuples(whole, leading), st.tuples(whole, whole, leading)


def shifted(coefficients, s):
    """Coefficients of c(n + s), by interpolation."""
    size = len(coefficients)
    values = polynomial_values([coefficients], np.arange(size) + s)[0]
    return np.round(np.linalg.solve(np.vander(np.arange(size), increasing=True), values)).astype(int).tolist()


@given(linear, quadratic, st.integers(1, 4), st.booleans(), st.integers(-5, 5))
def test_scaled_negated_and_shifted_fractions_are_one(a, b, c, negated, s):
    sign = -1 if negated else 1
    other = [sign * c * x for x in shifted(a, s)], [c * c * x for x in shifted(b, s)]
    first, second = canonical_fractions([a], [b]), canonical_fractions([other[0]], [other[1]])
    assert [part.tolist() for part in first] == [part.tolist() for part in second]


@given(linear, quadratic)
def test_the_canonical_member_is_its_own(a, b):
    first = canonical_fractions([a], [b])
    assert [part.tolist() for part in canonical_fractions(*first)] == [part.tolist() for part in first]
    assert first[0][0, 1] > 0
    assert 0 <= first[0][0, 0] < first[0][0, 1]


@given(whole.filter(bool), quadratic, st.integers(-5, 5))
def test_constant_a_is_shifted_by_b(a, b, s):
    first, second = canonical_fractions([[a]], [b]), canonical_fractions([[a]], [shifted(b, s)])
    assert [part.tolist() for part in first] == [part.tolist() for part in second]


def test_families_are_counted_and_distinct_members_are_of_different_classes():
    a, b = all_fractions(1, 2, 2)
    assert len(a) == (4 * 5) * (4 * 25) == len({(*x, *y) for x, y in zip(a.tolist(), b.tolist(), strict=True)})
    kept = distinct_fractions(a, b)
    rows = np.concatenate(canonical_fractions(*kept), axis=1).tolist()
    every = {tuple(row) for row in np.concatenate(canonical_fractions(a, b), axis=1).tolist()}
    assert len(rows) == len({tuple(row) for row in rows}) == len(every) < len(a) / 2


def test_ends_are_whole_zeros_of_b():
    b = [[x, y, z] for x in range(-6, 7) for y in range(-6, 7) for z in range(-6, 7) if z]
    expected = [any(x + y * n + z * n * n == 0 for n in range(1, 100)) for x, y, z in b]
    assert ends(b, 100).tolist() == expected == ends(b, 6).tolist()


def test_bad_families_are_named():
    with pytest.raises(ValueError, match="more than 20000000"):
        all_fractions(2, 2, 9)
    with pytest.raises(ValueError, match="leading coefficients"):
        canonical_fractions([[1, 0]], [[1, 1]])
