"""What all samplers share: calls that are counted, and the report at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unseen.solvers.solve_report import SolveReport

NoisePrediction = Callable[[Any, float], Any]
"""``noise_prediction(x, alpha_bar)``: the expected noise in points x of any shape, at one level for all of them; x is a
NumPy array or a torch tensor, and so is the answer, of the same shape."""


@dataclass
class CountedPrediction:
    """A noise prediction that counts its calls and knows when the points ceased to be finite.

    Parameters
    ----------
    noise_prediction : callable
        See `NoisePrediction`.
    """

    noise_prediction: NoisePrediction
    calls: int = 0
    lost_at: int = 0
    """Number of the call that was first given, or first returned, something that is not finite; 0 for none."""
    started: float = field(default_factory=time.perf_counter)

    def __call__(self, x: Any, alpha_bar: float) -> Any:
        """Predict, count and look."""
        self.calls += 1
        found = self.noise_prediction(x, float(alpha_bar))
        if tuple(found.shape) != tuple(x.shape):
            raise ValueError(f"the noise prediction of points {tuple(x.shape)} has shape {tuple(found.shape)}")
        if not self.lost_at and not _finite(found):
            self.lost_at = self.calls
        return found

    def report(self, samples: Any) -> SolveReport:
        """The samples with their cost; status ``not-finite`` if any point is lost, else ``converged``."""
        counters = {"network_evaluations": self.calls}
        seconds = time.perf_counter() - self.started
        if self.lost_at or not _finite(samples):
            why = f"not finite from network evaluation {self.lost_at or self.calls} of {self.calls} on"
            return SolveReport(samples, "not-finite", why, counters=counters, seconds=seconds)
        return SolveReport(samples, "converged", counters=counters, seconds=seconds)


def _finite(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return bool(np.isfinite(values).all())
    return bool(values.isfinite().all())
