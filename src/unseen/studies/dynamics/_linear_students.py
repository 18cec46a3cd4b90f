"""Linear students of a linear teacher, solved exactly: the linear half of study 093."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import random_stream
from unseen.measures.theory.gradient_flow import least_squares_flow
from unseen.problems.regression.linear_teacher import LinearTeacher

Array = NDArray[np.float64]


class LinearErrors(NamedTuple):
    """Test errors, noise included, one row per draw of teacher, data and first weights."""

    curves: Array
    """From zero weights, shape (draws, times)."""
    late: Array
    """At the last time, from first weights of each variance, shape (draws, variances)."""
    stopped: Array
    """From zero weights at the stopping time, shape (draws,)."""
    ridge: Array
    """Ridge regression with penalty 1/SNR, shape (draws,)."""


def linear_errors(
    problem: LinearTeacher, seed: int, *, draws: int, times: Array, stop: float, initial_variances: Sequence[float]
) -> LinearErrors:
    """Gradient flow and ridge regression on `draws` teachers.

    With ``x ~ N(0, I/N)`` the error of given weights on fresh inputs is known without drawing any: their mean squared
    distance from the teacher's, plus the noise. First weights of all variances point in one direction per draw.
    """
    rows = []
    for draw in range(draws):
        # The number of samples is left out: a smaller training set is the beginning of a larger one.
        key = int(random_stream("093", seed, draw).integers(1 << 62))
        examples = problem.sample("train", seed=key)
        design, targets = examples.inputs["x"], np.asarray(examples.targets)
        teacher, noise = problem.teacher(key)["weights"], problem.noise_variance
        direction = random_stream("093", "first weights", key).standard_normal(problem.inputs)
        starts = np.sqrt([0.0, *initial_variances])[:, None] * direction
        students = least_squares_flow(design, targets, starts, np.append(times, stop))
        errors = ((students - teacher) ** 2).mean(axis=-1) + noise
        ridge = np.linalg.solve(design.T @ design + noise * np.eye(problem.inputs), design.T @ targets)
        rows.append((errors[0, :-1], errors[1:, -2], errors[0, -1], ((ridge - teacher) ** 2).mean() + noise))
    return LinearErrors(*(np.array(column) for column in zip(*rows, strict=True)))
