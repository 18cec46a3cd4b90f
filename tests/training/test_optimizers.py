from __future__ import annotations

from functools import partial

import pytest
import torch

from unseen.training.optimizers import check_elementwise, select_lanes

PARAMETERS = [torch.zeros(4, 6, 5), torch.zeros(4, 5)]


class NormalizedStep(torch.optim.Optimizer):
    """Gradient descent with the gradient of each tensor scaled to norm one: mixes stacked lanes."""

    def __init__(self, parameters):
        super().__init__(parameters, {})

    def step(self):
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter -= parameter.grad / parameter.grad.norm()


@pytest.mark.parametrize(
    "make",
    [
        partial(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.1),
        partial(torch.optim.AdamW, lr=0.1, fused=True),
        partial(torch.optim.Adam, lr=0.1, amsgrad=True),
        partial(torch.optim.RMSprop, lr=0.1, centered=True),
        partial(torch.optim.Adagrad, lr=0.1),
        partial(torch.optim.NAdam, lr=0.1),
    ],
    ids=lambda make: make.func.__name__,
)
def test_elementwise_optimizers_pass(make):
    check_elementwise(make, PARAMETERS)


@pytest.mark.parametrize(
    "make",
    [NormalizedStep, partial(torch.optim.Adafactor, lr=0.1), partial(torch.optim.LBFGS, lr=0.1)],
    ids=["normalized step", "Adafactor", "LBFGS"],
)
def test_optimizers_that_mix_lanes_are_refused(make):
    with pytest.raises(ValueError, match=r"mixes lanes|elementwise"):
        check_elementwise(make, PARAMETERS)


def test_selected_lanes_go_on_as_if_the_others_had_never_been():
    def gradients(step, lanes):
        generator = torch.Generator().manual_seed(step)
        return torch.randn(4, 3, 2, generator=generator, dtype=torch.float64)[lanes]

    everything = torch.ones(4, 3, 2, dtype=torch.float64)
    kept = torch.tensor([1, 3])
    for make in (partial(torch.optim.AdamW, lr=0.1, amsgrad=True), partial(torch.optim.SGD, lr=0.1, momentum=0.9)):
        together, alone = everything.clone(), everything[kept].clone()
        stacked, single = make([together]), make([alone])
        for step in range(3):
            together.grad, alone.grad = gradients(step, slice(None)), gradients(step, kept)
            stacked.step()
            single.step()
        (cut,) = select_lanes(stacked, [together], kept)
        for step in range(3, 6):
            cut.grad, alone.grad = gradients(step, kept), gradients(step, kept)
            stacked.step()
            single.step()
        torch.testing.assert_close(cut, alone, rtol=1e-12, atol=1e-12)
