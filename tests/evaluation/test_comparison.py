"""Two solvers on the same questions, against closed forms and published tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, ttest_1samp

from unseen.contracts.problem import Examples
from unseen.evaluation.appraisal import Appraisal, Cost
from unseen.evaluation.comparison import compare_solvers
from unseen.evaluation.diagnosis import Diagnosis
from unseen.evaluation.scores import Scores


def appraisal(values: dict[tuple[str, int], list[float]], scored_by: str = "accuracy") -> Appraisal:
    scores = Scores("toy", scored_by, {"iid": "iid", "longer": "longer"}, {k: np.array(v) for k, v in values.items()})
    return Appraisal("x", scores, scores, 0.0, Diagnosis("cannot tell", ""), Cost(0.0))


def test_questions_are_pairs_by_mcnemars_exact_test() -> None:
    generator = np.random.default_rng(0)
    a, b = (generator.random((2, 200)) < np.array([[0.8], [0.7]])).astype(float)
    first, second = appraisal({("iid", 0): a.tolist()}), appraisal({("iid", 0): b.tolist()})
    (found,) = compare_solvers([first], [second], fitted=True)
    only_a, only_b = int((a > b).sum()), int((b > a).sum())
    assert found.p_value == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
    assert found.interval.estimate == pytest.approx((a - b).mean())
    expected = ttest_1samp(a - b, 0).confidence_interval(0.9)
    assert (found.interval.low, found.interval.high) == pytest.approx((expected.low, expected.high))
    assert (found.unit, found.pairs, found.corrected) == ("question", 200, found.p_value)
    assert 0.05 < found.smallest_effect < 0.2


def test_trained_solvers_are_compared_seed_by_seed() -> None:
    first = appraisal({("iid", seed): [1, 1, 1, seed % 2] for seed in range(4)})
    second = appraisal({("iid", seed): [1, 0, 1, 0] for seed in range(4)})
    (found,) = compare_solvers([first], [second], fitted=True)
    assert (found.unit, found.pairs) == ("seed", 16)
    assert found.interval.values == (0.25, 0.5, 0.25, 0.5)
    assert found.p_value == 2 / 2**4
    (pooled,) = compare_solvers([first], [second], fitted=False)
    assert pooled.unit == "question"


def test_only_questions_that_both_answered_count() -> None:
    nan = float("nan")
    first, second = appraisal({("iid", 0): [1, nan, 1, 0]}), appraisal({("iid", 0): [nan, 0, 0, 0]})
    (found,) = compare_solvers([first], [second], fitted=False)
    assert (found.pairs, found.interval.estimate) == (2, 0.5)
    assert compare_solvers([first], [appraisal({("iid", 0): [nan] * 4})], fitted=False) == []


def test_pairs_that_all_agree_still_leave_room() -> None:
    (found,) = compare_solvers([appraisal({("iid", 0): [1] * 50})], [appraisal({("iid", 0): [1] * 50})], fitted=False)
    assert found.interval.estimate == 0
    assert found.interval.high == -found.interval.low == pytest.approx(0.0513, abs=0.0005)  # Wilson, 0 of 50
    assert (found.p_value, found.smallest_effect) == (1.0, found.interval.high)


def test_holms_correction_is_over_all_splits_and_problems() -> None:
    values = {("iid", 0): [1.0] * 6, ("longer", 0): [1.0, 0.0, 1.0, 1.0, 1.0, 1.0]}
    worse = {("iid", 0): [0.0] * 6, ("longer", 0): [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]}
    found = compare_solvers([appraisal(values)] * 2, [appraisal(worse)] * 2, fitted=False)
    assert [round(one.p_value, 4) for one in found] == [0.0312, 0.2188] * 2
    assert [round(one.corrected, 4) for one in found] == [0.125, 0.4375, 0.125, 0.4375]


def test_errors_are_compared_by_random_signs() -> None:
    generator = np.random.default_rng(1)
    a = generator.exponential(size=40)
    found = compare_solvers(
        [appraisal({("iid", 0): a.tolist()}, "error")],
        [appraisal({("iid", 0): (a + 1).tolist()}, "error")],
        fitted=False,
    )
    assert found[0].interval.estimate == pytest.approx(-1)
    assert found[0].p_value < 0.001


def test_examples_are_those_of_the_same_draw() -> None:
    import unseen as un
    from unseen.evaluation.appraisal import appraise

    def half(examples: Examples) -> list[int]:
        return [i % 2 * 1000 + t for i, t in enumerate(problem.truth(examples).tolist())]

    problem = un.problem("chain-sum")
    a, b = (appraise(one, problem, splits=["iid"], n=100) for one in ("classical", half))
    (found,) = compare_solvers([a], [b], fitted=False)
    assert found.interval.estimate == 0.5
