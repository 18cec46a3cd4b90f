"""The interval: what every estimator of this package returns."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate with the two ends of its confidence interval.

    Parameters
    ----------
    estimate : float
        The point estimate; ``nan`` when the data do not determine it.
    low, high : float
        Ends of the two-sided interval, ``low <= high``; infinite where the data set no bound.
    level : float
        Confidence level in (0, 1).
    method : str
        How the interval was computed, in a few words (``"Student t, n = 5"``).
    values : tuple of float
        The per-seed values behind the estimate, shown next to it because seeds are few.
    note : str
        What a reader must know before trusting it (``"2 of 5 censored"``); empty if nothing.
    """

    estimate: float
    low: float
    high: float
    level: float = 0.9
    method: str = ""
    values: tuple[float, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie in (0, 1), not {self.level}")
        if self.low > self.high:
            raise ValueError(f"an interval needs low <= high, not [{self.low}, {self.high}]")

    @property
    def determined(self) -> bool:
        """Whether estimate and both ends are numbers (ends may be infinite)."""
        return not any(math.isnan(value) for value in (self.estimate, self.low, self.high))

    def __str__(self) -> str:
        return f"{self.estimate:.4g} [{self.low:.4g}, {self.high:.4g}]"


UNDETERMINED = Interval(math.nan, math.nan, math.nan, method="undetermined")
