from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.measures.ensemble_growth import ensemble_growth


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    block=st.integers(1, 7),
    size=st.integers(1, 20),
    extra=st.integers(0, 20),
    share=st.sampled_from([0.5, 0.9, 1.0]),
)
def test_growth_is_what_every_single_ensemble_answers(seed, block, size, extra, share):
    rng = np.random.default_rng(seed)
    truth = rng.integers(2, size=(5, 3))
    outputs = truth - 0.4 + rng.normal(size=(60, 5, 3))
    limit = size + extra
    found = ensemble_growth(
        lambda index: outputs[index * block : (index + 1) * block], truth, size=size, limit=limit, share=share
    )
    expected = [((outputs[:m].mean(axis=0) > 0) == truth).all(axis=1).mean() for m in range(1, limit + 1)]
    np.testing.assert_allclose(found.right, expected[: len(found.right)])
    reached = [m for m, right in enumerate(expected, start=1) if right >= share]
    assert found.first == (reached[0] if reached else math.inf)
    assert size <= len(found.right) <= limit


def test_a_rule_never_learned_is_never_reached():
    found = ensemble_growth(lambda index: np.ones((4, 2, 1)), [[1], [0]], size=3, limit=10)
    assert found.first == math.inf
    assert found.right.tolist() == [0.5] * 10


def test_misuse_is_named():
    with pytest.raises(ValueError, match="size 5 and limit 4"):
        ensemble_growth(lambda index: np.ones((1, 1, 1)), [[1]], size=5, limit=4)
    with pytest.raises(ValueError, match="share"):
        ensemble_growth(lambda index: np.ones((1, 1, 1)), [[1]], size=1, limit=4, share=0.0)
    with pytest.raises(ValueError, match=r"\(1, 2, 1\)"):
        ensemble_growth(lambda index: np.ones((1, 2, 1)), [[1]], size=1, limit=4)
