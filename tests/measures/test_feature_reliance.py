from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from unseen.measures.feature_reliance import permuted_block, randomised_accuracy, randomised_auc


def planted(n=4000, seed=0):
    """Two features that each tell the class, in a rotated frame, and the frame."""
    generator = np.random.default_rng(seed)
    classes = generator.integers(2, size=n)
    features = (2 * classes - 1)[:, None] * generator.uniform(0.1, 1, (n, 2))
    angle = 0.7
    frame = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return features @ frame, classes, frame


@given(st.integers(0, 1000), st.integers(2, 40))
def test_the_area_is_that_of_scikit_learn_ties_included(seed, n):
    generator = np.random.default_rng(seed)
    classes = np.concatenate([[0, 1], generator.integers(2, size=n - 2)])
    x = generator.integers(4, size=(n, 1)).astype(float)
    found = randomised_auc(lambda x: x[:, 0], x, classes, coordinates=[])
    assert found == pytest.approx(roc_auc_score(classes, x[:, 0]))


def test_only_the_block_that_a_classifier_uses_matters_to_it():
    x, classes, frame = planted()
    for used in (0, 1):
        for shuffled in (0, 1):
            area, share = (
                measure(lambda x, u=used: (x @ frame.T)[:, u], x, classes, coordinates=[shuffled], frame=frame)
                for measure in (randomised_auc, randomised_accuracy)
            )
            assert (area, share) == (pytest.approx((0.5, 0.5), abs=0.03) if used == shuffled else (1, 1))


def test_a_classifier_that_uses_both_keeps_a_part():
    x, classes, frame = planted()
    # With one of two equal features shuffled the sum of both is right for sure only where they agree: in half of
    # the examples. In the others it is a matter of chance.
    found = randomised_accuracy(lambda x: (x @ frame.T).sum(1), x, classes, coordinates=[0], frame=frame)
    assert found == pytest.approx(0.75, abs=0.02)


def test_a_block_is_permuted_as_a_whole_and_nothing_else():
    x = np.arange(300.0).reshape(100, 3)
    shuffled = permuted_block(x, coordinates=[0, 2], seed=1)
    assert (shuffled[:, 1] == x[:, 1]).all()
    assert (shuffled[:, 2] - shuffled[:, 0] == 2).all()
    assert sorted(shuffled[:, 0]) == sorted(x[:, 0])
    assert (shuffled[:, 0] != x[:, 0]).mean() > 0.9
    assert (permuted_block(x, coordinates=slice(0, 0)) == x).all()


def test_in_a_frame_all_else_stays_to_rounding():
    x, _, frame = planted(50)
    shuffled = permuted_block(x, coordinates=[1], frame=frame)
    assert np.allclose((shuffled @ frame.T)[:, 0], (x @ frame.T)[:, 0])
    assert not np.allclose(shuffled, x)


def test_misuse_is_refused():
    x = np.zeros((4, 2))
    right = [0, 1, 0, 1]
    with pytest.raises(ValueError, match="zeros and ones"):
        randomised_auc(lambda x: x[:, 0], x, [0, 1, 2, 1], coordinates=[0])
    with pytest.raises(ValueError, match="both classes"):
        randomised_auc(lambda x: x[:, 0], x, [1, 1, 1, 1], coordinates=[0])
    with pytest.raises(ValueError, match="finite"):
        randomised_accuracy(lambda x: x[:, 0] + np.nan, x, right, coordinates=[0])
    with pytest.raises(ValueError, match=r"scores .* \(4, 2\)"):
        randomised_accuracy(lambda x: x, x, right, coordinates=[0])
    with pytest.raises(ValueError, match="frame"):
        permuted_block(x, coordinates=[0], frame=np.eye(3))
    with pytest.raises(ValueError, match="shape"):
        permuted_block(x[0], coordinates=[0])
