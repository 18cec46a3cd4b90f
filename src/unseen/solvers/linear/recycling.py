"""The recycled space of GCRO-DR: harmonic Ritz vectors, and the orthonormal basis of their images."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from unseen.solvers.linear.arnoldi import ArnoldiCycle
from unseen.solvers.linear.interface import Array

DEPENDENT = 1e-10
"""An image whose part orthogonal to the others is a smaller share than this adds nothing."""


def image_basis(space: Array, images: Array) -> tuple[Array, Array]:
    """Orthonormal C and U with ``A U = C``, from vectors and their images under A.

    Parameters
    ----------
    space, images : float64 arrays, shape (k, n)
        One vector per row; ``images[i] = A space[i]``.

    Returns
    -------
    C, U : float64 arrays, shape (rank, n)
        The span is kept, but for vectors whose images depend on the others.
    """
    C, U = images, space
    for _ in range(2):
        gram = C @ C.T
        try:
            factor = np.linalg.cholesky(gram)
        except np.linalg.LinAlgError:
            return _pivoted(space, images)
        if factor.diagonal().min() <= 1e-6 * factor.diagonal().max():
            return _pivoted(space, images)
        inverse = scipy.linalg.solve_triangular(factor, np.eye(len(factor)), lower=True, check_finite=False)
        C, U = inverse @ C, inverse @ U
    return C, U


def _pivoted(space: Array, images: Array) -> tuple[Array, Array]:
    """As `image_basis`, by Householder QR with pivoting: for images that are nearly dependent."""
    Q, R, order = scipy.linalg.qr(images.T, mode="economic", pivoting=True)
    sizes = np.abs(R.diagonal())
    rank = int((sizes > DEPENDENT * sizes[0]).sum()) if sizes[0] > 0 else 0
    U = scipy.linalg.solve_triangular(R[:rank, :rank], space[order[:rank]], trans="T")
    return np.ascontiguousarray(Q[:, :rank].T), U


def harmonic_vectors(G: Array, S: Array, k: int) -> Array:
    r"""A real orthonormal basis of the harmonic Ritz vectors of smallest magnitude, shape (columns, k or k + 1).

    Solves :math:`G^T G z = \theta G^T S z` as an eigenproblem of :math:`G^+ S`, whose eigenvalues are 1/theta; with
    G = [D B; 0 H] and S the inner products of the two bases these are the harmonic Ritz pairs (Parks et al., 2006,
    section 2.3). Both vectors of a complex pair are kept, so that one more may come back; all, where there are fewer.

    Parameters
    ----------
    G, S : float64 arrays, shape (rows, columns), rows >= columns
    k : int

    Raises
    ------
    numpy.linalg.LinAlgError
        If G has no full rank.
    """
    Q, R = np.linalg.qr(G)
    if np.abs(R.diagonal()).min() <= DEPENDENT * np.abs(R.diagonal()).max():
        raise np.linalg.LinAlgError("the projected matrix is singular")
    if k >= G.shape[1]:
        return np.eye(G.shape[1])
    values, vectors = np.linalg.eig(scipy.linalg.solve_triangular(R, Q.T @ S, check_finite=False))
    # Of a pair the one with positive imaginary part stands for both.
    alone = np.flatnonzero(values.imag >= 0)
    chosen: list[Array] = []
    for index in alone[np.argsort(-np.abs(values[alone]), kind="stable")]:
        if len(chosen) >= k:
            break
        chosen.append(vectors[:, index].real)
        if values[index].imag > 0:
            chosen.append(vectors[:, index].imag)
    return np.asarray(np.linalg.qr(np.array(chosen).T)[0])


def new_space(U: Array, basis: Array, cycle: ArnoldiCycle, k: int, rows: int) -> tuple[Array, Array] | None:
    """The recycled space after a cycle: C and U with ``A U = C``; None where the projected problem is singular.

    Parameters
    ----------
    U : float64 array, shape (c, n)
        The space before.
    basis : float64 array, shape (rows or more, n)
        C, then the Krylov vectors.
    cycle : ArnoldiCycle
    k : int
        How many vectors are wanted.
    rows : int
        Rows of the basis that the cycle's images lie in.
    """
    c, j = len(U), cycle.steps
    scale = 1 / np.linalg.norm(U, axis=1)
    G = np.zeros((rows, c + j))
    G[np.arange(c), np.arange(c)] = scale
    G[:, c:] = cycle.coefficients[:rows]
    S = np.zeros((rows, c + j))
    if c:
        S[:, :c] = (basis[:rows] @ U.T) * scale
    S[c + np.arange(j), c + np.arange(j)] = 1.0
    try:
        P = harmonic_vectors(G, S, k)
        Q, R = np.linalg.qr(G @ P)
        inverse = scipy.linalg.solve_triangular(R, np.eye(len(R)), check_finite=False)
    except np.linalg.LinAlgError:
        return None
    mixed = P @ inverse
    images = Q.T @ basis[:rows]
    vectors = mixed[c:].T @ basis[c : c + j]
    if c:
        vectors += (mixed[:c] * scale[:, None]).T @ U
    return images, vectors
