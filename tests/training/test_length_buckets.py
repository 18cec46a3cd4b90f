"""Buckets change how far rows are padded and which rows meet, nothing else."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.func import functional_call, grad

from unseen.formats.tokenizer import CharacterTokenizer
from unseen.models.decoder import Decoder
from unseen.training import LengthBuckets, SeedBatch, train
from unseen.training.sequences import next_token_loss, sequence_arrays

DIGITS = CharacterTokenizer("0123456789+=")


def numerals(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Numerals of 1 to 12 digits to be copied."""
    generator = np.random.default_rng(seed)
    texts = ["".join(map(str, generator.integers(10, size=generator.integers(1, 13)))) for _ in range(count)]
    tokens, weights = sequence_arrays(DIGITS, [f"{text}=" for text in texts], texts, length=40)
    return torch.from_numpy(tokens), torch.from_numpy(weights)


def stacked(count: int, seeds: tuple[int, ...]) -> list[torch.Tensor]:
    return [torch.stack(columns) for columns in zip(*(numerals(count, seed) for seed in seeds), strict=True)]


@given(
    lengths=st.lists(st.integers(0, 9), min_size=6, max_size=40),
    buckets=st.integers(1, 3),
    size=st.integers(1, 2),
    epoch=st.integers(0, 3),
)
def test_an_epoch_shows_each_example_at_most_once_and_cuts_only_padding(lengths, buckets, size, epoch):
    count = len(lengths)
    weights = (torch.arange(10) < torch.tensor(lengths)[:, None]).float()
    draw = LengthBuckets([weights[None]], others=[torch.arange(count)[None]], size=size, seeds=(3,), buckets=buckets)
    steps = buckets * (count // buckets // size)
    seen: list[int] = []
    for step in range(epoch * steps, (epoch + 1) * steps):
        rows, numbers = draw(step, [0])
        for row, number in zip(rows[0], numbers[0], strict=True):
            assert int(row.sum()) == lengths[number]
            seen.append(int(number))
    assert len(seen) == len(set(seen)) == steps * size


def test_one_bucket_of_ordered_lengths_is_cut_to_its_own_longest():
    weights = torch.zeros(1, 8, 20)
    for row, length in enumerate([3, 18, 4, 17, 5, 16, 6, 15]):
        weights[0, row, length - 1] = 1
    draw = LengthBuckets([weights], size=4, seeds=(0,), buckets=2)
    assert sorted(draw(step, [0])[0].shape[2] for step in range(2)) == [6, 18]


def test_the_first_minibatch_is_of_the_longest():
    tokens, weights = stacked(400, (1,))
    for seed in range(10):
        draw = LengthBuckets([tokens, weights], size=20, seeds=(seed,), buckets=5)
        assert draw(0, [0])[0].shape[2] == max(draw(step, [0])[0].shape[2] for step in range(20))


def test_a_lane_sees_the_same_examples_in_any_company():
    tokens, weights = stacked(100, (0, 1, 2))
    together = LengthBuckets([tokens, weights], size=10, seeds=(0, 1, 2), buckets=3)
    alone = LengthBuckets([tokens[1:2], weights[1:2]], size=10, seeds=(1,), buckets=3)
    for step in (0, 4, 8, 9, 23):
        ours, its = together(step, [0, 1, 2])[0][1], alone(step, [0])[0][0]
        width = min(ours.shape[1], its.shape[1])
        assert torch.equal(ours[:, :width], its[:, :width])
        assert (ours[:, width:] == 0).all()
    assert torch.equal(together(5, [1])[0][0], together(5, [0, 1, 2])[0][1])


@pytest.mark.parametrize("positions", ["none", "learned", "rotary", "alibi", "relative"])
def test_loss_and_gradient_are_those_with_padding(positions):
    torch.manual_seed(0)
    model = Decoder(vocabulary=16, context=40, width=16, heads=2, positions=positions).double()
    tokens, weights = numerals(30, 5)
    cut = int(weights.any(dim=0).nonzero().max()) + 1
    parameters = dict(model.named_parameters())

    def loss(values, batch):
        return next_token_loss(partial(functional_call, model, values), batch)

    padded, short = (tokens, weights.double()), (tokens[:, :cut], weights[:, :cut].double())
    assert cut < 40
    assert float(loss(parameters, padded)) == pytest.approx(float(loss(parameters, short)), rel=1e-12)
    whole, part = (grad(loss)(parameters, batch) for batch in (padded, short))
    for name in parameters:
        torch.testing.assert_close(part[name], whole[name], rtol=1e-9, atol=1e-12)


def test_training_on_buckets_is_training_on_the_same_minibatches_padded():
    seeds = (0, 1)
    columns = stacked(60, seeds)
    buckets = LengthBuckets(columns, size=10, seeds=seeds, buckets=3)

    def padded(step, lanes):
        return tuple(torch.nn.functional.pad(part, (0, 40 - part.shape[2])) for part in buckets(step, lanes))

    def trained(draw):
        lanes = SeedBatch.build(lambda _: Decoder(vocabulary=16, context=40, width=16, heads=2), seeds=seeds)
        train(lanes, loss=next_token_loss, optimizer=partial(torch.optim.SGD, lr=0.5), steps=14, draw=draw)
        return lanes.parameters

    ours, theirs = trained(buckets), trained(padded)
    assert len({buckets(step, [0])[0].shape[2] for step in range(6)}) == 3
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"size": 0}, "a minibatch has 1 to the 25 examples of a bucket, not 0"),
        ({"size": 26}, "not 26"),
        ({"buckets": 0}, "there are 1 to 100 buckets, not 0"),
        ({"seeds": (0, 1)}, "1 lanes for 2 seeds"),
        ({"others": [torch.zeros(1, 99)]}, "begin with the axes"),
    ],
)
def test_misuse_is_named(change, named):
    columns = [part[None] for part in numerals(100, 0)]
    with pytest.raises(ValueError, match=named):
        LengthBuckets(columns, **({"size": 5, "seeds": (0,)} | change))
