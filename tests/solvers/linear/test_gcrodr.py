"""GCRO-DR: its invariants, a dense reference of GMRES-DR, and what carrying the space over does."""

import numpy as np
import pytest
import scipy.linalg

from unseen.problems.linear.elliptic import convection_diffusion_matrix, helmholtz_matrix, poisson_matrix
from unseen.problems.linear.gaussian_field import gaussian_field
from unseen.problems.linear.spectra import random_with_condition
from unseen.solvers.linear.gcrodr import GCRODR
from unseen.solvers.linear.gmres import GMRES
from unseen.solvers.linear.preconditioners import incomplete_lu, jacobi
from unseen.solvers.linear.recycling import harmonic_vectors, image_basis


def right_side(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n)


def system(seed=3, n=60):
    return random_with_condition(np.random.default_rng(seed), n, 200.0), right_side(n, seed + 1)


def krylov(A, r, steps):
    columns = [r / np.linalg.norm(r)]
    for _ in range(steps - 1):
        w = A @ columns[-1]
        for _ in range(2):
            w = w - np.array(columns).T @ (np.array(columns) @ w)
        columns.append(w / np.linalg.norm(w))
    return np.array(columns).T


def harmonic_ritz_space(A, basis, k):
    """Smallest harmonic Ritz vectors over a basis, straight from the definition; pairs kept together."""
    image = A @ basis
    values, vectors = scipy.linalg.eig(image.T @ image, image.T @ basis)
    chosen = []
    for index in np.argsort(np.abs(values)):
        if values[index].imag < 0:
            continue
        if len(chosen) >= k:
            break
        chosen.append(vectors[:, index].real)
        if values[index].imag > 0:
            chosen.append(vectors[:, index].imag)
    return basis @ np.array(chosen).T


def minimised(A, r, space):
    return r - A @ space @ np.linalg.lstsq(A @ space, r, rcond=None)[0]


def test_three_cycles_are_those_of_gmres_with_deflated_restarting():
    A, b = system()
    m, k = 12, 4
    space = krylov(A, b, m)
    r = minimised(A, b, space)
    expected, steps = [np.linalg.norm(r)], [m]
    for _ in range(2):
        U = harmonic_ritz_space(A, space, k)
        # GMRES-DR: the harmonic Ritz vectors and the Krylov space of the residual, m dimensions in all.
        space = np.linalg.qr(np.hstack([U, krylov(A, r, m - U.shape[1])]))[0]
        r = minimised(A, r, space)
        expected.append(np.linalg.norm(r))
        steps.append(steps[-1] + m - U.shape[1])
    found = GCRODR(m=m, k=k).solve(A, b, tolerance=1e-14, limit=steps[-1]).residuals * np.linalg.norm(b)
    assert np.allclose(found[steps], expected, rtol=1e-6)


def test_three_cycles_with_a_recycled_space_are_those_of_the_definition():
    A, b = system(5)
    m, k = 14, 5
    U = right_side(60 * k, 8).reshape(60, k)
    solver = GCRODR(m=m, k=k, space=U.T.copy())
    r = minimised(A, b, U)
    expected, steps = [np.linalg.norm(b), np.linalg.norm(r)], [0, 1]
    for _ in range(3):
        C = np.linalg.qr(A @ U)[0]
        projected = A - C @ (C.T @ A)
        space = np.linalg.qr(np.hstack([U, krylov(projected, r, m - U.shape[1])]))[0]
        steps.append(steps[-1] + m - U.shape[1])
        r = minimised(A, r, space)
        expected.append(np.linalg.norm(r))
        U = harmonic_ritz_space(A, space, k)
    found = solver.solve(A, b, tolerance=1e-14, limit=steps[-1]).residuals * np.linalg.norm(b)
    assert np.allclose(found[steps], expected, rtol=1e-6)


def test_first_cycle_is_that_of_gmres():
    A, b = system()
    ours = GCRODR(m=15, k=5).solve(A, b, limit=15).residuals
    assert np.allclose(ours, GMRES(m=15).solve(A, b, limit=15).residuals, rtol=1e-10)


@pytest.mark.parametrize("preconditioner", [None, jacobi, incomplete_lu(drop_tolerance=0.1)])
def test_residuals_never_grow_and_the_reported_ones_are_true(preconditioner):
    A, b = convection_diffusion_matrix((12, 12), np.array([40.0, 5.0])), right_side(144)
    solver = GCRODR(m=12, k=4, preconditioner=preconditioner)
    for seed in range(3):
        report = solver.solve(A, right_side(144, seed), tolerance=1e-9)
        assert report.converged
        # The last one is recomputed, so that it may differ by rounding.
        assert (np.diff(report.residuals[:-1]) <= 1e-12).all()
    for limit in (3, 20, 31):
        part = GCRODR(m=12, k=4, preconditioner=preconditioner).solve(A, b, tolerance=1e-12, limit=limit)
        whole = GCRODR(m=12, k=4, preconditioner=preconditioner).solve(A, b, tolerance=1e-12)
        if limit < whole.iterations:
            assert np.isclose(part.residuals[-1], whole.residuals[limit], rtol=1e-6)


def test_one_cycle_from_the_same_residual_is_never_behind_gmres_of_the_same_krylov_space():
    A, b = system(7)
    solver = GCRODR(m=16, k=6)
    solver.solve(A, right_side(60, 1), limit=80)
    recycled = solver.solve(A, b, limit=11).residuals
    plain = GMRES(m=10).solve(A, b, limit=10).residuals
    assert (recycled[1:] <= plain * (1 + 1e-9)).all()


def test_the_recycled_space_has_orthonormal_images():
    rng = np.random.default_rng(0)
    fields = gaussian_field(rng, 6, (14, 14))
    solver = GCRODR(m=20, k=8)
    for field in fields:
        A = helmholtz_matrix(9 * (1 + field / 20))
        assert solver.solve(A, rng.standard_normal(196), tolerance=1e-9).converged
        C = A @ solver.space.T
        assert np.allclose(C.T @ C, np.eye(len(solver.space)), atol=1e-9)
        assert len(solver.space) in (8, 9)


def test_recycled_eigenvectors_take_their_part_of_the_spectrum_away():
    A, b = helmholtz_matrix(np.full((9, 9), 9.0)), right_side(81)
    values, vectors = np.linalg.eigh(A.toarray())
    deflated = vectors[:, np.argsort(np.abs(values))[:6]]
    solver = GCRODR(m=26, k=6, space=deflated.T)
    recycled = solver.solve(A, b, tolerance=1e-12, limit=21).residuals
    # Theory: plain GMRES for what of the right-hand side is orthogonal to the eigenvectors.
    rest = b - deflated @ (deflated.T @ b)
    plain = GMRES(m=20).solve(A, rest, tolerance=1e-12, limit=20).residuals
    assert np.allclose(recycled[1:] * np.linalg.norm(b), plain * np.linalg.norm(rest), rtol=1e-6)


def test_complex_pairs_are_kept_together():
    rng = np.random.default_rng(0)
    blocks = [np.array([[t, 1.0], [-1.0, t]]) for t in (0.01, 0.02, 0.03)]
    A = scipy.linalg.block_diag(*blocks, np.diag(rng.uniform(2, 3, 40)))
    solver = GCRODR(m=20, k=3)
    solver.solve(A, rng.standard_normal(46), tolerance=1e-12)
    assert len(solver.space) == 4
    # Both directions of the pair lie in the space: it is invariant under A up to the accuracy of the Ritz vectors.
    basis = np.linalg.qr(solver.space.T)[0]
    image = A @ basis
    assert np.linalg.norm(image - basis @ (basis.T @ image)) < 0.05 * np.linalg.norm(image)


def test_harmonic_vectors_of_a_whole_space_are_eigenvectors():
    A, _ = system(2, 12)
    Q, R = np.linalg.qr(A)
    # With V the identity: A = W G for W = Q and G = R, S = Q^T.
    P = harmonic_vectors(R, Q.T, 4)
    values = np.linalg.eigvals(P.T @ A @ P)
    smallest = np.sort(np.abs(np.linalg.eigvals(A)))[: P.shape[1]]
    assert np.allclose(np.sort(np.abs(values)), smallest, rtol=1e-6)


@pytest.mark.parametrize("dependent", [False, True])
def test_images_become_orthonormal(dependent):
    rng = np.random.default_rng(0)
    A, U = rng.standard_normal((30, 30)), rng.standard_normal((5, 30))
    if dependent:
        U[3] = U[0] - U[1]
    C, V = image_basis(U, U @ A.T)
    assert len(C) == (4 if dependent else 5)
    assert np.allclose(C @ C.T, np.eye(len(C)), atol=1e-12)
    assert np.allclose(V @ A.T, C, atol=1e-10)
    assert np.linalg.matrix_rank(np.vstack([U, V])) == len(C)


def test_carrying_over_helps_and_costs_k_products():
    A, solver = poisson_matrix((20, 20)), GCRODR(m=30, k=12)
    first = solver.solve(A, right_side(400, 0))
    for seed in (1, 2):
        solver.solve(A, right_side(400, seed))
    kept = len(solver.space)
    second = solver.solve(A, right_side(400, 3))
    assert second.counters["matrix_vector_products"] < 0.85 * first.counters["matrix_vector_products"]
    # Every iteration is a product, but for the projection; then k for C = A U and one for the true residual.
    assert second.counters["matrix_vector_products"] == second.iterations - 1 + kept + 1
    solver.reset()
    again = solver.solve(A, right_side(400, 0))
    assert (again.solution == first.solution).all()


def test_a_system_solved_before_needs_the_projection_alone():
    A, b = system()
    solver = GCRODR(m=20, k=18)
    x = np.linalg.solve(A, b)
    solver.space = np.stack([x, right_side(60, 9)])
    report = solver.solve(A, b)
    assert report.converged
    assert report.counters["matrix_vector_products"] == 3


def test_small_and_changed_systems():
    solver = GCRODR()
    report = solver.solve(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([3.0, 3.0]))
    assert report.converged
    assert np.allclose(report.solution, 1)
    assert solver.solve(np.array([[5.0, 1.0], [0.0, 3.0]]), np.array([6.0, 3.0])).converged
    with pytest.raises(ValueError, match=r"of size 2, the matrix of 3: call reset\(\)"):
        solver.solve(np.eye(3), np.ones(3))
    assert GCRODR().solve(np.array([[4.0]]), np.ones(1)).solution.tolist() == [0.25]


@pytest.mark.parametrize("arguments", [{"m": 5, "k": 4}, {"k": 0}, {"m": 2.5}])
def test_misuse_is_named(arguments):
    with pytest.raises(ValueError, match="must be"):
        GCRODR(**arguments)
