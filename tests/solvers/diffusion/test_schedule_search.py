from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from unseen.problems.densities.gaussian_mixture import ring_mixture
from unseen.solvers.black_box_search import predictor_evolution
from unseen.solvers.diffusion.classical import runge_kutta
from unseen.solvers.diffusion.constant_schedules import ddim, dpm_solver_pp, unipc
from unseen.solvers.diffusion.exponential_integrator import SolverSchedule, StepChoice, sample
from unseen.solvers.diffusion.noise_schedule import linear_schedule
from unseen.solvers.diffusion.schedule_search import CHOICES, ORDER_PROBABILITIES, ScheduleSpace, distance_to
from unseen.solvers.diffusion.time_grids import GRIDS, log_snr_times

SCHEDULE = linear_schedule()
RING = ring_mixture()
NOISE = np.random.default_rng(0).standard_normal((40, 2))
SPACE = ScheduleSpace(SCHEDULE, 6)


@pytest.fixture(scope="module")
def ends():
    return runge_kutta(RING.noise_prediction, NOISE, SCHEDULE, log_snr_times(SCHEDULE, 200)).solution


def test_all_that_is_made_can_be_run():
    generator = np.random.default_rng(0)
    made = [SPACE.random(generator) for _ in range(20)]
    made += [SPACE.mutate(candidate, generator) for candidate in made]
    made += [SPACE.cross(first, second, generator) for first, second in pairwise(made)]
    for candidate in made:
        assert len(candidate.steps) == 6
        assert (candidate.times[0], candidate.times[-1]) == (1000.0, 1.0)
        report = sample(RING.noise_prediction, NOISE, SCHEDULE, candidate)
        assert report.counters["network_evaluations"] == 6
        assert len(SPACE.features(candidate)) == 5 + 7 * 6
    assert len({SPACE.features(candidate).tobytes() for candidate in made}) > 50


def test_random_choices_have_their_probabilities():
    generator = np.random.default_rng(1)
    steps = [SPACE.random(generator).steps[4] for _ in range(2000)]
    orders = np.bincount([step.order for step in steps], minlength=4)[1:] / 2000
    assert orders == pytest.approx(ORDER_PROBABILITIES, abs=0.05)
    for name, value in (("prediction", "data"), ("estimator", "exact"), ("slope_points", 2), ("corrector", True)):
        assert np.mean([getattr(step, name) == value for step in steps]) == pytest.approx(0.5, abs=0.05)


def test_mutations_change_each_part_with_their_probability():
    generator = np.random.default_rng(2)
    start = SPACE.random(generator)
    mutants = [SPACE.mutate(start, generator) for _ in range(1000)]
    for name in CHOICES:
        changed = np.mean([getattr(mutant.steps[3], name) != getattr(start.steps[3], name) for mutant in mutants])
        # Drawing anew may give the same value again.
        assert 0.1 < changed < 0.36
    still = np.mean([mutant.times == start.times for mutant in mutants])
    assert still == pytest.approx(0.7**6, abs=0.05)
    moves = np.array([mutant.times for mutant in mutants]) - start.times
    assert np.abs(moves[:, [0, -1]]).max() == 0


def test_crossing_takes_every_part_from_one_of_two():
    generator = np.random.default_rng(3)
    first, second = SPACE.random(generator), SPACE.random(generator)
    for _ in range(20):
        child = SPACE.cross(first, second, generator)
        assert child.times in (first.times, second.times)
        for step, one, other in zip(child.steps, first.steps, second.steps, strict=True):
            assert step in (one, other)


def test_over_stops_alone_the_formulas_stay():
    space, generator = ScheduleSpace(SCHEDULE, 6, times_only=True), np.random.default_rng(4)
    start, other = SPACE.random(generator), SPACE.random(generator)
    for _ in range(20):
        assert space.mutate(start, generator).steps == space.cross(start, other, generator).steps == start.steps
    assert any(space.mutate(start, generator).times != start.times for _ in range(20))


def test_known_samplers_are_those_of_their_names():
    known = SPACE.known_samplers()
    assert len(known) == 15
    for grid, make in GRIDS.items():
        times = make(SCHEDULE, 6)
        settings = (RING.noise_prediction, NOISE, SCHEDULE, times)
        expected = {"ddim": ddim(*settings)}
        for order in (2, 3):
            expected[f"dpm-solver-{order}"] = dpm_solver_pp(*settings, order=order, lower_order_final=True)
            expected[f"unipc-{order}"] = unipc(*settings, order=order, lower_order_final=True)
        for name, report in expected.items():
            found = sample(RING.noise_prediction, NOISE, SCHEDULE, known[f"{name}-{grid}"]).solution
            assert found == pytest.approx(report.solution, abs=1e-12)


def test_constant_schedules_hold_the_known_samplers_and_choose_one_formula():
    constant = list(SPACE.constant_schedules())
    assert len(constant) == 144
    for candidate in constant:
        assert len({(step.prediction, step.estimator) for step in candidate.steps}) == 1
    for name, candidate in SPACE.known_samplers().items():
        # UniPC changes its estimator with the order.
        assert candidate in constant or name.startswith(("unipc-3", "ddim"))


def test_a_search_finds_what_no_known_sampler_reaches_and_the_error_is_the_distance(ends):
    error = distance_to(RING.noise_prediction, NOISE, ends, SCHEDULE)
    known = SPACE.known_samplers()
    reached = ddim(RING.noise_prediction, NOISE, SCHEDULE, known["ddim-uniform"].times).solution
    assert error(known["ddim-uniform"]) == pytest.approx(np.sqrt(((reached - ends) ** 2).sum(axis=1).mean()))
    found = predictor_evolution(SPACE, error, budget=120, generator=np.random.default_rng(0), start=known.values())
    assert found.errors.min() < 0.6 * min(error(candidate) for candidate in known.values())


def test_a_schedule_that_loses_points_is_infinitely_bad(ends):
    error = distance_to(lambda x, alpha_bar: x * 1e200, NOISE, ends, SCHEDULE)
    assert error(SolverSchedule((1000.0, 500.0, 1.0), (StepChoice(order=1), StepChoice()))) == np.inf


def test_a_search_over_one_step_is_refused():
    with pytest.raises(ValueError, match="at least 2 steps, not 1"):
        ScheduleSpace(SCHEDULE, 1)
