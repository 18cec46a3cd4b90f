"""A teacher that is a small network of rectified linear units: the nonlinear counterpart of the linear teacher."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from unseen.contracts.problem import random_stream
from unseen.measures.theory.ntk import relu_kernels
from unseen.problems.regression.teacher import Array, TeacherRegression, check_size, row_products


@dataclass(frozen=True)
class ReluTeacher(TeacherRegression):
    """Targets ``y = sum_k v_k relu(w_k.x) + noise`` over a few hidden units, with ``x ~ N(0, I/N)``.

    ``w_k ~ N(0, I)``, ``v_k ~ N(0, 1)``, then v is rescaled so that every teacher's ``f(x)^2`` is 1 on average over
    inputs: the signal-to-noise ratio is the same for all teachers. Teachers of this kind are used in Advani and Saxe,
    arXiv:1710.03667, section 3.

    Parameters
    ----------
    inputs, samples, snr
        As in `TeacherRegression`.
    hidden : int
        Number of the teacher's hidden units, at least 1.

    Examples
    --------
    >>> problem = ReluTeacher(inputs=10, samples=100)
    >>> examples = problem.sample("iid", 100_000, seed=1)
    >>> round(float((problem.truth(examples) ** 2).mean()), 1)
    1.0
    """

    inputs: int = 20
    hidden: int = 10

    classical_score: ClassVar[float] = 0.35
    """At the default sizes, for the best linear estimator; fitting the teacher's own form can do better."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size("hidden", self.hidden)

    @property
    def name(self) -> str:
        """``relu-teacher``."""
        return "relu-teacher"

    def teacher(self, seed: int) -> Mapping[str, Array]:
        """``first``: W, shape (hidden, N); ``second``: v, shape (hidden,)."""
        stream = random_stream(self.name, self.inputs, self.hidden, "teacher", seed)
        first = stream.standard_normal((self.hidden, self.inputs))
        second = stream.standard_normal(self.hidden)
        return {
            "first": first,
            "second": second / math.sqrt(second @ relu_kernels(first, first).nngp @ second),
        }

    def noiseless(self, x: Array, seed: int) -> Array:
        """Outputs of the network, shape (n,)."""
        weights = self.teacher(seed)
        outputs = np.zeros(len(x))
        for first, second in zip(weights["first"], weights["second"], strict=True):
            outputs += second * np.maximum(row_products(x, first), 0)
        return outputs

    def covariance(self, first: Array, second: Array) -> Array:
        """The arc-cosine kernel of degree one, twice over, shape (n, m).

        Exact for teachers before their rescaling. For equal inputs it is ``|x|^2``, one on average. Source: Cho and
        Saul, Kernel methods for deep learning, 2009, equation 6.
        """
        return np.asarray(2 * first.shape[1] * relu_kernels(first, second).nngp)
