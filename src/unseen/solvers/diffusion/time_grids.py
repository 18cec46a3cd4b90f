"""Where a sampler stops on its way from noise to data: descending times."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.noise_schedule import NoiseSchedule

Array = NDArray[np.float64]


def uniform_times(schedule: NoiseSchedule, steps: int, *, last: float = 1.0) -> Array:
    """Evenly spaced in time, from T down to `last`; shape (steps + 1,)."""
    return _ends(schedule, np.linspace(schedule.steps, last, _positive(steps) + 1), last)


def quadratic_times(schedule: NoiseSchedule, steps: int, *, last: float = 1.0) -> Array:
    """Evenly spaced in the square root of time: denser near the data; shape (steps + 1,)."""
    roots = np.linspace(np.sqrt(schedule.steps), np.sqrt(last), _positive(steps) + 1)
    return _ends(schedule, roots**2, last)


def log_snr_times(schedule: NoiseSchedule, steps: int, *, last: float = 1.0) -> Array:
    """Evenly spaced in the log of the signal-to-noise ratio, from T down to `last` above 0; shape (steps + 1,)."""
    if not last > 0:
        raise ValueError(f"the signal-to-noise ratio is infinite at time {last!r}: end above 0")
    levels = np.linspace(schedule.log_snr(schedule.steps), schedule.log_snr(last), _positive(steps) + 1)
    return _ends(schedule, schedule.time(levels), last)


GRIDS: Mapping[str, Callable[..., Array]] = {
    "uniform": uniform_times,
    "quadratic": quadratic_times,
    "log-snr": log_snr_times,
}
"""Grids by name; each is called as ``grid(schedule, steps, last=...)``."""


def checked_times(schedule: NoiseSchedule, times: NDArray[np.floating]) -> Array:
    """The times as float64, at least two, if they descend within [0, T].

    Raises
    ------
    ValueError
        If they do not.
    """
    found = np.asarray(times, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2 or not (np.diff(found) < 0).all():
        raise ValueError(f"times must be at least two descending numbers, not {times!r}")
    if not (found[-1] >= 0 and found[0] <= schedule.steps):
        raise ValueError(f"times must lie in [0, {schedule.steps}], not from {found[0]:g} to {found[-1]:g}")
    return found


def _positive(steps: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps < 1:
        raise ValueError(f"steps must be a whole number from 1 up, not {steps!r}")
    return int(steps)


def _ends(schedule: NoiseSchedule, times: Array, last: float) -> Array:
    """The same times with exact ends."""
    times[0], times[-1] = schedule.steps, last
    return checked_times(schedule, times)
