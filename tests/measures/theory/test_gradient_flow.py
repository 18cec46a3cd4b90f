from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from unseen.measures.theory.gradient_flow import least_squares_flow


def problem(samples: int, features: int):
    generator = np.random.default_rng(samples)
    return generator.standard_normal((samples, features)), generator.standard_normal(samples), generator


@pytest.mark.parametrize("samples", [3, 6, 12])
def test_flow_solves_the_differential_equation(samples):
    design, targets, generator = problem(samples, 6)
    start, times = generator.standard_normal(6), np.array([0.0, 0.05, 0.3, 2.0])
    gradient = lambda _, w: design.T @ (targets - design @ w)  # noqa: E731
    solved = solve_ivp(gradient, (0, 2), start, t_eval=times, rtol=1e-10, atol=1e-12).y.T
    np.testing.assert_allclose(least_squares_flow(design, targets, start, times), solved, atol=1e-7)


def test_end_is_the_least_squares_solution_nearest_to_the_start():
    design, targets, generator = problem(4, 9)
    start = generator.standard_normal(9)
    end = least_squares_flow(design, targets, start, [1e6])[0]
    nearest = start + np.linalg.pinv(design) @ (targets - design @ start)
    np.testing.assert_allclose(end, nearest, atol=1e-9)


def test_frozen_subspace_keeps_the_start_at_any_time():
    design, targets, generator = problem(4, 9)
    start = generator.standard_normal(9)
    frozen = np.eye(9) - np.linalg.pinv(design) @ design
    moved = least_squares_flow(design, targets, start, [0.1, 10.0, 1e12]) - start
    assert np.abs(moved).max() > 0.1
    np.testing.assert_allclose(moved @ frozen, 0, atol=1e-10)


def test_several_starts_share_a_decomposition():
    design, targets, generator = problem(5, 7)
    starts = generator.standard_normal((3, 7))
    together = least_squares_flow(design, targets, starts, [0.2, 1.0])
    for start, weights in zip(starts, together, strict=True):
        np.testing.assert_allclose(least_squares_flow(design, targets, start, [0.2, 1.0]), weights, atol=1e-13)


def test_wrong_shapes_and_times_are_refused():
    design, targets, _ = problem(5, 7)
    with pytest.raises(ValueError, match="features"):
        least_squares_flow(design, targets, np.zeros(6), [1.0])
    with pytest.raises(ValueError, match="times"):
        least_squares_flow(design, targets, np.zeros(7), [np.inf])
