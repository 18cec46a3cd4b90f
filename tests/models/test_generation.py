"""Cached generation gives what passes over whole sequences give, token for token."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unseen.models.decoder import Decoder
from unseen.models.decoder_block import POSITIONS
from unseen.models.generation import generate, generate_ragged


def wild(kind: str, *, seed: int = 0, **options) -> Decoder:
    """A network with large random weights, so that its likeliest tokens vary and depend on the past."""
    torch.manual_seed(seed)
    model = Decoder(vocabulary=13, context=40, width=16, heads=2, positions=kind, clip=4, **options).double()
    for name, parameter in model.named_parameters():
        if name.endswith("distances") or (name.endswith("weight") and "norm" not in name):
            nn.init.normal_(parameter, std=1.0)
    return model


def by_whole_passes(model: Decoder, prompts: torch.Tensor, new_tokens: int) -> torch.Tensor:
    sequences = prompts
    for _ in range(new_tokens):
        sequences = torch.cat([sequences, model(sequences)[:, -1].argmax(-1, keepdim=True)], dim=1)
    return sequences[:, prompts.shape[1] :]


@pytest.mark.parametrize("log_attention", [False, True])
@pytest.mark.parametrize("kind", POSITIONS)
def test_greedy_with_a_cache_equals_whole_passes(kind, log_attention):
    model = wild(kind, log_attention=log_attention)
    prompts = torch.randint(13, (20, 9), generator=torch.Generator().manual_seed(1))
    expected = by_whole_passes(model, prompts, 25)
    assert expected.unique().numel() > 3
    assert torch.equal(generate(model, prompts, new_tokens=25), expected)
    assert torch.equal(generate(model, prompts, new_tokens=25, cached=False), expected)
    assert torch.equal(generate(model, prompts, new_tokens=25, batch_size=7), expected)


@pytest.mark.parametrize("cached", [True, False])
def test_learned_positions_are_counted_from_the_offset(cached):
    model = wild("learned")
    prompts = torch.randint(13, (20, 9), generator=torch.Generator().manual_seed(1))
    moved = wild("learned")
    with torch.no_grad():
        moved.positions.weight[:28] = model.positions.weight[12:]
    expected = generate(moved, prompts, new_tokens=15)
    assert torch.equal(generate(model, prompts, new_tokens=15, cached=cached, offset=12), expected)
    assert not torch.equal(generate(model, prompts, new_tokens=15, cached=cached), expected)
    rows = generate_ragged(model, prompts.tolist(), new_tokens=15, offset=12)
    assert torch.equal(rows, expected)
    with pytest.raises(ValueError, match="from position 20 reach beyond the context of 40"):
        generate(model, prompts, new_tokens=15, cached=cached, offset=20)
    with pytest.raises(ValueError, match="-1"):
        generate(model, prompts, new_tokens=1, offset=-1)


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("kind", POSITIONS)
def test_after_the_stop_token_comes_nothing_else(kind, cached):
    model = wild(kind)
    prompts = torch.randint(13, (50, 3), generator=torch.Generator().manual_seed(1))
    free = by_whole_passes(model, prompts, 20)
    stop = int(free[:, :10].flatten().mode().values)
    stopped = generate(model, prompts, new_tokens=20, stop_token=stop, cached=cached)
    lengths = []
    for row, expected in zip(stopped.tolist(), free.tolist(), strict=True):
        end = expected.index(stop) if stop in expected else 20
        lengths.append(end)
        assert row == expected[:end] + [stop] * (20 - end)
    assert len(set(lengths)) > 3


def test_sampling_draws_from_the_softmax_of_the_logits_over_the_temperature():
    model = wild("rotary", seed=3)
    prompt = torch.tensor([[1, 2, 3]])
    logits = model(prompt)[0, -1]
    temperature = float(logits.detach().std())
    drawn = generate(
        model,
        prompt.expand(40_000, -1),
        new_tokens=1,
        temperature=temperature,
        generator=torch.Generator().manual_seed(0),
    )
    expected = torch.softmax(logits / temperature, 0)
    found = torch.bincount(drawn[:, 0], minlength=13) / 40_000
    assert (found - expected).abs().max() < 5 * (expected * (1 - expected) / 40_000).sqrt().max()


def test_sampling_is_the_same_with_and_without_a_cache():
    model = wild("alibi")
    prompts = torch.randint(13, (6, 4), generator=torch.Generator().manual_seed(1))
    first, second = (
        generate(
            model,
            prompts,
            new_tokens=12,
            temperature=1.0,
            stop_token=0,
            generator=torch.Generator().manual_seed(5),
            cached=cached,
        )
        for cached in (True, False)
    )
    assert torch.equal(first, second)


@pytest.mark.parametrize("stop_token", [None, 0])
@pytest.mark.parametrize("batch_size", [4, 100])
@pytest.mark.parametrize("log_attention", [False, True])
@pytest.mark.parametrize("kind", POSITIONS)
def test_prompts_of_different_lengths_are_continued_each_as_if_alone(kind, log_attention, batch_size, stop_token):
    """Those of a batch stand behind padding, and leave it when they have ended; alone, neither happens."""
    model = wild(kind, log_attention=log_attention)
    generator = torch.Generator().manual_seed(2)
    lengths = [2, 1, 3, 2, 1, 17, 9, 4, 1, 12]
    prompts = [torch.randint(13, (length,), generator=generator).tolist() for length in lengths]
    options = {"new_tokens": 20, "stop_token": stop_token, "offset": 3 if kind == "learned" else 0}
    together = generate_ragged(model, prompts, batch_size=batch_size, **options)
    for row, prompt in zip(together, prompts, strict=True):
        assert torch.equal(row, generate(model, torch.tensor([prompt]), cached=False, **options)[0])


def test_the_whole_context_can_be_used_and_no_more():
    model = wild("learned")
    prompts = torch.zeros(2, 30, dtype=torch.int64)
    assert generate(model, prompts, new_tokens=11).shape == (2, 11)
    with pytest.raises(ValueError, match="42 tokens in all reach beyond the context of 40"):
        generate(model, prompts, new_tokens=12)


def test_the_mode_of_the_model_is_left_as_it_was_and_no_prompts_give_no_answers():
    model = wild("none").train()
    assert generate(model, torch.zeros(0, 3, dtype=torch.int64), new_tokens=4).shape == (0, 4)
    assert model.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"new_tokens": -1}, "new_tokens"),
        ({"temperature": -0.5}, "temperature"),
        ({"batch_size": 0}, "batch_size"),
        ({"temperature": float("nan")}, "temperature is finite and not negative, not nan"),
        ({"new_tokens": 1.5}, "new_tokens is a whole number from 0 up, not 1.5"),
        ({"stop_token": 13}, "stop_token is one of 0 to 12, not 13"),
        ({"prompts": torch.zeros(2, 0, dtype=torch.int64)}, "at least one token"),
        ({"prompts": torch.zeros(2, 3)}, "int64.*not torch.float32"),
        ({"prompts": torch.tensor([[0, 13]])}, "tokens of prompts are 0 to 12, not 0 to 13"),
        ({"prompts": torch.tensor([[-1, 2]])}, "tokens of prompts are 0 to 12, not -1 to 2"),
        ({"prompts": torch.zeros(2, 41, dtype=torch.int64), "new_tokens": 0}, "prompts of 41 tokens.*context of 40"),
        ({"new_tokens": 0, "offset": 38}, "prompts of 3 tokens from position 38 reach beyond the context of 40"),
    ],
)
def test_nonsense_is_refused(options, message):
    settings = {"prompts": torch.zeros(2, 3, dtype=torch.int64), "new_tokens": 2} | options
    with pytest.raises(ValueError, match=message):
        generate(wild("none"), settings.pop("prompts"), **settings)


def test_ragged_prompts_that_cannot_be_continued_are_named():
    model = wild("none")
    with pytest.raises(ValueError, match="prompt 1 is empty"):
        generate_ragged(model, [[1], [], [2]], new_tokens=2)
    with pytest.raises(ValueError, match="not -1"):
        generate_ragged(model, [[1]], new_tokens=-1)
    with pytest.raises(ValueError, match="context of 40"):
        generate_ragged(model, [[1], [2] * 39], new_tokens=3)
    assert generate_ragged(model, [], new_tokens=2).shape == (0, 2)


def test_no_new_tokens_are_nothing_and_cost_nothing():
    model = wild("learned")
    written = generate(model, torch.zeros(3, 40, dtype=torch.int64), new_tokens=0, stop_token=1)
    assert (written.shape, written.dtype) == ((3, 0), torch.int64)
