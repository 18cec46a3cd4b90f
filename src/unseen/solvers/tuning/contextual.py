"""Contextual bandits: the best setting may depend on a number that is known of each instance beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import ArrayLike, NDArray

from unseen.solvers.tuning.bandits import Bandit, Chosen, drawn_arms


class BinnedContext:
    """One independent bandit for each of several equal intervals of the context.

    Parameters
    ----------
    bandit : callable
        ``bandit(streams)`` gives a `Bandit` of so many streams.
    streams : int
        Independent streams of instances.
    bins : int
        Intervals, from 1 up.
    low, high : float
        Range of the context; what lies outside counts to the nearest interval.

    Raises
    ------
    ValueError
        If there is no interval, or the range is empty.
    """

    def __init__(self, bandit: Callable[[int], Bandit], streams: int, *, bins: int, low: float, high: float) -> None:
        if bins < 1:
            raise ValueError(f"bins is a whole number from 1 up, not {bins!r}")
        if not low < high:
            raise ValueError(f"the context needs low < high, not {low!r} and {high!r}")
        self.bandit, self.bins, self.low, self.high = bandit(streams * bins), bins, low, high
        self.arms, self.streams = self.bandit.arms, streams

    def choose(self, uniforms: ArrayLike, contexts: ArrayLike) -> Chosen:
        """The arm to play in each stream, given its context, shape (streams,)."""
        return self.bandit.choose(uniforms, self._rows(contexts))

    def learn(self, arms: ArrayLike, costs: ArrayLike, contexts: ArrayLike) -> None:
        """Take in what the chosen arms cost in these contexts."""
        self.bandit.learn(arms, costs, self._rows(contexts))

    def _rows(self, contexts: ArrayLike) -> Chosen:
        place = (np.asarray(contexts, dtype=np.float64) - self.low) / (self.high - self.low) * self.bins
        return np.arange(self.streams) * self.bins + np.clip(place.astype(np.int64), 0, self.bins - 1)


class ChebyshevContext:
    """ChebCB: the cost of each arm is a Chebyshev series of the context, fitted by bounded least squares.

    The arm with the least predicted cost is preferred; another one is played with probability
    ``1 / (arms + eta * what it is expected to cost more)`` (SquareCB, Foster and Rakhlin 2020). Coefficients are
    bounded as Khodak et al. (2024), section 4, do for costs whose slope in the context is at most their range over the
    context's: the first by the largest cost seen, the j-th by twice the range over j. eta grows as in their code:
    ``2 t sqrt(arms t / (R + 2 a^2 t))``, where R is the sum of the squared errors of prediction and a bounds the error
    of the best series.

    Parameters
    ----------
    arms, streams : int
        Settings to choose from, and independent streams.
    coefficients : int
        Terms of each series, from 1 up.
    low, high : float
        Range of the context; what lies outside is moved to its ends.
    lowest : float
        The smallest possible cost.

    Raises
    ------
    ValueError
        If a number is out of range, or a cost is not finite or below `lowest`.
    """

    def __init__(
        self, arms: int, streams: int = 1, *, coefficients: int = 6, low: float, high: float, lowest: float = 0.0
    ) -> None:
        for name, value in (("arms", arms), ("streams", streams), ("coefficients", coefficients)):
            if value < 1:
                raise ValueError(f"{name} is a whole number from 1 up, not {value!r}")
        if not low < high:
            raise ValueError(f"the context needs low < high, not {low!r} and {high!r}")
        self.arms, self.streams, self.low, self.high, self.lowest = arms, streams, low, high, lowest
        self.coefficients = np.zeros((streams, arms, coefficients))
        self._gram = np.zeros((streams, arms, coefficients, coefficients))
        self._moments = np.zeros((streams, arms, coefficients))
        self._extremes = np.stack([np.full(streams, np.inf), np.full(streams, -np.inf)])
        self._errors = np.zeros(streams)
        self._rounds = 0

    def predictions(self, contexts: ArrayLike) -> NDArray[np.float64]:
        """Expected cost of each arm, shape (streams, arms)."""
        series = (self.coefficients * self._features(contexts)[:, None, :]).sum(axis=-1)
        return np.asarray(series + self.lowest, dtype=np.float64)

    def choose(self, uniforms: ArrayLike, contexts: ArrayLike) -> Chosen:
        """The arm to play in each stream, given its context, shape (streams,)."""
        expected = self.predictions(contexts)
        best = expected.argmin(axis=1)
        rows = np.arange(self.streams)
        surplus = expected - expected[rows, best][:, None]
        likely = 1 / (self.arms + self._rates()[:, None] * surplus)
        likely[rows, best] = 0
        likely[rows, best] = 1 - likely.sum(axis=1)
        return drawn_arms(likely, np.asarray(uniforms, dtype=np.float64))

    def learn(self, arms: ArrayLike, costs: ArrayLike, contexts: ArrayLike) -> None:
        """Take in what the chosen arms cost in these contexts."""
        paid = np.asarray(costs, dtype=np.float64) - self.lowest
        if not (np.isfinite(paid) & (paid >= 0)).all():
            raise ValueError(f"a cost must be finite and at least {self.lowest:g}, not {paid + self.lowest}")
        rows, chosen, features = np.arange(self.streams), np.asarray(arms, dtype=np.int64), self._features(contexts)
        foreseen = (self.coefficients[rows, chosen] * features).sum(axis=-1)
        self._errors += (foreseen - paid) ** 2
        self._rounds += 1
        self._gram[rows, chosen] += features[:, :, None] * features[:, None, :]
        self._moments[rows, chosen] += features * paid[:, None]
        widened = (paid < self._extremes[0]) | (paid > self._extremes[1])
        self._extremes = np.stack([np.minimum(self._extremes[0], paid), np.maximum(self._extremes[1], paid)])
        # Where the bounds have moved, every arm of the stream is fitted anew, else only the one that was played.
        again = np.where(widened[:, None], True, np.eye(self.arms, dtype=bool)[chosen])
        self._fit(*np.nonzero(again))

    def _fit(self, streams: Chosen, arms: Chosen) -> None:
        count = self.coefficients.shape[-1]
        span = self._extremes[1] - self._extremes[0]
        limits = np.concatenate([self._extremes[1][:, None], 2 * span[:, None] / np.arange(1, count)], axis=1)[streams]
        gram, moments = self._gram[streams, arms], self._moments[streams, arms]
        # A trace of a ridge decides what too few examples leave open, as the least-norm solution would.
        ridge = 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(count) + 1e-12 * np.eye(count)
        free: NDArray[np.float64] = np.linalg.solve(gram + ridge, moments[..., None])[..., 0]
        outside = (np.abs(free) > limits).any(axis=1)
        # The last fit is near the new one.
        last = np.clip(self.coefficients[streams, arms], -limits, limits)
        if outside.any():
            free[outside] = bounded_least_squares(
                (gram + ridge)[outside], moments[outside], limits[outside], last[outside]
            )
        self.coefficients[streams, arms] = free

    def _rates(self) -> NDArray[np.float64]:
        count, rounds = self.coefficients.shape[-1], self._rounds
        if rounds == 0:
            return np.zeros(self.streams)
        span = self._extremes[1] - self._extremes[0]
        bias: NDArray[np.float64] = (np.pi + 2 / np.pi * np.log(2 * count + 1)) / (2 * (count + 1)) * span
        error = self._errors + 2 * bias**2 * rounds
        rates: NDArray[np.float64] = 2 * rounds * np.sqrt(self.arms * rounds / np.where(error > 0, error, 1.0))
        return rates

    def _features(self, contexts: ArrayLike) -> NDArray[np.float64]:
        place = 2 * (np.asarray(contexts, dtype=np.float64) - self.low) / (self.high - self.low) - 1
        values = chebvander(np.clip(place, -1, 1), self.coefficients.shape[-1] - 1)
        return np.asarray(values, dtype=np.float64)


def bounded_least_squares(
    gram: NDArray[np.float64],
    moments: NDArray[np.float64],
    limits: NDArray[np.float64],
    start: NDArray[np.float64],
    *,
    sweeps: int = 60,
    tolerance: float = 1e-4,
) -> NDArray[np.float64]:
    """Minimise ``x' G x / 2 - m' x`` with ``|x| <= limit`` for many small problems, by cyclic coordinate descent.

    Parameters
    ----------
    gram : array, shape (problems, n, n)
        Symmetric, positive definite.
    moments, limits, start : array, shape (problems, n)
        `start` within the limits.
    sweeps : int
        Passes over the coordinates at most; few do where the start is near.
    tolerance : float
        Ends when no coordinate moved by more than this share of the largest limit.

    Returns
    -------
    array, shape (problems, n)
    """
    found = start.copy()
    # Each problem stops by itself, so that none depends on those beside it.
    moving = np.arange(len(found))
    for _ in range(sweeps):
        moved = np.zeros(len(moving))
        for place in range(found.shape[1]):
            rows, now = gram[moving, place], found[moving]
            free = now[:, place] + (moments[moving, place] - (rows * now).sum(axis=1)) / rows[:, place]
            value = np.clip(free, -limits[moving, place], limits[moving, place])
            moved = np.maximum(moved, np.abs(value - now[:, place]))
            found[moving, place] = value
        moving = moving[moved > tolerance * limits[moving].max(axis=1)]
        if not len(moving):
            break
    return found
