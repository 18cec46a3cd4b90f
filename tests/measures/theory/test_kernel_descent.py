from __future__ import annotations

import numpy as np
import pytest

from unseen.measures.theory.kernel_descent import kernel_descent


@pytest.mark.parametrize("steps", [0, 1, 2, 37])
def test_it_is_gradient_descent_of_a_model_linear_in_its_features(steps):
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(6, 4)), rng.normal(size=(3, 4))  # rank 4 < 6: the kernel is singular
    y = rng.normal(size=6)
    rate = 0.7 / np.linalg.eigvalsh(train @ train.T)[-1]
    weights = np.zeros(4)
    for _ in range(steps):
        weights -= rate * train.T @ (train @ weights - y)
    found = kernel_descent(train @ train.T, test @ train.T, y, rate=rate, steps=steps)
    np.testing.assert_allclose(found, test @ weights, atol=1e-10)


def test_in_the_end_it_interpolates():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(5, 9))
    gram, y = features @ features.T, rng.normal(size=5)
    found = kernel_descent(gram, gram, y, rate=1 / np.linalg.eigvalsh(gram)[-1], steps=100_000)
    np.testing.assert_allclose(found, y, atol=1e-8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"rate": 0.0}, "rate"), ({"steps": -1}, "steps"), ({"residual": [1.0]}, "shapes"), ({"cross": [1.0]}, "shapes")],
)
def test_nonsense_is_refused(changes, message):
    options = {"gram": np.eye(2), "cross": np.eye(2), "residual": [1.0, 2.0], "rate": 0.5, "steps": 3, **changes}
    with pytest.raises(ValueError, match=message):
        kernel_descent(
            options["gram"], options["cross"], options["residual"], rate=options["rate"], steps=options["steps"]
        )
