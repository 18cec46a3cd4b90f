import numpy as np

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.problems.optimization.mutants import MUTATIONS
from unseen.studies.textmath import _same_optimum_arms as arms
from unseen.studies.textmath.p136_round_trip_modelling import FLIPPED, study

SIZES = (3,)


def shares(family, mistake, count=6):
    found = arms.accepted(family, MUTATIONS[mistake], 70, size=3, count=count, search=4, sizes=SIZES)
    return dict(zip(arms.RULES, found, strict=True))


def test_a_flipped_sense_passes_nothing_but_the_conversions():
    found = shares("knapsack", "flip-sense")
    assert found == {"one": 0, "rounded": 0, "fallback": 1, "three": 0, "five": 0, "search": 0}


def test_weaker_checks_accept_at_least_as_much():
    for family in ("diet", "production", "set-cover"):
        found = shares(family, "drop-row")
        assert found["fallback"] >= found["rounded"] >= found["one"] >= found["five"]


def test_mistakes_that_change_nothing_are_equivalent_and_others_are_not():
    def equivalent(family, mistake):
        return arms.is_equivalent(family, MUTATIONS[mistake], 70, sizes=SIZES, budget=12)

    # Assignment and flow matrices are totally unimodular; a diet has no whole numbers.
    assert equivalent("assignment", "relax-integrality")
    assert equivalent("diet", "relax-integrality")
    assert not equivalent("knapsack", "relax-integrality")
    assert not equivalent("knapsack", "flip-sense")


def imagined(one, control=1.0):
    """Five seeds of two mutants in each of twelve families, each accepted with the given shares."""
    families = np.repeat(np.arange(12.0), 2)
    columns = {"family": families.tolist(), "operator": [0.0, float(FLIPPED)] * 12}
    rules = {rule: (one + 0.001 * families).tolist() for rule in arms.RULES}
    mutants = Outcome(dict.fromkeys(arms.RULES, one), {"models": {**columns, **rules}})
    rewritings = Outcome(dict.fromkeys(arms.RULES, control), {"models": {**columns, **rules}})
    return Trials(
        tuple(
            Trial(condition, seed, outcome)
            for condition, outcome in (("mutants", mutants), ("rewritings", rewritings))
            for seed in range(5)
        )
    )


def statuses(one, control=1.0):
    return {finding.verdict.status for finding in study.judge(imagined(one, control)).findings}


def test_claims_follow_the_numbers():
    assert statuses(0.01) == {"holds"}
    assert statuses(0.2) == {"fails"}
    assert statuses(0.045) == {"inconclusive"}


def test_a_check_that_rejects_right_models_says_nothing():
    findings = study.judge(imagined(0.01, control=0.9)).findings
    assert {finding.verdict.status for finding in findings[:6]} == {"inconclusive"}
