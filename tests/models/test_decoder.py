from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from unseen.models.decoder import Block, Decoder


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
    ("options", "message"), [({"width": 10, "heads": 4}, "multiple of the 4 heads"), ({"layers": 0}, "layers")]
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Decoder(**({"vocabulary": 5, "context": 4} | options))


def test_sequences_longer_than_the_context_are_refused():
    with pytest.raises(ValueError, match="5 tokens are longer than the context of 4"):
        Decoder(vocabulary=5, context=4)(torch.zeros(1, 5, dtype=torch.int64))
