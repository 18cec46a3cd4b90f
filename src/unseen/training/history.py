"""What a training run leaves: per lane the evaluated steps, the metrics there, and when it stopped or diverged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


def log_spaced(steps: int, *, per_decade: int = 20) -> tuple[int, ...]:
    """Steps at which to evaluate: 0, then evenly spaced in the logarithm, and the last.

    Parameters
    ----------
    steps : int
        The last step, at least 0.
    per_decade : int
        Steps per factor of ten, at least 1. Below `per_decade` steps every step is taken.

    Returns
    -------
    tuple of int
        Ascending, without repetition, from 0 to `steps`.

    Examples
    --------
    >>> log_spaced(100, per_decade=4)
    (0, 1, 2, 3, 6, 10, 18, 32, 56, 100)
    """
    if steps < 0:
        raise ValueError(f"the number of steps is a whole number from 0 up, not {steps}")
    if per_decade < 1:
        raise ValueError(f"per_decade is a whole number from 1 up, not {per_decade}")
    if steps == 0:
        return (0,)
    powers = np.arange(0, np.log10(steps) + 1e-9, 1 / per_decade)
    return tuple(int(step) for step in np.unique(np.concatenate([[0], np.round(10**powers), [steps]])))


@dataclass
class History:
    """Per lane: the evaluated steps and the metrics there. Step t means: after t updates; step 0 is the start.

    Parameters
    ----------
    seeds : tuple of int
        The lanes' seeds.
    steps : list of int array
        Per lane, the steps evaluated, ascending.
    metrics : list of dict of str to float64 array
        Per lane, each metric at those steps.
    stopped : int array, shape (S,)
        The step at which the lane's stopping rule was met, else -1.
    diverged : int array, shape (S,)
        The step at whose weights the lane's training loss was first not finite, else -1.
    """

    seeds: tuple[int, ...]
    steps: list[NDArray[np.int64]]
    metrics: list[dict[str, NDArray[np.float64]]]
    stopped: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    diverged: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        for marks in ("stopped", "diverged"):
            if len(getattr(self, marks)) == 0:
                setattr(self, marks, np.full(len(self.seeds), -1, np.int64))
        lengths = [len(self.seeds), len(self.steps), len(self.metrics), len(self.stopped), len(self.diverged)]
        if len(set(lengths)) > 1:
            raise ValueError(f"seeds, steps, metrics, stopped and diverged differ in length: {lengths}")
        for lane, (steps, columns) in enumerate(zip(self.steps, self.metrics, strict=True)):
            for name, column in columns.items():
                if len(column) != len(steps):
                    raise ValueError(f"lane {lane}: {name!r} has {len(column)} values for {len(steps)} steps")

    def values(self, lane: int, metric: str) -> NDArray[np.float64]:
        """A metric of one lane at its evaluated steps.

        Raises
        ------
        ValueError
            If the metric was not evaluated.
        """
        columns = self.metrics[lane]
        if metric not in columns:
            raise ValueError(f"no metric {metric!r} was evaluated; there are {', '.join(columns) or 'none'}")
        return columns[metric]

    def final(self, metric: str) -> NDArray[np.float64]:
        """A metric at each lane's last evaluated step, shape (S,); ``nan`` where a lane has none."""
        columns = [self.values(lane, metric) for lane in range(len(self.seeds))]
        return np.array([column[-1] if len(column) else np.nan for column in columns])

    def steps_to(self, metric: str, level: float, *, below: bool = False) -> NDArray[np.float64]:
        """First evaluated step at which a metric has reached a level.

        Parameters
        ----------
        metric : str
            Name of the metric.
        level : float
            The level; reached when ``metric >= level`` (``metric <= level`` if `below`).
        below : bool
            Whether the metric falls to the level instead of rising to it.

        Returns
        -------
        float64 array, shape (S,)
            ``inf`` for a lane that never reached it: right-censored at its last evaluated step.

        Examples
        --------
        >>> history = History((0, 1), [np.array([0, 1, 10])] * 2,
        ...                   [{"test": np.array([0.1, 0.5, 0.9])}, {"test": np.array([0.1, 0.2, 0.3])}])
        >>> history.steps_to("test", 0.5)
        array([ 1., inf])
        """
        reached = []
        for lane, steps in enumerate(self.steps):
            values = self.values(lane, metric)
            hits = np.flatnonzero(values <= level if below else values >= level)
            reached.append(float(steps[hits[0]]) if len(hits) else np.inf)
        return np.array(reached)

    def grok_delay(self, *, train: str, test: str, level: float) -> NDArray[np.float64]:
        """Steps between the training metric's and the test metric's reaching a level, shape (S,).

        ``inf`` where only the test metric never reached it; ``nan`` where the training metric never did, for then
        there is no delay to speak of.
        """
        start, end = self.steps_to(train, level), self.steps_to(test, level)
        delay = np.full(len(start), np.nan)
        fitted = np.isfinite(start)
        delay[fitted] = end[fitted] - start[fitted]
        return delay

    def curve(self, lane: int) -> dict[str, list[float]]:
        """One lane's columns, ``"step"`` first, as lists that can be stored."""
        columns: Mapping[str, Sequence[float]] = {
            name: [float(value) for value in column] for name, column in self.metrics[lane].items()
        }
        return {"step": [float(step) for step in self.steps[lane]], **{k: list(v) for k, v in columns.items()}}
