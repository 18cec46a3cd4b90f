from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unseen.contracts.study import (
    Claim,
    Gate,
    Outcome,
    Region,
    Run,
    Study,
    Trial,
    Trials,
    above,
    below,
    between,
    compare,
    current_run,
    identity,
    resource,
    running,
    setting,
)
from unseen.engine.store import config_hash
from unseen.statistics.interval import UNDETERMINED, Interval

INF, NAN = math.inf, math.nan


def interval(low, high):
    middle = low if math.isinf(low) else high if math.isinf(high) else (low + high) / 2
    return Interval(middle, low, high)


@pytest.mark.parametrize(
    ("low", "high", "region", "status"),
    [
        (0.6, 0.8, above(0.5), "holds"),
        (0.4, 0.6, above(0.5), "inconclusive"),
        (0.2, 0.4, above(0.5), "fails"),
        (0.5, 0.8, above(0.5), "inconclusive"),  # the border itself is outside
        (0.2, 0.5, above(0.5), "fails"),
        (0.5, 0.5, above(0.5), "fails"),
        (0.2, 0.4, below(0.5), "holds"),
        (0.2, 0.5, below(0.5), "inconclusive"),
        (0.5, 0.6, below(0.5), "fails"),
        (0.2, 0.3, between(0.1, 0.4), "holds"),
        (0.0, 0.5, between(0.1, 0.4), "inconclusive"),
        (0.05, 0.1, between(0.1, 0.4), "fails"),
        (0.4, 0.5, between(0.1, 0.4), "fails"),
        (0.05, 0.2, between(0.1, 0.4), "inconclusive"),
        (0.3, 0.5, between(0.1, 0.4), "inconclusive"),
        # Ends without bound: a ratio whose numerator is censored, or a single seed.
        (4.0, INF, above(2), "holds"),
        (1.0, INF, above(2), "inconclusive"),
        (INF, INF, above(2), "holds"),
        (INF, INF, below(2), "fails"),
        (-INF, 1.0, below(2), "holds"),
        (-INF, -INF, above(2), "fails"),
        (-INF, INF, above(2), "inconclusive"),
        (3.0, INF, below(2), "fails"),
        (3.0, INF, between(1, 9), "inconclusive"),
    ],
)
def test_verdict_of_an_interval(low, high, region, status):
    assert compare(interval(low, high), region).status == status


@given(st.floats(-5, 5), st.floats(0, 5), st.floats(-5, 5), st.floats(0.01, 5))
def test_verdicts_agree_with_points_of_interval_and_region(low, width, start, size):
    region = between(start, start + size)
    status = compare(interval(low, low + width), region).status
    points = np.linspace(low, low + width, 101)
    inside = (region.low < points) & (points < region.high)
    if inside.all():
        assert status == "holds"
    if inside.any() and not inside.all():
        assert status == "inconclusive"
    if status == "fails":
        assert not inside.any()


@given(st.floats(-5, 5), st.floats(0, 5), st.floats(-5, 5))
def test_a_claim_and_its_denial_never_both_hold(low, width, bound):
    found = interval(low, low + width)
    verdicts = {compare(found, region).status for region in (above(bound), below(bound))}
    assert verdicts in ({"holds", "fails"}, {"inconclusive"}, {"fails"}, {"inconclusive", "fails"})


def test_what_the_trials_do_not_determine_is_inconclusive():
    verdict = compare(UNDETERMINED, above(0))
    assert verdict.status == str(verdict) == "inconclusive"
    assert compare(Interval(0.5, 0.4, NAN), above(0)).status == "inconclusive"
    assert "2 of 5 censored" in compare(Interval(NAN, 0, 1, note="2 of 5 censored"), above(-1)).why


def test_regions_name_themselves_and_refuse_to_be_empty():
    assert [str(region) for region in (above(0.5), below(2), between(1, 3))] == [
        "above 0.5",
        "below 2",
        "between 1 and 3",
    ]
    for low, high in ((1, 1), (2, 1), (NAN, 1), (0, NAN)):
        with pytest.raises(ValueError, match="low < high"):
            Region(low, high)


# -- trials -------------------------------------------------------------------------------------------------------


def make_trials(values):
    """Trials with the metric ``m`` from {condition: {seed: value}}, finished in a mixed order."""
    items = [
        Trial(condition, seed, Outcome({"m": value}, {"c": {"x": [value, value + 1]}}))
        for condition, by_seed in values.items()
        for seed, value in by_seed.items()
    ]
    return Trials(tuple(items[::-1]))


TRIALS = make_trials({"a": {2: 12.0, 0: 10.0, 1: 11.0}, "b": {0: 20.0, 1: 21.0, 2: 22.0}})


def test_values_stand_in_order_of_seeds_so_that_conditions_pair_up():
    assert TRIALS.seeds == (0, 1, 2)
    assert set(TRIALS.conditions) == {"a", "b"}
    assert TRIALS.values("a", "m").tolist() == [10, 11, 12]
    assert (TRIALS.values("b", "m") - TRIALS.values("a", "m")).tolist() == [10, 10, 10]
    assert [curve["x"].tolist() for curve in TRIALS.curves("a", "c")] == [[10, 11], [11, 12], [12, 13]]


def test_unknown_conditions_and_metrics_are_named_with_the_known_ones():
    with pytest.raises(KeyError, match="no trial of condition 'z'; there are b, a"):
        TRIALS.of("z")
    with pytest.raises(KeyError, match="condition 'a' has no metric 'z'; it has m"):
        TRIALS.values("a", "z")
    with pytest.raises(KeyError, match="there are none"):
        Trials(()).of("a")


def test_reading_one_arm_as_another():
    read = TRIALS.reading({"a": "b"})
    assert read.values("a", "m").tolist() == read.values("b", "m").tolist() == [20, 21, 22]
    exchanged = TRIALS.reading({"a": "b", "b": "a"})
    assert exchanged.values("a", "m").tolist() == [20, 21, 22]
    assert exchanged.values("b", "m").tolist() == [10, 11, 12]
    assert TRIALS.values("a", "m").tolist() == [10, 11, 12]
    assert TRIALS.reading({}).items == TRIALS.items


def test_table_has_a_row_per_trial():
    table = TRIALS.table().set_index(["condition", "seed"])["m"]
    assert len(table) == 6
    assert table["a", 2] == 12


# -- judgement ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Config:
    size: int = setting(3, "instances")
    name: str = setting("a", "name")
    chunk: int = resource(100, "instances per step")


def lowest_of(condition):
    def estimate(trials):
        values = trials.values(condition, "m")
        return Interval(float(values.mean()), float(values.min()), float(values.max()))

    return estimate


HIGH = above(15)


def make_study(gates=(), region=HIGH):
    return Study(
        paper="080",
        claims=(
            Claim("Arm b is high.", lowest_of("b"), region, central=True, gates=gates),
            Claim("Arm a is high.", lowest_of("a"), above(15)),
        ),
        conditions={"a": "one arm", "b": "another arm"},
        scales={"smoke": Config(), "small": Config(4)},
        trial=lambda condition, seed, config: Outcome({"m": 0.0}),
        figure=lambda trials: None,
        broken={"b": "a"},
    )


def test_the_central_claim_gives_the_verdict_and_parts_stand_beside_it():
    judgement = make_study().judge(TRIALS)
    assert judgement.verdict.status == "holds"
    assert [finding.verdict.status for finding in judgement.findings] == ["holds", "fails"]
    assert make_study().judge(TRIALS.reading({"b": "a"})).verdict.status == "fails"
    assert make_study(region=below(15)).judge(TRIALS).verdict.status == "fails"
    assert make_study(region=between(20.5, 30)).judge(TRIALS).verdict.status == "inconclusive"


@pytest.mark.parametrize("gone", range(6))
def test_any_missing_trial_makes_every_claim_inconclusive_and_is_named(gone):
    left = Trials(TRIALS.items[:gone] + TRIALS.items[gone + 1 :])
    lost = TRIALS.items[gone]
    judgement = make_study().judge(left)
    assert {finding.verdict.status for finding in judgement.findings} == {"inconclusive"}
    assert judgement.verdict.why == f"trials missing: {lost.condition} seed {lost.seed}"
    assert math.isnan(judgement.findings[0].interval.estimate)


def test_seeds_asked_for_and_never_run_are_missing():
    verdict = make_study().judge(TRIALS, seeds=range(6)).verdict
    assert verdict.status == "inconclusive"
    assert verdict.why == "trials missing: a seed 3, a seed 4, a seed 5, b seed 3, b seed 4 and 1 more"
    assert make_study().judge(Trials(())).verdict.status == "inconclusive"


@pytest.mark.parametrize(
    ("value", "region", "met"),
    [
        (0.95, above(0.9), True),
        (0.9, above(0.9), False),
        (NAN, above(0.9), False),
        (NAN, Region(), False),
        (INF, above(0.9), True),
        (INF, below(0.9), False),
        (0.5, between(0.4, 0.6), True),
    ],
)
def test_a_gate_that_is_not_met_makes_its_claim_alone_inconclusive(value, region, met):
    study = make_study(gates=(Gate("the arm learned", lambda trials: value, region),))
    central, part = study.judge(TRIALS).findings
    assert central.verdict.status == ("holds" if met else "inconclusive")
    assert ("gate not met: the arm learned" in central.verdict.why) == (not met)
    assert part.verdict.status == "fails"
    # What was measured is shown even so.
    assert central.interval.estimate == 21


def test_a_gate_cannot_turn_a_failure_into_success():
    study = make_study(region=below(15), gates=(Gate("always", lambda trials: 1.0, above(0)),))
    assert study.judge(TRIALS).verdict.status == "fails"


def test_a_study_says_what_it_lacks():
    fields = {field: getattr(make_study(), field) for field in Study.__dataclass_fields__}
    part = fields["claims"][1]
    for wrong, message in [
        ({"claims": (part,)}, "exactly one claim must be central"),
        ({"claims": (*fields["claims"], fields["claims"][0])}, "exactly one claim must be central"),
        ({"scales": {"smoke": Config()}}, "scale small is missing"),
        ({"broken": {"b": "z"}}, "broken names no condition: z"),
    ]:
        with pytest.raises(ValueError, match=message):
            Study(**{**fields, **wrong})


# -- identity and circumstances -----------------------------------------------------------------------------------


def test_identity_is_of_the_fields_that_change_the_result():
    assert identity(Config()) == {"size": 3, "name": "a"}
    assert identity(Config(chunk=7)) == identity(Config())
    assert config_hash(Config(chunk=7)) == config_hash(Config()) != config_hash(Config(size=4))
    assert config_hash(Config()) != config_hash(Config(name="b"))


def test_a_field_of_no_kind_is_refused_by_name():
    @dataclass(frozen=True)
    class Careless(Config):
        extra: int = 3

    with pytest.raises(TypeError, match=r"Careless\.extra must be declared by setting"):
        identity(Careless())


def test_the_running_trial_knows_its_circumstances_and_forgets_them():
    assert current_run().device == "cpu"
    told = []
    with running(Run("cuda", told.append)):
        current_run().report(0.5)
        with running(Run("cpu")):
            assert current_run().device == "cpu"
        assert current_run().device == "cuda"
    assert told == [0.5]
    with pytest.raises(ZeroDivisionError), running(Run("cuda")):
        raise ZeroDivisionError
    assert current_run().device == "cpu"
