from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from unseen.models.mlp import MLP
from unseen.training import PerpendicularGradient, SeedBatch, softmax_cross_entropy, train

SHAPES = {"matrix": (3, 4), "vector": (5,), "number": ()}


def vectors(seed, size=1.0):
    generator = torch.Generator().manual_seed(seed)
    return {name: size * torch.randn(shape, generator=generator, dtype=torch.float64) for name, shape in SHAPES.items()}


def flat(named):
    return torch.cat([value.flatten() for value in named.values()])


@given(st.integers(0, 10_000), st.floats(-30, 30))
def test_result_is_perpendicular_to_each_tensor_and_as_long_as_before(seed, exponent):
    weights, gradients = vectors(seed), vectors(seed + 1, 10.0**exponent)
    for rescale in (False, True):
        found = PerpendicularGradient(rescale=rescale)(weights, gradients)
        for name in ("matrix", "vector"):
            length = gradients[name].norm()
            assert abs((found[name] * weights[name]).sum()) <= 1e-10 * length * weights[name].norm()
            if rescale:
                assert float(found[name].norm() / length) == pytest.approx(1, rel=1e-9)
        # A single number has no direction perpendicular to itself.
        assert abs(found["number"]) <= 1e-12 * abs(gradients["number"])


@given(st.integers(0, 10_000))
def test_whole_network_as_one_vector(seed):
    weights, gradients = vectors(seed), vectors(seed + 1)
    found = flat(PerpendicularGradient(per="network", rescale=False)(weights, gradients))
    w, g = flat(weights), flat(gradients)
    assert abs(found @ w) <= 1e-10 * g.norm() * w.norm()
    # Nothing but the part along the weights is taken away: Pythagoras.
    assert float(found @ found + (g @ w) ** 2 / (w @ w)) == pytest.approx(float(g @ g))


def test_projection_keeps_what_is_perpendicular_already():
    weights = {"w": torch.tensor([1.0, 0.0, 0.0])}
    gradients = {"w": torch.tensor([0.0, 3.0, -4.0])}
    for rescale in (False, True):
        torch.testing.assert_close(PerpendicularGradient(rescale=rescale)(weights, gradients), gradients)


def test_zero_weights_leave_the_gradient_and_zero_gradients_stay_zero():
    some, none = {"w": torch.tensor([1.0, 2.0])}, {"w": torch.zeros(2)}
    project = PerpendicularGradient()
    torch.testing.assert_close(project(none, some), some)
    torch.testing.assert_close(project(some, none), none)


def test_parallel_gradient_is_not_blown_up():
    weights = {"w": torch.tensor([0.1, 0.7, -0.3])}
    assert PerpendicularGradient()(weights, {"w": 3 * weights["w"]})["w"].norm() < 1e-6


def test_late_gradients_do_not_underflow():
    weights = {"w": torch.tensor([1.0, 1.0])}
    found = PerpendicularGradient()(weights, {"w": torch.tensor([1e-30, 0.0])})["w"]
    torch.testing.assert_close(found * 1e30, torch.tensor([0.5, -0.5]) * 2**0.5)


def test_attached_to_plain_descent_the_weights_grow_by_pythagoras_alone():
    torch.manual_seed(0)
    model = nn.Linear(4, 3, bias=False).double()
    inputs, targets = torch.randn(20, 4, dtype=torch.float64), torch.randint(3, (20,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    handle = PerpendicularGradient(rescale=False).attach(optimizer)

    def growth():
        """Change of the squared length in one step, and the squared length of the step."""
        before = model.weight.detach().clone()
        optimizer.zero_grad()
        softmax_cross_entropy(10 * model(inputs), targets).backward()
        optimizer.step()
        after = model.weight.detach()
        return float(after.square().sum() - before.square().sum()), float((after - before).square().sum())

    for _ in range(20):
        change, step = growth()
        assert change == pytest.approx(step, rel=1e-9)
    handle.remove()
    change, step = growth()
    assert change != pytest.approx(step, rel=0.1)


def test_closure_is_refused():
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    PerpendicularGradient().attach(optimizer)
    with pytest.raises(ValueError, match="closure"):
        optimizer.step(lambda: 0.0)
    with pytest.raises(ValueError, match="closure"):
        optimizer.step(closure=lambda: 0.0)


def test_unknown_grouping_is_named():
    with pytest.raises(ValueError, match="layer"):
        PerpendicularGradient(per="layer")


@pytest.mark.parametrize("per", ["tensor", "network"])
def test_trainer_gives_each_lane_what_a_plain_loop_gives(per):
    seeds, project = (1, 2, 3), PerpendicularGradient(per=per)
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(3, 30, 6, generator=generator)
    targets = torch.randint(4, (3, 30), generator=generator)
    make = partial(torch.optim.AdamW, lr=1e-2, weight_decay=0.1)
    lanes = SeedBatch.build(lambda seed: MLP((6, 8, 4)), seeds=seeds)
    expected = []
    for lane in range(3):
        model = lanes.module(lane).train()
        optimizer = make(model.parameters())
        project.attach(optimizer)
        for _ in range(20):
            optimizer.zero_grad()
            softmax_cross_entropy(model(inputs[lane]), targets[lane]).backward()
            optimizer.step()
        expected.append(model)
    train(
        lanes,
        loss=lambda model, batch: softmax_cross_entropy(model(batch[0]), batch[1]),
        optimizer=make,
        steps=20,
        data=(inputs, targets),
        transform=project,
    )
    for lane, model in enumerate(expected):
        for name, value in model.named_parameters():
            torch.testing.assert_close(lanes.parameters[name][lane], value.detach(), rtol=1e-4, atol=1e-5)


def test_transform_that_loses_a_parameter_is_refused():
    lanes = SeedBatch.build(lambda seed: nn.Linear(2, 2), seeds=(0, 1))
    with pytest.raises(ValueError, match="one gradient per parameter"):
        train(
            lanes,
            loss=lambda model, batch: model(batch[0]).square().mean(),
            optimizer=partial(torch.optim.SGD, lr=0.1),
            steps=1,
            data=(torch.ones(2, 3, 2),),
            transform=lambda parameters, gradients: {"weight": gradients["weight"]},
        )
