"""Rule, memory, cannot tell: the documented rule, border by border."""

from __future__ import annotations

import numpy as np
import pytest

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unanswered
from unseen.evaluation.diagnosis import diagnose
from unseen.evaluation.scores import Scores

AXES = {"train": "train", "iid": "iid", "longer": "longer"}


def scores(scored_by: str = "accuracy", n: int = 1000, unanswered: int = 0, **right: float) -> Scores:
    """Scores of one seed with a given share right per split; the last few questions unanswered."""
    values = {}
    for split, share in right.items():
        column = (np.arange(n) < round(share * n)).astype(float)
        column[n - unanswered :] = np.nan
        values[split, 0] = column
    return Scores("toy", scored_by, {split: AXES[split] for split in right}, values)


PERFECT = scores(train=1, iid=1, longer=1)


@pytest.mark.parametrize(
    ("found", "kind", "words"),
    [
        (scores(train=1, iid=1, longer=1), "rule", "1.00 on iid, 1.00 on longer"),
        (scores(train=0, iid=0.93, longer=0.93), "rule", "0.93"),
        (scores(train=1, iid=0.91, longer=1), "cannot tell", "too wide to decide on iid"),
        (scores(train=1, iid=1, longer=0.1), "cannot tell", "0.10 on longer, where 0.90 is needed for a rule; but"),
        (scores(train=1, iid=0, longer=0), "memory", "1.00 on train, 0.00 on iid"),
        (scores(train=1, iid=0.7, longer=0), "memory", "0.70 on iid"),
        (scores(train=1, iid=0.79, longer=0), "cannot tell", "0.79 on iid"),  # falls by 0.21, the interval by less
        (scores(train=0.6, iid=0, longer=0), "cannot tell", "0.00 on iid"),
        (scores(train=1, longer=0), "cannot tell", "0.00 on longer"),  # memory shows on fresh data of the same kind
        (scores(iid=0, longer=0), "cannot tell", "0.00 on iid"),
        (scores(train=1), "cannot tell", "no unseen split was evaluated"),
        (scores(n=5, train=1, iid=1), "cannot tell", "ask more questions"),
        (scores(train=1, iid=1, longer=1, unanswered=20), "rule", ""),
        (scores(train=1, iid=1, longer=1, unanswered=21), "cannot tell", "21 of 1000 questions of train were not"),
        (scores("error", train=0, iid=0), "cannot tell", "scored by an error"),
    ],
)
def test_the_rule_at_its_borders(found: Scores, kind: str, words: str) -> None:
    diagnosis = diagnose(found, PERFECT)
    assert diagnosis.kind == kind, diagnosis
    assert words in diagnosis.why
    assert str(diagnosis).startswith(kind.capitalize())


def errors(n: int = 400, spread: float = 0.0, **mean: float) -> Scores:
    """Errors of one seed around a given mean per split."""
    around = np.linspace(-spread, spread, n)
    return Scores("toy", "error", {split: AXES[split] for split in mean}, {(s, 0): m + around for s, m in mean.items()})


DEALT = errors(train=4, iid=4, longer=4)
NONE = errors(train=0, iid=0, longer=0)


@pytest.mark.parametrize(
    ("found", "classical", "kind", "words"),
    [
        (errors(train=0.1, iid=0.39, longer=0.39), NONE, "rule", "skill 0.90 on iid, 0.90 on longer"),
        (errors(train=0.1, iid=0.41, longer=0.1), NONE, "cannot tell", "skill 0.90 on iid, where 0.90 is needed"),
        (errors(spread=0.4, n=40, train=0.4, iid=0.39, longer=0.1), NONE, "cannot tell", "too wide to decide on iid"),
        (errors(train=0.1, iid=3.9, longer=9), NONE, "memory", "skill 0.97 on train, 0.03 on iid"),
        (errors(train=0.3, iid=0.99, longer=9), NONE, "cannot tell", "0.75 on iid"),  # falls by less than 0.2
        (errors(train=0.3, iid=1.2, longer=9), NONE, "memory", "0.70 on iid"),
        # A classical solver that errs by 1 has skill 0.75, of which 0.9 is asked: errors up to 1.3.
        (errors(train=1.2, iid=1.2, longer=1.2), errors(train=1, iid=1, longer=1), "rule", "0.70 on iid"),
        (errors(train=1.2, iid=1.35, longer=1.2), errors(train=1, iid=1, longer=1), "cannot tell", "0.66 on iid"),
        (errors(train=1, iid=1, longer=1), errors(train=3, iid=3, longer=3), "cannot tell", "scores 0.25 on train"),
        (errors(train=np.inf, iid=np.inf, longer=np.inf), NONE, "cannot tell", ""),
    ],
)
def test_errors_are_judged_as_skill(found: Scores, classical: Scores, kind: str, words: str) -> None:
    diagnosis = diagnose(found, classical, dealt=DEALT)
    assert diagnosis.kind == kind, diagnosis
    assert words in diagnosis.why


def test_questions_that_all_have_one_answer_tell_nothing() -> None:
    assert "as good" in diagnose(NONE, NONE, dealt=NONE).why


def test_teachers_and_equations_can_be_told() -> None:
    problem = un.problem("linear-system")
    assert un.appraise("classical", problem, n=16).diagnosis.kind == "rule"
    assert un.appraise("lookup-table", un.problem("smooth-teacher"), n=100).diagnosis.kind != "rule"


def test_the_bar_is_the_classical_solvers() -> None:
    classical = scores(train=0.8, iid=0.8, longer=0.8)
    assert diagnose(scores(train=0.75, iid=0.75, longer=0.75), classical).kind == "rule"
    assert diagnose(scores(train=0.75, iid=0.75, longer=0.73), classical).kind == "cannot tell"
    hopeless = diagnose(scores(train=1, iid=1), scores(train=1, iid=0.4))
    assert (hopeless.kind, hopeless.why) == ("cannot tell", "the classical solver itself scores 0.40 on iid")


def test_seeds_that_agree_do_not_make_few_questions_many() -> None:
    few = Scores("toy", "accuracy", {"iid": "iid"}, {("iid", seed): np.ones(4) for seed in range(3)})
    assert few.interval("iid").low == 1
    assert few.cautious_interval("iid").low == pytest.approx(0.816, abs=0.001)  # Wilson, 12 of 12
    assert diagnose(few, PERFECT).kind == "cannot tell"


def test_unanswered_questions_are_left_out_of_scores_and_counted() -> None:
    half = scores(n=10, iid=0.5, unanswered=5)
    assert half.interval("iid").estimate == 1
    assert half.unanswered("iid") == 5
    none = scores(n=10, iid=0.5, unanswered=10)
    assert not none.interval("iid").determined
    assert none.cautious_interval("iid").note == "no question was answered"
    assert diagnose(none, PERFECT).kind == "cannot tell"


def test_a_finite_split_asked_as_a_whole_leaves_nothing_to_guess() -> None:
    problem = un.problem("binary-permutation")
    assert problem.splits["composed:8"].size == 1
    scores = un.evaluate(problem.classical(), problem)
    assert "composed:8" in scores.complete
    interval = scores.cautious_interval("composed:8")
    assert (interval.low, interval.high, interval.method) == (1, 1, "all 1 questions of the split")
    assert diagnose(scores, scores).kind == "rule"
    part = un.evaluate(problem.classical(), problem, n=5)
    assert "composed:4" not in part.complete
    assert part.cautious_interval("composed:4").low < 0.7

    def silent(examples: Examples) -> list[Unanswered]:
        return [Unanswered("time-out")] * len(examples)

    assert un.evaluate(silent, problem, splits=["composed:8"]).complete == frozenset()
