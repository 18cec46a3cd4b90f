"""Telling the noise in a point from the point: the question that a diffusion model is trained to answer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.contracts.solver import Unsolved
from unseen.problems.densities.gaussian_mixture import GaussianMixture, random_mixture

Array = NDArray[np.float64]

TRAINED_LEVELS = (-2.5, 2.0)
"""Range of log(signal / noise) amplitudes, half the log of the signal-to-noise ratio, in training."""
CLEANER_LEVELS = (2.0, 4.0)
"""The range in ``longer:cleaner``: finer detail than any seen in training."""
ELSEWHERE = 2.0
"""Standard deviation of the clean points in ``shifted:elsewhere``, twice that of the centres of the modes."""


@dataclass(frozen=True)
class MixtureDenoising(Problem):
    """Given a noisy point and its level of noise, say which noise to expect in it.

    The seed draws a mixture of Gaussians with centres from N(0, I). A clean point x_0 from it becomes
    ``x = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) noise``. Inputs: ``x``, float64 of shape (n, d), and ``alpha_bar``,
    float64 of shape (n,), drawn so that ``log(alpha_bar / (1 - alpha_bar)) / 2`` is uniform. The right answer is
    ``E[noise | x]``, float64 of shape (n, d), which equals ``-sqrt(1 - alpha_bar)`` times the score of the noisy
    mixture. Targets are the noise that was really added, as in training of a diffusion model; the label ``noiseless``
    holds the right answer.

    In ``shifted:elsewhere`` the clean points come from one broad Gaussian, where the mixture has hardly any; the rule
    remains that of the mixture, and targets are the right answers. A sampler that leaves the data asks such questions.

    The score is the squared error per coordinate against the right answer: 0 is exact, and 1 the answer of 0 where
    noise is all there is. A malformed answer has infinite error.

    Parameters
    ----------
    modes : int
        Number of Gaussians, at least 1.
    dimension : int
        d, at least 1.
    deviation : float
        Standard deviation of each Gaussian, above 0 and finite.

    Examples
    --------
    >>> problem = MixtureDenoising()
    >>> examples = problem.sample("iid", 5, seed=3)
    >>> float(problem.score(examples, problem.classical().solve(examples.questions_only())).max())
    0.0
    """

    modes: int = 8
    dimension: int = 2
    deviation: float = 0.15

    scored_by: ClassVar[Literal["accuracy", "error"]] = "error"
    classical_score: ClassVar[float] = 1e-20

    def __post_init__(self) -> None:
        for name in ("modes", "dimension"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} must be a whole number from 1 up, not {value!r}")
        if not (math.isfinite(self.deviation) and self.deviation > 0):
            raise ValueError(f"deviation must be above 0 and finite, not {self.deviation!r}")

    @property
    def name(self) -> str:
        """``mixture-denoising``."""
        return "mixture-denoising"

    @property
    def splits(self) -> Mapping[str, Split]:
        """Endless all: ``train``, ``iid``, ``longer:cleaner`` and ``shifted:elsewhere``."""
        return {
            "train": Split(None, "noisy points of the mixture, with the noise that was added"),
            "iid": Split("iid", "fresh noisy points of the same mixture at the same levels of noise"),
            "longer:cleaner": Split("longer", "points with less noise than any in training: finer detail is asked for"),
            "shifted:elsewhere": Split("shifted", "points spread far beyond the mixture, same rule and levels"),
        }

    def mixture(self, seed: int) -> GaussianMixture:
        """The mixture of a seed."""
        return _mixture(self.modes, self.dimension, float(self.deviation), int(seed))

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` noisy points of a split.

        Raises
        ------
        ValueError
            If the split is unknown or `n` is None: every split is endless.
        """
        n, seed = self.checked_size(split, n, seed), int(seed)
        columns = draw_in_blocks(
            n,
            lambda generator, count: self._draw(split, generator, count, seed),
            *(self.name, self.modes, self.dimension, float(self.deviation), split, seed),
        )
        exact = columns["exact"]
        return Examples(
            inputs={"x": columns["x"], "alpha_bar": columns["alpha_bar"]},
            targets=exact.copy() if split.startswith("shifted") else columns["noise"],
            labels={"noiseless": exact},
            problem=self.name,
            split=split,
            seed=seed,
        )

    def truth(self, examples: Examples) -> Array:
        """The expected noise, float64 of shape (n, d); the mixture comes from the examples' seed."""
        x, alpha_bar = (np.asarray(examples.inputs[name], dtype=np.float64) for name in ("x", "alpha_bar"))
        return self.mixture(examples.seed).noise_prediction(x, alpha_bar)

    def score(self, examples: Examples, answers: Any) -> Array:
        """Mean over coordinates of the squared error; infinite for an answer that is not d finite numbers.

        Answers may be an array of shape (n, d), or a sequence with, for each question, d numbers in a sequence or
        decimal numerals in a text, divided by spaces or commas.

        Raises
        ------
        ValueError
            If there are more or fewer answers than questions.
        """
        truth = self.truth(examples)
        if len(answers) != len(truth):
            raise ValueError(f"{len(answers)} answers for {len(truth)} questions")
        if isinstance(answers, np.ndarray) and answers.dtype.kind in "iuf" and answers.shape == truth.shape:
            given = answers.astype(np.float64)
        else:
            given = np.array([self._read(answer) for answer in answers], dtype=np.float64).reshape(truth.shape)
        finite = np.isfinite(given).all(axis=1)
        errors = np.full(len(truth), np.inf)
        with np.errstate(over="ignore"):
            errors[finite] = ((given[finite] - truth[finite]) ** 2).mean(axis=1)
        return errors

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """Bytes of point and level."""
        x, alpha_bar = (np.asarray(examples.inputs[name], dtype=np.float64) + 0.0 for name in ("x", "alpha_bar"))
        return [(row.tobytes(), float(level)) for row, level in zip(x, alpha_bar, strict=True)]

    def text(self, examples: Examples) -> list[str]:
        """The mixture, the level and the point, written out with 17 digits."""
        centres = "; ".join(_numbers(mean, 17) for mean in self.mixture(examples.seed).means)
        return [
            f"A clean point is drawn from {self.modes} equally likely Gaussians of standard deviation "
            f"{self.deviation!r} in every direction around the centres {centres}. It is multiplied by the square root "
            f"of {level:.17g}, and standard normal noise times the square root of one minus that number is added. "
            f"The result is {_numbers(row, 17)}. What is the mean of the noise, given this result?"
            for row, level in zip(examples.inputs["x"], examples.inputs["alpha_bar"], strict=True)
        ]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Array, lists, numerals."""
        truth = self.truth(examples)
        return {
            "array": truth,
            "lists": truth.tolist(),
            "numerals": [_numbers(row, 17) for row in truth],
            "numerals with spaces": [_numbers(row, 17).replace(",", "") for row in truth],
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Other rules that are nearly right at some levels of noise, and things that are no point."""
        truth = self.truth(examples)
        x, level = examples.inputs["x"], examples.inputs["alpha_bar"][:, None]
        other = self.mixture(int(random_stream(self.name, "near misses", seed).integers(1 << 62)))
        return {
            "another mixture": other.noise_prediction(x, level[:, 0]),
            "sign flipped": -truth,
            "half the size": truth / 2,
            "the score": -truth / np.sqrt(1 - level),
            "the clean point": (x - np.sqrt(1 - level) * truth) / np.sqrt(level),
            "always zero": np.zeros_like(truth),
            "a coordinate too few": truth[:, 1:].tolist(),
            "not a number": np.full_like(truth, np.nan),
            "infinite": np.full_like(truth, np.inf),
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }

    def classical(self) -> BayesDenoiser:
        """Bayes' rule with the mixture known."""
        return BayesDenoiser(self)

    def _draw(self, split: str, generator: np.random.Generator, count: int, seed: int) -> dict[str, Array]:
        mixture = self.mixture(seed)
        low, high = CLEANER_LEVELS if split == "longer:cleaner" else TRAINED_LEVELS
        alpha_bar = 1 / (1 + np.exp(-2 * generator.uniform(low, high, count)))
        if split.startswith("shifted"):
            clean = ELSEWHERE * generator.standard_normal((count, self.dimension))
        else:
            clean = mixture.sample(generator, count)
        noise = generator.standard_normal((count, self.dimension))
        x = np.sqrt(alpha_bar)[:, None] * clean + np.sqrt(1 - alpha_bar)[:, None] * noise
        # Here, over a whole block, since a product of matrices rounds differently for another number of rows.
        return {"x": x, "alpha_bar": alpha_bar, "noise": noise, "exact": mixture.noise_prediction(x, alpha_bar)}

    def _read(self, answer: Any) -> list[float]:
        """D numbers; nan where the answer is anything else."""
        nothing = [math.nan] * self.dimension
        if isinstance(answer, str):
            answer = answer.replace(",", " ").split()
        if isinstance(answer, np.ndarray):
            answer = answer.ravel().tolist()
        if not isinstance(answer, (list, tuple)) or len(answer) != self.dimension:
            return nothing
        if not all(isinstance(part, (int, float, str, np.integer, np.floating)) for part in answer):
            return nothing
        try:
            return [float(part) for part in answer]
        except (ValueError, OverflowError):
            return nothing


@dataclass(frozen=True)
class BayesDenoiser:
    """The expected noise by Bayes' rule, from the mixture of the seed that the examples name."""

    problem: MixtureDenoising

    def solve(self, examples: Examples) -> Array:
        """Expected noise, float64 of shape (n, d)."""
        return self.problem.truth(examples)


@lru_cache(maxsize=16)
def _mixture(modes: int, dimension: int, deviation: float, seed: int) -> GaussianMixture:
    return random_mixture(modes, dimension, deviation=deviation, seed=seed)


def _numbers(row: Array, digits: int) -> str:
    return ", ".join(f"{value:.{digits}g}" for value in row)
