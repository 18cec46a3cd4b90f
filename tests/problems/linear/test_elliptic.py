"""Discretisations: order of convergence to manufactured solutions, symmetry, and an independent assembly."""

import math

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg
from hypothesis import given
from hypothesis import strategies as st

from unseen.problems.linear.elliptic import (
    GridSystem,
    convection_diffusion_matrix,
    darcy_matrix,
    elliptic_matrix,
    grid_points,
    helmholtz_matrix,
    neumann_matrix,
    poisson_matrix,
)

PI = math.pi


def order(errors):
    """Order of convergence under halving of the grid width."""
    return math.log2(errors[0] / errors[1])


def error(matrix, right, exact):
    found = scipy.sparse.linalg.spsolve(matrix.tocsc(), right.ravel())
    return np.abs(found - exact.ravel()).max()


def sine(points):
    return np.prod([np.sin(PI * x) for x in points], axis=0)


@pytest.mark.parametrize(("dimension", "grids"), [(1, (15, 31)), (2, (15, 31)), (3, (7, 15))])
def test_poisson_is_of_second_order(dimension, grids):
    errors = []
    for g in grids:
        u = sine(grid_points((g,) * dimension))
        errors.append(error(poisson_matrix((g,) * dimension), dimension * PI**2 * u, u))
    assert 1.9 < order(errors) < 2.1


@pytest.mark.parametrize(("dimension", "grids"), [(2, (15, 31)), (3, (7, 15))])
def test_variable_coefficient_is_of_second_order(dimension, grids):
    errors = []
    for g in grids:
        points = grid_points((g,) * dimension)
        u, s = sine(points), sum(points)
        a = np.exp(s)
        gradients = sum(
            PI * np.cos(PI * x) * np.prod([np.sin(PI * y) for other, y in enumerate(points) if other != axis], axis=0)
            for axis, x in enumerate(points)
        )
        errors.append(error(darcy_matrix(a), a * (dimension * PI**2 * u - gradients), u))
    assert 1.8 < order(errors) < 2.3


def test_a_layered_medium_is_solved_exactly_with_harmonic_means():
    # -(a u')' = 0 has a piecewise linear solution; with harmonic means the flux is exact for an interface on a face.
    g = 9
    a = np.where(np.arange(1, g + 1) / (g + 1) < 0.45, 1.0, 100.0)
    x = np.arange(g + 2) / (g + 1)
    conductance = np.concatenate([[a[0]], 2 * a[:-1] * a[1:] / (a[:-1] + a[1:]), [a[-1]]])
    exact = np.concatenate([[0], np.cumsum(1 / conductance)]) / (1 / conductance).sum()
    right = np.zeros(g)
    right[-1] = a[-1] * (g + 1) ** 2
    found = scipy.sparse.linalg.spsolve(elliptic_matrix(a).tocsc(), right)
    assert np.allclose(found, exact[1:-1], atol=1e-12)
    interface = 0.45
    truth = np.where(x < interface, x, interface + (x - interface) / 100) / (interface + (1 - interface) / 100)
    assert np.allclose(exact, truth, atol=1e-12)


@pytest.mark.parametrize("varying", [False, True])
def test_helmholtz_is_of_second_order(varying):
    errors = []
    for g in (31, 63):
        points = grid_points((g, g))
        k = 7.0 + (points[0] if varying else 0 * points[0])
        u = sine(points)
        errors.append(error(helmholtz_matrix(k), (2 * PI**2 - k**2) * u, u))
    assert 1.8 < order(errors) < 2.2


@pytest.mark.parametrize(("scheme", "least", "most"), [("central", 1.9, 2.1), ("upwind", 0.8, 1.2)])
@pytest.mark.parametrize(("dimension", "grids"), [(2, (31, 63)), (3, (7, 15))])
def test_convection_has_the_order_of_its_scheme(scheme, least, most, dimension, grids):
    errors, b = [], np.array([3.0, -2.0, 1.0])[:dimension]
    for g in grids:
        points = grid_points((g,) * dimension)
        u = sine(points)
        gradient = [
            PI * np.cos(PI * x) * np.prod([np.sin(PI * y) for other, y in enumerate(points) if other != axis], axis=0)
            for axis, x in enumerate(points)
        ]
        right = dimension * PI**2 * u + sum(speed * part for speed, part in zip(b, gradient, strict=True))
        errors.append(error(convection_diffusion_matrix((g,) * dimension, b, scheme=scheme), right, u))
    assert least < order(errors) < most + (0.3 if dimension == 3 else 0)


def test_obstacles_hold_the_solution_at_zero_and_keep_second_order():
    # Two separate strips: on each, the solution of its own Dirichlet problem.
    errors = []
    for g in (15, 31):
        x, y = grid_points((g, g))
        inside = x != 0.5
        u = np.abs(np.sin(2 * PI * x)) * np.sin(PI * y)
        errors.append(error(poisson_matrix((g, g), inside), (5 * PI**2 * u)[inside], u[inside]))
    assert 1.9 < order(errors) < 2.1


@given(st.integers(0, 2**32 - 1))
def test_matches_an_assembly_point_by_point(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(g) for g in rng.integers(1, 5, rng.integers(1, 4)))
    a, c = np.exp(rng.standard_normal(shape)), rng.standard_normal(shape)
    b = rng.standard_normal((len(shape), *shape))
    inside = rng.random(shape) < 0.7
    inside[tuple(0 for _ in shape)] = True
    scheme = str(rng.choice(["central", "upwind"]))
    found = elliptic_matrix(a, velocity=b, reaction=c, interior=inside, scheme=scheme)
    number = {tuple(p): i for i, p in enumerate(np.argwhere(inside))}
    slow = np.zeros((len(number), len(number)))
    for point, row in number.items():
        slow[row, row] += c[point]
        for axis, points in enumerate(shape):
            h = 1 / (points + 1)
            for side in (-1, 1):
                other = tuple(p + side * (i == axis) for i, p in enumerate(point))
                face = 2 / (1 / a[point] + 1 / a[other]) if other in number else a[point]
                speed = b[(axis, *point)]
                drift = side * speed / (2 * h) if scheme == "central" else side * min(side * speed * 1.0, 0) / h * side
                slow[row, row] += face / h**2 - (0 if scheme == "central" else drift)
                if other in number:
                    slow[row, number[other]] += drift - face / h**2
    assert np.allclose(found.toarray(), slow, rtol=1e-12, atol=1e-9)
    assert found.has_sorted_indices or (found.sorted_indices().indices == found.indices).all()


def test_symmetric_and_positive_definite_without_convection():
    rng = np.random.default_rng(0)
    matrix = darcy_matrix(np.exp(2 * rng.standard_normal((5, 6))), rng.random((5, 6)) < 0.8)
    assert abs(matrix - matrix.T).max() == 0
    assert np.linalg.eigvalsh(matrix.toarray()).min() > 0


def test_poisson_has_the_known_eigenvalues():
    g = 6
    line = (2 * (g + 1) * np.sin(np.arange(1, g + 1) * PI / (2 * (g + 1)))) ** 2
    expected = np.sort(np.add.outer(line, line).ravel())
    assert np.allclose(np.linalg.eigvalsh(poisson_matrix((g, g)).toarray()), expected)


def test_neumann_matrix_has_the_constants_as_kernel():
    matrix = neumann_matrix((3, 4, 2))
    assert np.abs(matrix @ np.ones(24)).max() < 1e-10
    assert np.linalg.matrix_rank(matrix.toarray()) == 23
    assert abs(matrix - matrix.T).max() == 0


def test_fields_and_vectors_are_inverse_to_each_other():
    inside = np.array([[True, False], [True, True]])
    system = GridSystem(poisson_matrix((2, 2), inside), np.ones(3), inside)
    assert system.field(np.array([1.0, 2.0, 3.0])).tolist() == [[1, 0], [2, 3]]
    assert system.vector(system.field(np.array([1.0, 2.0, 3.0]))).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"diffusion": np.zeros((2, 2))}, "above 0"),
        ({"diffusion": np.full((2, 2), np.nan)}, "finite"),
        ({"diffusion": np.ones((2, 2)), "velocity": np.ones(3)}, r"velocity must be finite, of shape \(2,\)"),
        ({"diffusion": np.ones((2, 2)), "reaction": np.ones(3)}, "reaction"),
        ({"diffusion": np.ones((2, 2)), "interior": np.ones(3, bool)}, r"interior has shape \(3,\)"),
        ({"diffusion": np.ones((2, 2)), "interior": np.zeros((2, 2), bool)}, "no grid point is left"),
        ({"diffusion": np.ones((2, 2)), "scheme": "odd"}, "'odd'"),
        ({"diffusion": np.ones((2, 2, 2, 2))}, "one to three axes"),
    ],
)
def test_misuse_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        elliptic_matrix(arguments.pop("diffusion"), **arguments)
