"""In which order to solve a set of systems, so that neighbours are alike."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.fft
import scipy.spatial
from numpy.typing import NDArray

Array = NDArray[np.float64]
Order = Literal["given", "greedy", "pca", "random"]


def sort_by_similarity(
    parameters: Array, method: Order = "greedy", generator: np.random.Generator | None = None
) -> NDArray[np.int64]:
    """An order of parameter sets in which successive ones are alike.

    ``"greedy"``: from the first set always to the nearest one not yet visited, by Euclidean (for matrices Frobenius)
    distance. ``"pca"``: by the first principal component. ``"random"``, ``"given"``: for comparison.

    Parameters
    ----------
    parameters : float64 array, shape (systems, ...)
        Coefficient fields, or features of them such as `low_frequencies`.
    method : str
    generator : numpy.random.Generator, optional
        Needed for ``"random"``.

    Returns
    -------
    int64 array, shape (systems,)
        A permutation.

    Raises
    ------
    ValueError
        If a parameter is not finite, the method unknown, or the generator missing.

    Examples
    --------
    >>> sort_by_similarity(np.array([[0.0], [5.0], [1.0], [4.0]])).tolist()
    [0, 2, 3, 1]
    """
    flat = np.asarray(parameters, dtype=np.float64)
    if flat.ndim < 1 or not np.isfinite(flat).all():
        raise ValueError("parameters must be finite numbers, one set per row")
    flat = flat.reshape(len(flat), -1) if len(flat) else flat.reshape(0, 1)
    if method == "given":
        return np.arange(len(flat))
    if method == "random":
        if generator is None:
            raise ValueError("a random order needs a generator")
        return generator.permutation(len(flat))
    if method == "greedy":
        return _greedy(flat)
    if method == "pca":
        if not len(flat):
            return np.arange(0)
        centred = flat - flat.mean(axis=0)
        score = np.linalg.svd(centred, full_matrices=False)
        return np.argsort(score[0][:, 0] * score[1][0], kind="stable")
    raise ValueError(f"method must be given, greedy, pca or random, not {method!r}")


def low_frequencies(fields: Array, kept: int) -> Array:
    """The lowest cosine modes of fields along each axis: what of them decides the lowest eigenvectors of an operator.

    Parameters
    ----------
    fields : float64 array, shape (systems, g_1, ..., g_d)
    kept : int
        Modes per axis, at least 1.

    Returns
    -------
    float64 array, shape (systems, min(kept, g_1), ..., min(kept, g_d))

    Raises
    ------
    ValueError
        If `kept` is below 1.
    """
    if kept < 1:
        raise ValueError(f"kept must be at least 1, not {kept!r}")
    axes = tuple(range(1, np.ndim(fields)))
    modes = np.asarray(scipy.fft.dctn(np.asarray(fields, dtype=np.float64), type=2, norm="ortho", axes=axes))
    return modes[(slice(None), *(slice(kept),) * len(axes))]


def _greedy(points: Array) -> NDArray[np.int64]:
    count = len(points)
    order = np.zeros(count, dtype=np.int64)
    left = np.ones(count, dtype=bool)
    left[:1] = False
    for place in range(1, count):
        # Distances to one point at a time: no table of all pairs, which thousands of fields would not leave room for.
        distances = scipy.spatial.distance.cdist(points[order[place - 1]][None], points)[0]
        distances[~left] = np.inf
        order[place] = distances.argmin()
        left[order[place]] = False
    return order
