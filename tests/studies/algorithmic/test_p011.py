from __future__ import annotations

import numpy as np
import pytest

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.studies.algorithmic._raspl_arms import SEQUENCE_TASKS, Config, conjunction_trial, decayed
from unseen.studies.algorithmic.p011_raspl_length import WITH_PROGRAM, WITHOUT_PROGRAM, study


def trials(longer, *, iid=1.0, decoder=1.0, mlp=0.0):
    """Five seeds with these shares on the longer sequences."""
    shifted = {"and-decoder": decoder, "and-mlp": mlp, "and-minimum-degree": 0.0}
    items = [
        Trial(task, seed, Outcome({"iid": iid, "longer": longer[task] + 0.001 * seed}))
        for seed in range(5)
        for task in SEQUENCE_TASKS
    ]
    items += [
        Trial(arm, seed, Outcome({"word_of_ones": iid, "words_with_zeros": iid, "shifted": share}))
        for seed in range(5)
        for arm, share in shifted.items()
    ]
    return Trials(tuple(items))


def statuses(found):
    return [finding.verdict.status for finding in study.judge(found).findings]


AS_PREDICTED = {"count": 0.9, "copy-unique": 0.8, "mode": 1.0, "copy-repeat": 0.1}


def test_the_prediction_is_read_from_the_programs():
    assert WITH_PROGRAM == ("count", "copy-unique", "mode")
    assert WITHOUT_PROGRAM == ("copy-repeat",)


def test_every_claim_can_hold_and_can_fail():
    assert statuses(trials(AS_PREDICTED)) == ["holds"] * 5
    nothing_carries_over = dict.fromkeys(SEQUENCE_TASKS, 0.0)
    assert statuses(trials(nothing_carries_over, decoder=0.0, mlp=1.0)) == ["fails"] * 5


def test_one_task_that_does_not_carry_over_refutes_the_central_claim():
    for task in WITH_PROGRAM:
        assert statuses(trials({**AS_PREDICTED, task: 0.2}))[0] == "fails"


def test_networks_that_did_not_learn_say_nothing():
    assert set(statuses(trials(AS_PREDICTED, iid=0.9))) == {"inconclusive"}


def test_the_broken_experiment_does_not_hold():
    assert statuses(trials(AS_PREDICTED).reading(study.broken))[0] == "fails"


def test_the_interpolator_is_wrong_on_every_word_that_training_left_open():
    outcome = conjunction_trial("minimum-degree", 50, Config(bits=12, frozen=5, fitted=600, tested=200))
    assert outcome.metrics["word_of_ones"] == 1
    assert outcome.metrics["shifted"] == 0
    assert outcome.curves["zeros"]["zeros"] == [1, 2, 3, 4, 5]


def test_the_learning_rate_rises_for_a_tenth_and_falls_to_a_hundredth():
    factors = np.array([decayed(step, 200) for step in range(200)])
    assert factors.argmax() in (19, 20)
    assert factors.max() == pytest.approx(1)
    assert (np.diff(factors[:20]) > 0).all()
    assert (np.diff(factors[20:]) < 0).all()
    assert factors[-1] == pytest.approx(0.01, abs=1e-3)
