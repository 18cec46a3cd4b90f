"""All solvers of linear systems: against dense solutions, and on input that has none."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

from unseen.problems.linear.elliptic import (
    convection_diffusion_matrix,
    helmholtz_matrix,
    neumann_matrix,
    poisson_matrix,
)
from unseen.problems.linear.spectra import random_with_condition
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.solvers.linear.fast_poisson import FastPoisson, fast_poisson_inverse
from unseen.solvers.linear.flexible_cg import FlexibleCG
from unseen.solvers.linear.gcrodr import GCRODR
from unseen.solvers.linear.gcrotmk import ScipyGCROT
from unseen.solvers.linear.gmres import GMRES
from unseen.solvers.linear.interface import CountedOperator
from unseen.solvers.linear.multigrid import Multigrid, algebraic_multigrid
from unseen.solvers.linear.preconditioners import incomplete_cholesky, incomplete_lu, jacobi
from unseen.solvers.linear.sparse_lu import SparseLU

GRID = (9, 8)
DEFINITE = {
    "CG": ConjugateGradient(),
    "CG, Jacobi": ConjugateGradient(jacobi),
    "CG, IC(0)": ConjugateGradient(incomplete_cholesky),
    "CG, multigrid": ConjugateGradient(algebraic_multigrid("smoothed-aggregation")),
    "flexible CG": FlexibleCG(window=1),
    "multigrid": Multigrid(),
    "fast Poisson": FastPoisson(GRID),
}
GENERAL = {
    "GMRES": GMRES(m=30),
    "GMRES, ILU": GMRES(m=30, preconditioner=incomplete_lu()),
    "GCRO-DR": GCRODR(m=20, k=6),
    "GCRO-DR, Jacobi": GCRODR(m=20, k=6, preconditioner=jacobi),
    "GCROT": ScipyGCROT(m=15, k=5),
    "LU": SparseLU(),
}
EVERY = DEFINITE | GENERAL


def every(solvers):
    return pytest.mark.parametrize("solver", solvers.values(), ids=solvers.keys())


def fresh(solver):
    if hasattr(solver, "reset"):
        solver.reset()
    return solver


def right_side(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n)


@every(EVERY)
def test_definite_systems(solver):
    A, b = poisson_matrix(GRID), right_side(72)
    report = fresh(solver).solve(A, b, tolerance=1e-10)
    assert report.status == "converged", report.why
    assert np.linalg.norm(b - A @ report.solution) <= 1e-10 * np.linalg.norm(b)
    assert np.allclose(report.solution, np.linalg.solve(A.toarray(), b), rtol=1e-7, atol=1e-9)


@every(GENERAL)
@pytest.mark.parametrize(
    "make",
    [
        lambda: helmholtz_matrix(np.full(GRID, 9.0)),
        lambda: convection_diffusion_matrix(GRID, np.array([20.0, -35.0])),
        lambda: 1.5 * np.eye(72) + random_with_condition(np.random.default_rng(4), 72, 50.0),
    ],
)
def test_systems_that_are_not_definite_or_symmetric(solver, make):
    A, b = make(), right_side(72)
    report = fresh(solver).solve(A, b, tolerance=1e-9, limit=100_000)
    dense = A if isinstance(A, np.ndarray) else A.toarray()
    assert report.status == "converged", report.why
    assert np.allclose(report.solution, np.linalg.solve(dense, b), rtol=1e-5, atol=1e-7 * np.abs(report.solution).max())


@every({name: solver for name, solver in EVERY.items() if name not in ("LU", "fast Poisson")})
def test_counters_count_every_product(solver):
    A, calls = poisson_matrix(GRID), 0

    class Spy(scipy.sparse.csr_array):
        def __matmul__(self, other):
            nonlocal calls
            calls += other.ndim == 1
            return super().__matmul__(other)

    report = fresh(solver).solve(Spy(A), right_side(72))
    if isinstance(solver, Multigrid) or "multigrid" in repr(solver) or "incomplete" in repr(solver):
        assert report.counters["matrix_vector_products"] <= calls
    else:
        assert report.counters["matrix_vector_products"] == calls


@every({name: EVERY[name] for name in ("CG", "flexible CG", "GMRES", "GCRO-DR", "GCROT")})
def test_a_function_is_a_matrix(solver):
    A, b = poisson_matrix(GRID), right_side(72)
    report = fresh(solver).solve(lambda x: A @ x, b)
    assert report.converged
    assert np.allclose(report.solution, fresh(solver).solve(A, b).solution)
    assert np.allclose(fresh(solver).solve(A.toarray(), b).solution, report.solution)
    operator = scipy.sparse.linalg.aslinearoperator(A)
    assert np.allclose(fresh(solver).solve(operator, b).solution, report.solution)


@every(EVERY)
def test_zero_right_hand_side(solver):
    report = fresh(solver).solve(poisson_matrix(GRID), np.zeros(72))
    assert report.converged
    assert not report.solution.any()
    assert report.counters["matrix_vector_products"] == 0


@every(EVERY)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite(solver, bad):
    A, b = poisson_matrix(GRID), right_side(72)
    b[3] = bad
    assert fresh(solver).solve(A, b).status == "not-finite"
    A.data[5] = bad
    assert solver.solve(A, right_side(72)).status == "not-finite"


@every({name: EVERY[name] for name in ("CG", "flexible CG", "GMRES", "GCRO-DR")})
def test_a_function_that_returns_nan(solver):
    report = fresh(solver).solve(lambda x: x * np.nan, np.ones(5))
    assert report.status == "not-finite"


@every(EVERY)
def test_misuse_is_named(solver):
    fresh(solver)
    A = poisson_matrix(GRID)
    with pytest.raises(ValueError, match=r"square matrix, not one of shape \(72, 71\)"):
        solver.solve(A[:, :71], right_side(72))
    with pytest.raises(ValueError, match="has 70 entries, the matrix 72 rows"):
        solver.solve(A, right_side(70))
    with pytest.raises(ValueError, match="one row of real numbers"):
        solver.solve(A, np.ones((72, 1)))
    with pytest.raises(ValueError, match="tolerance must lie between 0 and 1, not 0"):
        solver.solve(A, right_side(72), tolerance=0)
    with pytest.raises(ValueError, match="limit must be"):
        solver.solve(A, right_side(72), limit=0)
    with pytest.raises(ValueError, match="real numbers"):
        solver.solve(A.astype(complex), right_side(72))


@every({name: EVERY[name] for name in ("CG", "CG, Jacobi", "flexible CG")})
def test_indefinite_matrices_are_found_out(solver):
    A = helmholtz_matrix(np.full(GRID, 9.0))
    report = solver.solve(A, right_side(72))
    assert report.status == "not-applicable"
    assert "not positive definite" in report.why
    assert "iteration" in report.why


def test_matrices_that_are_not_symmetric_are_found_out():
    A = convection_diffusion_matrix(GRID, np.array([3.0, -1.0]))
    report = ConjugateGradient().solve(A, right_side(72))
    assert report.status == "not-applicable"
    assert "not symmetric" in report.why
    assert report.iterations < 5


@every({name: solver for name, solver in EVERY.items() if name not in ("CG, IC(0)", "fast Poisson", "CG, multigrid")})
def test_singular_systems_without_a_solution_are_never_solved(solver):
    A = neumann_matrix(GRID)
    report = fresh(solver).solve(A, right_side(72) + 1, limit=2000)
    assert report.status in ("not-applicable", "breakdown", "limit-reached")
    assert report.why
    truly = np.linalg.norm(right_side(72) + 1 - A @ report.solution) / np.linalg.norm(right_side(72) + 1)
    assert truly > 1e-3


@every({name: EVERY[name] for name in ("CG", "GMRES", "GCRO-DR", "GCROT")})
def test_singular_systems_with_a_solution_are_solved(solver):
    A = neumann_matrix(GRID)
    b = A @ right_side(72)
    report = fresh(solver).solve(A, b)
    assert report.converged, report.why
    assert np.linalg.norm(b - A @ report.solution) <= 1e-8 * np.linalg.norm(b)


@every({"LU": SparseLU(), "GMRES": GMRES(), "GCRO-DR": GCRODR(m=20, k=5), "CG": ConjugateGradient()})
def test_exactly_singular_matrices(solver):
    A = np.diag([1.0, 2.0, 0.0])
    report = fresh(solver).solve(A, np.ones(3))
    assert report.status in ("not-applicable", "breakdown")
    assert "singular" in report.why


def test_the_limit_is_kept_and_reported():
    A, b = poisson_matrix((20, 20)), right_side(400)
    for solver in (ConjugateGradient(), FlexibleCG(), GMRES(m=4), GCRODR(m=4, k=2), Multigrid()):
        report = solver.solve(A, b, tolerance=1e-12, limit=3)
        assert (report.status, report.iterations) == ("limit-reached", 3), type(solver)
        assert report.why == "3 iterations"
        true = np.linalg.norm(b - A @ report.solution) / np.linalg.norm(b)
        assert np.isclose(report.residuals[-1], true)


def test_a_start_is_used():
    A, b = poisson_matrix(GRID), right_side(72)
    exact = np.linalg.solve(A.toarray(), b)
    for solver in (ConjugateGradient(), FlexibleCG(), GMRES(), GCRODR(m=20, k=5), Multigrid(), ScipyGCROT()):
        report = solver.solve(A, b, start=exact * (1 + 1e-12))
        assert report.converged
        assert report.counters["matrix_vector_products"] <= 3, type(solver)


def test_conjugate_gradients_end_after_as_many_steps_as_there_are_eigenvalues():
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((30, 30)))[0]
    for count in (1, 3, 7):
        A = (q * np.resize(np.arange(1, count + 1), 30)) @ q.T
        report = ConjugateGradient().solve((A + A.T) / 2, rng.standard_normal(30), tolerance=1e-10)
        assert report.converged
        assert report.iterations == count


def test_conjugate_gradients_take_the_steps_of_scipys():
    A, b = poisson_matrix((20, 20)), right_side(400)
    iterates = []
    scipy.sparse.linalg.cg(A, b, rtol=1e-8, atol=0.0, callback=lambda x: iterates.append(x.copy()))
    report = ConjugateGradient().solve(A, b)
    assert report.iterations == len(iterates)
    for limit in (1, 5, 20):
        assert np.allclose(ConjugateGradient().solve(A, b, limit=limit).solution, iterates[limit - 1], rtol=1e-9)


def test_flexible_and_plain_conjugate_gradients_agree_for_a_linear_preconditioner():
    A, b = poisson_matrix((15, 15)), right_side(225)
    plain = ConjugateGradient(incomplete_cholesky).solve(A, b)
    flexible = FlexibleCG(incomplete_cholesky, window=1).solve(A, b)
    assert plain.iterations == flexible.iterations
    assert np.allclose(plain.residuals, flexible.residuals, rtol=1e-4)


def test_flexible_conjugate_gradients_survive_a_preconditioner_that_changes():
    A, b = poisson_matrix((15, 15)), right_side(225)
    rng = np.random.default_rng(0)
    exact = fast_poisson_inverse((15, 15))

    def changing(_):
        return lambda r: exact(r) * (1 + 0.3 * rng.standard_normal(225))

    assert FlexibleCG(changing).solve(A, b).iterations < 40


def test_gmres_takes_the_steps_of_scipys():
    A, b = convection_diffusion_matrix((12, 12), np.array([30.0, 10.0])), right_side(144)
    norms = []
    scipy.sparse.linalg.gmres(A, b, rtol=1e-8, atol=0.0, restart=10, callback=norms.append, callback_type="pr_norm")
    report = GMRES(m=10).solve(A, b)
    assert np.allclose(report.residuals[1 : len(norms)], norms[: report.iterations - 1], rtol=1e-5)


def test_gmres_minimises_over_the_krylov_space():
    A, b = random_with_condition(np.random.default_rng(1), 25, 100.0), right_side(25)
    krylov = np.stack([np.linalg.matrix_power(A, i) @ b for i in range(6)], axis=1)
    krylov = np.linalg.qr(krylov)[0]
    best = b - A @ krylov @ np.linalg.lstsq(A @ krylov, b, rcond=None)[0]
    report = GMRES(m=10).solve(A, b, limit=6)
    assert np.isclose(report.residuals[-1], np.linalg.norm(best) / np.linalg.norm(b))


def test_stagnation_is_a_breakdown():
    # The cyclic shift: GMRES makes no progress at all before step n.
    A, b = np.roll(np.eye(8), 1, axis=0), np.eye(8)[0]
    report = GMRES(m=4).solve(A, b)
    assert report.status == "breakdown"
    assert "no progress" in report.why
    assert GMRES(m=8).solve(A, b).converged


def test_incomplete_cholesky_has_the_pattern_and_the_entries_of_the_matrix():
    A = poisson_matrix((4, 5))
    inverse = np.stack([incomplete_cholesky(A)(e) for e in np.eye(20)], axis=1)
    M = np.linalg.inv(inverse)
    where = A.toarray() != 0
    assert np.allclose(M, M.T)
    assert np.allclose(M[where], A.toarray()[where])
    assert not np.allclose(M, A.toarray())


@pytest.mark.parametrize(
    ("build", "A", "message"),
    [
        (jacobi, np.array([[0.0, 1.0], [1.0, 0.0]]), "zeros"),
        (incomplete_cholesky, np.array([[2.0, 1.0], [0.0, 2.0]]), "symmetric"),
        (incomplete_cholesky, np.ones((3, 3)) + 3 * np.eye(3), "triangles"),
        (incomplete_cholesky, np.array([[1.0, 2.0], [2.0, 1.0]]), "pivot -3"),
        (incomplete_lu(), np.zeros((2, 2)), "does not exist"),
        (jacobi, lambda x: x, "not a function"),
    ],
)
def test_preconditioners_name_what_they_need(build, A, message):
    with pytest.raises(ValueError, match=message):
        build(A)


def test_a_matrix_without_the_preconditioner_is_reported():
    for solver in (ConjugateGradient(jacobi), FlexibleCG(jacobi), GMRES(4, jacobi), GCRODR(4, 2, jacobi)):
        report = solver.solve(np.array([[0.0, 1.0], [1.0, 0.0]]), np.ones(2))
        assert report.status == "not-applicable"
        assert "diagonal without zeros" in report.why


def test_fast_poisson_refuses_other_matrices():
    report = FastPoisson(GRID).solve(helmholtz_matrix(np.ones(GRID)), right_side(72))
    assert report.status == "not-applicable"
    for shape in ((5,), (4, 7), (3, 4, 5)):
        b = right_side(int(np.prod(shape)))
        assert FastPoisson(shape).solve(poisson_matrix(shape), b, tolerance=1e-12).converged


def test_multigrid_is_quick_whatever_the_size():
    cycles = []
    for g in (16, 64):
        A = poisson_matrix((g, g))
        cycles.append(ConjugateGradient(algebraic_multigrid()).solve(A, right_side(g * g)).iterations)
    assert max(cycles) < 15
    report = Multigrid().solve(helmholtz_matrix(np.full((12, 12), 20.0)), right_side(144))
    assert report.status == "breakdown"


def test_operators_check_what_they_are_given():
    assert CountedOperator(scipy.sparse.coo_array(np.eye(2))).matrix.format == "csr"
    with pytest.raises(ValueError, match="size n"):
        CountedOperator(lambda x: x)
    with pytest.raises(ValueError, match=r"square operator, not one of shape \(2, 3\)"):
        CountedOperator(scipy.sparse.linalg.aslinearoperator(np.ones((2, 3))))
    with pytest.raises(ValueError, match="n is 3"):
        CountedOperator(np.eye(2), 3)
    assert CountedOperator(np.eye(2, dtype=int))(np.ones(2)).dtype == np.float64
