"""Low-precision LU beside SciPy's, a plain loop in half precision, and its own definition."""

import numpy as np
import pytest
from scipy.linalg import lu

from unseen.errors import UsageError
from unseen.precision import FloatFormat, round_to
from unseen.problems.linear.spectra import random_with_condition
from unseen.solvers.linear.low_precision_lu import low_precision_lu


def gaussian(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, n))


def parts(factorized):
    return np.tril(factorized.factors, -1) + np.eye(len(factorized.rows)), np.triu(factorized.factors)


def scaled(matrix, factorized):
    return matrix * factorized.row_scale[:, None] * factorized.column_scale * factorized.scale


def test_single_precision_is_that_of_lapack_up_to_rounding():
    matrix = gaussian(30)
    factorized = low_precision_lu(matrix, "single", scaling=False)
    permutation, lower, upper = lu(matrix)
    ours = parts(factorized)
    assert np.array_equal(np.eye(30)[factorized.rows], permutation.T)
    assert np.abs(ours[0] - lower).max() < 1e-5
    assert np.abs(ours[1] - upper).max() < 1e-4


def test_half_precision_is_that_of_numpy_operation_by_operation():
    matrix = gaussian(12, seed=1)
    a = matrix.astype(np.float16)
    order = np.arange(12)
    for k in range(11):
        pivot = k + int(np.abs(a[k:, k]).argmax())
        a[[k, pivot]], order[[k, pivot]] = a[[pivot, k]], order[[pivot, k]]
        for i in range(k + 1, 12):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, 12):
                a[i, j] = a[i, j] - a[i, k] * a[k, j]
    factorized = low_precision_lu(matrix, "half", scaling=False)
    assert np.array_equal(factorized.rows, order)
    assert np.array_equal(factorized.factors, a.astype(np.float64))
    right = np.random.default_rng(2).standard_normal(12)
    # NumPy's half-precision substitution, with the right-hand side scaled as ours is.
    exact = np.linalg.solve(*(part for part in (parts(factorized)[0] @ parts(factorized)[1], right[order])))
    size = 2.0 ** np.floor(np.log2(np.abs(exact).max()))
    x = (right[order] / size).astype(np.float16)
    for k in range(12):
        for i in range(k + 1, 12):
            x[i] = x[i] - a[i, k] * x[k]
    for k in reversed(range(12)):
        x[k] = x[k] / a[k, k]
        for i in range(k):
            x[i] = x[i] - a[i, k] * x[k]
    assert np.array_equal(factorized.solve(right), x.astype(np.float64) * size)


@pytest.mark.parametrize("name", ["half", "bfloat16", "e5m2", "e4m3fn"])
@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_scaled_factors_multiply_to_the_matrix(name, size):
    matrix = gaussian(8, seed=3) * size * 10.0 ** np.arange(8)[:, None] * 10.0 ** -np.arange(8)
    factorized = low_precision_lu(matrix, name)
    assert factorized.status == "converged"
    lower, upper = parts(factorized)
    whole = scaled(matrix, factorized)
    assert np.abs(whole).max() <= 0.1 * factorized.format.largest
    assert np.array_equal(factorized.factors, round_to(factorized.factors, name))
    unit = factorized.format.unit_roundoff
    # Componentwise backward error of LU with partial pivoting: n u |L| |U| (Higham 2002, theorem 9.3), and underflow.
    bound = 8 * unit * (np.abs(lower) @ np.abs(upper)) + unit * np.abs(whole[factorized.rows])
    assert (np.abs(lower @ upper - whole[factorized.rows]) <= 2 * bound + 16 * factorized.format.smallest).all()


def test_statuses_say_what_is_wrong():
    assert low_precision_lu(np.ones((3, 3)), "half").status == "not-applicable"
    assert low_precision_lu(np.zeros((2, 2)), "half").status == "not-applicable"
    assert low_precision_lu([[1, np.nan], [0, 1]], "half").status == "not-finite"
    overflown = low_precision_lu(1e6 * np.eye(2), "half", scaling=False)
    assert overflown.status == "breakdown"
    assert "65504" in overflown.why
    # Every entry fits, and the Schur complement does not.
    growing = low_precision_lu([[40000.0, 40000.0], [-40000.0, 40000.0]], "half", scaling=False)
    assert growing.status == "breakdown"
    assert "column 0" in growing.why
    assert low_precision_lu([[40000.0, 40000.0], [-40000.0, 40000.0]], "half").status == "converged"


def test_growth_is_met_with_a_smaller_scale():
    """Wilkinson's matrix: partial pivoting lets the last column double in every step."""
    n = 10
    matrix = np.eye(n) - np.tril(np.ones((n, n)), -1)
    matrix[:, -1] = 1
    factorized = low_precision_lu(matrix, "half")
    assert factorized.status == "converged"
    assert factorized.factors[-1, -1] == 2 ** (n - 1) * factorized.factors[0, 0]
    right = matrix @ np.arange(n)
    assert np.array_equal(factorized.solve(right), np.arange(n))
    too_much = np.eye(40) - np.tril(np.ones((40, 40)), -1)
    too_much[:, -1] = 1
    assert low_precision_lu(too_much, "half").status == "breakdown"


def test_misuse_is_named():
    for call, words in (
        (lambda: low_precision_lu(np.ones((2, 3)), "half"), "square"),
        (lambda: low_precision_lu(np.ones((0, 0)), "half"), "square"),
        (lambda: low_precision_lu(np.eye(2, dtype=complex), "half"), "real numbers"),
        (lambda: low_precision_lu(np.eye(2), "double"), "at most 25"),
        (lambda: low_precision_lu(np.eye(2), FloatFormat(8, 7), "stochastic"), "stochastic"),
    ):
        with pytest.raises(UsageError, match=words):
            call()


def test_solution_of_a_random_system():
    matrix = random_with_condition(np.random.default_rng(0), 20, 10)
    x = np.ones(20)
    for name, error in (("single", 1e-5), ("half", 0.05), ("bfloat16", 0.4)):
        factorized = low_precision_lu(matrix, name)
        for rounded in (True, False):
            assert np.abs(factorized.solve(matrix @ x, rounded=rounded) - x).max() < error
        assert not factorized.solve(np.zeros(20)).any()
