"""Where an interval lies beside the region in which its claim is true: the geometry of a small drawing.

The template ``_chart.html`` draws it as SVG; colours come from the style sheet, and words from here go to readers who
cannot see it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from unseen.contracts.study import Finding, Region
from unseen.statistics.interval import Interval

WIDTH, HEIGHT = 640, 96
LEFT, RIGHT = 24.0, 616.0
"""Where the axis begins and ends, in units of the drawing."""

MARGIN = 0.08
"""Share of the axis left free at either end."""

LOG_FROM = 50.0
"""The axis is logarithmic if all numbers are positive and the largest is this many times the smallest."""

MOST_TICKS = 6


@dataclass(frozen=True)
class Tick:
    """A number on the axis."""

    x: float
    label: str


@dataclass(frozen=True)
class IntervalChart:
    """Positions along the axis, in units of the drawing."""

    title: str
    description: str
    region: tuple[float, float]
    """Left end and width of the region."""
    borders: tuple[float, ...]
    low: float
    high: float
    low_open: bool
    """Whether the interval goes on beyond the left end of the drawing."""
    high_open: bool
    estimate: float
    seeds: tuple[float, ...]
    ticks: tuple[Tick, ...]
    logarithmic: bool


def interval_chart(finding: Finding) -> IntervalChart | None:
    """Lay out a claim's interval; None where nothing is determined."""
    interval, region = finding.interval, finding.claim.region
    if not interval.determined or not math.isfinite(interval.estimate):
        return None
    axis = _Axis.around([interval.estimate, interval.low, interval.high, region.low, region.high, *interval.values])
    borders = tuple(axis.place(end) for end in (region.low, region.high) if math.isfinite(end))
    start, end = axis.place(region.low), axis.place(region.high)
    return IntervalChart(
        title=f"Estimate and interval: {finding.verdict.status}",
        description=describe(interval, region),
        region=(start, round(end - start, 1)),
        borders=borders,
        low=axis.place(interval.low),
        high=axis.place(interval.high),
        low_open=interval.low == -math.inf,
        high_open=interval.high == math.inf,
        estimate=axis.place(interval.estimate),
        seeds=tuple(axis.place(value) for value in interval.values if math.isfinite(value)),
        ticks=axis.ticks(),
        logarithmic=axis.logarithmic,
    )


def describe(interval: Interval, region: Region) -> str:
    """Say in words what the drawing shows.

    Examples
    --------
    >>> describe(Interval(0.5, 0.4, 0.6, values=(0.4, 0.6)), Region(low=0.3))
    'Estimate 0.5, 90% interval from 0.4 to 0.6. The claim is true above 0.3. Values of the seeds: 0.4, 0.6.'
    """
    words = (
        f"Estimate {interval.estimate:.4g}, {interval.level:.0%} interval from {interval.low:.4g} to "
        f"{interval.high:.4g}. The claim is true {region}."
    )
    if interval.values:
        words += f" Values of the seeds: {', '.join(f'{value:.4g}' for value in interval.values)}."
    return words


@dataclass(frozen=True)
class _Axis:
    """Numbers to positions; infinite ones go to the ends of the drawing."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def around(cls, numbers: Iterable[float]) -> _Axis:
        finite = [float(number) for number in numbers if math.isfinite(number)]
        low, high = min(finite), max(finite)
        logarithmic = low > 0 and high >= LOG_FROM * low
        if logarithmic:
            low, high = math.log10(low), math.log10(high)
        room = MARGIN * (high - low) or 0.5 * abs(low) or 0.5
        return cls(low - room, high + room, logarithmic)

    def place(self, number: float) -> float:
        if number == math.inf:
            return RIGHT
        if number == -math.inf:
            return LEFT
        value = math.log10(number) if self.logarithmic else number
        return round(LEFT + (RIGHT - LEFT) * (value - self.low) / (self.high - self.low), 1)

    def ticks(self) -> tuple[Tick, ...]:
        if self.logarithmic:
            powers = range(math.ceil(self.low), math.floor(self.high) + 1)
            step = -(-len(powers) // MOST_TICKS) or 1
            marks = [10.0**power for power in powers[::step]]
        else:
            step_size = _round_step((self.high - self.low) / (MOST_TICKS - 1))
            first, last = math.ceil(self.low / step_size), math.floor(self.high / step_size)
            marks = [index * step_size for index in range(first, last + 1)]
        return tuple(Tick(self.place(mark), f"{mark:.6g}") for mark in marks)


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))
