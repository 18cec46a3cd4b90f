from __future__ import annotations

import pytest
import torch
from torch.func import grad, vmap

from unseen.training.capture import capture


def operations(program):
    return [node for node in program.forward.__self__.graph.nodes if node.op == "call_function"]


def test_changes_of_parameters_and_draws_show_and_fixed_tensors_are_settled():
    weight, data, drawn = torch.randn(4, 3), torch.randn(5, 4), torch.randn(3)
    program = capture(
        lambda w, x, d: [(x.cos() @ w.T.contiguous().T * d).sum()], parameters=[weight], fixed=[data], drawn=[drawn]
    )
    replay = program.bind([weight], [data])
    for _ in range(2):
        weight.mul_(2)
        drawn = torch.randn(3)
        torch.testing.assert_close(replay(drawn)[0], (data.cos() @ weight * drawn).sum())
    assert not any("cos" in str(node.target) for node in operations(program))


def test_a_program_can_be_bound_to_other_tensors():
    program = capture(lambda w, x: [w * x.exp()], parameters=[torch.ones(3)], fixed=[torch.ones(3)])
    weight, data = torch.randn(3), torch.randn(3)
    torch.testing.assert_close(program.bind([weight], [data])()[0], weight * data.exp())


def test_repeated_expressions_are_computed_once():
    program = capture(lambda w: [w.exp() + w.exp().sin() + w.exp().cos()], parameters=[torch.randn(3)])
    assert sum("exp" in str(node.target) for node in operations(program)) == 1


def test_outputs_own_their_memory():
    weight = torch.randn(3, 2)
    replay = capture(lambda w: [w, w.T, w.sum() * 0 + torch.ones(2)], parameters=[weight]).bind([weight])
    for output in replay():
        assert output.is_contiguous()
        output.fill_(7)
    torch.testing.assert_close(replay()[0], weight)
    assert not (weight == 7).any()


def reused(w, x):
    """Many elementwise steps on fresh memory, with views and repeated reads that must not be overwritten early."""
    a = x @ w
    b = a * 2
    c = b.T
    d = b + 1
    e = d.exp() * c.T
    f = e - e.mean()
    g = f * f
    return [(g.neg() / (1 + a.tanh() * a.tanh()) + c.T.sum()).sum(), e]


def test_overwriting_dead_values_changes_no_result():
    weight, data = torch.randn(4, 4, dtype=torch.float64), torch.randn(6, 4, dtype=torch.float64)
    program = capture(reused, parameters=[weight], fixed=[data])
    assert any(str(node.target).split(".")[1].endswith("_") for node in operations(program) if "." in str(node.target))
    replay = program.bind([weight], [data])
    for _ in range(2):
        for got, expected in zip(replay(), reused(weight, data), strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-12, atol=0)


def test_captured_gradients_agree_with_finite_differences():
    weight = torch.randn(3, 4, dtype=torch.float64)
    data = torch.randn(5, 4, dtype=torch.float64)

    def value(w):
        return torch.tanh(data @ w.T).square().mean() + (w[:, 0] * w[:, 1]).sum()

    gradient = capture(lambda w: [grad(value)(w)], parameters=[weight]).bind([weight])()[0]
    numeric = torch.zeros_like(weight)
    for index in range(weight.numel()):
        step = torch.zeros(weight.numel(), dtype=torch.float64)
        step[index] = 1e-6
        step = step.view_as(weight)
        numeric.view(-1)[index] = (value(weight + step) - value(weight - step)) / 2e-6
    torch.testing.assert_close(gradient, numeric, rtol=1e-7, atol=1e-9)


def test_indexing_and_its_gradient_survive_capture():
    table, rows = torch.randn(3, 6, 2, dtype=torch.float64), torch.randint(6, (3, 9))

    def value(t, r):
        return (t[r] ** 3).sum()

    batched = vmap(grad(value))
    program = capture(lambda t, r: [batched(t, r)], parameters=[table], drawn=[rows])
    for draw in (rows, torch.randint(6, (3, 9))):
        torch.testing.assert_close(program.bind([table])(draw)[0], batched(table, draw))


def test_working_memory_of_a_chain_is_counted_by_hand():
    x = torch.randn(1000)
    program = capture(lambda w: [torch.sort(torch.sort(w)[0])[0].sum()], parameters=[x])
    # The bound tensor, and at the second sort the first one's values with the second one's values and int64 indices.
    assert program.working_bytes == 4000 + 4000 + (4000 + 8000)


@pytest.mark.parametrize(
    ("function", "message"),
    [(lambda w: [w + torch.rand(3)], "random numbers"), (lambda w: [w.add_(1)], "changes one of its inputs in place")],
)
def test_impure_functions_are_refused(function, message):
    with pytest.raises(ValueError, match=message):
        capture(function, parameters=[torch.zeros(3)])
