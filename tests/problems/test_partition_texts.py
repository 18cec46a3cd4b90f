from __future__ import annotations

import numpy as np
from scipy import stats

from unseen.problems.partition import drawn_where, hashed_text_share


def test_shares_are_uniform_and_depend_on_text_and_labels_alone():
    texts = [f"{number} + 1" for number in range(4000)]
    shares = hashed_text_share(texts, "a", 1)
    assert stats.kstest(shares, "uniform").pvalue > 1e-4
    assert np.array_equal(shares[::-1], hashed_text_share(texts[::-1], "a", 1))
    other = hashed_text_share(texts, "a", 2)
    assert abs(np.corrcoef(shares, other)[0, 1]) < 0.08
    assert len(hashed_text_share([], "a")) == 0


def test_rows_are_those_kept_whatever_share_is_expected():
    for share in (None, 0.9, 0.1):
        stream = np.random.default_rng(50)
        drawn: list[np.ndarray] = []

        def draw(count, stream=stream, drawn=drawn):
            drawn.append(stream.integers(100, size=(count, 1)))
            return drawn[-1]

        found = drawn_where(draw, lambda rows: rows[:, 0] < 30, 500, share=share)
        everything = np.concatenate(drawn)
        assert (found == everything[everything[:, 0] < 30][:500]).all()
        assert len(found) == 500
