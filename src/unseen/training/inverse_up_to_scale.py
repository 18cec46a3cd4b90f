"""What a network that proposes search directions for ``A x = b`` is trained with: no solutions are needed.

With a matrix of one's own, M in SciPy's CSR format, and any network on fields b of its grid::

    A = torch.sparse_csr_tensor(M.indptr, M.indices, M.data, M.shape, dtype=torch.float32)
    q = network(b)
    loss = inverse_up_to_scale_loss(q, (A @ q.flatten(1).T).T, b)

Right-hand sides to train on come from `unseen.problems.linear.ritz`; what was trained solves systems in
`unseen.solvers.linear.deep_conjugate_directions`.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def inverse_up_to_scale_loss(directions: Tensor, images: Tensor, right_sides: Tensor) -> Tensor:
    r"""The share of the residual's energy that is left after the step of least energy along each direction, a mean.

    :math:`|b - \alpha A q|^2 / |b|^2` with :math:`\alpha = (q\cdot b)/(q\cdot A q)`: 0 where q is the solution or any
    multiple of it, so that only its direction counts (Kaneda et al., 2023). It is 1 for a direction orthogonal to b,
    and may be more.

    Parameters
    ----------
    directions, images, right_sides : Tensor, shape (n, ...)
        q, ``A q`` and b; rows of as many numbers. A is symmetric positive definite, and b not zero.

    Returns
    -------
    Tensor
        Scalar.

    Examples
    --------
    >>> import torch
    >>> b = torch.tensor([[1.0, 2.0]])
    >>> A = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    >>> float(inverse_up_to_scale_loss(torch.tensor([[-1.0, -4.0]]), torch.tensor([[-1.0, -4.0]]) @ A, b))
    0.0
    """
    q, image, b = (tensor.flatten(1) for tensor in (directions, images, right_sides))
    step = (q * b).sum(1, keepdim=True) / (q * image).sum(1, keepdim=True)
    return ((b - step * image).square().sum(1) / b.square().sum(1)).mean()


def negative_laplacian(fields: Tensor) -> Tensor:
    """``-laplace(u)`` by 2d + 1 points with u = 0 outside, times the squared grid width.

    Parameters
    ----------
    fields : Tensor, shape (n, c, g_1, ..., g_d)

    Examples
    --------
    >>> import torch
    >>> negative_laplacian(torch.ones(1, 1, 3, 3))[0, 0].tolist()
    [[2.0, 1.0, 2.0], [1.0, 0.0, 1.0], [2.0, 1.0, 2.0]]
    """
    dimension = fields.ndim - 2
    found = 2 * dimension * fields
    for axis in range(dimension):
        fill = [0, 0] * (dimension - 1 - axis)
        sides = fields.shape[axis + 2]
        before = functional.pad(fields.narrow(axis + 2, 0, sides - 1), [*fill, 1, 0])
        after = functional.pad(fields.narrow(axis + 2, 1, sides - 1), [*fill, 0, 1])
        found = found - before - after
    return found
