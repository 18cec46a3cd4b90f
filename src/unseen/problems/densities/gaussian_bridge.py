"""The Schroedinger bridge between two Gaussians: where does it carry a point, and how uncertainly?"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks
from unseen.contracts.solver import Unsolved
from unseen.measures.bures_wasserstein import bures_wasserstein_squared
from unseen.problems.densities.gaussian_plan import gaussian_slope

Array = NDArray[np.float64]

COLUMNS = ("x", "epsilon", "source_mean", "source_covariance", "target_mean", "target_covariance")
LEAST_VARIANCE = 0.1
"""Least eigenvalue of a drawn covariance."""
EPSILONS = {"perturbed:small-epsilon": (0.03, 0.1), "perturbed:large-epsilon": (5.0, 10.0)}
"""Range of the entropic weight where it is not that of training."""
USUAL_EPSILONS = (0.3, 3.0)
OUTLYING, ELONGATED = 5.0, 10.0
"""How many times further from the mean x lies; how many times longer the target is in one direction."""


@dataclass(frozen=True)
class GaussianBridge(Problem):
    r"""Mean and covariance of y given x under the entropic plan between two Gaussians that stand in the question.

    Inputs: ``x`` (n, d), ``epsilon`` (n,), ``source_mean`` and ``target_mean`` (n, d), ``source_covariance`` and
    ``target_covariance`` (n, d, d), all float64 and different in every instance. The plan is the one of least
    :math:`E|X - Y|^2 / 2 + \varepsilon KL(\pi | p_0 \otimes p_1)`, the ends of the bridge with Brownian motion of
    variance epsilon. Targets are float64 of shape (n, d + 1, d): the mean in the first row, then the covariance.

    The score is the squared Bures-Wasserstein distance to the true Gaussian in units of the target's total variance;
    infinite for an answer of another shape or without a symmetric positive semidefinite covariance.

    Splits: ``iid``; ``longer``, more dimensions; ``perturbed``, other entropic weights; ``shifted:outlying``, x five
    times as far from the mean; ``shifted:elongated``, a target ten times as long in one direction.

    Parameters
    ----------
    dimension : int
        d in training, at least 1.
    longer : int
        d of the split ``longer``, above `dimension`.

    Examples
    --------
    >>> problem = GaussianBridge()
    >>> examples = problem.sample("iid", 3, seed=1)
    >>> examples.targets.shape, float(problem.score(examples, problem.truth(examples)).max()) < 1e-12
    ((3, 4, 3), True)
    """

    dimension: int = 3
    longer: int = 8

    classical_score: ClassVar[float] = 1e-12
    scored_by: ClassVar = "error"

    def __post_init__(self) -> None:
        for field in ("dimension", "longer"):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
                raise ValueError(f"{field} must be a whole number from 1 up, not {value!r}")
        if self.longer <= self.dimension:
            raise ValueError(f"longer must be above the dimension {self.dimension}, not {self.longer!r}")

    @property
    def name(self) -> str:
        """``gaussian-bridge``."""
        return "gaussian-bridge"

    @property
    def splits(self) -> Mapping[str, Split]:
        """All endless."""
        return {
            "train": Split(None, f"random Gaussians in {self.dimension} dimensions, x drawn from the source"),
            "iid": Split("iid", "fresh Gaussians and points"),
            "longer": Split("longer", f"{self.longer} dimensions"),
            "perturbed:small-epsilon": Split("perturbed", "an entropic weight ten times smaller"),
            "perturbed:large-epsilon": Split("perturbed", "an entropic weight several times larger"),
            "shifted:outlying": Split("shifted", "x five times as far from the source's mean"),
            "shifted:elongated": Split("shifted", "a target ten times as long in a random direction"),
        }

    def sample(self, split: str, n: int | None = None, seed: int = 0) -> Examples:
        """Draw the first `n` instances of a split.

        Raises
        ------
        ValueError
            If the split is unknown or `n` is None: every split is endless.
        """
        n, seed = self.checked_size(split, n, seed), int(seed)
        dimension = self.longer if split == "longer" else self.dimension

        def draw(generator: np.random.Generator, count: int) -> dict[str, Array]:
            return _drawn(generator, count, dimension, split)

        inputs = draw_in_blocks(n, draw, self.name, dimension, split, seed)
        return Examples(inputs=inputs, targets=_moments(inputs), labels={}, problem=self.name, split=split, seed=seed)

    def truth(self, examples: Examples) -> Array:
        """Mean and covariance by the closed form, float64 of shape (n, d + 1, d)."""
        return _moments(examples.inputs)

    def score(self, examples: Examples, answers: Any) -> Array:
        """Squared distance to the truth in units of the target's variance; infinite for what is no Gaussian.

        An answer is an array or nested list of shape (d + 1, d), a mapping with ``mean`` and ``covariance``, or either
        as JSON text.

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
            given = np.array([_read(answer, truth.shape[1:]) for answer in answers]).reshape(truth.shape)
        covariance = given[:, 1:]
        with np.errstate(invalid="ignore", over="ignore"):
            size = np.abs(given).max(axis=(1, 2), initial=0.0)
            apart = np.abs(covariance - covariance.swapaxes(1, 2)).max(axis=(1, 2), initial=0.0)
            valid = (size < 1e100) & (apart <= 1e-9 * size)
        valid[valid] = np.linalg.eigvalsh(covariance[valid]).min(axis=1, initial=0.0) >= -1e-9 * size[valid]
        units = np.trace(examples.inputs["target_covariance"], axis1=1, axis2=2)
        errors = np.full(len(truth), np.inf)
        errors[valid] = bures_wasserstein_squared(given[valid, 0], covariance[valid], truth[valid, 0], truth[valid, 1:])
        return np.asarray(errors / units)

    def canonical(self, examples: Examples) -> Sequence[Hashable]:
        """All numbers of the question; turning or moving both clouds is not counted as the same question."""
        columns = [np.asarray(examples.inputs[name], dtype=np.float64) + 0.0 for name in COLUMNS]
        return [b"".join(np.ascontiguousarray(part).tobytes() for part in row) for row in zip(*columns, strict=True)]

    def text(self, examples: Examples) -> list[str]:
        """The question with six digits."""
        columns = [examples.inputs[name] for name in COLUMNS]
        return [
            "A Schroedinger bridge, Brownian motion of variance {1} per unit of time, joins the Gaussian of mean {2} "
            "and covariance {3} at time 0 to that of mean {4} and covariance {5} at time 1. Give mean and covariance "
            "at time 1 of the paths that start at {0}, as JSON with the keys mean and covariance.".format(
                *(_written(part) for part in row)
            )
            for row in zip(*columns, strict=True)
        ]

    def right_forms(self, examples: Examples) -> Mapping[str, Any]:
        """Arrays, nested lists, mappings, JSON."""
        truth = self.truth(examples)
        mappings = [{"mean": row[0].tolist(), "covariance": row[1:].tolist()} for row in truth]
        return {
            "array": truth,
            "arrays": list(truth),
            "lists": truth.tolist(),
            "mappings": mappings,
            "JSON": [json.dumps(answer) for answer in mappings],
        }

    def near_misses(self, examples: Examples, seed: int) -> Mapping[str, Any]:
        """Other plans (independent, without noise, another epsilon, backwards) and things that are no Gaussian."""
        inputs, truth = dict(examples.inputs), self.truth(examples)
        independent = np.concatenate([inputs["target_mean"][:, None], inputs["target_covariance"]], axis=1)
        certain = truth.copy()
        certain[:, 1:] = 0
        negative = truth.copy()
        negative[:, 1:] *= -1
        lopsided = truth.copy()
        lopsided[:, 1, -1] += 0.1 if truth.shape[2] > 1 else -10 * np.abs(truth).max()
        backwards = {
            **inputs,
            "source_mean": inputs["target_mean"],
            "source_covariance": inputs["target_covariance"],
            "target_mean": inputs["source_mean"],
            "target_covariance": inputs["source_covariance"],
        }
        return {
            "independent": independent,
            "without noise": certain,
            "half the epsilon": _moments({**inputs, "epsilon": inputs["epsilon"] / 2}),
            "twice the epsilon": _moments({**inputs, "epsilon": 2 * inputs["epsilon"]}),
            "backwards": _moments(backwards),
            "moved by a tenth": truth + np.where(np.arange(truth.shape[1]) == 0, 0.5, 0.0)[:, None],
            "negative covariance": negative,
            "asymmetric covariance": lopsided,
            "mean alone": truth[:, 0],
            "not a number": np.full_like(truth, np.nan),
            "unsolved": [Unsolved("never seen")] * len(truth),
            "nothing": [None] * len(truth),
        }

    def classical(self) -> ClosedFormBridge:
        """The closed form."""
        return ClosedFormBridge()


@dataclass(frozen=True)
class ClosedFormBridge:
    r"""Y given x is :math:`N(m_1 + S (x - m_0), \varepsilon S)` with :math:`S C_0 S + \varepsilon S = C_1`."""

    def solve(self, examples: Examples) -> Array:
        """Mean and covariance, float64 of shape (n, d + 1, d)."""
        return _moments(examples.inputs)


def _moments(inputs: Mapping[str, NDArray[Any]]) -> Array:
    epsilon = np.asarray(inputs["epsilon"], dtype=np.float64)
    slope = gaussian_slope(inputs["source_covariance"], inputs["target_covariance"], epsilon)
    apart = inputs["x"] - inputs["source_mean"]
    mean = inputs["target_mean"] + (slope * apart[:, None, :]).sum(axis=2)
    return np.concatenate([mean[:, None], epsilon[:, None, None] * slope], axis=1)


def _drawn(generator: np.random.Generator, count: int, dimension: int, split: str) -> dict[str, Array]:
    means = generator.standard_normal((2, count, dimension))
    factors = generator.standard_normal((2, count, dimension, dimension)) / np.sqrt(dimension)
    covariances = factors @ factors.swapaxes(2, 3) + LEAST_VARIANCE * np.eye(dimension)
    apart = (factors[0] * generator.standard_normal((count, 1, dimension))).sum(axis=2)
    apart += np.sqrt(LEAST_VARIANCE) * generator.standard_normal((count, dimension))
    direction = generator.standard_normal((count, dimension))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    low, high = EPSILONS.get(split, USUAL_EPSILONS)
    epsilon = low * (high / low) ** generator.random(count)
    target = covariances[1]
    if split == "shifted:elongated":
        stretch = np.eye(dimension) + (ELONGATED - 1) * direction[:, :, None] * direction[:, None, :]
        target = stretch @ target @ stretch
        target = (target + target.swapaxes(1, 2)) / 2
    reach = OUTLYING if split == "shifted:outlying" else 1.0
    return {
        "x": means[0] + reach * apart,
        "epsilon": epsilon,
        "source_mean": means[0],
        "source_covariance": covariances[0],
        "target_mean": means[1],
        "target_covariance": target,
    }


def _written(numbers: NDArray[Any]) -> str:
    """Numbers, rows or matrices in brackets."""
    if np.ndim(numbers) == 0:
        return f"{float(numbers):.6g}"
    return "[" + ", ".join(_written(part) for part in numbers) + "]"


def _read(answer: Any, shape: tuple[int, ...]) -> Array:
    """One answer as mean and covariance; nan if it is none."""
    try:
        if isinstance(answer, str):
            answer = json.loads(answer)
        if isinstance(answer, Mapping) and set(answer) == {"mean", "covariance"}:
            answer = [answer["mean"], *answer["covariance"]]
        numbers = np.asarray(answer)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return np.full(shape, np.nan)
    if numbers.dtype.kind not in "iuf" or numbers.shape != shape:
        return np.full(shape, np.nan)
    return numbers.astype(np.float64)
