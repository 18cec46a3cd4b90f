"""Ritz vectors against dense eigenvectors, and mixtures against their prescribed weights."""

import numpy as np
import pytest
import scipy.sparse.linalg

from unseen.problems.linear.elliptic import neumann_matrix, poisson_matrix
from unseen.problems.linear.ritz import mode_mixtures, ritz_mixtures, ritz_vectors
from unseen.problems.linear.spectra import spd_with_spectrum


def generator(seed=0):
    return np.random.default_rng(seed)


def test_a_full_process_gives_all_eigenpairs():
    values = np.geomspace(1e-3, 10, 40)
    A = spd_with_spectrum(generator(1), values)
    pairs = ritz_vectors(A, 40, generator())
    assert np.allclose(pairs.values, values, rtol=1e-9, atol=1e-12)
    assert np.allclose(pairs.vectors @ A, pairs.values[:, None] * pairs.vectors, atol=1e-10)


def test_pairs_are_those_of_the_matrix_projected_on_a_krylov_space():
    A = poisson_matrix((7, 6))
    m = 9
    pairs = ritz_vectors(A, m, generator(3))
    start = A @ generator(3).standard_normal(42)
    krylov = [start / np.linalg.norm(start)]
    for _ in range(m - 1):
        w = A @ krylov[-1]
        krylov.append(w / np.linalg.norm(w))
    basis = np.linalg.qr(np.array(krylov).T)[0]
    assert np.allclose(pairs.values, np.linalg.eigvalsh(basis.T @ A @ basis), rtol=1e-6)
    # The rows span that space, are orthonormal, and what A leaves of a Ritz vector is orthogonal to all of it.
    assert np.allclose(basis @ (basis.T @ pairs.vectors.T), pairs.vectors.T, atol=1e-6)
    assert np.allclose(pairs.vectors @ pairs.vectors.T, np.eye(m), atol=1e-12)
    rest = (A @ pairs.vectors.T).T - pairs.values[:, None] * pairs.vectors
    assert np.allclose(rest @ pairs.vectors.T, 0, atol=1e-9)


def test_converged_pairs_do_not_return_as_ghosts():
    # One value far from the others converges at once; without re-orthogonalisation its copies come back.
    values = np.r_[np.linspace(1, 2, 299), 1e4]
    pairs = ritz_vectors(np.diag(values), 120, generator())
    assert (pairs.values > 100).sum() == 1
    assert np.allclose(pairs.vectors @ pairs.vectors.T, np.eye(120), atol=1e-11)


def test_one_vector_for_each_distinct_eigenvalue():
    A = np.diag(np.repeat([1.0, 2.0, 5.0], 6))
    pairs = ritz_vectors(A, 18, generator())
    assert np.allclose(pairs.values, [1, 2, 5])
    again = ritz_vectors(scipy.sparse.linalg.aslinearoperator(A), 18, generator())
    assert np.allclose(again.vectors, pairs.vectors)


def test_mixtures_have_length_one_and_the_lower_half_emphasised():
    pairs = ritz_vectors(np.diag(np.arange(1.0, 41)), 40, generator())
    mixed = ritz_mixtures(pairs, 4000, generator(1), emphasis=9.0, extra=0.05)
    assert np.allclose(np.linalg.norm(mixed, axis=1), 1)
    energy = (mixed @ pairs.vectors.T) ** 2
    # Within a mixture its length cancels; the mean of 1/chi^2 with m degrees of freedom is 1 / (m - 2).
    ratios = energy[:, :22].mean(axis=1) / energy[:, 22:].mean(axis=1)
    assert np.isclose(ratios.mean(), 81 * 18 / 16, rtol=0.05)
    assert np.ptp(energy[:, :22].mean(axis=0)) < 0.2 * energy[:, :22].mean()


def test_kernels_are_left_out():
    A = neumann_matrix((30,))
    pairs = ritz_vectors(A, 29, generator())
    constants = ritz_mixtures(pairs, 5, generator(1)) @ np.ones(30)
    assert np.allclose(constants, 0, atol=1e-8)


def test_mixtures_of_modes_are_those_of_the_exact_eigenvectors():
    shape = (6, 5)
    values, vectors = np.linalg.eigh(poisson_matrix(shape).toarray())
    mixed = mode_mixtures(shape, 20_000, generator(2)).reshape(-1, 30)
    assert np.allclose(np.linalg.norm(mixed, axis=1), 1)
    energy = (mixed @ vectors) ** 2
    low = round(0.55 * 30)
    ratios = energy[:, :low].mean(axis=1) / energy[:, low:].mean(axis=1)
    assert np.isclose(ratios.mean(), 81 * (30 - low) / (28 - low), rtol=0.05)
    assert (np.diff(values) >= -1e-9).all()
    assert mode_mixtures((3, 4, 2), 2, generator()).shape == (2, 3, 4, 2)


def test_misuse_is_named():
    with pytest.raises(ValueError, match="m must be a whole number from 1 to 3, not 4"):
        ritz_vectors(np.eye(3), 4, generator())
    with pytest.raises(ValueError, match="must be finite and not zero"):
        ritz_vectors(np.zeros((3, 3)), 2, generator())
    with pytest.raises(ValueError, match="finite"):
        ritz_vectors(np.full((3, 3), np.nan), 2, generator())
    pairs = ritz_vectors(np.diag([1.0, 2.0]), 2, generator())
    with pytest.raises(ValueError, match=r"extra between 0 and 0\.5"):
        ritz_mixtures(pairs, 1, generator(), extra=0.7)
