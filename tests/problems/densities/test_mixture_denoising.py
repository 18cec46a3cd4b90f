from __future__ import annotations

import re

import numpy as np
import pytest

from unseen.problems.densities.mixture_denoising import CLEANER_LEVELS, TRAINED_LEVELS, MixtureDenoising

PROBLEM = MixtureDenoising(modes=5, dimension=3)


def level(examples):
    alpha_bar = examples.inputs["alpha_bar"]
    return np.log(alpha_bar / (1 - alpha_bar)) / 2


def test_the_noise_added_is_the_right_answer_on_average_given_the_point():
    # An unbiased target: nothing that is computed from the point correlates with what is left.
    examples = PROBLEM.sample("iid", 60_000, seed=2)
    left = examples.targets - examples.labels["noiseless"]
    for known in (np.ones_like(left), examples.inputs["x"], examples.labels["noiseless"], np.sin(examples.inputs["x"])):
        products = left * known
        assert np.abs(products.mean(axis=0) / products.std(axis=0)).max() * np.sqrt(len(left)) < 5


def test_levels_of_noise_do_not_overlap_between_training_and_cleaner():
    for split, (low, high) in {"train": TRAINED_LEVELS, "longer:cleaner": CLEANER_LEVELS}.items():
        found = level(PROBLEM.sample(split, 5000, seed=1))
        assert low - 1e-9 <= found.min() < low + 0.05
        assert high - 0.05 < found.max() <= high + 1e-9


def test_elsewhere_points_are_improbable_and_answered_by_the_same_rule():
    mixture = PROBLEM.mixture(4)
    near, far = (PROBLEM.sample(split, 2000, seed=4) for split in ("iid", "shifted:elsewhere"))
    near_density, far_density = (
        np.median(mixture.log_density(e.inputs["x"], e.inputs["alpha_bar"])) for e in (near, far)
    )
    assert far_density < near_density - 2
    expected = mixture.noise_prediction(far.inputs["x"], far.inputs["alpha_bar"])
    assert far.targets == pytest.approx(expected)


def test_the_text_holds_all_that_the_answer_needs():
    examples = PROBLEM.sample("iid", 3, seed=9)
    for text, row, alpha_bar in zip(
        PROBLEM.text(examples), examples.inputs["x"], examples.inputs["alpha_bar"], strict=True
    ):
        numbers = [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]
        assert numbers[0] == 5
        assert numbers[1] == PROBLEM.deviation
        assert numbers[2:17] == PROBLEM.mixture(9).means.ravel().tolist()
        assert numbers[17:] == [alpha_bar, *row]


def test_errors_are_squared_per_coordinate():
    examples = PROBLEM.sample("iid", 4, seed=0)
    wrong = PROBLEM.truth(examples) + np.array([0.0, 0.3, 0.6])
    assert PROBLEM.score(examples, wrong) == pytest.approx(np.full(4, 0.15))


@pytest.mark.parametrize(
    ("parameter", "value"), [("modes", 0), ("dimension", 1.5), ("deviation", 0.0), ("deviation", np.inf)]
)
def test_parameters_that_make_no_problem_are_refused(parameter, value):
    with pytest.raises(ValueError, match=f"{parameter} must be .*{value!r}"):
        MixtureDenoising(**{parameter: value})
