from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch.nn import functional

from unseen.models.decoder import Decoder
from unseen.models.decoder_block import POSITIONS, Block
from unseen.models.key_value_cache import KeyValueCache
from unseen.models.positions import rotated
from unseen.training import SeedBatch, train


def test_a_position_sees_itself_and_the_past_alone():
    torch.manual_seed(0)
    model = Decoder(vocabulary=11, context=8, width=16, heads=4).double()
    tokens = torch.randint(11, (3, 8))
    changed = tokens.clone()
    changed[:, 5] = (changed[:, 5] + 1) % 11
    before, after = model(tokens), model(changed)
    torch.testing.assert_close(after[:, :5], before[:, :5])
    assert (after[:, 5:] - before[:, 5:]).abs().amax(dim=(0, 2)).min() > 1e-6


def test_attention_is_the_formula_head_by_head():
    torch.manual_seed(0)
    block = Block(width=6, heads=2).double()
    stream = torch.randn(1, 4, 6, dtype=torch.float64)
    query, key, value = block.attention_in(stream)[0].split(6, dim=-1)
    mixed = torch.zeros(4, 6, dtype=torch.float64)
    for head in (slice(0, 3), slice(3, 6)):
        for position in range(4):
            scores = key[: position + 1, head] @ query[position, head] / math.sqrt(3)
            mixed[position, head] = torch.softmax(scores, 0) @ value[: position + 1, head]
    torch.testing.assert_close(block.attend(stream)[0], block.attention_out(mixed))


def test_order_of_tokens_matters_and_the_start_is_nearly_uniform():
    torch.manual_seed(0)
    model = Decoder(vocabulary=11, context=8)
    tokens = torch.tensor([[1, 2, 3], [2, 1, 3]])
    logits = model(tokens)
    assert not torch.allclose(logits[0, 2], logits[1, 2], atol=1e-6)
    loss = functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())
    assert loss.item() == pytest.approx(math.log(11), abs=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 10, "heads": 4}, "multiple of the 4 heads"),
        ({"layers": 0}, "layers"),
        ({"initial_std": 0.0}, "initial_std must be above 0"),
        ({"clip": 0}, "clip"),
        ({"positions": "absolute"}, "one of none, learned, rotary, alibi, relative, not 'absolute'"),
        ({"width": 12, "heads": 4, "positions": "rotary"}, "heads of even width, not 3"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Decoder(**({"vocabulary": 5, "context": 4} | options))


@pytest.mark.parametrize("kind", POSITIONS)
def test_every_kind_of_positions_refuses_what_is_too_long_and_negative_offsets(kind):
    model = Decoder(vocabulary=5, context=4, width=8, heads=2, positions=kind)
    with pytest.raises(ValueError, match="5 tokens reach beyond the context of 4"):
        model(torch.zeros(1, 5, dtype=torch.int64))
    with pytest.raises(ValueError, match="position from 0 up, not -1"):
        model(torch.zeros(1, 2, dtype=torch.int64), offset=-1)


def attended(kind: str, *, log_attention: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
    """A block's attention, and the same by the definition, position by position."""
    torch.manual_seed(0)
    heads, size, clip = 2, 4, 3
    block = Block(heads * size, heads, kind, clip, log_attention).double()
    if block.distances is not None:
        torch.nn.init.normal_(block.distances)
    stream = torch.randn(1, 7, heads * size, dtype=torch.float64)
    query, key, value = block.attention_in(stream)[0].split(heads * size, dim=-1)
    mixed = torch.zeros(7, heads * size, dtype=torch.float64)

    def turned(vector: torch.Tensor, position: int) -> torch.Tensor:
        pairs = torch.view_as_complex(torch.stack([vector[:2], vector[2:]], dim=-1).contiguous())
        angles = position * torch.tensor([1.0, 10_000**-0.5], dtype=torch.float64)
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)).transpose(0, 1).flatten()

    for head in range(heads):
        part = slice(head * size, (head + 1) * size)
        for here in range(7):
            scores = []
            for there in range(here + 1):
                q, k = query[here, part], key[there, part]
                if kind == "rotary":
                    q, k = turned(q, here), turned(k, there)
                score = q @ k / math.sqrt(size)
                if kind == "relative":
                    score = score + q @ block.distances[min(here - there, clip)] / math.sqrt(size)
                if log_attention:
                    score = score * math.log(here + 1)
                if kind == "alibi":
                    score = score - 2.0 ** (-8 * (head + 1) / heads) * (here - there)
                scores.append(score)
            mixed[here, part] = torch.softmax(torch.stack(scores), 0) @ value[: here + 1, part]
    return block.attend(stream)[0], block.attention_out(mixed)


@pytest.mark.parametrize("log_attention", [False, True])
@pytest.mark.parametrize("kind", ["none", "rotary", "alibi", "relative"])
def test_positions_act_as_their_papers_define(kind, log_attention):
    ours, expected = attended(kind, log_attention=log_attention)
    torch.testing.assert_close(ours, expected, rtol=1e-6, atol=1e-7)


def test_without_positions_the_past_is_a_set():
    torch.manual_seed(0)
    model = Decoder(vocabulary=11, context=8, positions="none", layers=1).double()
    first, second = model(torch.tensor([[1, 2, 3, 4], [3, 1, 2, 4]]))
    torch.testing.assert_close(first[-1], second[-1])


@pytest.mark.parametrize("kind", ["rotary", "alibi", "relative"])
def test_a_head_that_knows_distances_alone_does_not_care_where_a_sequence_starts(kind):
    torch.manual_seed(0)
    model = Decoder(vocabulary=11, context=40, positions=kind, layers=1, clip=2).double()
    block = model.blocks[0]
    stream = torch.randn(1, 5, 64, dtype=torch.float64)
    cache = KeyValueCache(40)
    block(torch.zeros(1, 20, 64, dtype=torch.float64), cache=cache)
    query, key, _ = block.attention_in(block.attention_norm(stream)).view(1, 5, 3, 4, 16).permute(2, 0, 3, 1, 4)
    if kind == "rotary":
        products = [rotated(query, torch.arange(s, s + 5)) @ rotated(key, torch.arange(s, s + 5)).mT for s in (0, 20)]
        torch.testing.assert_close(products[0], products[1], rtol=1e-6, atol=1e-7)
    else:
        slots = torch.arange(5)
        near = block.bias(query, slots[:, None] - slots)
        far = block.bias(query, (slots + 20)[:, None] - torch.arange(25))[..., 20:]
        torch.testing.assert_close(near, far)


def test_an_offset_moves_learned_positions_row_by_row():
    torch.manual_seed(0)
    model = Decoder(vocabulary=11, context=9)
    tokens = torch.randint(11, (2, 4))
    both = model(tokens, offset=torch.tensor([0, 5]))
    torch.testing.assert_close(both[:1], model(tokens[:1]))
    torch.testing.assert_close(both[1:], model(tokens[1:], offset=5))
    assert not torch.allclose(both[1:], model(tokens[1:]), atol=1e-4)
    with pytest.raises(ValueError, match="4 tokens from position 6 reach beyond the context of 9"):
        model(tokens, offset=6)


def test_initial_weights_have_the_stated_deviation_and_the_default_is_gpt_2s():
    torch.manual_seed(0)
    default, wide = Decoder(vocabulary=11, context=9), Decoder(vocabulary=11, context=9, initial_std=0.1)
    for model, std in ((default, 0.02), (wide, 0.1)):
        assert model.blocks[1].mlp_in.weight.std().item() == pytest.approx(std, rel=0.05)
        assert model.blocks[1].mlp_out.weight.std().item() == pytest.approx(std / 2, rel=0.05)
        assert not model.blocks[1].mlp_in.bias.any()
        assert (model.norm.weight == 1).all()


@pytest.mark.parametrize("kind", POSITIONS)
def test_every_kind_trains_as_a_batch_of_seeds(kind):
    seeds = (0, 1)
    lanes = SeedBatch.build(
        lambda _: Decoder(vocabulary=7, context=6, width=8, heads=2, layers=1, positions=kind), seeds=seeds
    )
    alone = SeedBatch.build(
        lambda _: Decoder(vocabulary=7, context=6, width=8, heads=2, layers=1, positions=kind), seeds=(1,)
    )
    tokens = torch.randint(7, (2, 16, 6), generator=torch.Generator().manual_seed(0))

    def loss(model, batch):
        return functional.cross_entropy(model(batch[0][:, :-1]).flatten(0, 1), batch[0][:, 1:].flatten())

    settings = {"loss": loss, "optimizer": partial(torch.optim.SGD, lr=0.5), "steps": 5}
    train(lanes, data=(tokens,), **settings)
    train(alone, data=(tokens[1:],), **settings)
    for name, value in alone.parameters.items():
        torch.testing.assert_close(lanes.parameters[name][1], value[0], rtol=1e-4, atol=1e-6)
