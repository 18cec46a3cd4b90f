"""Studies broken on purpose, one per law: each must make exactly the law it breaks fail."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.figure import Figure

from unseen.contracts.problem import random_stream
from unseen.contracts.study import Claim, Outcome, Study, Trial, Trials, above, setting
from unseen.statistics import Interval, mean, paired_difference
from unseen.testing import STUDY_LAWS, LawsBroken, StudyCase, check_study
from unseen.testing.study_trials import smoke_runs

PAGE = """A coin that was bent lands on heads more often.

What the paper claims
    Bending helps.

What was run
    A hundred tosses of each coin.

What differs from the paper
    Nothing.

What was found
    See the record.
"""


@dataclass(frozen=True)
class Config:
    tosses: int = setting(100, "tosses of each coin")


def toss(condition, seeds, config):
    outcomes = []
    for seed in seeds:
        heads = random_stream("coin", condition, seed).random(config.tosses) < {"bent": 0.9, "fair": 0.5}[condition]
        outcomes.append(Outcome({"heads": float(heads.mean())}, {"tosses": {"heads": heads.cumsum().tolist()}}))
    return outcomes


def difference(trials):
    return paired_difference(trials.values("bent", "heads"), trials.values("fair", "heads"))


def draw(trials):
    drawn = Figure()
    axes = drawn.subplots()
    axes.plot(trials.values("bent", "heads"), trials.values("fair", "heads"), "o")
    axes.set_xlabel("heads of the bent coin")
    return drawn


CLAIM = Claim("A bent coin lands on heads more often than a fair one.", difference, above(0.1), central=True)
PART = Claim("It does so by at least five points in every run.", difference, above(0.05))
SOUND = Study(
    paper="080",
    claims=(CLAIM, PART),
    conditions={"bent": "a bent coin", "fair": "a coin as minted"},
    scales={"smoke": Config(tosses=20), "small": Config()},
    trial=toss,
    figure=draw,
    broken={"bent": "fair"},
    batched=True,
)


def changed(**fields):
    return dataclasses.replace(SOUND, **fields)


def with_outcomes(change):
    """The sound study with every outcome passed through a function of (outcome, condition, seed, seeds)."""

    def trial(condition, seeds, config):
        outcomes = toss(condition, seeds, config)
        return [change(outcome, condition, seed, seeds) for outcome, seed in zip(outcomes, seeds, strict=True)]

    return changed(trial=trial)


def metric(value):
    """Change the metric ``heads`` to a function of its value, condition, seed and seeds."""
    return with_outcomes(
        lambda outcome, condition, seed, seeds: Outcome(
            {"heads": value(outcome.metrics["heads"], condition, seed, seeds)}, outcome.curves
        )
    )


@dataclass(frozen=True)
class Unclassified(Config):
    speed: int = 3


@dataclass(frozen=True)
class Unexplained(Config):
    speed: int = setting(3, " ")


def slow(condition, seeds, config):
    import time

    started = time.process_time()
    while time.process_time() - started < 0.05:
        pass
    return toss(condition, seeds, config)


def central(estimate=difference, **fields):
    """The sound study with another central claim."""
    return changed(claims=(dataclasses.replace(CLAIM, estimate=estimate, **fields), PART))


def first_finished(trials):
    """An estimate that takes the trials as they come instead of by seed."""
    value = trials.items[0].outcome.metrics["heads"]
    trials.of("bent")
    return Interval(value, value - 0.1, value + 0.1)


class JudgesWhatIsThere(Study):
    def judge(self, trials, seeds=None):
        whole = [seed for seed in trials.seeds if len([t for t in trials.items if t.seed == seed]) == 2]
        return super().judge(Trials(tuple(t for t in trials.items if t.seed in whole)))


class JudgesByItsLastClaim(Study):
    def judge(self, trials, seeds=None):
        judgement = super().judge(trials, seeds)
        return dataclasses.replace(judgement, verdict=judgement.findings[-1].verdict)


def judged_by(kind):
    """The sound study with another way to judge."""
    return kind(**{field.name: getattr(SOUND, field.name) for field in dataclasses.fields(SOUND)})


def figure_without_data(trials):
    drawn = Figure()
    drawn.subplots().set_xlabel("nothing")
    return drawn


def figure_left_open(trials):
    import matplotlib.pyplot as plt

    plt.figure()
    return draw(trials)


NO_SECTION = PAGE.replace("What differs from the paper\n    Nothing.", "What differs from the paper")
BROKEN = {
    "no section": (SOUND, NO_SECTION, "page_has_its_sections"),
    "no page": (SOUND, "Coins.", "page_has_its_sections"),
    "sections in disorder": (
        SOUND,
        PAGE.replace("What was run", "X").replace("What was found", "What was run").replace("X", "What was found"),
        "page_has_its_sections",
    ),
    "unknown paper": (changed(paper="999"), PAGE, "paper_is_in_the_catalogue"),
    "taken name": (changed(paper="corrupted-labels"), PAGE, "paper_is_in_the_catalogue"),
    "no sentence": (central(text="bent > fair"), PAGE, "claims_and_conditions_are_sentences"),
    "silent condition": (
        changed(conditions={"bent": "", "fair": "a coin"}),
        PAGE,
        "claims_and_conditions_are_sentences",
    ),
    "unclassified field": (
        changed(scales={"smoke": Unclassified(20), "small": Unclassified()}),
        PAGE,
        "config_fields_are_classified",
    ),
    "unexplained field": (
        changed(scales={"smoke": Unexplained(20), "small": Unexplained()}),
        PAGE,
        "config_fields_are_classified",
    ),
    "equal scales": (changed(scales={"smoke": Config(), "small": Config()}), PAGE, "config_fields_are_classified"),
    "nothing broken": (changed(broken={}), PAGE, "broken_experiment_is_declared"),
    "reports failure": (
        with_outcomes(lambda outcome, *_: dataclasses.replace(outcome, failure="diverged")),
        PAGE,
        "smoke_runs",
    ),
    "text as metric": (
        with_outcomes(lambda outcome, *_: Outcome({**outcome.metrics, "note": "0.5"}, {})),
        PAGE,
        "outcomes_can_be_stored",
    ),
    "ragged curve": (
        with_outcomes(lambda outcome, *_: Outcome(outcome.metrics, {"c": {"x": [1.0], "y": [1.0, 2.0]}})),
        PAGE,
        "outcomes_can_be_stored",
    ),
    "undocumented nan": (
        with_outcomes(lambda outcome, *_: Outcome({**outcome.metrics, "edge": math.nan}, {})),
        PAGE,
        "metrics_are_finite_or_documented",
    ),
    "global randomness": (
        metric(lambda heads, *_: heads + np.random.get_state()[1][0] / 2**33),  # noqa: NPY002
        PAGE,
        "same_seed_same_outcome",
    ),
    "unused seed": (
        with_outcomes(lambda outcome, condition, seed, seeds: Outcome({"heads": 0.9 if condition == "bent" else 0.5})),
        PAGE,
        "different_seeds_differ",
    ),
    "mixed batch": (
        metric(lambda heads, condition, seed, seeds: heads + 0.01 * len(seeds)),
        PAGE,
        "batch_equals_one_by_one",
    ),
    "another verdict": (judged_by(JudgesByItsLastClaim), PAGE, "claims_can_be_judged"),
    "order of finishing": (central(first_finished), PAGE, "judgement_ignores_the_order_of_trials"),
    "missing trials overlooked": (
        judged_by(JudgesWhatIsThere),
        PAGE,
        "missing_trial_is_inconclusive",
    ),
    "broken arm beside the point": (
        changed(
            conditions={**SOUND.conditions, "spare": "a spare coin"},
            broken={"spare": "fair"},
            trial=lambda condition, seeds, config: toss(condition.replace("spare", "fair"), seeds, config),
        ),
        PAGE,
        "broken_experiment_concerns_the_central_claim",
    ),
    "figure without data": (changed(figure=figure_without_data), PAGE, "figure_draws"),
    "figure left open": (changed(figure=figure_left_open), PAGE, "figure_draws"),
}


def recorded(study, seeds=range(5)):
    items = []
    for condition in study.conditions:
        for seed, outcome in zip(seeds, study.trial(condition, list(seeds), study.scales["small"]), strict=True):
            items.append(Trial(condition, seed, outcome))
    return {"small": Trials(tuple(items))}


def broken_laws(study, page, records=None) -> set[str]:
    try:
        check_study(study, page=page, recorded=records or {})
    except LawsBroken as error:
        return set(error.breaches)
    return set()


def test_the_sound_study_obeys_every_law():
    check_study(SOUND, page=PAGE, recorded=recorded(SOUND))
    assert SOUND.judge(recorded(SOUND)["small"]).verdict.status == "holds"


def test_the_sound_study_may_run_one_seed_at_a_time():
    one = changed(batched=False, trial=lambda condition, seed, config: toss(condition, [seed], config)[0])
    check_study(one, page=PAGE)


@pytest.mark.parametrize("item", BROKEN)
def test_a_broken_study_breaks_its_law_alone(item):
    study, page, law = BROKEN[item]
    assert broken_laws(study, page) == {law}


def test_a_broken_arm_that_still_holds_is_noticed():
    # Its claim is true of any coin, so that it holds whatever is exchanged.
    hollow = central(lambda trials: mean(trials.values("bent", "heads")))
    records = recorded(hollow)
    assert hollow.judge(records["small"]).verdict.status == "holds"
    assert broken_laws(hollow, PAGE, records) == {"broken_experiment_does_not_hold"}


def test_a_study_that_takes_too_long_is_noticed(monkeypatch):
    monkeypatch.setattr("unseen.testing.study_trials.SMOKE_SECONDS", 0.05)
    smoke_runs(StudyCase(SOUND, PAGE))
    with pytest.raises(AssertionError, match="processor seconds"):
        smoke_runs(StudyCase(changed(trial=slow), PAGE))


def test_a_documented_value_may_be_infinite():
    study = with_outcomes(lambda outcome, *_: Outcome({**outcome.metrics, "edge_3": math.inf}, {}))
    assert broken_laws(study, PAGE) == {"metrics_are_finite_or_documented"}
    said = PAGE.replace("See the record.", "`edge_*` is infinite where there is no edge.")
    assert broken_laws(study, said) == set()
    assert broken_laws(study, said.replace("infinite", "large")) == {"metrics_are_finite_or_documented"}


def test_every_study_law_has_an_item_that_breaks_it():
    laws = {law for _, _, law in BROKEN.values()} | {"broken_experiment_does_not_hold"}
    assert laws == {law.__name__ for law in STUDY_LAWS}
