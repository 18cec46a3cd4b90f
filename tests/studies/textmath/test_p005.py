import pytest

from unseen.studies.textmath import _hat_arms as arms
from unseen.studies.textmath.p005_levine_hats import study
from unseen.testing.imagined import imagined_trials


def test_rates_are_those_of_the_recursion():
    three, five = (arms.blocks(size, 70, starts=200, height=15).metrics for size in (3, 5))
    assert (three["decided"], three["repeated"]) == (21, 4)
    assert (five["decided"], five["repeated"]) == (357, 4)
    assert three["rate"] == pytest.approx(16 ** (-1 / 3), abs=0.01)
    assert five["rate"] == pytest.approx(256 ** (-1 / 5), abs=0.01)


def test_random_strategies_without_responses_stay_far_below():
    assert arms.blocks(5, 70, starts=200, height=6, improve=False).metrics["excess"] < -0.05


RESULTS = {
    "blocks-3": {"excess": 0.0, "rate": 0.397},
    "blocks-4": {"excess": -0.0008, "rate": 0.4},
    "blocks-5": {"excess": 0.0, "rate": 0.33},
    "random-5": {"excess": -0.1, "rate": 0.9},
    "finite": {"excess": -0.0002},
    "biased-up-to-3": {"free_20": 0.11, "fixed_20": 0.11},
    "biased-5": {"free_20": 0.12, "fixed_20": 0.12},
}


def statuses(**changes):
    trials = imagined_trials(study, RESULTS, changes, spread=lambda metric, value, seed: value)
    return [finding.verdict.status for finding in study.judge(trials).findings]


def test_claims_follow_the_numbers():
    assert statuses() == ["holds"] * 6
    assert statuses(blocks_5__excess=-1e-5)[0] == "fails"
    assert statuses(blocks_3__excess=-1e-5)[0] == "inconclusive"
    assert statuses(finite__excess=1e-5)[1] == "fails"
    assert statuses(blocks_4__excess=0.0)[2] == "fails"
    assert statuses(blocks_5__rate=0.4)[3] == "fails"
    assert statuses(biased_5__fixed_20=0.1)[4] == "fails"
    assert statuses(biased_5__free_20=0.11)[5] == "fails"
