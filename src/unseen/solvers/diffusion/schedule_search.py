"""The space of solver schedules: which stops a sampler makes, and by which formula it takes each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
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
        moved = generator.random(self.steps) < self.mutation
        widths = self._widths(candidate) * np.exp(moved * self.shift * generator.standard_normal(self.steps))
        times = self._times(widths) if moved.any() else candidate.times
        if self.times_only:
            return SolverSchedule(times, candidate.steps)
        choices = []
        for place, step in enumerate(candidate.steps):
            fresh = self._random_choice(place, generator)
            taken = {
                name: getattr(fresh, name)
                for name in ("prediction", "order", "estimator", "slope_points", "corrector")
                if generator.random() < self.mutation
            }
            if generator.random() < self.mutation:
                taken["relaxation"] = step.relaxation + self.relaxation * generator.standard_normal()
            choices.append(replace(step, **taken))
        return SolverSchedule(times, tuple(choices))

    def cross(
        self, first: SolverSchedule, second: SolverSchedule, generator: np.random.Generator
    ) -> SolverSchedule:
        """The stops of one of two, and the formula of each step from either."""
        parents = (first, second)
        times = parents[generator.integers(2)].times
        if self.times_only:
            return SolverSchedule(times, first.steps)
        return SolverSchedule(
            times, tuple(parents[generator.integers(2)].steps[place] for place in range(self.steps))
        )

    def features(self, candidate: SolverSchedule) -> Array:
        """Log signal-to-noise ratios of the stops, then seven numbers per step."""
        inner = self.schedule.log_snr(np.array(candidate.times[1:-1]))
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
        order = int(generator.choice(ORDERS, p=ORDER_PROBABILITIES))
        return StepChoice(
            prediction=PREDICTIONS[generator.integers(2)],
            order=min(order, place + 1),
            estimator=ESTIMATORS[generator.integers(2)],
            slope_points=int(generator.integers(2, 4)),
            relaxation=float(self.relaxation * generator.standard_normal()),
            corrector=bool(generator.integers(2)) and place + 1 < self.steps,
        )

    def _widths(self, candidate: SolverSchedule) -> Array:
        return np.diff(self.schedule.log_snr(np.array(candidate.times)))

    def _times(self, widths: Array) -> tuple[float, ...]:
        start, end = self.schedule.log_snr([self.schedule.steps, self.last])
        stops = start + (end - start) * np.cumsum(widths)[:-1] / widths.sum()
        return (float(self.schedule.steps), *self.schedule.time(stops).tolist(), self.last)


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
