"""A linear teacher with Gaussian weights: the solvable model of learning from few noisy samples in many dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from unseen.contracts.problem import random_stream
from unseen.problems.regression.teacher import Array, TeacherRegression, row_products


@dataclass(frozen=True)
class LinearTeacher(TeacherRegression):
    """Targets ``y = w.x + noise`` with ``w ~ N(0, I)`` and ``x ~ N(0, I/N)``, so that ``w.x`` has variance 1.

    The setting of Advani and Saxe, arXiv:1710.03667, section 2; `unseen.measures.theory.advani_saxe` has its learning
    curve in closed form.

    Examples
    --------
    >>> problem = LinearTeacher(inputs=20, samples=40)
    >>> examples = problem.sample("iid", 1000, seed=3)
    >>> error = problem.score(examples, problem.classical().solve(examples.questions_only())).mean()
    >>> bool(error < problem.score(examples, np.zeros(1000)).mean() / 2)
    True
    """

    classical_score: ClassVar[float] = 0.15
    """At the default sizes: theory gives 0.061 on average over teachers and training sets."""

    @property
    def name(self) -> str:
        """``linear-teacher``."""
        return "linear-teacher"

    def teacher(self, seed: int) -> Mapping[str, Array]:
        """``weights``: w, shape (N,)."""
        return {"weights": random_stream(self.name, self.inputs, "teacher", seed).standard_normal(self.inputs)}

    def noiseless(self, x: Array, seed: int) -> Array:
        """``w.x``, shape (n,)."""
        return row_products(x, self.teacher(seed)["weights"])

    def covariance(self, first: Array, second: Array) -> Array:
        """``x.x'``, shape (n, m)."""
        return np.asarray(first @ second.T)
