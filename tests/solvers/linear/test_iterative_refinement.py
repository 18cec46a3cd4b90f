"""Refinement beside NumPy's solution, and its ways to end."""

import numpy as np
import pytest

from unseen.errors import UsageError
from unseen.problems.linear.spectra import random_with_condition
from unseen.solvers.linear.iterative_refinement import IterativeRefinement


def system(condition, n=40, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    matrix = random_with_condition(rng, n, condition)
    return matrix, matrix @ x, x


@pytest.mark.parametrize("factor", ["half", "bfloat16", "tf32", "e5m2"])
@pytest.mark.parametrize("inner", ["lu", "gmres"])
def test_solves_to_double_precision_where_well_conditioned(factor, inner):
    matrix, right, _ = system(3, n=20)
    report = IterativeRefinement(factor, inner).solve(matrix, right)
    assert (report.status, report.why) == ("converged", "")
    assert np.allclose(report.solution, np.linalg.solve(matrix, right), rtol=0, atol=1e-13)
    assert report.residuals[0] == 1
    assert report.residuals[-1] < 1e-14
    assert report.counters["matrix_vector_products"] >= report.iterations > 1
    assert (report.counters["inner_iterations"] > 0) == (inner == "gmres")


def test_steps_contract_by_condition_number_times_roundoff():
    """A step gains about as many digits as the factors' precision holds beyond the condition number."""
    matrix, right, _ = system(10)
    contractions = {
        name: np.exp(np.diff(np.log(IterativeRefinement(name).solve(matrix, right).residuals[:4])).mean())
        for name in ("single", "half", "bfloat16")
    }
    assert contractions["single"] < 1e-5 < contractions["half"] < 0.02 < contractions["bfloat16"] < 0.5
    assert 2 < contractions["bfloat16"] / contractions["half"] < 32


def test_inner_iterations_are_capped():
    matrix, right, _ = system(1e6)
    report = IterativeRefinement("bfloat16", "gmres", limit=7).solve(matrix, right)
    assert not report.converged
    assert report.counters["inner_iterations"] <= 7 * 4
    wide = IterativeRefinement("bfloat16", "gmres", inner_limit=40).solve(matrix, right)
    assert wide.converged


def test_three_precisions():
    matrix, right, _ = system(100)
    exact = np.linalg.solve(matrix, right)

    def error(**precisions):
        # As far as it goes: a small backward error alone would end it earlier.
        report = IterativeRefinement("half", tolerance=1e-30, **precisions).solve(matrix, right)
        return np.abs(report.solution - exact).max() / np.abs(exact).max()

    # A residual in twice the working precision makes the solution right to the working precision, whatever the
    # condition number; one in the working precision does not.
    assert error(working="single", residual="double") < 2**-22
    assert error(working="single", residual="single") > 2**-22
    assert error() < 1e-13


def test_ends_say_why():
    matrix, right, _ = system(1e8)
    diverged = IterativeRefinement("bfloat16").solve(matrix, right)
    assert diverged.status == "breakdown"
    assert "no smaller residual" in diverged.why or "overflowed" in diverged.why
    assert np.isfinite(diverged.solution).all()
    limited = IterativeRefinement("bfloat16", limit=2).solve(*system(10)[:2])
    assert limited.status == "limit-reached"
    singular = IterativeRefinement().solve(np.ones((3, 3)), np.ones(3))
    assert singular.status == "not-applicable"
    assert singular.iterations == 0
    overflow = IterativeRefinement(scaling=False).solve(1e6 * np.eye(3), np.ones(3))
    assert overflow.status == "breakdown"
    for broken in ((np.full((2, 2), np.inf), np.ones(2)), (np.eye(2), np.array([1.0, np.nan]))):
        assert IterativeRefinement().solve(*broken).status == "not-finite"
    nothing = IterativeRefinement().solve(np.eye(3), np.zeros(3))
    assert nothing.converged
    assert not nothing.solution.any()
    assert IterativeRefinement().solve([[4]], [2]).solution.tolist() == [0.5]


def test_misuse_is_named():
    for call, words in (
        (lambda: IterativeRefinement("fp16"), "no format"),
        (lambda: IterativeRefinement(inner="cg"), "inner"),
        (lambda: IterativeRefinement(tolerance=0), "tolerance"),
        (lambda: IterativeRefinement(limit=0), "limit"),
        (lambda: IterativeRefinement().solve(np.ones((2, 3)), np.ones(2)), "square"),
        (lambda: IterativeRefinement().solve(np.eye(2), np.ones(3)), "right-hand side"),
        (lambda: IterativeRefinement().solve(np.eye(2), np.ones(2, complex)), "right-hand side"),
    ):
        with pytest.raises(UsageError, match=words):
            call()
