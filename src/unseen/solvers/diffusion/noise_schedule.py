"""How much of the signal is left at each time of a diffusion, continuous in time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    r"""A variance-preserving diffusion :math:`x_t = \sqrt{\bar\alpha(t)}\, x_0 + \sqrt{1 - \bar\alpha(t)}\, \epsilon`.

    **Which index is which.** Time t runs from 0, the clean data, to T, and :math:`\bar\alpha(0) = 1`;
    :math:`\bar\alpha(i) = \prod_{j \le i} (1 - \beta_j)` with :math:`\beta_1, ..., \beta_T`. Most code numbers from 0
    instead: its ``alphas_cumprod[i]``, and the time step i that its networks are told, are our time i + 1.

    Between whole times :math:`\log\bar\alpha` is interpolated, so that half steps need no rounding and derivatives
    exist: by a cubic spline, or, where that would not fall everywhere, by monotone cubic pieces.

    Parameters
    ----------
    betas : array_like of float, shape (T,)
        Variance of the noise added in each step, in (0, 1); at least three.

    Raises
    ------
    ValueError
        If there are fewer than three betas, or one lies outside (0, 1).

    Examples
    --------
    >>> schedule = NoiseSchedule([0.1, 0.2, 0.3])
    >>> schedule.alpha_bar([0, 1, 2]).round(6).tolist()
    [1.0, 0.9, 0.72]
    """

    betas: Any

    def __post_init__(self) -> None:
        betas = np.array(self.betas, dtype=np.float64)
        if betas.ndim != 1 or len(betas) < 3 or not ((betas > 0) & (betas < 1)).all():
            raise ValueError(f"betas must be at least three numbers in (0, 1), not {self.betas!r}")
        betas.flags.writeable = False
        object.__setattr__(self, "betas", betas)

    @property
    def steps(self) -> int:
        """T, the latest time."""
        return len(self.betas)

    def alpha_bar(self, times: ArrayLike) -> Array:
        """Share of the signal's variance at times in [0, T], in the shape of the times."""
        return np.asarray(np.exp(self._logarithm(self._checked(times))))

    def slope(self, times: ArrayLike) -> Array:
        """Derivative of log(alpha_bar) with respect to time, negative, at times in [0, T]."""
        return np.asarray(self._logarithm(self._checked(times), 1))

    def log_snr(self, times: ArrayLike) -> Array:
        """``log(alpha_bar / (1 - alpha_bar)) / 2``, the log of signal over noise amplitude; infinite at time 0."""
        logs = self._logarithm(self._checked(times))
        with np.errstate(divide="ignore"):
            return np.asarray((logs - np.log(-np.expm1(logs))) / 2)

    def time(self, log_snr: ArrayLike) -> Array:
        """The times at which `log_snr` takes these values, its inverse on (0, T].

        Raises
        ------
        ValueError
            If a value lies below that of time T, or is so large that its time is below 1e-6.
        """
        wanted = np.asarray(log_snr, dtype=np.float64)
        ratios, times = self._table
        if not ((wanted >= ratios[0] - 1e-9) & (wanted <= ratios[-1])).all():
            raise ValueError(f"log_snr must lie in [{ratios[0]:.6g}, {ratios[-1]:.6g}], not {log_snr!r}")
        found = np.interp(wanted, ratios, times)
        # Newton from within one interval of the table, on which the ratio is all but linear.
        for _ in range(3):
            slope = self._logarithm(found, 1) / (-2 * np.expm1(self._logarithm(found)))
            found = np.clip(found - (self.log_snr(found) - wanted) / slope, times[-1], self.steps)
        return np.asarray(found)

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """Ascending log signal-to-noise ratios, and their times: all whole ones, and denser ones near the data."""
        times = np.concatenate([np.arange(self.steps, 1, -1), np.geomspace(1, 1e-6, 300)])
        return self.log_snr(times), times

    @cached_property
    def _logarithm(self) -> CubicSpline | PchipInterpolator:
        times = np.arange(self.steps + 1)
        logs = np.concatenate([[0.0], np.cumsum(np.log1p(-self.betas))])
        spline = CubicSpline(times, logs)
        between = np.linspace(0, self.steps, 16 * self.steps + 1)
        return spline if (spline(between, 1) < 0).all() else PchipInterpolator(times, logs)

    def _checked(self, times: ArrayLike) -> Array:
        found = np.asarray(times, dtype=np.float64)
        if not ((found >= 0) & (found <= self.steps)).all():
            raise ValueError(f"times must lie in [0, {self.steps}], not {times!r}")
        return found


def linear_schedule(steps: int = 1000, *, first: float = 1e-4, last: float = 0.02) -> NoiseSchedule:
    """Betas evenly spaced from `first` to `last`: Ho, Jain and Abbeel 2020, arXiv:2006.11239, section 4."""
    return NoiseSchedule(np.linspace(first, last, steps))


def cosine_schedule(steps: int = 1000, *, offset: float = 0.008, most: float = 0.999) -> NoiseSchedule:
    r"""Squared-cosine schedule of Nichol and Dhariwal 2021, arXiv:2102.09672, equation 17.

    :math:`\bar\alpha(t) \propto \cos^2\left(\frac{t/T + s}{1 + s} \frac{\pi}{2}\right)`, each beta at most `most`.
    """
    level = np.cos((np.arange(steps + 1) / steps + offset) / (1 + offset) * np.pi / 2) ** 2
    return NoiseSchedule(np.minimum(1 - level[1:] / level[:-1], most))
