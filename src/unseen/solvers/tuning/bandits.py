"""Multi-armed bandits that minimise a cost, many independent streams at once."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

Chosen = NDArray[np.int64]
Costs = NDArray[np.float64]


class Bandit(ABC):
    """Chooses one of several settings for each instance of a stream, and learns from the cost of that one alone.

    Several streams run side by side and share nothing. Costs may have any scale; the smallest that is possible is
    `lowest`.

    Parameters
    ----------
    arms : int
        Settings to choose from, from 1 up.
    streams : int
        Independent streams, from 1 up.
    lowest : float
        The smallest possible cost: 1 for iterations.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> bandit = TsallisINF(arms=2)
    >>> draws = np.random.default_rng(0).random((500, 1))
    >>> for uniform in draws:
    ...     arm = bandit.choose(uniform)
    ...     bandit.learn(arm, np.where(arm == 0, 30.0, 10.0))
    >>> bool(bandit.plays[0, 1] > 400)
    True
    """

    def __init__(self, arms: int, streams: int = 1, *, lowest: float = 0.0) -> None:
        for name, value in (("arms", arms), ("streams", streams)):
            if value < 1:
                raise ValueError(f"{name} is a whole number from 1 up, not {value!r}")
        if not np.isfinite(lowest):
            raise ValueError(f"lowest must be finite, not {lowest!r}")
        self.arms, self.streams, self.lowest = arms, streams, lowest
        self.plays = np.zeros((streams, arms), dtype=np.int64)
        self.totals = np.zeros((streams, arms))

    def choose(self, uniforms: ArrayLike, rows: ArrayLike | None = None) -> Chosen:
        """The arm to play next in each stream.

        Parameters
        ----------
        uniforms : array, shape (rows,)
            Random numbers in [0, 1), one per stream: all that the choice has of chance.
        rows : array of int, shape (rows,), optional
            The streams that ask, none twice; all by default.
        """
        chosen = self._rows(rows)
        return drawn_arms(self.probabilities(chosen), np.asarray(uniforms, dtype=np.float64))

    def learn(self, arms: ArrayLike, costs: ArrayLike, rows: ArrayLike | None = None) -> None:
        """Take in what the chosen arms cost.

        Raises
        ------
        ValueError
            If a cost is not finite or below `lowest`.
        """
        paid = np.asarray(costs, dtype=np.float64)
        if not (np.isfinite(paid) & (paid >= self.lowest)).all():
            raise ValueError(f"a cost must be finite and at least {self.lowest:g}, not {paid}")
        chosen, streams = np.asarray(arms, dtype=np.int64), self._rows(rows)
        self.plays[streams, chosen] += 1
        self.totals[streams, chosen] += paid - self.lowest
        self.update(streams, chosen, paid - self.lowest)

    @abstractmethod
    def probabilities(self, rows: Chosen) -> NDArray[np.float64]:
        """Of each arm in the streams `rows`, shape (rows, arms)."""

    def update(self, rows: Chosen, arms: Chosen, costs: Costs) -> None:  # noqa: B027 - some need no more than the sums
        """Learn more than the sums; costs count from `lowest`."""

    def mean_costs(self, rows: Chosen) -> Costs:
        """Mean cost above `lowest` of each arm, shape (rows, arms); 0 where it was never played."""
        return self.totals[rows] / np.maximum(self.plays[rows], 1)

    def _rows(self, rows: ArrayLike | None) -> Chosen:
        return np.arange(self.streams) if rows is None else np.asarray(rows, dtype=np.int64)


def drawn_arms(probabilities: NDArray[np.float64], uniforms: NDArray[np.float64]) -> Chosen:
    """One arm per row, drawn with its probability by inverting the distribution function."""
    cumulative = np.cumsum(probabilities, axis=1)
    drawn: Chosen = (cumulative <= uniforms[:, None] * cumulative[:, -1:]).sum(axis=1)
    last: int = probabilities.shape[1] - 1
    return drawn.clip(max=last)


class UniformChoice(Bandit):
    """Every arm as often as any other: what learning nothing costs."""

    def probabilities(self, rows: Chosen) -> NDArray[np.float64]:
        """The same for all."""
        return np.full((len(rows), self.arms), 1 / self.arms)


class TsallisINF(Bandit):
    """Follow the regularised leader with Tsallis entropy 1/2: near-optimal whether costs are random or adversarial.

    In round t arm i is played with probability ``4 / (eta (L_i - x))^2``, where ``eta = 2 / sqrt(t)``, L_i is the sum
    of the arm's costs, each divided by the probability with which it was played, and x makes the sum 1 (Zimmert and
    Seldin 2021, "Tsallis-INF", algorithm 1).

    Parameters
    ----------
    arms, streams, lowest
        As for `Bandit`.
    scaled : bool
        Whether costs are divided by the running mean of all costs of the stream, as the code of Khodak et al. (2024)
        does. The regret bound is for costs in [0, 1]; on raw iteration counts the method explores far too little.
    """

    def __init__(self, arms: int, streams: int = 1, *, lowest: float = 0.0, scaled: bool = True) -> None:
        super().__init__(arms, streams, lowest=lowest)
        self.scaled = scaled
        self._weighted = np.zeros((streams, arms))
        self._likely = np.zeros((streams, arms))

    def probabilities(self, rows: Chosen) -> NDArray[np.float64]:
        """Of the arms, by Newton's method from the side on which it cannot overshoot."""
        rounds = self.plays[rows].sum(axis=1)
        scale = self.totals[rows].sum(axis=1) / np.maximum(rounds, 1) if self.scaled else np.ones(len(rows))
        losses = self._weighted[rows] / np.where(scale > 0, scale, 1.0)[:, None]
        likely: NDArray[np.float64] = tsallis_probabilities(losses, 2 / np.sqrt(rounds + 1))
        self._likely[rows] = likely
        return likely

    def update(self, rows: Chosen, arms: Chosen, costs: Costs) -> None:
        """Add each cost over the probability with which it was incurred."""
        self._weighted[rows, arms] += costs / self._likely[rows, arms]


def tsallis_probabilities(losses: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities ``4 / (eta (L - x))^2`` with x such that each row has the sum 1.

    Parameters
    ----------
    losses : array, shape (rows, arms)
    rates : array, shape (rows,)
        eta, positive.

    Returns
    -------
    array, shape (rows, arms)
    """
    excess = losses - losses.min(axis=1, keepdims=True)
    rate = rates[:, None]
    # The sum falls as the offset grows, and is convex: Newton from the smallest possible offset never passes the root.
    offset = 2 / rate
    # Each row stops by itself, so that no stream depends on those beside it.
    moving = np.ones_like(rate, dtype=bool)
    for _ in range(100):
        roots = 2 / (rate * (excess + offset))
        squares = roots * roots
        slope = rate * (squares * roots).sum(axis=1, keepdims=True)
        step = np.where(moving, (squares.sum(axis=1, keepdims=True) - 1) / slope, 0.0)
        offset = offset + step
        moving &= np.abs(step) > 1e-13 * offset
        if not moving.any():
            break
    likely: NDArray[np.float64] = (2 / (rate * (excess + offset))) ** 2
    likely /= likely.sum(axis=1, keepdims=True)
    return likely


class LowerConfidenceBound(Bandit):
    """UCB1 for costs: the arm whose mean minus its margin is lowest; each arm once at first.

    The margin is ``width * s * sqrt(2 log(t) / n)`` with n plays of the arm and s the standard deviation of all costs
    of the stream so far, in place of the known range of UCB1 (Auer, Cesa-Bianchi and Fischer 2002).

    Parameters
    ----------
    arms, streams, lowest
        As for `Bandit`.
    width : float
        Factor of the margin, not negative.
    """

    def __init__(self, arms: int, streams: int = 1, *, lowest: float = 0.0, width: float = 1.0) -> None:
        super().__init__(arms, streams, lowest=lowest)
        if not 0 <= width < np.inf:
            raise ValueError(f"width must be finite and not negative, not {width!r}")
        self.width = width
        self._squares = np.zeros(streams)

    def probabilities(self, rows: Chosen) -> NDArray[np.float64]:
        """All on one arm."""
        plays = self.plays[rows]
        rounds = plays.sum(axis=1)
        mean = self.totals[rows].sum(axis=1) / np.maximum(rounds, 1)
        spread = np.sqrt(np.maximum(self._squares[rows] / np.maximum(rounds, 1) - mean**2, 0))
        margin = np.sqrt(2 * np.log(np.maximum(rounds, 1))[:, None] / np.maximum(plays, 1))
        bound = np.where(plays == 0, -np.inf, self.mean_costs(rows) - self.width * spread[:, None] * margin)
        likely: NDArray[np.float64] = np.eye(self.arms)[bound.argmin(axis=1)]
        return likely

    def update(self, rows: Chosen, arms: Chosen, costs: Costs) -> None:
        """Sum the squares."""
        self._squares[rows] += costs**2
