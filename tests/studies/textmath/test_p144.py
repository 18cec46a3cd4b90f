from fractions import Fraction

import numpy as np
import pytest

from unseen.measures.continued_fractions.families import canonical_fractions
from unseen.measures.continued_fractions.metrics import LIMIT_BITS
from unseen.studies.textmath import _formula_arms as arms
from unseen.studies.textmath.p144_formula_clustering import study
from unseen.testing.imagined import imagined_trials


def test_seeds_share_no_formula_and_formulas_converge():
    a, b = arms.formulas(2)
    assert (a[:, 1] ** 2 + 4 * b[:, 2] > 0).all()
    count = len(a) // 4
    samples = [arms.sample(2, count, 112, seed, disjoint=True) for seed in range(3)]
    rows = [{tuple(row) for row in np.concatenate(canonical_fractions(s.a, s.b), axis=1).tolist()} for s in samples]
    assert not rows[0] & rows[1] | rows[0] & rows[2] | rows[1] & rows[2]
    assert all(s.drawn == count for s in samples)


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(-22, 7), Fraction(99_991, 99_989), Fraction(4)])
def test_rational_limits_are_recognised(value):
    limit = (value.numerator << LIMIT_BITS) // value.denominator
    assert arms.is_rational(limit, 50.0)
    assert not arms.is_rational(limit + (1 << 100), 50.0)


def test_random_limits_are_no_rationals():
    rng = np.random.default_rng(1)
    assert not any(arms.is_rational(int(rng.integers(2**62)) << 139, 25.0) for _ in range(300))


def test_neighbours_agree_where_labels_follow_the_metrics_alone():
    found = arms.sample(2, 300, 160, 50, disjoint=True)
    # Label formulas by their rate of convergence: the metrics know it, the value does not.
    labels = (found.metrics.rate > np.median(found.metrics.rate)).astype(np.int64)
    outcome = arms.neighbours(arms.Sample(300, found.a, found.b, found.metrics, labels), 0, 200).metrics
    assert outcome["metrics"] > 0.8 > 0.6 > outcome["chance"]
    assert outcome["p_value"] == pytest.approx(1 / 201)


RESULTS = {
    "formulas": {
        "irrational": 20_000.0,
        "factorial": 100.0,
        "factorial_identified": 20.0,
        "other_identified": 5.0,
        "identified": 25.0,
    },
    "shuffled": {
        "irrational": 20_000.0,
        "factorial": 100.0,
        "factorial_identified": 0.0,
        "other_identified": 25.0,
        "identified": 25.0,
    },
    "random-limits": {"identified": 0.0},
    "neighbours": {
        "metrics": 0.6,
        "values": 0.2,
        "coefficients": 0.4,
        "chance": 0.2,
        "labelled": 40.0,
        "constants": 6.0,
    },
}


def statuses(**changes):
    trials = imagined_trials(study, RESULTS, changes, spread=lambda metric, value, seed: value)
    return [finding.verdict.status for finding in study.judge(trials).findings]


def test_claims_follow_the_numbers():
    assert statuses() == ["holds"] * 6
    assert statuses(formulas__factorial_identified=0.0, formulas__other_identified=60.0)[0] == "fails"
    assert statuses(random_limits__identified=1.0)[:2] == ["inconclusive", "fails"]
    assert statuses(formulas__factorial_identified=5.0)[2] == "fails"
    assert statuses(neighbours__metrics=0.1)[3:] == ["fails"] * 3
    assert statuses(neighbours__labelled=5.0)[3:] == ["inconclusive"] * 3
    shuffled = imagined_trials(study, RESULTS, spread=lambda metric, value, seed: value).reading(study.broken)
    assert study.judge(shuffled).verdict.status != "holds"
