from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from hypothesis import given
from hypothesis import strategies as st

from unseen.solvers.linear.shifted_grids import cg_iterations_on_grids, grid_sor_radius, sor_sweeps_on_grids
from unseen.solvers.linear.sor import SOR

GENERATOR = np.random.default_rng(7)


def shifted_grid(side, shift):
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(side, side))
    one = sp.eye_array(side)
    return (sp.kron(one, line) + sp.kron(line, one) + shift * sp.eye_array(side * side)).tocsr()


@given(st.floats(0.2, 1.8), st.integers(2, 12))
def test_the_solution_is_that_of_a_direct_solver(relaxation, size):
    factor = np.random.default_rng(size).standard_normal((size, size))
    A = factor @ factor.T + size * np.eye(size)
    b = factor[0]
    report = SOR(relaxation).solve(A, b, tolerance=1e-10)
    assert report.converged
    np.testing.assert_allclose(report.solution, np.linalg.solve(A, b), rtol=1e-7, atol=1e-10)
    last = np.linalg.norm(b - A @ report.solution) / np.linalg.norm(b)
    assert report.residuals[-1] == pytest.approx(last, rel=1e-6, abs=1e-15)
    assert report.counters["matrix_vector_products"] == report.iterations


def test_gauss_seidel_uses_each_new_unknown_at_once():
    A, b = np.array([[4.0, 1, 0], [1, 4, 1], [0, 1, 4]]), np.array([1.0, 2, 3])
    x = np.zeros(3)
    for row in range(3):
        x[row] = (b[row] - A[row] @ x + A[row, row] * x[row]) / A[row, row]
    found = SOR(1.0).solve(A, b, tolerance=1e-30, limit=1)
    assert found.status == "limit-reached"
    np.testing.assert_allclose(found.solution, x)


def test_the_radius_is_the_largest_eigenvalue_of_the_iteration():
    for shift in (-0.1, 0.0, 0.4):
        A = shifted_grid(5, shift).toarray()
        for relaxation in (0.7, 1.0, 1.3, 1.6, 1.9):
            M = np.diag(np.diag(A)) / relaxation + np.tril(A, -1)
            largest = np.abs(np.linalg.eigvals(np.eye(25) - np.linalg.solve(M, A))).max()
            assert grid_sor_radius(shift, relaxation, 5) == pytest.approx(largest, abs=1e-6)


def test_many_grids_at_once_need_as_many_sweeps_as_each_by_itself():
    shifts, relaxations = np.array([-0.14, 0.0, 0.3]), np.array([0.8, 1.0, 1.6, 1.95])
    right_sides = GENERATOR.standard_normal((3, 10, 10))
    found = sor_sweeps_on_grids(shifts, right_sides, relaxations, tolerance=1e-6)
    for row, shift in enumerate(shifts):
        for column, relaxation in enumerate(relaxations):
            alone = SOR(relaxation).solve(shifted_grid(10, shift), right_sides[row].ravel(), tolerance=1e-6)
            assert found[row, column] == alone.iterations, (shift, relaxation)


def test_what_does_not_converge_in_time_counts_as_the_limit():
    found = sor_sweeps_on_grids([0.0], GENERATOR.standard_normal((1, 8, 8)), [1.0, 1.5], tolerance=1e-6, limit=40)
    assert found[0, 0] == 40
    assert found[0, 1] < 40


def test_conjugate_gradients_take_as_many_steps_as_scipys():
    shifts = np.array([-0.1, 0.0, 0.2])
    right_sides = GENERATOR.standard_normal((3, 9, 9))
    found = cg_iterations_on_grids(shifts, right_sides, tolerance=1e-7)
    for shift, right, iterations in zip(shifts, right_sides, found, strict=True):
        steps = []
        spla.cg(shifted_grid(9, shift), right.ravel(), rtol=1e-7, callback=steps.append)
        assert iterations == len(steps)


def test_a_constant_matrix_is_solved_in_one_step_of_conjugate_gradients():
    assert cg_iterations_on_grids([0.5, 2.0], np.ones((2, 1, 1))).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("A", "b", "status", "why"),
    [
        (np.diag([1.0, 0.0]), [1, 1], "not-applicable", "zero in row 1"),
        (np.diag([1.0, np.nan]), [1, 1], "not-finite", "NaN or infinity"),
        (np.eye(2), [1, np.inf], "not-finite", "NaN or infinity"),
        (np.array([[1.0, 3.0], [3.0, 1.0]]), [1, 1], "breakdown", "diverged in sweep"),
        (np.eye(2), [0, 0], "converged", ""),
    ],
)
def test_what_cannot_be_solved_is_a_status(A, b, status, why):
    report = SOR(1.0).solve(A, b)
    assert report.status == status
    assert why in report.why


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SOR(2.0), "between 0 and 2"),
        (lambda: SOR(float("nan")), "between 0 and 2"),
        (lambda: SOR(1.0).solve(np.eye(2), [1, 2], limit=0), "from 1 up"),
        (lambda: SOR(1.0).solve(np.ones((2, 3)), [1, 2]), "square"),
        (lambda: SOR(1.0).solve(np.eye(2), [1, 2, 3]), "3 entries"),
        (lambda: SOR(1.0).solve(lambda x: x, [1.0, 2.0]), "callable"),
        (lambda: sor_sweeps_on_grids([0], np.ones((1, 3, 4)), [1]), "shape"),
        (lambda: sor_sweeps_on_grids([0, 1], np.ones((1, 3, 3)), [1]), "do not fit"),
        (lambda: sor_sweeps_on_grids([0], np.zeros((1, 3, 3)), [1]), "zero"),
        (lambda: sor_sweeps_on_grids([0], np.ones((1, 3, 3)), [2.0]), "between 0 and 2"),
        (lambda: sor_sweeps_on_grids([-2], np.ones((1, 3, 3)), [1.0]), "positive definite"),
        (lambda: cg_iterations_on_grids([np.nan], np.ones((1, 3, 3))), "finite"),
    ],
)
def test_misuse_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
