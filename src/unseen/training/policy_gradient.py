"""Group-relative policy optimization: reinforcement learning from the rewards of several answers to each prompt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def group_advantages(rewards: Tensor, *, scale: bool = True) -> tuple[Tensor, Tensor]:
    """Rewards compared with those of the same group: mean 0 and, if scaled, standard deviation 1.

    Parameters
    ----------
    rewards : float Tensor, shape (prompts, group)
        Finite, two or more to a group.
    scale : bool
        Whether to divide by the group's standard deviation (with ``group - 1``). In TRL: ``scale_rewards="group"``,
        which adds 1e-4 to the deviation, where we add nothing; without, ``scale_rewards="none"``.

    Returns
    -------
    advantages : Tensor, shape (prompts, group)
        0 throughout in groups of equal rewards, which say nothing.
    kept : bool Tensor, shape (prompts,)
        Which groups have different rewards.

    Raises
    ------
    ValueError
        If the shape is another, or a reward is not finite.

    Examples
    --------
    >>> advantages, kept = group_advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]))
    >>> advantages[0].round(decimals=3).tolist(), kept.tolist()
    ([0.8659999966621399, -0.8659999966621399, -0.8659999966621399, 0.8659999966621399], [True, False])
    """
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise ValueError(f"rewards have the shape (prompts, group), two or more to a group, not {tuple(rewards.shape)}")
    if not torch.isfinite(rewards).all():
        raise ValueError("rewards must be finite")
    kept = (rewards != rewards[:, :1]).any(dim=1)
    advantages = (rewards - rewards.mean(dim=1, keepdim=True)) * kept[:, None]
    if scale:
        advantages = advantages / torch.where(kept, rewards.std(dim=1), 1.0)[:, None]
    return advantages, kept


def policy_loss(
    log_probabilities: Tensor,
    old_log_probabilities: Tensor,
    advantages: Tensor,
    *,
    clip: float | None = 0.2,
    mask: Tensor | None = None,
    reference: Tensor | None = None,
    kl: float = 0.0,
) -> Tensor:
    r"""The clipped loss of Shao et al. (2024), equation 3; equation 1 of Wu et al. (2025).

    :math:`-\frac1N \sum_i \frac1{|o_i|} \sum_t [\min(r A, \mathrm{clip}(r, 1-\epsilon, 1+\epsilon) A) - \beta k]` with
    the ratio :math:`r = \pi / \pi_{old}` of each token and the estimate :math:`k = \pi_{ref}/\pi - \ln(\pi_{ref}/\pi)
    - 1` of its divergence from the reference.

    In TRL (1.16): ``GRPOConfig(loss_type="grpo", epsilon=clip, beta=kl, use_bias_correction_kl=False)``, the last
    because TRL by default weights the divergence by the ratio, as the paper does not. Each answer counts the same
    however long it is: ``bnpo``, ``dr_grpo`` and ``dapo`` divide the sum over all tokens instead, by the number of
    tokens in the batch, by the greatest length, and by the number of tokens in all accumulated batches.

    Parameters
    ----------
    log_probabilities : Tensor, shape (..., tokens)
        Of the sampled tokens under the policy, with gradients.
    old_log_probabilities : Tensor, shape (..., tokens)
        Of the same under the policy that sampled them.
    advantages : Tensor, shape (...)
        One per answer.
    clip : float or None
        Half the width of the range of ratios within which a token still teaches; None for no bounds.
    mask : Tensor, shape (..., tokens), optional
        1 for the answer's tokens, 0 behind its end; at least one 1 each.
    reference : Tensor, shape (..., tokens), optional
        Log-probabilities under the policy not to move away from; needed where `kl` is not 0.
    kl : float
        Weight of the divergence, at least 0.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    ValueError
        If a number is out of range, an answer has no token, or the reference is missing.
    """
    if clip is not None and not 0 < clip < math.inf:
        raise ValueError(f"clip is above 0, or None for no bounds, not {clip}")
    if not 0 <= kl < math.inf:
        raise ValueError(f"the weight of the divergence is finite and not negative, not {kl}")
    if kl and reference is None:
        raise ValueError("a divergence needs log-probabilities of the reference policy")
    if mask is not None and not (mask.sum(-1) > 0).all():
        raise ValueError("every answer has at least one token, but the mask is 0 throughout one")
    ratio = torch.exp(log_probabilities - old_log_probabilities)
    gain = ratio * advantages[..., None]
    if clip is not None:
        gain = torch.minimum(gain, ratio.clamp(1 - clip, 1 + clip) * advantages[..., None])
    if kl and reference is not None:
        away = reference - log_probabilities
        gain = gain - kl * (torch.exp(away) - away - 1)
    if mask is None:
        return -gain.mean()
    return -((gain * mask).sum(-1) / mask.sum(-1)).mean()


@dataclass(frozen=True)
class PolicyUpdate:
    """What one call of `GroupPolicyOptimization.update` did."""

    loss: float
    """Of the first inner epoch; ``nan`` if no group had different rewards."""
    kept: float
    """Share of groups with different rewards."""
    clipped: float
    """Share of kept tokens whose ratio lay outside the bounds in the last inner epoch; 0 without bounds."""


class GroupPolicyOptimization:
    """Group-relative policy optimization (GRPO) of any policy with any optimizer.

    Groups of equal rewards are left out; TRL keeps them with advantages of 0 in the mean, which shrinks the step by
    their share, and leaves the divergence from the reference acting on them.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Over the policy's parameters.
    clip : float or None
        See `policy_loss`.
    inner_epochs : int
        Updates on the same answers, from 1 up. With one, every ratio is 1 and `clip` never acts.
    scale : bool
        See `group_advantages`.
    kl : float
        See `policy_loss`; then `update` needs `reference`.

    Attributes
    ----------
    updates : int
        Calls of `update` so far.
    diverged : int
        The call, counted from 0, in which the loss was first not finite, else -1. From there on nothing is changed.

    Examples
    --------
    A policy of one token that is rewarded for saying 2:

    >>> policy = torch.nn.Parameter(torch.zeros(1, 3))  # logits for one prompt
    >>> method = GroupPolicyOptimization(torch.optim.SGD([policy], lr=1.0), inner_epochs=2)
    >>> generator = torch.Generator().manual_seed(0)
    >>> for _ in range(20):
    ...     answers = torch.multinomial(policy.detach().softmax(-1), 16, replacement=True, generator=generator)
    ...     log_probabilities = lambda kept: policy.log_softmax(-1)[kept].gather(1, answers[kept])[..., None]
    ...     update = method.update(log_probabilities, rewards=(answers == 2).float())
    >>> policy.softmax(-1)[0, 2].item() > 0.9
    True
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        *,
        clip: float | None = 0.2,
        inner_epochs: int = 2,
        scale: bool = True,
        kl: float = 0.0,
    ):
        if isinstance(inner_epochs, bool) or not isinstance(inner_epochs, int) or inner_epochs < 1:
            raise ValueError(f"inner_epochs is a whole number from 1 up, not {inner_epochs!r}")
        if clip is not None and not 0 < clip < math.inf:
            raise ValueError(f"clip is above 0, or None for no bounds, not {clip}")
        if not 0 <= kl < math.inf:
            raise ValueError(f"the weight of the divergence is finite and not negative, not {kl}")
        self.optimizer = optimizer
        self.clip, self.inner_epochs, self.scale, self.kl = clip, inner_epochs, scale, kl
        self.updates = 0
        self.diverged = -1

    def update(
        self,
        log_probabilities: Callable[[Tensor], Tensor],
        rewards: Tensor | NDArray[np.float64],
        *,
        mask: Tensor | None = None,
        reference: Callable[[Tensor], Tensor] | None = None,
    ) -> PolicyUpdate:
        """Improve the policy on one batch of answers.

        Parameters
        ----------
        log_probabilities : callable
            ``log_probabilities(kept)``: of the answers' tokens under the present policy, with gradients, shape
            (len(kept), group, tokens), for the prompts at the positions `kept`, int64, ascending.
        rewards : Tensor or array, shape (prompts, group)
            Of the answers, which the present policy has sampled.
        mask : Tensor, shape (prompts, group, tokens), optional
            See `policy_loss`.
        reference : callable, optional
            As `log_probabilities`, under the reference policy.

        Returns
        -------
        PolicyUpdate

        Raises
        ------
        ValueError
            If shapes do not fit, a reward is not finite, or the reference is missing.
        """
        given = torch.as_tensor(rewards, dtype=torch.get_default_dtype())
        advantages, kept = group_advantages(given, scale=self.scale)
        if self.kl and reference is None:
            raise ValueError("a divergence needs log-probabilities of the reference policy")
        share, call = float(kept.double().mean()), self.updates
        self.updates += 1
        if self.diverged >= 0 or not kept.any():
            return PolicyUpdate(math.nan, share, 0.0)
        chosen = torch.nonzero(kept)[:, 0]
        old = target = None
        first = math.nan
        for epoch in range(self.inner_epochs):
            present = log_probabilities(chosen)
            if old is None:
                old = present.detach()
                if present.ndim != 3 or present.shape[:2] != (len(chosen), given.shape[1]):
                    wanted = f"({len(chosen)}, {given.shape[1]}, tokens)"
                    raise ValueError(f"log-probabilities have the shape {wanted}, not {tuple(present.shape)}")
                advantages = advantages[kept].to(present)
                mask = None if mask is None else mask[kept.to(mask.device)]
                if self.kl and reference is not None:
                    with torch.no_grad():
                        target = reference(chosen)
            loss = policy_loss(present, old, advantages, clip=self.clip, mask=mask, reference=target, kl=self.kl)
            if not torch.isfinite(loss):
                self.diverged = call
                return PolicyUpdate(math.nan, share, 0.0)
            first = loss.item() if epoch == 0 else first
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.optimizer.step()
        return PolicyUpdate(first, share, self._clipped(present.detach() - old, mask) if old is not None else 0.0)

    def _clipped(self, log_ratio: Tensor, mask: Tensor | None) -> float:
        if self.clip is None:
            return 0.0
        outside = ((log_ratio.exp() - 1).abs() > self.clip).double()
        return float(outside.mean() if mask is None else (outside * mask).sum() / mask.sum())
