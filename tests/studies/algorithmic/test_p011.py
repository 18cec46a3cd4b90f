from __future__ import annotations

from unseen.contracts.study import Outcome, Trial, Trials
from unseen.studies.algorithmic._raspl_arms import SEQUENCE_TASKS, Config, conjunction_trial, sequence_trial
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


def test_a_majority_of_two_is_learned_from_short_sequences_and_asked_on_held_out_and_longer_ones():
    config = Config(
        width=16,
        layers=1,
        heads=2,
        batch=32,
        learning_rate=1e-2,
        tested=100,
        few=2,
        longest=4,
        context=20,
        steps=200,
    )
    outcome = sequence_trial("mode", 50, config)
    assert outcome.metrics["iid"] > 0.95
    # Of sequences as short as this some lengths are trained on whole, and cannot be asked.
    asked = outcome.curves["exact"]["length"]
    assert asked == sorted(asked)
    assert set(asked) >= {4, 5, 6}
    assert outcome.metrics["longer"] == outcome.curves["exact"]["exact"][-1]


def test_what_was_never_seen_in_training_is_not_answered_by_an_untrained_decoder():
    config = Config(width=16, layers=1, heads=2, batch=1, tested=50, distinct=12, longest=5, context=20, steps=1)
    outcome = sequence_trial("copy-unique", 50, config)
    assert outcome.metrics["longer"] == 0
