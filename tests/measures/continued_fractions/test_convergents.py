from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.measures.continued_fractions.convergents import convergents, polynomial_values

coefficients = st.lists(st.integers(-9, 9), min_size=1, max_size=3)


def folded(a, b, depth):
    """The convergent from the inside out, in fractions; None where that divides by zero."""

    def at(c, n):
        return sum(x * n**power for power, x in enumerate(c))

    value = Fraction(at(a, depth))
    for n in range(depth, 0, -1):
        if not value:
            return None
        value = at(a, n - 1) + at(b, n) / value
    return value


@given(coefficients, coefficients, st.integers(1, 30))
def test_convergents_are_the_folded_fraction(a, b, depth):
    expected = folded(a, b, depth)
    if expected is not None:
        ((p, q),) = next(convergents([a], [b], [depth]))
        # A zero numerator on the way makes both sides of the recurrence vanish.
        assert q == 0 or Fraction(p, q) == expected


@given(coefficients, coefficients)
def test_numerators_and_denominators_have_the_determinant_of_the_partial_numerators(a, b):
    found = next(convergents([a], [b], [7, 8]))
    (p, q), (next_p, next_q) = found
    product = 1
    for value in polynomial_values([b], range(1, 9))[0].tolist():
        product *= value
    assert next_p * q - p * next_q == -product


KNOWN = [
    ("4 / pi", [1, 2], [0, 0, 1], lambda: 4 / mpmath.pi, 200),
    ("1 / (e - 2)", [1, 1], [0, 1], lambda: 1 / (mpmath.e - 2), 60),
    ("2 / ln 2, Gauss", [3, 6], [0, 0, -1], lambda: 2 / mpmath.log(2), 60),
    ("1 / arctan(1/2), Gauss", [2, 4], [0, 0, 1], lambda: 1 / mpmath.atan(mpmath.mpf(1) / 2), 200),
    ("6 / zeta(3), Apery", [5, 27, 51, 34], [0, 0, 0, 0, 0, 0, -1], lambda: 6 / mpmath.zeta(3), 40),
    ("5 / zeta(2), Apery", [3, 11, 11], [0, 0, 0, 0, 1], lambda: 5 / mpmath.zeta(2), 60),
]


@pytest.mark.parametrize(("a", "b", "value", "depth"), [row[1:] for row in KNOWN], ids=[row[0] for row in KNOWN])
def test_known_constants_are_reached(a, b, value, depth):
    ((p, q),) = next(convergents([a], [b], [depth]))
    with mpmath.workdps(60):
        assert abs(mpmath.mpf(p) / q - value()) < mpmath.mpf(10) ** -45


def test_many_at_once_are_those_one_by_one():
    a, b = [[1, 2], [3, -4], [5, 7]], [[1, 0, 9], [0, 8, 3], [-5, 2, 1]]
    together = list(convergents(a, b, [3, 50, 200]))
    assert together == [next(convergents([x], [y], [3, 50, 200])) for x, y in zip(a, b, strict=True)]


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="ascend from 1 up"):
        next(convergents([1], [1], [3, 3]))
    with pytest.raises(ValueError, match="1 polynomials a and 2"):
        next(convergents([[1]], [[1], [1]], [3]))
    with pytest.raises(ValueError, match="exceed 62 bits"):
        next(convergents([[1, 0, 0, 0, 0, 0, 0, 1]], [[1]], [600]))
    with pytest.raises(ValueError, match="whole numbers of shape"):
        next(convergents([0.5], [[1]], [3]))
