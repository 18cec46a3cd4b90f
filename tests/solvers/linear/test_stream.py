"""Streams of systems: what they are made of, and that solving them keeps the systems' own order."""

import numpy as np
import pytest

from unseen.problems.linear.streams import FAMILIES, operator_stream
from unseen.solvers.linear.gcrodr import GCRODR
from unseen.solvers.linear.gmres import GMRES
from unseen.solvers.linear.sparse_lu import SparseLU
from unseen.solvers.linear.stream import solve_stream


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_what_they_are_called(family):
    stream = operator_stream(family, np.random.default_rng(0), 4, 6)
    dense = [matrix.toarray() for matrix in stream.matrices]
    symmetric = [np.array_equal(A, A.T) for A in dense]
    assert all(symmetric) == (not family.startswith("convection"))
    if family.startswith("darcy"):
        assert min(np.linalg.eigvalsh(A).min() for A in dense) > 0
    if family.startswith("helmholtz"):
        assert all(np.linalg.eigvalsh(A).min() < 0 < np.linalg.eigvalsh(A).max() for A in dense)
    assert len(stream) == 4
    assert not np.array_equal(dense[0], dense[1])


def test_wave_numbers_are_as_said():
    stream = operator_stream("helmholtz-two", np.random.default_rng(0), 1, 3, wave_number=7.0)
    p, q = stream.parameters[0]
    centre = 7.0 * np.exp((p - q) / 10)
    assert np.isclose(stream.matrices[0].diagonal()[4], 4 * 16 - centre**2)


@pytest.mark.parametrize("fresh", [False, True])
def test_solutions_come_in_the_order_of_the_systems(fresh):
    stream = operator_stream("darcy-field", np.random.default_rng(1), 5, 7)
    exact = solve_stream(SparseLU(), stream.matrices, stream.right_sides)
    found = solve_stream(
        GCRODR(m=12, k=4), stream.matrices, stream.right_sides, order=[3, 0, 4, 1, 2], tolerance=1e-10, fresh=fresh
    )
    assert found.converged.all()
    assert np.allclose(found.solutions, exact.solutions, rtol=1e-7)
    assert np.allclose(exact.solutions[2], np.linalg.solve(stream.matrices[2].toarray(), stream.right_sides[2]))


def test_fresh_solves_do_not_depend_on_the_order():
    stream = operator_stream("darcy-two", np.random.default_rng(1), 4, 8)
    counts = [
        solve_stream(GCRODR(m=12, k=4), stream.matrices, stream.right_sides, order=order, fresh=True).products.tolist()
        for order in (None, [3, 1, 0, 2])
    ]
    assert counts[0] == counts[1]
    carried = solve_stream(GCRODR(m=12, k=4), stream.matrices, stream.right_sides, order=[3, 1, 0, 2]).products
    assert carried[3] == counts[0][3]
    assert carried[[0, 1, 2]].tolist() != counts[0][:3]


def test_a_solver_that_gives_up_is_told():
    stream = operator_stream("helmholtz-field", np.random.default_rng(1), 2, 12)
    found = solve_stream(GMRES(5), stream.matrices, stream.right_sides, limit=10)
    assert not found.converged.any()


def test_misuse_is_named():
    stream = operator_stream("darcy-two", np.random.default_rng(1), 2, 5)
    with pytest.raises(ValueError, match="'heat'"):
        operator_stream("heat", np.random.default_rng(0), 1, 5)
    with pytest.raises(ValueError, match="permutation"):
        solve_stream(GMRES(), stream.matrices, stream.right_sides, order=[0, 0])
    with pytest.raises(ValueError, match="1 right-hand sides for 2 matrices"):
        solve_stream(GMRES(), stream.matrices, stream.right_sides[:1])
