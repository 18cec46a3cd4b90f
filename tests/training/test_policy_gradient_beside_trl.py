"""TRL's trainer on a tiny random network: its loss, gradients and advantages are ours."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from unseen.training.policy_gradient import group_advantages, policy_loss

pytest.importorskip("trl", reason="the package trl is not installed")

REWARDS = torch.tensor([[1.0, 0.0, 0.0, 0.5], [2.0, 2.0, 2.0, 2.0], [0.0, 3.0, 1.0, 0.0]])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trainer, one scored batch of sampled answers, and a policy that has moved away since they were sampled."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast
    from trl import GRPOConfig, GRPOTrainer

    folder = str(tmp_path_factory.mktemp("network"))
    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate("_?abcdef")}, unk_token="?"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="_", pad_token="_", unk_token="?")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"vocab_size": 8, "n_positions": 16, "n_embd": 8, "n_layer": 1, "n_head": 2}
    ends = {"bos_token_id": 0, "eos_token_id": 0}
    GPT2LMHeadModel(GPT2Config(**sizes, **ends, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0)).save_pretrained(folder)
    settings = GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=12,
        num_generations=4,
        num_iterations=2,
        max_completion_length=6,
        loss_type="grpo",
        scale_rewards="group",
        epsilon=0.2,
        beta=0.04,
        report_to=[],
        use_cpu=True,
        bf16=False,
    )
    prompts = ["a b", "c d", "e f"]
    trainer = GRPOTrainer(
        model=folder,
        reward_funcs=lambda completions, **_: REWARDS.flatten().tolist(),
        args=settings,
        train_dataset=Dataset.from_dict({"prompt": prompts}),
        processing_class=tokenizer,
    )
    trainer.current_gradient_accumulation_steps = 1
    trainer.args.use_bias_correction_kl = False
    asked = [{"prompt": prompt} for prompt in prompts for _ in range(4)]
    scored = {}
    for scale in ("none", "group"):
        trainer.scale_rewards = scale
        scored[scale] = trainer._generate_and_score_completions(asked)
    with torch.no_grad():
        for parameter in trainer.model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return SimpleNamespace(trainer=trainer, scored=scored)


def present(run, batch):
    """Log-probabilities of the answers' tokens under the policy as it is now, shape (12, tokens)."""
    tokens = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    answers = batch["completion_ids"]
    logits = run.trainer.model(tokens).logits[:, -answers.shape[1] - 1 : -1]
    return logits.log_softmax(-1).gather(-1, answers[..., None])[..., 0]


def gradients(run, loss):
    run.trainer.model.zero_grad()
    loss.backward()
    return torch.cat([parameter.grad.flatten() for parameter in run.trainer.model.parameters()])


@pytest.mark.parametrize(("clip", "kl"), [(0.2, 0.04), (0.2, 0.0), (0.05, 1.0)])
def test_the_loss_and_its_gradient_are_those_of_loss_type_grpo(run, clip, kl):
    trainer, batch = run.trainer, run.scored["group"]
    trainer.epsilon_low = trainer.epsilon_high = clip
    trainer.beta = kl
    theirs = trainer._compute_loss(trainer.model, batch)
    now = present(run, batch)
    mask = batch["completion_mask"]
    assert 0 < mask.float().mean() < 1
    ratios = (now - batch["old_per_token_logps"]).exp()[mask.bool()]
    assert ((ratios - 1).abs() > clip).any()
    assert ((ratios - 1).abs() < clip).any()
    ours = policy_loss(
        now,
        batch["old_per_token_logps"],
        batch["advantages"],
        clip=clip,
        mask=mask,
        reference=batch["ref_per_token_logps"],
        kl=kl,
    )
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5, abs=1e-7)
    torch.testing.assert_close(gradients(run, ours), gradients(run, theirs), rtol=1e-4, atol=1e-6)


def test_the_other_loss_types_divide_by_other_lengths(run):
    trainer, batch = run.trainer, run.scored["group"]
    trainer.epsilon_low = trainer.epsilon_high = 0.2
    trainer.beta = 0.0
    mask = batch["completion_mask"]
    whole = (present(run, batch), batch["old_per_token_logps"], batch["advantages"])
    by_token = torch.stack([policy_loss(*(x[row] for x in whole), mask=mask[row]) for row in range(12)])
    lengths = mask.sum(1)
    for kind, expected in (
        ("grpo", by_token.mean()),
        ("bnpo", (by_token * lengths).sum() / lengths.sum()),
        ("dr_grpo", (by_token * lengths).sum() / (12 * 6)),
    ):
        trainer.loss_type = kind
        assert trainer._compute_loss(trainer.model, batch).item() == pytest.approx(expected.item(), rel=1e-4, abs=1e-7)
    trainer.loss_type = "grpo"


@pytest.mark.parametrize("scale", ["group", "none"])
def test_advantages_are_theirs_up_to_what_they_add_to_the_deviation(run, scale):
    ours, kept = group_advantages(REWARDS, scale=scale == "group")
    assert kept.tolist() == [True, False, True]
    deviations = REWARDS.std(dim=1, keepdim=True)
    shrunk = ours * deviations / (deviations + 1e-4) if scale == "group" else ours
    torch.testing.assert_close(run.scored[scale]["advantages"], shrunk.flatten(), rtol=1e-5, atol=1e-6)
