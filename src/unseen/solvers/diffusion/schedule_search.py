"""The space of solver schedules: which stops a sampler makes, and by which formula it takes each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.solvers.diffusion.constant_schedules import constant_schedule
from unseen.solvers.diffusion.evaluation import NoisePrediction
from unseen.solvers.diffusion.exponential_integrator import Estimator, Prediction, SolverSchedule, StepChoice, sample
from unseen.solvers.diffusion.noise_schedule import NoiseSchedule
from unseen.solvers.diffusion.time_grids import GRIDS

Array = NDArray[np.float64]

PREDICTIONS: tuple[Prediction, ...] = ("noise", "data")
ESTIMATORS: tuple[Estimator, ...] = ("exact", "halved")
CHOICES = ("prediction", "order", "estimator", "slope_points", "relaxation", "corrector")
"""The parts of a formula that mutations change one by one."""
ORDERS = (1, 2, 3)
ORDER_PROBABILITIES = (0.2, 0.4, 0.4)
"""The released search draws orders 1 to 4 with probabilities 0.2, 0.4, 0.3 and 0.1; there is no order 4 here."""


@dataclass(frozen=True, eq=False)
class ScheduleSpace:
    """All schedules of a number of steps between two times, as a `SearchSpace` of `SolverSchedule`.

    Per step: the stop, the prediction, the order, the estimator, the number of points of the slope, the relaxation and
    the corrector. Probabilities and sizes of mutations are those of the released search
    (thu-nics/USF, ``codebases/edm/configs/evo_search.yml``), except that stops move in log signal-to-noise ratio and
    the number of steps is given.

    Parameters
    ----------
    schedule : NoiseSchedule
        The diffusion.
    steps : int
        N, at least 2.
    last : float
        The last time, above 0.
    times_only : bool
        Whether mutations and crossings leave the formulas alone.
    """

    schedule: NoiseSchedule
    steps: int
    last: float = 1.0
    times_only: bool = False
    mutation: float = 0.3
    """Probability of each part to change in a mutation."""
    shift: float = 0.08
    """Standard deviation of the logarithm by which a step's width changes."""
    relaxation: float = 0.03
    """Standard deviation of a change of relaxation."""
    spread: float = 0.5
    """Standard deviation of the log widths of random schedules."""

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise ValueError(f"a schedule that is searched has at least 2 steps, not {self.steps!r}")

    def random(self, generator: np.random.Generator) -> SolverSchedule:
        """Widths in log signal-to-noise ratio that differ by factors, and independent formulas."""
        widths = np.exp(self.spread * generator.standard_normal(self.steps))
        choices = [self._random_choice(place, generator) for place in range(self.steps)]
        return SolverSchedule(self._times(widths), tuple(choices))

    def mutate(self, candidate: SolverSchedule, generator: np.random.Generator) -> SolverSchedule:
        """Each width and each choice changed with a small probability."""
        chances = generator.random((self.steps, 1 + len(CHOICES))) < self.mutation
        changes = generator.standard_normal((self.steps, 2))
        moved = chances[:, 0]
        times = candidate.times
        if moved.any():
            times = self._times(self._widths(candidate) * np.exp(moved * self.shift * changes[:, 0]))
        if self.times_only:
            return SolverSchedule(times, candidate.steps)
        steps = []
        for place, (step, chosen) in enumerate(zip(candidate.steps, chances[:, 1:].tolist(), strict=True)):
            fresh = self._random_choice(place, generator)
            taken = {name: getattr(fresh, name) for name, new in zip(CHOICES, chosen, strict=True) if new}
            if "relaxation" in taken:
                taken["relaxation"] = step.relaxation + self.relaxation * float(changes[place, 1])
            steps.append(replace(step, **taken) if taken else step)
        return SolverSchedule(times, tuple(steps))

    def cross(self, first: SolverSchedule, second: SolverSchedule, generator: np.random.Generator) -> SolverSchedule:
        """The stops of one of two, and the formula of each step from either."""
        parents = (first, second)
        picks = generator.integers(2, size=1 + self.steps)
        times = parents[picks[0]].times
        if self.times_only:
            return SolverSchedule(times, first.steps)
        return SolverSchedule(times, tuple(parents[pick].steps[place] for place, pick in enumerate(picks[1:])))

    def features(self, candidate: SolverSchedule) -> Array:
        """Log signal-to-noise ratios of the stops, then seven numbers per step."""
        inner = _positions(self.schedule, candidate.times)[1:-1]
        choices = [
            (
                step.prediction == "data",
                step.order,
                step.order == 1,
                step.estimator == "exact",
                step.slope_points,
                step.relaxation,
                step.corrector,
            )
            for step in candidate.steps
        ]
        return np.concatenate([inner, np.array(choices, dtype=np.float64).ravel()])

    def constant_schedules(self) -> Iterator[SolverSchedule]:
        """Every schedule of the space with one formula for all steps, on each of the known grids."""
        for grid, prediction, order, estimator, corrector, lower in product(
            GRIDS.values(), PREDICTIONS, ORDERS, ESTIMATORS, (False, True), (False, True)
        ):
            times = grid(self.schedule, self.steps, last=self.last)
            step = StepChoice(prediction, order, estimator, corrector=corrector)
            yield constant_schedule(times, step, lower_order_final=lower)

    def known_samplers(self) -> dict[str, SolverSchedule]:
        """DDIM, DPM-Solver++(2M, 3M) and UniPC of order 2 and 3 on each of the known grids, by name."""
        found = {}
        for grid, make in GRIDS.items():
            times = make(self.schedule, self.steps, last=self.last)
            found[f"ddim-{grid}"] = constant_schedule(times, StepChoice(order=1))
            for order in (2, 3):
                published = constant_schedule(times, StepChoice("data", order, "halved"), lower_order_final=True)
                found[f"dpm-solver-{order}-{grid}"] = published
                corrected = constant_schedule(times, StepChoice("data", order, corrector=True), lower_order_final=True)
                found[f"unipc-{order}-{grid}"] = SolverSchedule(
                    corrected.times,
                    tuple(replace(step, estimator="halved") if step.order < 3 else step for step in corrected.steps),
                )
        return found

    def _random_choice(self, place: int, generator: np.random.Generator) -> StepChoice:
        draws = generator.random(5).tolist()
        order = 1 + int(np.searchsorted(np.cumsum(ORDER_PROBABILITIES[:-1]), draws[0], side="right"))
        return StepChoice(
            prediction=PREDICTIONS[draws[1] < 0.5],
            order=min(order, place + 1),
            estimator=ESTIMATORS[draws[2] < 0.5],
            slope_points=2 + (draws[3] < 0.5),
            relaxation=self.relaxation * float(generator.standard_normal()),
            corrector=draws[4] < 0.5 and place + 1 < self.steps,
        )

    def _widths(self, candidate: SolverSchedule) -> Array:
        return np.diff(_positions(self.schedule, candidate.times))

    def _times(self, widths: Array) -> tuple[float, ...]:
        start, end = _positions(self.schedule, (float(self.schedule.steps), self.last))
        stops = start + (end - start) * np.cumsum(widths)[:-1] / widths.sum()
        return (float(self.schedule.steps), *self.schedule.time(stops).tolist(), self.last)


@lru_cache(maxsize=20_000)
def _positions(schedule: NoiseSchedule, times: tuple[float, ...]) -> Array:
    """Log signal-to-noise ratios of some times; asked for again and again in a search."""
    return schedule.log_snr(np.array(times))


def distance_to(
    prediction: NoisePrediction, noise: Array, ends: Array, schedule: NoiseSchedule
) -> Callable[[SolverSchedule], float]:
    """The error of solver schedules: root mean square distance between their end points and given ones.

    Parameters
    ----------
    prediction : callable
        See `NoisePrediction`.
    noise : array of float, shape (n, d)
        Where the trajectories start.
    ends : array of float, shape (n, d)
        Where they should end.
    schedule : NoiseSchedule
        The diffusion.
    """

    def error(candidate: SolverSchedule) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            found: Any = sample(prediction, noise, schedule, candidate).solution
            distance = float(np.sqrt(((found - ends) ** 2).sum(axis=1).mean()))
        return distance if np.isfinite(distance) else np.inf

    return error
