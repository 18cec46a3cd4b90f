"""The tangent kernel of a network as it is: its matrix, how far it moved, and what it finds easy to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unseen.contracts.measure import measure

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = NDArray[np.float64]


@measure(paper="109")
def empirical_ntk(
    model: nn.Module, left: Tensor, right: Tensor | None = None, *, chunk: int = 8, trace: bool = True
) -> Array:
    r"""Tangent kernel :math:`\Theta(x, x') = J(x) J(x')^T` of a network at its present parameters.

    (Jacot, Gabriel & Hongler 2018, section 4.) At no time are more than ``2 * chunk`` rows of Jacobians in memory;
    those of `right` are computed anew for each block of `left`.

    Parameters
    ----------
    model : nn.Module
        The network.
    left, right : Tensor, shapes (n, ...) and (m, ...)
        Inputs; without `right` the kernel of `left` with itself, exactly symmetric.
    chunk : int
        Examples per block.
    trace : bool
        Whether to return the mean over outputs of the diagonal blocks, which is the kernel of one output where outputs
        do not mix, as at infinite width; else the blocks themselves.

    Returns
    -------
    array of float64, shape (n, m), or (n, m, outputs, outputs) if not `trace`
        Computed in the network's own precision.

    Raises
    ------
    ValueError
        If there are no inputs or `chunk` is below 1.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> empirical_ntk(torch.nn.Linear(2, 1), x).tolist()  # x.x' + 1, the bias
    [[6.0, 12.0], [12.0, 26.0]]
    """
    from unseen.measures.jacobian import jacobian_blocks

    if right is not None:
        rows = [
            np.concatenate([_contract(a, b, trace) for b in jacobian_blocks(model, right, chunk=chunk)], axis=1)
            for a in jacobian_blocks(model, left, chunk=chunk)
        ]
        return np.concatenate(rows)
    blocks: list[list[Array]] = []
    for i, a in enumerate(jacobian_blocks(model, left, chunk=chunk)):
        # Blocks below the diagonal are mirrored: half of the work, and a symmetric result.
        mirrored = [np.swapaxes(blocks[j][i], 0, 1) for j in range(i)]
        if not trace:
            mirrored = [np.swapaxes(block, 2, 3) for block in mirrored]
        later = left[i * chunk :]
        computed = [_contract(a, b, trace) for b in jacobian_blocks(model, later, chunk=chunk)]
        blocks.append(mirrored + computed)
    kernel = np.concatenate([np.concatenate(row, axis=1) for row in blocks])
    mirror = np.swapaxes(kernel, 0, 1)
    return np.asarray((kernel + (mirror if trace else np.swapaxes(mirror, 2, 3))) / 2)


def _contract(left: list[Tensor], right: list[Tensor], trace: bool) -> Array:
    """Inner products over parameters of two blocks of Jacobians."""
    import torch

    form = "iop,jop->ij" if trace else "iop,jqp->ijoq"
    total = sum(torch.einsum(form, a, b) for a, b in zip(left, right, strict=True))
    assert isinstance(total, torch.Tensor)
    found = np.asarray(total.cpu().numpy(), dtype=np.float64)
    return found / left[0].shape[1] if trace else found


@measure(low=0, paper="109")
def kernel_drift(before: ArrayLike, after: ArrayLike) -> float:
    """How far a kernel moved, relative to its size: ``|after - before| / |before|`` in the Frobenius norm.

    Parameters
    ----------
    before, after : array_like of float, of one shape
        Kernel matrices on the same inputs; as `before` also a prediction whose error is asked for.

    Returns
    -------
    float
        0 or above; 0 for a kernel that stayed.

    Raises
    ------
    ValueError
        If the shapes differ or `before` is zero.

    Examples
    --------
    >>> kernel_drift([[1.0, 0.0], [0.0, 1.0]], [[1.5, 0.0], [0.0, 1.5]])
    0.5
    """
    first, second = (np.asarray(kernel, dtype=np.float64) for kernel in (before, after))
    if first.shape != second.shape:
        raise ValueError(f"kernels of one shape can be compared, not {first.shape} and {second.shape}")
    size = float(np.linalg.norm(first))
    if size == 0:
        raise ValueError("the kernel before is zero, so nothing can be measured relative to it")
    return float(np.linalg.norm(second - first)) / size


@measure(low=0, paper="109")
def kernel_spectrum(kernel: ArrayLike, targets: ArrayLike) -> tuple[Array, Array]:
    """What a kernel method learns, fastest first: eigenvalues, and the targets' power along each eigenvector.

    Gradient descent on least squares learns each component at the rate of its eigenvalue (Jacot, Gabriel & Hongler
    2018, section 5).

    Parameters
    ----------
    kernel : array_like of float, shape (n, n)
        Symmetric and positive semidefinite up to rounding.
    targets : array_like of float, shape (n,)
        What is to be learned.

    Returns
    -------
    eigenvalues, power : arrays of shape (n,)
        Eigenvalues descending, rounded up to 0; squared components of the targets, which sum to their squared norm.

    Raises
    ------
    ValueError
        If the shapes do not fit or the kernel is not symmetric.

    Examples
    --------
    >>> eigenvalues, power = kernel_spectrum([[2.0, 0.0], [0.0, 3.0]], [1.0, 0.5])
    >>> eigenvalues.tolist(), power.tolist()
    ([3.0, 2.0], [0.25, 1.0])
    """
    matrix, wanted = np.asarray(kernel, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or wanted.shape != matrix.shape[:1]:
        raise ValueError(f"kernel and targets must have shapes (n, n) and (n,), not {matrix.shape} and {wanted.shape}")
    if not np.allclose(matrix, matrix.T, rtol=1e-5, atol=1e-8 * np.abs(matrix).max()):
        raise ValueError("the kernel must be symmetric")
    values, vectors = np.linalg.eigh(matrix)
    return np.maximum(values[::-1], 0.0), (vectors.T @ wanted)[::-1] ** 2
