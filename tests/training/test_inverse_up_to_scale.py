"""The loss against its definition, one vector after the other, and the stencil against the matrix."""

import numpy as np
import pytest
import torch

from unseen.problems.linear.elliptic import poisson_matrix
from unseen.problems.linear.spectra import spd_with_spectrum
from unseen.training.inverse_up_to_scale import inverse_up_to_scale_loss, negative_laplacian


@pytest.fixture
def system():
    generator = np.random.default_rng(0)
    A = spd_with_spectrum(generator, np.geomspace(0.1, 10, 12))
    return A, generator.standard_normal((5, 12)), generator.standard_normal((5, 12))


def loss(A, q, b):
    return float(inverse_up_to_scale_loss(*(torch.from_numpy(values) for values in (q, q @ A, b))))


def test_it_is_what_the_best_step_in_energy_leaves(system):
    A, q, b = system
    left = []
    for direction, right_side in zip(q, b, strict=True):
        x = np.linalg.solve(A, right_side)
        # The step that is nearest to the solution in the norm of A, found by least squares with its factor.
        factor = np.linalg.cholesky(A).T
        step = np.linalg.lstsq((factor @ direction)[:, None], factor @ x, rcond=None)[0][0]
        left.append(np.sum((right_side - A @ (step * direction)) ** 2) / np.sum(right_side**2))
    assert np.isclose(loss(A, q, b), np.mean(left))


def test_only_directions_count_and_the_solution_leaves_nothing(system):
    A, q, b = system
    scales = np.array([3.0, -0.2, 1e3, 1e-3, -1.0])[:, None]
    assert np.isclose(loss(A, scales * q, b), loss(A, q, b))
    assert np.isclose(loss(A, q, scales * b), loss(A, q, b))
    solutions = np.linalg.solve(A, b.T).T
    assert loss(A, scales * solutions, b) < 1e-20
    orthogonal = q - (q * b).sum(1, keepdims=True) / (b * b).sum(1, keepdims=True) * b
    assert np.isclose(loss(A, orthogonal, b), 1)


def test_its_gradient_is_right_and_vanishes_along_the_direction(system):
    A, q, b = (torch.from_numpy(values) for values in system)
    q = q.requires_grad_()
    assert torch.autograd.gradcheck(lambda d: inverse_up_to_scale_loss(d, d @ A, b), (q,))
    (gradient,) = torch.autograd.grad(inverse_up_to_scale_loss(q, q @ A, b), (q,))
    assert torch.allclose((gradient * q).sum(1), torch.zeros(5, dtype=torch.float64), atol=1e-12)


@pytest.mark.parametrize("shape", [(7,), (5, 6), (3, 4, 5)])
def test_the_stencil_is_the_matrix(shape):
    fields = np.random.default_rng(0).standard_normal((3, *shape))
    if len(set(shape)) == 1:
        A = poisson_matrix(shape) / (shape[0] + 1) ** 2
        expected = fields.reshape(3, -1) @ A.toarray()
    else:
        # Sides of different width have different grid widths in the matrix, none in the stencil.
        lines = [poisson_matrix((side,)).toarray() / (side + 1) ** 2 for side in shape]
        expected = sum(
            np.moveaxis(np.tensordot(fields, L, (axis + 1, 0)), -1, axis + 1) for axis, L in enumerate(lines)
        )
    found = negative_laplacian(torch.from_numpy(fields)[:, None])
    assert np.allclose(found.numpy().reshape(3, -1), np.reshape(expected, (3, -1)))


def test_a_sparse_matrix_of_ones_own():
    M = poisson_matrix((5, 4))
    A = torch.sparse_csr_tensor(M.indptr, M.indices, M.data, M.shape, dtype=torch.float64)
    fields = torch.from_numpy(np.random.default_rng(0).standard_normal((2, 1, 5, 4)))
    q = (fields**2 + fields).requires_grad_()
    found = inverse_up_to_scale_loss(q, (A @ q.flatten(1).T).T, fields)
    expected = inverse_up_to_scale_loss(q, q.flatten(1) @ torch.from_numpy(M.toarray()), fields)
    assert torch.allclose(found, expected)
    assert torch.allclose(*(torch.autograd.grad(value, q)[0] for value in (found, expected)))
