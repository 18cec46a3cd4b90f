"""Which features a classifier relies on: what is left of it when a block of features is shuffled among examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.measure import measure
from unseen.contracts.problem import random_stream

Array = NDArray[np.float64]
Scores = Callable[[Array], Any]


@measure(low=0, high=1, paper="041")
def randomised_auc(
    scores: Scores,
    x: Array,
    classes: Any,
    *,
    coordinates: slice | Sequence[int],
    frame: Array | None = None,
    seed: int = 0,
) -> float:
    """Area under the ROC curve after a block of features has been permuted among the examples.

    The block is permuted as a whole, so that what its features tell together stays with them. 0.5 says that the
    classifier relies on the block alone, an unchanged area that it does not need it. (Shah et al. 2020, section 4.)

    Parameters
    ----------
    scores : callable
        ``scores(x) -> array of shape (n,)``, larger for class 1.
    x : array, shape (n, d)
        Inputs of a test set.
    classes : array, shape (n,)
        0 or 1; both must occur.
    coordinates : slice or sequence of int
        The block; an empty one gives the ordinary area.
    frame : array, shape (d, d), optional
        Orthonormal; ``x @ frame.T`` are the features. By default the inputs are the features.
    seed : int
        Decides the permutation.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If shapes do not fit, a class is missing or scores are not finite.

    Examples
    --------
    >>> x = np.stack([np.tile([-1.0, 1.0], 2000), np.zeros(4000)], axis=1)
    >>> classes = x[:, 0] > 0
    >>> [round(randomised_auc(lambda x: x[:, 0], x, classes, coordinates=[i]), 1) for i in (0, 1)]
    [0.5, 1.0]
    """
    from scipy.stats import rankdata

    labels = _classes(x, classes)
    given = _scores(scores, permuted_block(x, coordinates=coordinates, frame=frame, seed=seed))
    positive = int(labels.sum())
    negative = len(labels) - positive
    if not positive or not negative:
        raise ValueError("the area under the ROC curve needs examples of both classes")
    return float((rankdata(given)[labels].sum() - positive * (positive + 1) / 2) / (positive * negative))


@measure(low=0, high=1, paper="041")
def randomised_accuracy(
    scores: Scores,
    x: Array,
    classes: Any,
    *,
    coordinates: slice | Sequence[int],
    frame: Array | None = None,
    seed: int = 0,
) -> float:
    """Accuracy after a block of features has been permuted among the examples; class 1 is a score above 0.

    Parameters
    ----------
    scores, x, classes, coordinates, frame, seed
        As for `randomised_auc`.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If shapes do not fit or scores are not finite.

    Examples
    --------
    >>> x = np.tile([[-1.0], [1.0]], (2000, 1))
    >>> block = {"none": [], "all": [0]}
    >>> [round(randomised_accuracy(lambda x: x[:, 0], x, x[:, 0] > 0, coordinates=c), 1) for c in block.values()]
    [1.0, 0.5]
    """
    labels = _classes(x, classes)
    given = _scores(scores, permuted_block(x, coordinates=coordinates, frame=frame, seed=seed))
    return float(np.mean((given > 0) == labels))


def permuted_block(x: Array, *, coordinates: slice | Sequence[int], frame: Array | None = None, seed: int = 0) -> Array:
    """The inputs with one block of features permuted among the examples, all coordinates of the block alike.

    Parameters
    ----------
    x, coordinates, frame, seed
        As for `randomised_auc`.

    Returns
    -------
    float64 array, shape (n, d)
    """
    inputs = np.asarray(x, dtype=np.float64)
    if inputs.ndim != 2:
        raise ValueError(f"inputs must have shape (n, d), not {inputs.shape}")
    if frame is not None and np.shape(frame) != (inputs.shape[1],) * 2:
        raise ValueError(f"the frame must have shape {(inputs.shape[1],) * 2}, not {np.shape(frame)}")
    block = coordinates if isinstance(coordinates, slice) else np.asarray(coordinates, dtype=np.int64)
    features = inputs.copy() if frame is None else inputs @ frame.T
    order = random_stream("permuted block", seed).permutation(len(inputs))
    features[:, block] = features[order][:, block]
    return features if frame is None else np.asarray(features @ frame)


def _classes(x: Array, classes: Any) -> NDArray[np.bool_]:
    labels = np.asarray(classes)
    if labels.shape != (len(x),) or not np.isin(labels, (0, 1)).all():
        raise ValueError(f"classes must be {len(x)} zeros and ones, not an array of shape {labels.shape}")
    return labels.astype(bool)


def _scores(scores: Scores, x: Array) -> Array:
    given = np.asarray(scores(x), dtype=np.float64)
    if given.shape != (len(x),) or not np.isfinite(given).all():
        raise ValueError(f"scores must be {len(x)} finite numbers, not an array of shape {given.shape}")
    return given
