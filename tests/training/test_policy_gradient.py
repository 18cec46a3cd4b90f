from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unseen.training.policy_gradient import GroupPolicyOptimization, group_advantages, policy_loss

GENERATOR = torch.Generator().manual_seed(3)


def random(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64)


def by_the_formula(present, old, advantages, clip, mask, reference, kl):
    """Equation 3 of Shao et al. (2024), token by token in plain numbers."""
    answers = []
    for row in range(len(present)):
        tokens = []
        for t in range(present.shape[1]):
            if not mask[row, t]:
                continue
            ratio, a = math.exp(present[row, t] - old[row, t]), float(advantages[row])
            inside = min(max(ratio, 1 - clip), 1 + clip)
            away = math.exp(reference[row, t] - present[row, t])
            tokens.append(min(ratio * a, inside * a) - kl * (away - math.log(away) - 1))
        answers.append(sum(tokens) / len(tokens))
    return -sum(answers) / len(answers)


def case():
    present, old, reference = (0.3 * random(6, 4) - 1 for _ in range(3))
    mask = torch.ones(6, 4)
    mask[1, 2:], mask[4, 1:] = 0, 0
    return present, old, random(6), mask, reference


def test_the_loss_is_the_published_formula():
    present, old, advantages, mask, reference = case()
    found = policy_loss(present, old, advantages, clip=0.2, mask=mask, reference=reference, kl=0.04)
    assert float(found) == pytest.approx(by_the_formula(present, old, advantages, 0.2, mask, reference, 0.04))
    assert float(policy_loss(present, old, advantages, clip=0.2)) == pytest.approx(
        by_the_formula(present, old, advantages, 0.2, torch.ones(6, 4), reference, 0)
    )


def test_the_gradient_is_that_of_finite_differences():
    present, old, advantages, mask, reference = case()
    # Away from the corners of the clipping, where there is no gradient.
    present = torch.where(((present - old).exp() - 1).abs().sub(0.2).abs() < 1e-3, present + 0.01, present)

    def loss(p):
        return policy_loss(p, old, advantages, clip=0.2, mask=mask, reference=reference, kl=0.1)

    assert torch.autograd.gradcheck(loss, (present.requires_grad_(),), eps=1e-7, atol=1e-6)


def test_a_token_outside_the_bounds_teaches_only_back_inside():
    ratios = torch.tensor([0.5, 1.0, 1.5], dtype=torch.float64)
    for advantage, taught in ((1.0, [True, True, False]), (-1.0, [False, True, True])):
        present = ratios.log()[:, None].requires_grad_()
        policy_loss(present, torch.zeros(3, 1), torch.full((3,), advantage), clip=0.2).backward()
        assert (present.grad[:, 0] != 0).tolist() == taught
        free = ratios.log()[:, None].requires_grad_()
        policy_loss(free, torch.zeros(3, 1), torch.full((3,), advantage), clip=None).backward()
        assert torch.allclose(free.grad[:, 0], -advantage * ratios / 3)


def test_advantages_are_standardized_by_group_and_equal_groups_dropped():
    rewards = torch.tensor([[1.0, 0, 0, 0], [0.3, 0.3, 0.3, 0.3], [5, 6, 7, 8]], dtype=torch.float64)
    advantages, kept = group_advantages(rewards)
    assert kept.tolist() == [True, False, True]
    for row in (0, 2):
        expected = (rewards[row] - rewards[row].mean()).numpy() / np.std(rewards[row].numpy(), ddof=1)
        assert np.allclose(advantages[row], expected)
    assert advantages[1].tolist() == [0, 0, 0, 0]
    plain, _ = group_advantages(rewards, scale=False)
    assert plain[0].tolist() == [0.75, -0.25, -0.25, -0.25]


def bandit(logits, answers):
    return lambda kept: logits.log_softmax(-1)[kept].gather(1, answers[kept])[..., None]


def test_one_update_of_a_bandit_is_the_policy_gradient_by_hand():
    logits = torch.nn.Parameter(random(3, 4))
    answers = torch.tensor([[0, 1, 1, 2], [3, 3, 3, 3], [0, 0, 0, 1]])
    rewards = np.array([[1.0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]])
    before, policy = logits.detach().clone(), logits.detach().softmax(-1)
    update = GroupPolicyOptimization(torch.optim.SGD([logits], lr=0.5), inner_epochs=1).update(
        bandit(logits, answers), rewards
    )
    expected = torch.zeros(3, 4, dtype=torch.float64)
    for row in (0, 2):
        advantages = (rewards[row] - rewards[row].mean()) / rewards[row].std(ddof=1)
        for advantage, answer in zip(advantages, answers[row], strict=True):
            one_hot = torch.nn.functional.one_hot(answer, 4)
            expected[row] += advantage * (one_hot - policy[row]) / 8  # eight answers in the groups kept
    assert torch.allclose(logits.detach() - before, 0.5 * expected)
    assert (update.kept, update.clipped) == (pytest.approx(2 / 3), 0)
    assert update.loss == pytest.approx(0, abs=1e-12)


def expected_drift(probability, clip, inner_epochs):
    """Change of a two-armed bandit's first arm under random rewards, over all answers and rewards of four."""
    total = 0.0
    start = torch.tensor([[math.log(probability), math.log(1 - probability)]], dtype=torch.float64)
    for answers in itertools.product((0, 1), repeat=4):
        likely = math.prod(probability if a == 0 else 1 - probability for a in answers)
        for rewards in itertools.product((0.0, 1.0), repeat=4):
            logits = torch.nn.Parameter(start.clone())
            method = GroupPolicyOptimization(torch.optim.SGD([logits], lr=1.0), clip=clip, inner_epochs=inner_epochs)
            method.update(bandit(logits, torch.tensor([answers])), np.array([rewards]))
            total += likely / 16 * (float(logits.softmax(-1)[0, 0]) - probability)
    return total


def test_random_rewards_move_nothing_on_average_without_inner_epochs_and_sharpen_with_clipping():
    assert expected_drift(0.85, 0.2, 1) == pytest.approx(expected_drift(0.85, None, 1))
    # The paper's mechanism: above 1 / (1 + clip) only the other answers meet the upper bound.
    assert expected_drift(0.85, 0.2, 6) > expected_drift(0.85, None, 6) + 0.01


def test_updates_stop_where_the_loss_is_not_finite():
    logits = torch.nn.Parameter(torch.zeros(1, 2))
    method = GroupPolicyOptimization(torch.optim.SGD([logits], lr=1.0))
    answers = torch.tensor([[0, 1]])
    method.update(bandit(logits, answers), np.array([[1.0, 0.0]]))
    kept = logits.detach().clone()
    assert math.isnan(method.update(lambda chosen: bandit(logits, answers)(chosen) * math.nan, np.eye(2)[:1]).loss)
    method.update(bandit(logits, answers), np.array([[1.0, 0.0]]))
    assert (method.diverged, method.updates) == (1, 3)
    assert torch.equal(logits.detach(), kept)


def test_groups_without_difference_change_nothing():
    logits = torch.nn.Parameter(torch.zeros(2, 2))
    method = GroupPolicyOptimization(torch.optim.SGD([logits], lr=1.0))
    update = method.update(bandit(logits, torch.tensor([[0, 1], [1, 1]])), np.ones((2, 2)))
    assert (update.kept, math.isnan(update.loss), method.diverged) == (0, True, -1)
    assert not logits.detach().any()


def test_the_reference_holds_the_policy_back():
    def moved(kl):
        logits = torch.nn.Parameter(torch.zeros(1, 2, dtype=torch.float64))
        method = GroupPolicyOptimization(torch.optim.SGD([logits], lr=0.2), kl=kl)
        answers = torch.tensor([[0, 1]])
        fixed = bandit(torch.zeros(1, 2, dtype=torch.float64), answers)
        for _ in range(100):
            method.update(bandit(logits, answers), np.array([[1.0, 0.0]]), reference=fixed)
        return float(logits.detach().softmax(-1)[0, 0])

    assert moved(0.0) > 0.99 > moved(1.0) > 0.6


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: group_advantages(torch.zeros(3)), "shape"),
        (lambda: group_advantages(torch.zeros(3, 1)), "two or more"),
        (lambda: group_advantages(torch.tensor([[1.0, math.nan]])), "finite"),
        (lambda: policy_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1), clip=0), "clip"),
        (lambda: policy_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1), kl=0.1), "reference"),
        (lambda: policy_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1), kl=-1), "-1"),
        (
            lambda: policy_loss(torch.zeros(2, 1), torch.zeros(2, 1), torch.ones(2), mask=torch.tensor([[1], [0]])),
            "at least one token",
        ),
        (lambda: GroupPolicyOptimization(SimpleNamespace(), inner_epochs=0), "inner_epochs"),
        (lambda: GroupPolicyOptimization(SimpleNamespace(), kl=0.1).update(lambda k: k, np.eye(2)), "reference"),
        (lambda: GroupPolicyOptimization(SimpleNamespace()).update(lambda k: torch.zeros(2, 2), np.eye(2)), "tokens"),
    ],
)
def test_misuse_is_named(call, named):
    with pytest.raises(ValueError, match=named):
        call()
