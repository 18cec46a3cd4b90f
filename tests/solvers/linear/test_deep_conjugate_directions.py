"""Deep conjugate directions beside the paper's loop written out, and networks that are of no use."""

import numpy as np
import pytest
import torch
from torch import nn

from unseen.problems.linear.coefficients import random_obstacles
from unseen.problems.linear.elliptic import darcy_matrix, helmholtz_matrix, poisson_matrix
from unseen.solvers.linear.conjugate_gradient import ConjugateGradient
from unseen.solvers.linear.deep_conjugate_directions import (
    DeepConjugateDirections,
    network_inverse,
    products_per_call,
)
from unseen.solvers.linear.fast_poisson import fast_poisson_inverse
from unseen.solvers.linear.multigrid import cycle_products

SHAPE = (12, 10)


class Crooked(nn.Module):
    """Smooths a few times, and not linearly."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        self.kernel = nn.Conv2d(1, 1, 3, padding=1, dtype=dtype)
        weights = torch.tensor([[0.05, 0.1, 0.05], [0.1, 0.4, 0.1], [0.05, 0.1, 0.05]], dtype=dtype)
        with torch.no_grad():
            self.kernel.weight.copy_(weights[None, None])
            self.kernel.bias.fill_(0.02)

    def forward(self, field):
        smooth = self.kernel(self.kernel(self.kernel(field)))
        return field * 0.3 + smooth + 0.2 * torch.relu(smooth)


def obstacles(seed=0):
    return random_obstacles(np.random.default_rng(seed), 1, SHAPE)[0]


def right_side(n, seed=0):
    return np.random.default_rng(seed).standard_normal(n)


def as_published(A, b, network, iterations, window=2):
    """The loop of the paper: the residual anew in every step, one direction after the other taken out."""
    x, kept, sizes = np.zeros(len(b)), [], [np.linalg.norm(b)]
    for _ in range(iterations):
        r = b - A @ x
        q = network(r / np.linalg.norm(r) * np.sqrt(len(r)))
        for p in kept:
            q = q - p * (q @ (A @ p)) / (p @ (A @ p))
        x = x + q * (q @ r) / (q @ (A @ q))
        kept = [q, *kept][:window]
        sizes.append(np.linalg.norm(b - A @ x))
    return np.array(sizes) / np.linalg.norm(b)


@pytest.mark.parametrize("window", [1, 2, 5])
def test_it_is_the_loop_of_the_paper(window):
    inside = obstacles()
    A, b, model = poisson_matrix(SHAPE, inside), right_side(inside.sum()), Crooked()

    def network(r):
        field = np.zeros(SHAPE)
        field[inside] = r
        return model(torch.from_numpy(field)[None, None]).detach().numpy()[0, 0][inside]

    report = DeepConjugateDirections(model, inside, window).solve(A, b, tolerance=1e-9, limit=12)
    # With three directions or more, taking them out one by one or together is not the same but for rounding, since
    # only neighbours among the kept ones are A-orthogonal to working precision.
    assert np.allclose(report.residuals, as_published(A, b, network, 12, window), rtol=1e-6)


def test_a_linear_network_is_a_preconditioner():
    class Sines(nn.Module):
        def forward(self, field):
            return torch.from_numpy(fast_poisson_inverse(SHAPE)(field.numpy().ravel())).view(field.shape)

    A, b = darcy_matrix(np.exp(right_side(120, 3).reshape(SHAPE))), right_side(120)
    model = Sines().double()
    model.register_parameter("unused", nn.Parameter(torch.zeros(1, dtype=torch.float64)))
    ours = DeepConjugateDirections(model, SHAPE, window=1).solve(A, b, tolerance=1e-8)
    classical = ConjugateGradient(lambda A: fast_poisson_inverse(SHAPE)).solve(A, b)
    assert ours.converged
    assert ours.iterations == classical.iterations
    assert np.allclose(ours.residuals[:12], classical.residuals[:12], rtol=1e-6)
    assert ours.counters["preconditioner_applications"] == ours.iterations
    assert DeepConjugateDirections(model, SHAPE).solve(poisson_matrix(SHAPE), b).iterations == 1


def test_obstacles_are_never_seen_and_never_read():
    inside = obstacles(1)
    seen = []

    class Loud(Crooked):
        def forward(self, field):
            seen.append(field[0, 0].numpy()[~inside])
            found = super().forward(field)
            found[0, 0][~torch.from_numpy(inside)] = 1e30
            return found

    A, b = poisson_matrix(SHAPE, inside), right_side(inside.sum())
    report = DeepConjugateDirections(Loud(), inside).solve(A, b)
    assert report.converged
    assert np.allclose(report.solution, DeepConjugateDirections(Crooked(), inside).solve(A, b).solution)
    assert not np.array(seen).any()


def test_size_of_the_right_hand_side_does_not_matter():
    A, b = poisson_matrix(SHAPE), right_side(120)
    reports = [DeepConjugateDirections(Crooked(), SHAPE).solve(A, scale * b) for scale in (1.0, 1e-100, 1e100)]
    assert len({report.iterations for report in reports}) == 1
    assert np.allclose(reports[1].solution * 1e100, reports[0].solution)


def test_a_network_in_single_precision_does_not_end_the_progress():
    A, b = poisson_matrix(SHAPE), right_side(120)
    report = DeepConjugateDirections(Crooked(torch.float32), SHAPE).solve(A, b, tolerance=1e-12)
    assert report.converged
    assert np.allclose(report.solution, np.linalg.solve(A.toarray(), b), rtol=1e-9)


def test_three_dimensions_and_training_mode():
    model = nn.Sequential(nn.Conv3d(1, 1, 1, bias=False), nn.Dropout(0.5)).train()
    with torch.no_grad():
        model[0].weight.fill_(-2.0)
    A, b = poisson_matrix((4, 5, 3)), right_side(60)
    report = DeepConjugateDirections(model, (4, 5, 3)).solve(A, b)
    # A multiple of the residual, of either sign, makes it conjugate gradients; dropout would not.
    assert report.iterations == ConjugateGradient().solve(A, b, tolerance=1e-4).iterations


@pytest.mark.parametrize(
    ("model", "status", "why"),
    [
        (lambda field: 0 * field, "breakdown", "direction is zero"),
        (lambda field: field / 0, "not-finite", "not finite"),
    ],
)
def test_networks_of_no_use_are_reported(model, status, why):
    class Useless(nn.Module):
        def forward(self, field):
            return model(field)

    report = DeepConjugateDirections(Useless(), SHAPE).solve(poisson_matrix(SHAPE), right_side(120))
    assert report.status == status
    assert why in report.why
    assert not report.solution.any()


def test_matrices_that_it_is_not_for_are_found_out():
    report = DeepConjugateDirections(nn.Identity(), SHAPE).solve(
        helmholtz_matrix(np.full(SHAPE, 20.0)), right_side(120)
    )
    assert report.status == "not-applicable"
    assert "not positive definite" in report.why


def test_misuse_is_named():
    A, b = poisson_matrix(SHAPE), right_side(120)
    with pytest.raises(ValueError, match="window must be a whole number from 1 up, not 0"):
        DeepConjugateDirections(nn.Identity(), SHAPE, window=0)
    with pytest.raises(ValueError, match="the grid has 99 unknowns, the matrix 120 rows"):
        DeepConjugateDirections(nn.Identity(), (9, 11)).solve(A, b)
    with pytest.raises(ValueError, match="no grid point is left"):
        network_inverse(nn.Identity(), np.zeros((3, 3), dtype=bool))
    with pytest.raises(ValueError, match=r"the network gives \(1, 1, 10, 8\) for a field \(1, 1, 12, 10\)"):
        DeepConjugateDirections(nn.Conv2d(1, 1, 3), SHAPE).solve(A, b)


def test_work_is_counted_in_products_with_the_matrix():
    model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(3, 1, 1))
    assert products_per_call(model, (8, 8), entries=10) == (9 * 3 * 64 + 3 * 16) / 10
    with pytest.raises(ValueError, match="entries"):
        products_per_call(model, (8, 8), entries=0)


def test_work_of_a_multigrid_cycle():
    # So small that there is one level, which is solved directly; then one with two or more.
    assert cycle_products(poisson_matrix((2, 2))) == 1
    assert 5 < cycle_products(poisson_matrix((30, 30))) < 5 * 2.5
