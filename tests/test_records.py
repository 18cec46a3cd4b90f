from __future__ import annotations

import dataclasses
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen import records
from unseen.contracts.study import Outcome, Trial, Trials, identity
from unseen.engine.recording import StaleRecord, judge_record
from unseen.records import Record, RecordError, read_record, write_record
from unseen.registry import load, study_name
from unseen.testing import LawsBroken, check_record

STUDY = load(study_name("080").target)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(records, "records_folder", lambda: tmp_path)
    records.record_files.cache_clear()
    yield tmp_path
    records.record_files.cache_clear()


def outcome(metrics=None, curves=None):
    every = ("train", "memorised", "right_labels", "test", "peak_train", "pruned_test", "random_pruned_test")
    return Outcome({**dict.fromkeys(every, 0.97), **(metrics or {})}, curves or {})


def make_record(change=None, **fields):
    """A record of study 080 at scale small; `change` maps (condition, seed) to an outcome."""
    items = [
        Trial(condition, seed, (change or {}).get((condition, seed), outcome()))
        for condition in STUDY.conditions
        for seed in STUDY.seeds
    ]
    made = Record(
        study="080",
        key="corrupted-labels",
        scale="small",
        revision=STUDY.revision,
        config=identity(STUDY.scales["small"]),
        seeds=STUDY.seeds,
        date="2025-05-01T12:00:00+00:00",
        environment={"commit": "0" * 40, "modified": False, "python": "3.11.4"},
        seconds=dict.fromkeys(STUDY.conditions, 1.5),
        peak_memory=10**8,
        trials=Trials(tuple(items)),
    )
    return dataclasses.replace(made, **fields)


numbers = st.one_of(st.floats(width=64), st.integers(-(2**60), 2**60).map(float), st.just(-0.0))


@settings(max_examples=60, deadline=None)
@given(
    metrics=st.dictionaries(st.text(max_size=8), numbers, max_size=5),
    curve=st.lists(numbers.filter(lambda x: not 1e308 < abs(x) < math.inf), max_size=5),
)
def test_metrics_come_back_exactly_and_curves_to_five_digits(tmp_path_factory, metrics, curve):
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("records")
        patch.setattr(records, "records_folder", lambda: place)
        trial = Trial("no-decay", 3, Outcome(metrics, {"learning": {"step": curve}}))
        path = write_record(make_record(trials=Trials((trial,))))
        (back,) = read_record(path).trials.items
    assert back.outcome.metrics.keys() == metrics.keys()
    for name, value in metrics.items():
        assert back.outcome.metrics[name] == value or (math.isnan(value) and math.isnan(back.outcome.metrics[name]))
    for value, kept in zip(curve, back.outcome.curves["learning"]["step"], strict=True):
        assert kept == pytest.approx(value, rel=1e-4, nan_ok=True)


def test_everything_else_comes_back_too(folder):
    record = make_record({("dropout", 2): outcome({"pruned_test": math.nan, "pruned_units": math.inf})})
    path = write_record(record)
    back = read_record(path)
    for field in dataclasses.fields(Record):
        if field.name not in ("trials", "config"):
            assert getattr(back, field.name) == getattr(record, field.name)
    assert dict(back.config) == record.config
    assert back.commit == "0" * 40
    dropout = next(trial for trial in back.trials.items if (trial.condition, trial.seed) == ("dropout", 2))
    assert math.isnan(dropout.outcome.metrics["pruned_test"])
    assert dropout.outcome.metrics["pruned_units"] == math.inf
    assert path == folder / "080-corrupted-labels.small.json"
    assert dict(records.record_files()) == {("080", "small"): path}
    assert not list(folder.glob("*.partial"))


def test_the_file_has_a_line_per_trial(folder):
    lines = write_record(make_record()).read_text().splitlines()
    assert sum(line.startswith('  {"condition"') for line in lines) == len(STUDY.conditions) * len(STUDY.seeds)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_edit_of_one_character_goes_unnoticed(tmp_path_factory, data):
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("records")
        patch.setattr(records, "records_folder", lambda: place)
        curves = {"learning": {"step": [1.0, 10.5], "test": [0.25, math.nan]}}
        path = write_record(make_record({("no-decay", 0): outcome({"pruned_test": math.inf}, curves)}))
        text = path.read_text()
        place_of_edit = data.draw(st.integers(0, len(text) - 1))
        edited = text[:place_of_edit] + data.draw(st.sampled_from('0189.-e "n,{')) + text[place_of_edit + 1 :]
        before = json.loads(text)
        path.write_text(edited)
        try:
            same = json.loads(edited) == before
        except ValueError:
            same = False
        # Blanks between values are not content.
        if same:
            read_record(path)
        else:
            with pytest.raises(RecordError) as caught:
                read_record(path)
            assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null", '{"format": "1"}', "{}", "\x00", '"record"'])
def test_what_is_no_record_is_called_damaged(tmp_path, content):
    path = tmp_path / "080-corrupted-labels.small.json"
    path.write_text(content)
    with pytest.raises(RecordError, match="is damaged"):
        read_record(path)


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(RecordError, match=r"none\.json cannot be read: No such file"):
        read_record(tmp_path / "none.json")
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path)
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecordError, match="is damaged"):
        read_record(tmp_path / "bytes.json")


def test_a_newer_format_asks_for_an_upgrade(folder):
    path = write_record(make_record())
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(RecordError, match="has format 2, newer than 1: upgrade unseen"):
        read_record(path)


def test_a_field_taken_away_with_a_matching_digest_is_still_damage(folder):
    path = write_record(make_record())
    content = json.loads(path.read_text())
    del content["seeds"], content["digest"]
    content["digest"] = records._digest(content)
    path.write_text(json.dumps(content))
    with pytest.raises(RecordError, match="is damaged: KeyError"):
        read_record(path)


# -- verdicts recomputed ------------------------------------------------------------------------------------------


def varied(memorised):
    """Outcomes of the central arm whose seeds differ a little around a share of remembered labels."""
    return {("no-decay", seed): outcome({"memorised": memorised + 0.001 * seed}) for seed in STUDY.seeds}


@pytest.mark.parametrize(("memorised", "status"), [(0.95, "holds"), (0.5, "fails"), (0.899, "inconclusive")])
def test_the_verdict_is_computed_from_the_file(folder, memorised, status):
    path = write_record(make_record(varied(memorised)))
    assert judge_record(read_record(path)).verdict.status == status


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"revision": STUDY.revision + 1}, "has revision"),
        ({"config": {**identity(STUDY.scales["small"]), "width": 301}}, "another configuration"),
        ({"config": {**identity(STUDY.scales["small"]), "more": 1}}, "another configuration"),
        ({"scale": "tiny"}, "no such scale"),
        ({"seeds": (0, 1, 2, 3, 5)}, r"has seeds \[0, 1, 2, 3, 5\]"),
        ({"trials": Trials(make_record().trials.items[1:])}, "lacks 1 trials and has 0 too many"),
        ({"trials": Trials((*make_record().trials.items, Trial("extra", 0, outcome())))}, "has 1 too many"),
    ],
)
def test_a_record_of_another_study_than_todays_is_stale(fields, message):
    with pytest.raises(StaleRecord, match=message) as caught:
        judge_record(make_record(**fields))
    assert "\n" not in str(caught.value)


def test_a_record_of_no_study_is_named():
    with pytest.raises(StaleRecord, match="no study named 'no-such'"):
        judge_record(make_record(study="no-such"))


# -- laws of record files -----------------------------------------------------------------------------------------


def broken_laws(path):
    try:
        check_record(path)
    except LawsBroken as error:
        return set(error.breaches)
    return set()


def test_a_sound_record_obeys_every_law(folder):
    check_record(write_record(make_record(varied(0.95))))


@pytest.mark.parametrize(
    ("fields", "law"),
    [
        ({"revision": STUDY.revision + 1}, "verdict_can_be_recomputed"),
        ({"date": "yesterday"}, "origin_is_known"),
        ({"date": "2025-05-01T12:00:00"}, "origin_is_known"),
        ({"environment": {"commit": ""}}, "origin_is_known"),
        ({"environment": {"commit": "0" * 40, "modified": True}}, "origin_is_known"),
        ({"seconds": {"no-decay": 1.0}}, "origin_is_known"),
        ({"environment": {"commit": "0" * 40, "note": "x" * 150_000}}, "file_is_small"),
    ],
)
def test_a_broken_record_breaks_its_law_alone(folder, fields, law):
    assert broken_laws(write_record(make_record(**fields))) == {law}


def test_a_record_under_another_name_is_noticed(folder):
    path = write_record(make_record())
    assert broken_laws(path.rename(folder / "081-other.small.json")) == {"file_is_named_after_its_content"}
