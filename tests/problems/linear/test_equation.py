"""The linear-system problem: what its inputs mean, and that scores are relative errors."""

import numpy as np
import pytest

from unseen.problems.linear.elliptic import convection_diffusion_matrix, darcy_matrix, helmholtz_matrix, poisson_matrix
from unseen.problems.linear.equation import EllipticEquation


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("operator", ["poisson", "darcy", "helmholtz", "convection-diffusion"])
def test_answers_solve_the_named_equation(operator, dimension):
    problem = EllipticEquation(operator=operator, grid=5, dimension=dimension)
    examples = problem.sample("iid", 2, seed=3)
    inputs = {name: column[1] for name, column in examples.inputs.items()}
    matrix = {
        "poisson": lambda: poisson_matrix((5,) * dimension),
        "darcy": lambda: darcy_matrix(inputs["diffusion"]),
        "helmholtz": lambda: helmholtz_matrix(np.sqrt(-inputs["reaction"])),
        "convection-diffusion": lambda: convection_diffusion_matrix((5,) * dimension, inputs["velocity"]),
    }[operator]()
    residual = matrix @ examples.targets[1].ravel() - inputs["source"].ravel()
    assert np.abs(residual).max() < 1e-9


def test_scores_are_relative_errors():
    problem = EllipticEquation()
    examples = problem.sample("transformed", 5, seed=1)
    truth = problem.truth(examples)
    assert np.allclose(problem.score(examples, 1.25 * truth), 0.25)
    assert (truth[~examples.inputs["interior"]] == 0).all()
    assert not examples.inputs["interior"].all()


def test_splits_differ_as_they_say():
    problem = EllipticEquation(operator="darcy", grid=6)
    drawn = {split: problem.sample(split, 8, seed=2).inputs for split in problem.splits}
    assert drawn["longer"]["source"].shape == (8, 13, 13)
    assert set(np.unique(drawn["perturbed"]["diffusion"])) == {1.0, 12.0}
    assert np.allclose(np.linalg.norm(drawn["shifted"]["velocity"], axis=1), 30)
    assert not drawn["train"]["velocity"].any()
    assert not drawn["train"]["reaction"].any()


def test_fast_waves_have_more_negative_eigenvalues():
    few, many = (
        sum((np.linalg.eigvalsh(problem.system(examples, i).matrix.toarray()) < 0).sum() for i in range(4))
        for problem in (EllipticEquation(operator="helmholtz"),)
        for examples in (problem.sample("perturbed", 4), problem.sample("iid", 4))
    )
    assert many > few > 0


@pytest.mark.parametrize(
    "arguments", [{"operator": "wave"}, {"grid": 2}, {"dimension": 4}, {"samples": 0}, {"wave_number": -1.0}]
)
def test_misuse_is_named(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        EllipticEquation(**arguments)
