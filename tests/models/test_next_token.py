"""One more token through `NextToken` is one more token through the decoder."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unseen.models.decoder import Decoder
from unseen.models.decoder_block import POSITIONS, Block
from unseen.models.generation import generate
from unseen.models.key_value_cache import KeyValueCache
from unseen.models.next_token import NextToken


def wild(kind: str, **options) -> Decoder:
    torch.manual_seed(0)
    model = Decoder(vocabulary=13, context=60, positions=kind, clip=4, **options).double()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize("sizes", [{"width": 12, "heads": 3}, {"width": 32, "heads": 1}, {"width": 8, "heads": 4}])
@pytest.mark.parametrize("log_attention", [False, True])
@pytest.mark.parametrize("kind", POSITIONS)
def test_logits_are_those_of_the_whole_sequence(kind, log_attention, sizes):
    """From one token to many, so that short sequences are filled up and long ones are not."""
    model = wild(kind, log_attention=log_attention, **sizes)
    tokens = torch.randint(13, (5, 55), generator=torch.Generator().manual_seed(1))
    offset = 3 if kind == "learned" else 0
    with torch.inference_mode():
        expected = model(tokens, offset=offset)
        cache = KeyValueCache(57)
        torch.testing.assert_close(model(tokens[:, :1], cache=cache, offset=offset, last=True), expected[:, :1])
        step = NextToken(model, cache, offset=offset)
        for place in range(1, 55):
            if place == 30:
                tokens, expected = tokens[[0, 3]], expected[[0, 3]]
                cache.keep(torch.tensor([0, 3]))
            torch.testing.assert_close(step(tokens[:, place]), expected[:, place], rtol=1e-6, atol=1e-6)
    assert cache.length == 55


@pytest.mark.parametrize("kind", POSITIONS)
def test_the_last_position_alone_has_the_logits_that_it_has_among_all(kind):
    model = wild(kind, width=16, heads=2, log_attention=True)
    tokens = torch.randint(13, (4, 20), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model(tokens, last=True), model(tokens)[:, -1:], rtol=1e-6, atol=1e-6)
    cache = KeyValueCache(20)
    model(tokens[:, :8], cache=cache, last=True)
    torch.testing.assert_close(model(tokens[:, 8:], cache=cache), model(tokens)[:, 8:], rtol=1e-6, atol=1e-6)


def test_a_full_cache_is_refused():
    model = wild("none", width=16, heads=2)
    cache = KeyValueCache(4)
    with torch.inference_mode():
        model(torch.zeros(2, 3, dtype=torch.int64), cache=cache)
        step = NextToken(model, cache)
        step(torch.zeros(2, dtype=torch.int64))
        with pytest.raises(ValueError, match="5 tokens do not fit into a cache of 4"):
            step(torch.zeros(2, dtype=torch.int64))


def test_blocks_of_another_class_are_refused():
    class Silent(Block):
        def attend(self, stream, cache=None, layer=0, last=False):
            return torch.zeros_like(stream[:, -1:] if last else stream)

    model = wild("none", width=16, heads=2)
    model.blocks[1] = Silent(16, 2, "none").double()
    prompts = torch.zeros(2, 3, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"not Silent, which is continued with cached=False"):
        generate(model, prompts, new_tokens=2)
    assert generate(model, prompts, new_tokens=2, cached=False).shape == (2, 2)
