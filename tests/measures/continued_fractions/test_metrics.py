import math

import mpmath
import numpy as np
import pytest

from unseen.measures.continued_fractions.metrics import LIMIT_BITS, blind_delta, fraction_metrics, measured_depths

APERY = [5, 27, 51, 34], [0, 0, 0, 0, 0, 0, -1]


def test_aperys_exponent():
    # Reduced denominators grow like e^(3n) (1 + sqrt 2)^(4n), errors shrink like (1 + sqrt 2)^(-8n).
    growth = 4 * math.log(1 + math.sqrt(2))
    assert blind_delta(*APERY, depth=600) == pytest.approx(2 * growth / (growth + 3) - 1, abs=0.02)


@pytest.mark.parametrize(("a1", "b2"), [(2, 1), (3, -1), (5, 4), (1, 6)])
def test_rate_is_the_ratio_of_the_eigenvalues(a1, b2):
    # |L - p/q| ~ (smaller / larger)^n for eigenvalues of ((a1, b2), (1, 0)).
    root = math.sqrt(a1**2 + 4 * b2)
    expected = math.log(abs((a1 - root) / (a1 + root)))
    far, near = (fraction_metrics([[1, a1]], [[3, 1, b2]], depth) for depth in (600, 300))
    per_step = (near.digits - far.digits) * math.log(10) / 150
    assert per_step[0] == pytest.approx(expected, rel=0.01)
    # The fit has no constant term, which the others have to make up for.
    assert far.rate[0] == pytest.approx(expected, abs=0.2)
    assert abs(far.superrate[0]) < 0.03


def test_known_formulas_have_factorial_reduction_and_neighbours_do_not():
    # 4 / pi and 2 / ln 2, each beside the same with one coefficient changed.
    a = [[1, 2], [3, 6]]
    b = [[0, 0, 1], [0, 0, -1]]
    assert fraction_metrics(a, b).factorial.all()
    others = fraction_metrics([[2, 2], [4, 6]], [[1, 0, 1], [0, 0, -1]])
    assert not others.factorial.any()
    assert (others.superexponential > 0.4).all()


def test_sure_digits_are_right_and_limits_kept():
    found = fraction_metrics([[1, 2], [3, 6]], [[0, 0, 1], [0, 0, -1]], depth=160)
    with mpmath.workdps(80):
        for limit, digits, value in zip(found.limits, found.digits, [4 / mpmath.pi, 2 / mpmath.log(2)], strict=True):
            error = abs(mpmath.ldexp(limit, -LIMIT_BITS) - value)
            assert error < max(mpmath.mpf(10) ** -digits, mpmath.mpf(2) ** -LIMIT_BITS)
            assert digits > 30


def test_scaled_and_negated_fractions_have_the_same_reduced_metrics():
    found = fraction_metrics([[1, 2], [-1, -2], [3, 6]], [[0, 0, 1], [0, 0, 1], [0, 0, 9]])
    assert found.rate[0] == found.rate[1]
    assert np.ptp(found.reduced_delta) < 0.01
    assert found.factorial.all()


def test_finite_fractions_are_undetermined():
    found = fraction_metrics([[1, 1]], [[-4, 2]], depth=112)
    assert np.isnan(found.digits[0])
    assert found.limits[0] is None
    assert not found.factorial[0]


def test_too_small_a_depth_is_named():
    with pytest.raises(ValueError, match="at least 112"):
        measured_depths(100)
