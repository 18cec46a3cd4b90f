"""Teacher regression: the rule is a random function, known only through noisy training examples.

Unlike arithmetic, the question alone does not determine the answer: the teacher is drawn from the seed, and a solver
learns it from the training split of the same seed. `TeacherRegression` holds what all such problems share.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TeacherRegression(Problem):
    """Questions ``x ~ N(0, I/N)``; targets ``f(x) + noise`` for a teacher f drawn from the seed.

    Inputs have one column ``x``, float64 of shape (n, N); targets are noisy in every split; the label ``noiseless``
    is f(x). The score is the squared error against the *noiseless* f(x), in units of the variance of f over teachers:
    0 is the teacher itself and 1 is what the constant answer 0 gets. Add ``1/snr`` for the error on a fresh noisy
    target that papers on learning curves report. A malformed answer has infinite error.

    Neither the number of samples nor the noise enters the random stream, so that a smaller training set of the same
    seed is the beginning of a larger one, and noise only scales.

    Parameters
    ----------
    inputs : int
        N, at least 1.
    samples : int
        P, the size of the training split, at least 1.
    snr : float
        Variance of f over that of the noise, above 0; infinity for none.
    """

    inputs: int = 50
    samples: int = 200
    snr: float = 5.0

    scored_by: ClassVar[Literal["accuracy", "error"]] = "error"

    def __post_init__(self) -> None:
        check_size("inputs", self.inputs)
        check_size("samples", self.samples)
        if not self.snr > 0:
            raise ValueError(f"snr must be above 0, not {self.snr!r}")

    @abstractmethod
    def teacher(self, seed: int) -> Mapping[str, Array]:
        """The teacher's weights by name: what the seed hides."""

    @abstractmethod
    def noiseless(self, x: Array, seed: int) -> Array:
        """The teacher's outputs f(x), shape (n,), for inputs of shape (n, N)."""

    @abstractmethod
    def covariance(self, first: Array, second: Array) -> Array:
        """Covariance of f(x) and f(x') over teachers, shape (n, m): all that the best linear estimator needs."""

    @property
    def noise_variance(self) -> float:
        """Variance of the noise in the targets, in units of the variance of f."""
        return 1 / self.snr

    @property
    def splits(self) -> Mapping[str, Split]:
        """``train``, finite, and ``iid``, endless: fresh inputs for the same teacher."""
        return {
            "train": Split(None, f"{self.samples} noisy examples of the teacher", self.samples),
            "iid": Split("iid", "fresh inputs for the teacher that made the training data of the same seed"),
        }

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` examples of a split.

        Raises
        ------
        ValueError
            If the split is unknown, has fewer than `n` examples, or is endless and `n` is None.
        """
        n, seed = self.checked_size(split, n, seed), int(seed)
        columns = draw_in_blocks(n, self._draw, self.name, self.inputs, split, seed)
        noiseless = self.noiseless(columns["x"], seed)
        return Examples(
            inputs={"x": columns["x"]},
            targets=noiseless + math.sqrt(self.noise_variance) * columns["noise"],
            labels={"noiseless": noiseless},
            problem=self.name,
            split=split,
            seed=seed,
        )

    def truth(self, examples: Examples) -> Array:
        """The teacher's noiseless outputs, float64 of shape (n,); the teacher comes from the examples' seed."""
        return self.noiseless(examples.inputs["x"], examples.seed)

    def score(self, examples: Examples, answers: Any) -> Array:
        """Squared error against the noiseless output; infinite for an answer that is not one finite number.

        Answers may be an array of shape (n,) or (n, 1), or any sequence of numbers or decimal numerals.

        Raises
        ------
        ValueError
            If there are more or fewer answers than questions.
        """
        truth = self.truth(examples)
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        if isinstance(answers, np.ndarray) and answers.dtype.kind in "iuf" and answers.size == len(truth):
            given = answers.reshape(len(truth)).astype(np.float64)
        else:
            given = np.array([_number(answer) for answer in answers], dtype=np.float64)
        finite = np.isfinite(given)
        errors = np.full(len(truth), np.inf)
        with np.errstate(over="ignore"):
            errors[finite] = (given[finite] - truth[finite]) ** 2
        return errors

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """The input's bytes; the teacher has no symmetry that makes two inputs one question."""
        return [row.tobytes() for row in np.asarray(examples.inputs["x"], dtype=np.float64) + 0.0]

    def text(self, examples: Examples) -> list[str]:
        """The input written out. It can be answered only by whoever has seen training examples of the same seed."""
        rows = (", ".join(f"{value:.6g}" for value in row) for row in examples.inputs["x"])
        return [
            f"A fixed unknown rule turns {self.inputs} numbers into one. What does it make of {row}?" for row in rows
        ]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Arrays as vector or column, lists, numerals."""
        truth = self.truth(examples)
        return {
            "array": truth,
            "column": truth[:, None],
            "list": truth.tolist(),
            "numerals": [repr(value) for value in truth.tolist()],
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Other rules (another teacher, sign, scale, offset) and things that are no number.

        A rule that differs can agree on a single input; it is the mean over examples that lies clearly above 0.
        """
        truth = self.truth(examples)
        other = int(random_stream(self.name, "near misses", seed).integers(1 << 62))
        return {
            "another teacher": self.noiseless(examples.inputs["x"], other),
            "sign flipped": -truth,
            "half the size": truth / 2,
            "offset": truth + 1,
            "always zero": np.zeros(len(truth)),
            "not a number": np.full(len(truth), np.nan),
            "infinite": np.full(len(truth), np.inf),
            "empty text": [""] * len(truth),
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }

    def classical(self) -> BestLinearEstimator:
        """The best linear estimator, fitted on the training split of the examples' seed."""
        return BestLinearEstimator(self)

    def _draw(self, generator: np.random.Generator, count: int) -> dict[str, Array]:
        x = generator.standard_normal((count, self.inputs)) / math.sqrt(self.inputs)
        return {"x": x, "noise": generator.standard_normal(count)}


@dataclass(frozen=True)
class BestLinearEstimator:
    """Gaussian-process regression with the teacher's own covariance and noise: the best linear estimator of f(x).

    ``K(x, X) (K(X, X) + I/snr)^-1 y`` over the training split of the seed named by the examples, which it draws itself.
    For a linear teacher with Gaussian weights this is ridge regression with penalty ``1/snr``, the posterior mean, and
    no estimator at all does better on average; for other teachers it is best among those linear in y.
    """

    problem: TeacherRegression

    def solve(self, examples: Examples) -> Array:
        """Posterior means, float64 of shape (n,)."""
        design, dual = _fit(self.problem, examples.seed)
        return np.asarray(self.problem.covariance(examples.inputs["x"], design) @ dual, dtype=np.float64)


@lru_cache(maxsize=16)
def _fit(problem: TeacherRegression, seed: int) -> tuple[Array, Array]:
    """Training inputs and dual coefficients."""
    train = problem.sample("train", seed=seed)
    x, y = train.inputs["x"], np.asarray(train.targets)
    gram = problem.covariance(x, x)
    # Without noise the smallest penalty that keeps the solution of a rank-deficient system meaningful.
    penalty = max(problem.noise_variance, 1e-10 * float(np.trace(gram)) / len(gram))
    return x, np.linalg.solve(gram + penalty * np.eye(len(gram)), y)


def check_size(name: str, value: int) -> None:
    """Refuse a size that is not a whole number from 1 up."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")


def row_products(x: Array, weights: Array) -> Array:
    """``x @ weights`` for x of shape (n, N), each row by itself.

    A matrix product rounds a row differently depending on how many rows there are; the first instances of a split must
    have the same bits however many are drawn.
    """
    return np.asarray((x * weights).sum(axis=1))


def _number(answer: Any) -> float:
    """Read an answer as a number; nan if it is not one."""
    if isinstance(answer, np.ndarray) and answer.size == 1:
        answer = answer.item()
    if isinstance(answer, bool) or not isinstance(answer, (int, float, str, np.integer, np.floating)):
        return math.nan
    try:
        return float(answer)
    except (ValueError, OverflowError):
        return math.nan
