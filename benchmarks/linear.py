"""Linear solvers beside SciPy's, SuperLU and PyAMG, all on the same systems in one run.

Run it alone on the machine: ``python benchmarks/linear.py``. It takes some minutes and about 4 GB.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from unseen.problems.linear.elliptic import poisson_matrix
from unseen.problems.linear.streams import operator_stream
from unseen.solvers.linear import gcrodr
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.solvers.linear.fast_poisson import FastPoisson
from unseen.solvers.linear.gcrodr import GCRODR
from unseen.solvers.linear.gmres import GMRES
from unseen.solvers.linear.interface import CountedOperator, Preconditioner
from unseen.solvers.linear.multigrid import algebraic_multigrid
from unseen.solvers.linear.ordering import sort_by_similarity
from unseen.solvers.linear.preconditioners import incomplete_lu
from unseen.solvers.linear.sparse_lu import SparseLU

Solved = tuple[Any, int]
"""Solution and matrix-vector products."""

LIMIT = 8000
"""Most products of one solve: GMRES(40) needs more for some Helmholtz equations."""


def helmholtz_stream(systems: int = 12, grid: int = 32, tolerance: float = 1e-8) -> list[dict[str, Any]]:
    """Mean products and seconds per system, solver by solver, on one sorted stream."""
    stream = operator_stream("helmholtz-field", np.random.default_rng(0), systems, grid)
    order = sort_by_similarity(stream.parameters)
    recycled, fresh = GCRODR(), GCRODR()

    def ours(solver: Any, forget: bool = False) -> Callable[[Any, Any], Solved]:
        def run(A: Any, b: Any) -> Solved:
            if forget:
                solver.reset()
            report = solver.solve(A, b, tolerance=tolerance, limit=LIMIT)
            return report.solution, report.counters["matrix_vector_products"]

        return run

    def scipy_gmres(A: Any, b: Any) -> Solved:
        counted = CountedOperator(A)
        operator = scipy.sparse.linalg.LinearOperator(A.shape, matvec=counted, dtype=float)
        x, _ = scipy.sparse.linalg.gmres(operator, b, rtol=tolerance, atol=0.0, restart=40, maxiter=LIMIT // 40)
        return x, counted.products

    kept: list[Any] = []

    def scipy_gcrot(A: Any, b: Any) -> Solved:
        counted = CountedOperator(A)
        operator = scipy.sparse.linalg.LinearOperator(A.shape, matvec=counted, dtype=float)
        x, _ = scipy.sparse.linalg.gcrotmk(
            operator, b, rtol=tolerance, atol=0.0, maxiter=LIMIT // 20, m=20, k=20, CU=kept, discard_C=True
        )
        return x, counted.products

    sides: dict[str, Callable[[Any, Any], Solved]] = {
        "SciPy gmres(40)": scipy_gmres,
        "our GMRES(40)": ours(GMRES(40)),
        "SciPy gcrotmk(20, 20), carried over": scipy_gcrot,
        "GCRO-DR(40, 20), afresh": ours(fresh, forget=True),
        "GCRO-DR(40, 20), carried over": ours(recycled),
        "SuperLU": ours(SparseLU()),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    products: dict[str, list[int]] = {name: [] for name in sides}
    errors: dict[str, list[float]] = {name: [] for name in sides}
    for index in order:
        A, b = stream.matrices[index], stream.right_sides[index]
        # The sides take turns, so that a busy moment of the machine meets all of them.
        for name, side in sides.items():
            began = time.perf_counter()
            x, count = side(A, b)
            seconds[name].append(time.perf_counter() - began)
            products[name].append(count)
            errors[name].append(float(np.linalg.norm(b - A @ x) / np.linalg.norm(b)))
    return [
        {
            "name": name,
            "products": statistics.fmean(products[name]),
            "milliseconds": 1e3 * statistics.fmean(seconds[name]),
            "solved": float(np.mean(np.array(errors[name]) <= 1.01 * tolerance)),
        }
        for name in sides
    ]


def overhead_cases(systems: int = 3) -> dict[str, tuple[list[Any], Preconditioner | None]]:
    """Streams of Helmholtz equations with about 100,000 unknowns whose products cost little, more and much."""
    plane = list(operator_stream("helmholtz-field", np.random.default_rng(0), systems, 316).matrices)
    return {
        "5 entries per row": (plane, None),
        "27 entries per row": ([trilinear_helmholtz(46, 15.0 + number) for number in range(systems)], None),
        "5 entries per row, incomplete LU": (plane, incomplete_lu()),
    }


def trilinear_helmholtz(grid: int, wave_number: float) -> Any:
    """``-laplace(u) - k^2 u`` in the cube by trilinear finite elements: 27 entries per row."""
    ones = np.ones(grid - 1)
    stiffness = scipy.sparse.diags_array([-ones, np.full(grid, 2.0), -ones], offsets=[-1, 0, 1]) * (grid + 1.0)
    mass = scipy.sparse.diags_array([ones, np.full(grid, 4.0), ones], offsets=[-1, 0, 1]) / (6 * (grid + 1.0))
    total: Any = -(wave_number**2) * scipy.sparse.kron(scipy.sparse.kron(mass, mass), mass)
    for axis in range(3):
        factors = [stiffness if other == axis else mass for other in range(3)]
        total = total + scipy.sparse.kron(scipy.sparse.kron(factors[0], factors[1]), factors[2])
    return scipy.sparse.csr_array(total) * float(grid + 1)


def recycling_overhead(limit: int = 400) -> list[dict[str, Any]]:
    """Shares of GCRO-DR's time: products, orthogonalisation in Arnoldi, and the recycled space.

    With a preconditioner a product is that of ``A M^-1``, as in the method itself; factorising is not in the time.
    """
    return [
        {"name": name, **_overhead(matrices, preconditioner, limit)}
        for name, (matrices, preconditioner) in overhead_cases().items()
    ]


def _overhead(matrices: list[Any], preconditioner: Preconditioner | None, limit: int) -> dict[str, float]:
    spent = {"products": 0.0, "recycling": 0.0}

    def timed(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            began = time.perf_counter()
            found = work(*arguments)
            spent[name] += time.perf_counter() - began
            return found

        return run

    n = matrices[0].shape[0]
    solver, total, products = GCRODR(), 0.0, 0
    kept = gcrodr.new_space, gcrodr.image_basis
    gcrodr.new_space = timed("recycling", kept[0])
    gcrodr.image_basis = timed("recycling", kept[1])
    try:
        for A in matrices:
            # The factors are made before the clock starts, and their use counts as part of the product.
            inverse = None if preconditioner is None else timed("products", preconditioner(A))
            solver.preconditioner = None if inverse is None else (lambda _, ready=inverse: ready)
            report = solver.solve(timed("products", A.__matmul__), np.ones(n), limit=limit)
            total += report.seconds
            products += report.counters["matrix_vector_products"]
    finally:
        gcrodr.new_space, gcrodr.image_basis = kept
    shares = {name: seconds / total for name, seconds in spent.items()}
    return {
        "unknowns": float(n),
        "entries": matrices[0].nnz / n,
        "products": float(products),
        "milliseconds_per_product": 1e3 * total / products,
        "matrix": shares["products"],
        "recycling": shares["recycling"],
        "orthogonalisation": 1 - sum(shares.values()),
    }


def poisson_3d(grid: int = 128, tolerance: float = 1e-6, repeats: int = 3) -> list[dict[str, Any]]:
    """Seconds to solve the 7-point Poisson equation on a cube, medians."""
    A = poisson_matrix((grid,) * 3)
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    counts: dict[str, int] = {}

    def scipy_cg() -> None:
        steps = [0]

        def count(_: Any) -> None:
            steps[0] += 1

        scipy.sparse.linalg.cg(A, b, rtol=tolerance, atol=0.0, callback=count)
        counts["SciPy cg"] = steps[0]

    def ours(name: str, solver: Any) -> Callable[[], None]:
        def run() -> None:
            counts[name] = solver.solve(A, b, tolerance=tolerance).iterations

        return run

    sides = {
        "SciPy cg": scipy_cg,
        "our CG": ours("our CG", ConjugateGradient()),
        "our CG, PyAMG Ruge-Stuben": ours(
            "our CG, PyAMG Ruge-Stuben", ConjugateGradient(algebraic_multigrid("ruge-stuben"))
        ),
        "our CG, PyAMG smoothed aggregation": ours(
            "our CG, PyAMG smoothed aggregation", ConjugateGradient(algebraic_multigrid("smoothed-aggregation"))
        ),
        "sine transforms": ours("sine transforms", FastPoisson((grid,) * 3)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repeats):
        for name, side in sides.items():
            began = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - began)
    return [{"name": name, "seconds": statistics.median(seconds[name]), "iterations": counts[name]} for name in sides]


def measure() -> dict[str, Any]:
    """All three tables."""
    return {"helmholtz": helmholtz_stream(), "overhead": recycling_overhead(), "poisson": poisson_3d()}


if __name__ == "__main__":
    found = measure()
    if "--json" in sys.argv[1:]:
        print(json.dumps(found, indent=1))
    else:
        for row in found["helmholtz"]:
            print(
                f"{row['name']:<40} {row['products']:8.0f} products {row['milliseconds']:8.1f} ms "
                f"{row['solved']:.0%} solved"
            )
        for row in found["overhead"]:
            print({name: value if isinstance(value, str) else round(value, 3) for name, value in row.items()})
        for row in found["poisson"]:
            print(f"{row['name']:<40} {row['seconds']:8.2f} s {row['iterations']:5d} iterations")
