from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from unseen.measures.theory.advani_saxe import optimal_ridge_error
from unseen.problems.regression.linear_teacher import LinearTeacher
from unseen.problems.regression.relu_teacher import ReluTeacher

SMALL = [LinearTeacher(inputs=6, samples=20), ReluTeacher(inputs=6, samples=20, hidden=3)]


@pytest.mark.parametrize("problem", SMALL, ids=lambda p: p.name)
def test_asking_for_more_only_appends(problem):
    for split, sizes in (("train", (1, 20)), ("iid", (5, 5000))):
        few, many = (problem.sample(split, n, seed=4) for n in sizes)
        np.testing.assert_array_equal(few.inputs["x"], many.inputs["x"][: sizes[0]])
        np.testing.assert_array_equal(few.targets, many.targets[: sizes[0]])
    assert len(problem.sample("train", seed=4)) == 20


def test_a_smaller_training_set_begins_a_larger_one_and_noise_only_scales():
    few = LinearTeacher(inputs=6, samples=20, snr=4).sample("train", seed=1)
    many = LinearTeacher(inputs=6, samples=50, snr=1).sample("train", seed=1)
    np.testing.assert_array_equal(few.inputs["x"], many.inputs["x"][:20])
    noise = [examples.targets - examples.labels["noiseless"] for examples in (few, many[:20])]
    np.testing.assert_allclose(2 * noise[0], noise[1], atol=1e-12)


@pytest.mark.parametrize("problem", SMALL, ids=lambda p: p.name)
def test_splits_and_seeds_share_no_question_and_differ_in_teacher(problem):
    seen = [
        set(problem.canonical(problem.sample(*draw))) for draw in (("train", 20, 0), ("iid", 500, 0), ("iid", 500, 1))
    ]
    assert [len(part) for part in seen] == [20, 500, 500]
    assert not seen[0] & seen[1]
    assert not seen[1] & seen[2]
    x = problem.sample("iid", 100, 0).inputs["x"]
    assert not np.allclose(problem.noiseless(x, 0), problem.noiseless(x, 1))


@pytest.mark.parametrize("problem", SMALL, ids=lambda p: p.name)
def test_score_accepts_right_forms_and_rejects_near_misses(problem):
    examples = problem.sample("iid", 400, seed=2).questions_only()
    for form, answers in problem.right_forms(examples).items():
        assert problem.score(examples, answers).max() == 0, form
    for miss, answers in problem.near_misses(examples, seed=0).items():
        assert problem.score(examples, answers).mean() > 0.05, miss


def test_score_is_the_squared_error_against_the_noiseless_target():
    problem = LinearTeacher(inputs=4, samples=10, snr=0.5)
    examples = problem.sample("iid", 5, seed=0)
    truth = examples.inputs["x"] @ problem.teacher(0)["weights"]
    given = [truth[0] + 2, str(truth[1] - 3), np.float32(0), "no idea", math.inf]
    errors = problem.score(examples, given)
    np.testing.assert_allclose(errors, [4, 9, truth[2] ** 2, np.inf, np.inf])
    assert problem.score(examples, examples.targets).max() > 0
    with pytest.raises(ValueError, match="2 answers for 5 questions"):
        problem.score(examples, [1.0, 2.0])


@pytest.mark.parametrize("problem", SMALL, ids=lambda p: p.name)
def test_noise_has_the_stated_variance_and_inputs_variance_one_over_n(problem):
    examples = problem.sample("iid", 40_000, seed=3)
    assert (examples.targets - problem.truth(examples)).var() == pytest.approx(1 / problem.snr, rel=0.03)
    assert (examples.inputs["x"] ** 2).sum(axis=1).mean() == pytest.approx(1, rel=0.03)


def test_relu_teacher_is_a_sum_over_hidden_units_with_unit_power():
    problem = ReluTeacher(inputs=5, samples=10, hidden=4)
    for seed in range(3):
        weights = problem.teacher(seed)
        examples = problem.sample("iid", 60_000, seed=seed)
        by_hand = [
            sum(v * max(0.0, float(w @ x)) for v, w in zip(weights["second"], weights["first"], strict=True))
            for x in examples.inputs["x"][:50]
        ]
        np.testing.assert_allclose(problem.truth(examples)[:50], by_hand, atol=1e-12)
        assert (problem.truth(examples) ** 2).mean() == pytest.approx(1, rel=0.05)


def test_covariance_is_that_of_random_teachers():
    generator = np.random.default_rng(0)
    x = np.vstack([generator.standard_normal((3, 5)), np.zeros(5)]) / math.sqrt(5)
    first, second = generator.standard_normal((200_000, 5)), generator.standard_normal(200_000)
    linear = first @ x.T
    relu = math.sqrt(2) * second[:, None] * np.maximum(linear, 0)
    for problem, outputs in ((LinearTeacher(), linear), (ReluTeacher(), relu)):
        np.testing.assert_allclose(outputs.T @ outputs / len(outputs), problem.covariance(x, x), atol=0.03)


def test_classical_solver_of_the_linear_teacher_is_ridge_regression():
    problem = LinearTeacher(inputs=15, samples=12, snr=3)
    train, test = problem.sample("train", seed=5), problem.sample("iid", 30, seed=5)
    ridge = Ridge(alpha=1 / 3, fit_intercept=False).fit(train.inputs["x"], train.targets)
    answers = problem.classical().solve(test.questions_only())
    np.testing.assert_allclose(answers, ridge.predict(test.inputs["x"]), atol=1e-10)


def test_classical_solver_reaches_the_bayes_optimum_of_the_theory():
    problem = LinearTeacher(inputs=60, samples=120)
    errors = []
    for seed in range(30):
        test = problem.sample("iid", 500, seed=seed)
        errors.append(problem.score(test, problem.classical().solve(test.questions_only())).mean())
    assert np.mean(errors) + 1 / problem.snr == pytest.approx(optimal_ridge_error(ratio=2.0, snr=5.0), rel=0.04)


@pytest.mark.parametrize("problem", [LinearTeacher(), ReluTeacher()], ids=lambda p: p.name)
def test_classical_solver_keeps_its_promise_on_every_split(problem):
    for seed in range(3):
        for split in problem.splits:
            examples = problem.sample(split, 200, seed).questions_only()
            answers = problem.classical().solve(examples)
            assert problem.score(examples, answers).mean() <= problem.classical_score
            in_parts = np.concatenate([problem.classical().solve(examples[i : i + 7]) for i in range(0, 200, 7)])
            np.testing.assert_allclose(answers, in_parts, atol=1e-10)


def test_without_noise_enough_samples_determine_the_teacher():
    problem = LinearTeacher(inputs=10, samples=30, snr=math.inf)
    examples = problem.sample("iid", 50, seed=0)
    assert problem.score(examples, problem.classical().solve(examples)).max() < 1e-10


@pytest.mark.parametrize("wrong", [{"inputs": 0}, {"samples": 2.5}, {"snr": 0.0}, {"snr": math.nan}, {"hidden": True}])
def test_impossible_parameters_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ReluTeacher(**wrong)


def test_text_holds_the_numbers():
    problem = LinearTeacher(inputs=2, samples=5)
    examples = problem.sample("iid", 1, seed=0)
    for value in examples.inputs["x"][0]:
        assert f"{value:.6g}" in problem.text(examples)[0]
