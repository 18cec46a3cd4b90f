r"""The trained network of infinite width: a Gaussian process with the mean and covariance of its ensemble.

Gradient flow on :math:`\frac12 \sum |f(x_i) - y_i|^2` for a time t gives, in the limit of infinite width, outputs

.. math::
    f_t(x) = f_0(x) + W_t(x)\,(Y - f_0(X)), \qquad
    W_t(x) = \Theta(x,X)\, \Theta(X,X)^{-1} (I - e^{-t\,\Theta(X,X)})

where :math:`f_0` is a Gaussian process of covariance :math:`\Sigma`, independent between outputs (Jacot, Gabriel &
Hongler 2018, section 5; Lee et al. 2019, equations 14-16). Over initializations the mean is :math:`W_t Y` and the
covariance :math:`\Sigma + W_t \Sigma(X,X) W_t^T - W_t \Sigma(X,\cdot) - \Sigma(\cdot,X) W_t^T`: the whole ensemble
in closed form.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples
from unseen.measures.theory.ntk import Kernels, relu_kernels
from unseen.solvers.reading import Answers, check_answers, feature_matrix, target_matrix, written

Array = NDArray[np.float64]

ROUNDING = 1e-9
"""Outputs nearer to zero than this are zero: far above rounding errors, far below means that carry a bit."""


@dataclass(frozen=True)
class Posterior:
    """Law of the outputs of one trained network of infinite width."""

    mean: Array
    """Shape (n, outputs)."""

    covariance: Array
    """Shape (n, n); the same for each output, and outputs are independent of one another."""

    def sample(self, members: int, generator: np.random.Generator) -> Array:
        """Outputs of independently initialized and trained networks, shape (members, n, outputs)."""
        noise = generator.standard_normal((members, self.mean.shape[1], len(self.mean)))
        return self.mean + np.swapaxes(noise @ self._root.T, 1, 2)

    @cached_property
    def _root(self) -> Array:
        """A matrix R with R R^T = covariance, which may be singular up to rounding."""
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


class InfiniteMLP:
    """Fully connected ReLU network of infinite width, trained by gradient flow on the squared error.

    Answers with the mean over all initializations, which an infinite ensemble would give.

    Parameters
    ----------
    depth : int
        Number of hidden layers, from 1 up.
    regime : {"ntk", "last-layer"}
        Whether all layers learn (neural tangent kernel) or the last alone does. In networks of standard scaling with
        one learning rate the last layer's share of the kernel grows with width, so that very wide ones are of the
        second kind.
    weight_scale, bias_scale : float
        Standard deviations of weights (times the root of the fan-in) and biases.
    time : float
        Training time t; infinite by default. Only the product of learning rate and number of steps counts.
    answers : {"values", "bits"}
        Whether to answer with the means or with 1 where they are positive and 0 elsewhere.

    Examples
    --------
    >>> from unseen.problems.binary.permutation import BinaryPermutation
    >>> problem = BinaryPermutation(6)
    >>> network = InfiniteMLP(answers="bits").fit(problem.sample("train", seed=1))
    >>> words = problem.sample("composed:3", seed=1)
    >>> bool(problem.score(words, network.solve(words)).all())
    True
    """

    def __init__(
        self,
        depth: int = 1,
        *,
        regime: str = "ntk",
        weight_scale: float = 1.0,
        bias_scale: float = 0.0,
        time: float = math.inf,
        answers: Answers = "values",
    ) -> None:
        if regime not in ("ntk", "last-layer"):
            raise ValueError(f"regime must be 'ntk' or 'last-layer', not {regime!r}")
        if not time >= 0:
            raise ValueError(f"time must not be negative, not {time!r}")
        check_answers(answers)
        # Checks the other parameters before any data are there.
        relu_kernels([[1.0]], [[1.0]], depth=depth, weight_scale=weight_scale, bias_scale=bias_scale)
        self.depth, self.regime, self.time, self.answers = depth, regime, time, answers
        self.weight_scale, self.bias_scale = weight_scale, bias_scale
        self._train: tuple[Array, Array, Array, Array] | None = None

    def fit(self, examples: Examples) -> Self:
        """Solve the linear system of the training inputs' kernel.

        Raises
        ------
        ValueError
            If there are no targets, or training inputs repeat so that the kernel is singular.
        """
        x, y = feature_matrix(examples), target_matrix(examples)
        kernels = self._kernels(x, x)
        rates, modes = np.linalg.eigh(self._learned(kernels))
        if rates[0] <= len(rates) * np.finfo(np.float64).eps * rates[-1]:
            raise ValueError("the kernel of the training inputs is singular: does an input repeat?")
        inverse = (modes * (-np.expm1(-rates * self.time) / rates)) @ modes.T
        self._train = x, y, kernels.nngp, inverse
        return self

    def posterior(self, examples: Examples) -> Posterior:
        """Mean and covariance over initializations of the trained outputs at the questions.

        Raises
        ------
        ValueError
            If the network was not fitted.
        """
        x, y, initial, inverse = self._fitted()
        inputs = feature_matrix(examples)
        cross, here = self._kernels(inputs, x), self._kernels(inputs, inputs).nngp
        weights = self._learned(cross) @ inverse
        mixed = weights @ cross.nngp.T
        covariance = here + weights @ initial @ weights.T - mixed - mixed.T
        return Posterior(weights @ y, (covariance + covariance.T) / 2)

    def solve(self, examples: Examples) -> NDArray[Any]:
        """The means over initializations, float64, or the bits that they stand for, int64; shape (n, outputs)."""
        x, y, _, inverse = self._fitted()
        cross = self._kernels(feature_matrix(examples), x)
        return written(self._learned(cross) @ (inverse @ y), self.answers, ROUNDING)

    def _kernels(self, left: Array, right: Array) -> Kernels:
        return relu_kernels(left, right, depth=self.depth, weight_scale=self.weight_scale, bias_scale=self.bias_scale)

    def _learned(self, kernels: Kernels) -> Array:
        return kernels.ntk if self.regime == "ntk" else kernels.nngp

    def _fitted(self) -> tuple[Array, Array, Array, Array]:
        if self._train is None:
            raise ValueError("the network must be fitted before it can answer")
        return self._train
