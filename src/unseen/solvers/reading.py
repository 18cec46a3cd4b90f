"""How solvers that compute with real vectors read questions and write bits."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples

Answers = Literal["values", "bits"]


def feature_matrix(examples: Examples) -> NDArray[np.float64]:
    """All input columns side by side, in alphabetical order, float64 of shape (n, features).

    Raises
    ------
    ValueError
        If a column does not hold numbers.

    Examples
    --------
    >>> feature_matrix(Examples({"b": np.array([1, 2]), "a": np.array([[3, 4], [5, 6]])}, None)).tolist()
    [[3.0, 4.0, 1.0], [5.0, 6.0, 2.0]]
    """
    columns = []
    for name, column in sorted(examples.inputs.items()):
        if column.dtype.kind not in "biuf":
            raise ValueError(f"column {name!r} holds {column.dtype}, not numbers")
        columns.append(column.reshape(len(column), -1).astype(np.float64))
    return np.concatenate(columns, axis=1)


def target_matrix(examples: Examples) -> NDArray[np.float64]:
    """The targets, float64 of shape (n, outputs).

    Raises
    ------
    ValueError
        If there are none.
    """
    if examples.targets is None:
        raise ValueError("training needs examples with targets")
    return examples.targets.reshape(len(examples.targets), -1).astype(np.float64)


def written(values: NDArray[Any], answers: Answers, tolerance: float) -> NDArray[Any]:
    """The values themselves or, for ``"bits"``, 1 where a value exceeds `tolerance` and 0 elsewhere.

    The tolerance keeps outputs that are exactly zero but for rounding from being read as ones.
    """
    return (values > tolerance).astype(np.int64) if answers == "bits" else values


def check_answers(answers: str) -> None:
    """Raise ValueError unless `answers` is ``"values"`` or ``"bits"``."""
    if answers not in ("values", "bits"):
        raise ValueError(f"answers must be 'values' or 'bits', not {answers!r}")
