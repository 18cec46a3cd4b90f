"""The Arnoldi process: its basis stays orthonormal whatever the products are like, with as few passes as that takes."""

import numpy as np
import pytest

from unseen.problems.linear.elliptic import convection_diffusion_matrix, helmholtz_matrix
from unseen.problems.linear.spectra import random_orthogonal
from unseen.solvers.linear import arnoldi as module
from unseen.solvers.linear.arnoldi import arnoldi

N, FIXED, STEPS = 144, 6, 25


def helmholtz():
    return helmholtz_matrix(np.full((12, 12), 9.0)).toarray()


def convection():
    return convection_diffusion_matrix((12, 12), np.array([40.0, -15.0])).toarray()


def shifted():
    """Products that lie all but entirely along the last vector."""
    return 1e6 * np.eye(N) + helmholtz()


def backward():
    """A cycle of directions: products that lie mostly along the oldest vectors, once the space is large."""
    q = random_orthogonal(np.random.default_rng(1), N)
    return q @ (np.roll(np.eye(N), 1, axis=0) + 50.0 * np.outer(np.eye(N)[0], np.ones(N))) @ q.T


def cycle(A, fixed=FIXED, seed=0):
    """Basis and coefficients for a projected operator, beginning with `fixed` orthonormal vectors."""
    generator = np.random.default_rng(seed)
    basis = np.empty((fixed + STEPS + 1, N))
    basis[: fixed + 1] = np.linalg.qr(generator.standard_normal((N, fixed + 1)))[0].T
    found = arnoldi(lambda v: A @ v, basis, fixed, STEPS, 1.0, 0.0, lambda residual: None)
    return basis, found


@pytest.mark.parametrize("make", [helmholtz, convection, shifted, backward])
@pytest.mark.parametrize("fixed", [0, FIXED])
def test_the_basis_is_orthonormal_and_the_relation_holds(make, fixed):
    A = make()
    basis, found = cycle(A, fixed)
    rows = fixed + found.steps + 1
    assert np.allclose(basis[:rows] @ basis[:rows].T, np.eye(rows), atol=1e-13)
    krylov = basis[fixed : fixed + found.steps]
    error = A @ krylov.T - basis[:rows].T @ found.coefficients
    assert np.abs(error).max() <= 1e-13 * np.linalg.norm(A, 2)


def test_coefficients_are_those_of_the_whole_pass_taken_twice():
    A = convection()
    basis, found = cycle(A)
    for step in range(found.steps):
        have = basis[: FIXED + step + 1]
        expected = have @ (A @ have[-1])
        assert np.allclose(found.coefficients[: FIXED + step + 1, step], expected, atol=1e-12 * np.linalg.norm(A, 2))


def test_one_pass_is_enough_for_a_symmetric_matrix(monkeypatch):
    passes = []
    plain = module.dgemv
    monkeypatch.setattr(module, "dgemv", lambda *given, **named: passes.append(1) or plain(*given, **named))
    cycle(helmholtz(), fixed=0)
    assert len(passes) == STEPS
    passes.clear()
    cycle(backward(), fixed=0)
    assert len(passes) > STEPS


def test_an_invariant_space_ends_the_cycle():
    A = np.diag(np.repeat([1.0, 2.0, 5.0], 48))
    _, found = cycle(A, fixed=0)
    assert found.exhausted
    assert found.steps == 3
