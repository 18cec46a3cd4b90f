"""The laws of `unseen.engine.store.Store`, for every kind of store."""

from __future__ import annotations

import math
import random
import struct
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from unseen.contracts.study import Outcome
from unseen.engine.store import STALE_AFTER, Store, StoredTrial, TrialKey

Key = Callable[..., TrialKey]
Make = Callable[..., StoredTrial]
Take = Callable[[Store, list[TrialKey], str], list[TrialKey]]

STALE = STALE_AFTER.total_seconds() + 1


# -- claiming and finishing ------------------------------------------------------------------------------------------


def test_a_claim_returns_each_key_once_in_the_order_asked(store: Store, key: Key, take: Take) -> None:
    asked = [key(3), key(1), key(3), key(2)]
    assert take(store, asked, "me") == [key(3), key(1), key(2)]
    assert {k: trial.status for k, trial in store.get(asked).items()} == dict.fromkeys(asked, "running")
    assert store.trials() == []


def test_no_keys_are_no_claim(store: Store, take: Take) -> None:
    assert take(store, [], "me") == []
    store.finish("me", [])
    assert store.get([]) == {}


@pytest.mark.parametrize(
    "change", [{"study": "081"}, {"revision": 2}, {"config": "f" * 16}, {"condition": "ticket"}, {"seed": 1}]
)
def test_every_part_of_the_key_counts(store: Store, key: Key, take: Take, change: dict[str, Any]) -> None:
    assert take(store, [key(0)], "me") == [key(0)]
    assert take(store, [replace(key(0), **change)], "you") == [replace(key(0), **change)]
    assert take(store, [key(0)], "you") == []


def test_what_a_living_owner_holds_is_not_given_again(store: Store, key: Key, take: Take) -> None:
    take(store, [key(0), key(1)], "me")
    assert take(store, [key(1), key(2)], "you") == [key(2)]
    assert take(store, [key(0), key(1)], "me") == []


def test_a_done_trial_is_kept_and_never_claimed_again(store: Store, key: Key, done: Make, take: Take) -> None:
    take(store, [key(0), key(1)], "me")
    before = datetime.now(UTC)
    store.finish("me", [done(key(0))])
    (trial,) = store.trials()
    assert trial.finished is not None
    assert abs(trial.finished - before) < timedelta(seconds=30)
    assert trial == replace(done(key(0)), finished=trial.finished)
    assert store.get([key(0)]) == {key(0): trial}
    assert store.get([key(1), key(0), key(7)])[key(1)].status == "running"
    store.release("me")
    assert take(store, [key(0), key(1)], "you") == [key(1)]


def test_a_failed_trial_is_claimed_again(store: Store, key: Key, done: Make, failed: Make, take: Take) -> None:
    take(store, [key(0)], "me")
    store.finish("me", [failed(key(0), "out of memory")])
    assert store.get([key(0)])[key(0)].error == "out of memory"
    assert take(store, [key(0)], "you") == [key(0)]
    running = store.get([key(0)])[key(0)]
    assert (running.status, running.error, running.finished) == ("running", "", None)
    store.finish("you", [done(key(0))])
    assert [(trial.status, trial.error) for trial in store.trials()] == [("done", "")]


def test_release_restores_what_was_there_before(store: Store, key: Key, failed: Make, take: Take) -> None:
    take(store, [key(0)], "me")
    store.finish("me", [failed(key(0), "diverged")])
    before = store.trials()
    take(store, [key(0), key(1)], "me")
    take(store, [key(2)], "you")
    assert store.trials() == []
    store.release("me")
    assert store.trials() == before
    assert set(store.get([key(0), key(1), key(2)])) == {key(0), key(2)}
    assert take(store, [key(0), key(1), key(2)], "them") == [key(0), key(1)]
    store.release("nobody")


def test_results_of_others_change_nothing(store: Store, key: Key, done: Make, failed: Make, take: Take) -> None:
    take(store, [key(0), key(1), key(3)], "me")
    take(store, [key(2)], "you")
    store.finish("me", [done(key(0)), failed(key(0)), done(key(2)), done(key(4)), done(key(1))])
    store.finish("me", [failed(key(1))])
    found = store.get([key(seed) for seed in range(5)])
    assert {k.seed: trial.status for k, trial in found.items()} == {0: "done", 1: "done", 2: "running", 3: "running"}


def test_the_dispossessed_owner_changes_nothing(
    store: Store, key: Key, done: Make, failed: Make, take: Take, age: Callable[..., None]
) -> None:
    take(store, [key(0), key(1), key(2)], "slow")
    age(store, "slow", STALE)
    assert take(store, [key(0), key(1)], "new") == [key(0), key(1)]
    store.finish("new", [done(key(0), seconds=7.0)])
    store.finish("slow", [failed(key(0)), failed(key(1)), done(key(2))])
    store.release("slow")
    found = store.get([key(0), key(1), key(2)])
    assert [found[key(seed)].status for seed in range(3)] == ["done", "running", "done"]
    assert found[key(0)].seconds == 7.0


@pytest.mark.parametrize(
    "change",
    [
        {"status": "running"},
        {"outcome": None},
        {"error": "but it failed"},
        {"status": "failed"},
        {"status": "failed", "outcome": None, "error": ""},
        {"outcome": Outcome({}, failure="diverged")},
        {"outcome": Outcome({"accuracy": "high"})},  # type: ignore[dict-item]
        {"outcome": Outcome({}, {"loss": {"value": [1.0, None]}})},  # type: ignore[list-item]
        {"seconds": math.nan},
        {"seconds": -1.0},
        {"peak_memory": -1},
        {"environment": {"device": object()}},
        {"finished": datetime(2026, 1, 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_batch_with_one_wrong_result_stores_nothing(
    store: Store, key: Key, done: Make, take: Take, change: dict[str, Any]
) -> None:
    keys = [key(seed) for seed in range(3)]
    take(store, keys, "me")
    wrong = replace(done(key(1)), **change)
    with pytest.raises(ValueError, match=r"seed 1|environment\.device"):
        store.finish("me", [done(key(0)), wrong, done(key(2))])
    assert store.trials() == []
    store.finish("me", [done(k) for k in keys])
    assert len(store.trials()) == 3


def test_trials_of_several_configs_are_not_claimed_together(store: Store, key: Key, take: Take) -> None:
    with pytest.raises(ValueError, match="of one config"):
        take(store, [key(0), key(0, config="b")], "me")


def test_the_config_is_kept_as_first_claimed(store: Store, key: Key) -> None:
    assert store.config_of(key(0).config) is None
    store.claim([key(0)], "me", scale="small", config={"width": 64, "rates": (0.1, math.inf)})
    store.claim([key(1)], "me", scale="full", config={"width": 65})
    assert store.config_of(key(0).config) == {"width": 64, "rates": [0.1, math.inf]}
    with pytest.raises(ValueError, match=r"config\.loss"):
        store.claim([key(2)], "me", scale="small", config={"loss": print})
    assert store.get([key(2)]) == {}


def test_forget_deletes_finished_trials_only(store: Store, key: Key, done: Make, failed: Make, take: Take) -> None:
    keys = [key(seed) for seed in range(4)]
    take(store, keys, "me")
    store.finish("me", [done(key(0)), failed(key(1)), done(key(2))])
    store.forget(iter([key(0), key(1), key(3), key(9)]))
    assert set(store.get(keys)) == {key(2), key(3)}
    assert take(store, keys, "you") == [key(0), key(1)]


def test_trials_come_by_study_in_order_of_their_keys(store: Store, key: Key, done: Make, take: Take) -> None:
    # A database that sorts as a language does would put "a" before "B", and "10" anywhere.
    parts = [
        {"seed": seed, "study": study, "condition": condition}
        for study in ("b", "B", "a")
        for condition in ("x y", "xz", "X")
        for seed in (10, 9, 0)
    ]
    keys = [key(**part) for part in parts]
    random.Random(5).shuffle(keys)
    take(store, keys, "me")
    store.finish("me", [done(k) for k in keys])
    expected = sorted(keys, key=lambda k: (k.study, k.condition, k.seed))
    assert [trial.key for trial in store.trials()] == expected
    assert [trial.key for trial in store.trials("B")] == [k for k in expected if k.study == "B"]
    assert store.trials("c") == []


def test_thousands_of_trials(store: Store, key: Key, done: Make, take: Take) -> None:
    keys = [key(seed, condition=condition) for condition in ("a", "b") for seed in range(1250)]
    assert take(store, keys[::2], "me") == keys[::2]
    assert take(store, keys, "you") == keys[1::2]
    store.finish("you", [done(k) for k in keys])
    assert {k for k, trial in store.get(keys).items() if trial.status == "done"} == set(keys[1::2])
    store.forget(keys)
    assert take(store, keys, "them") == keys[1::2]


# -- owners ----------------------------------------------------------------------------------------------------------


def test_an_owner_elsewhere_is_dead_when_its_heartbeat_is_old(
    store: Store, key: Key, take: Take, age: Callable[..., None], move: Callable[..., None]
) -> None:
    take(store, [key(0)], "far")
    move(store, "far", host="another host", pid=1)
    age(store, "far", STALE - 2)
    assert take(store, [key(0)], "me") == []
    age(store, "far", 2)
    assert take(store, [key(0)], "me") == [key(0)]


def test_a_heartbeat_keeps_an_owner_alive(
    store: Store, key: Key, take: Take, age: Callable[..., None], move: Callable[..., None]
) -> None:
    take(store, [key(0)], "far")
    move(store, "far", host="another host")
    age(store, "far", STALE)
    store.heartbeat("far")
    assert take(store, [key(0)], "me") == []
    store.heartbeat("never heard of")


def test_a_sleeping_owner_keeps_what_nobody_took(
    store: Store, key: Key, done: Make, take: Take, age: Callable[..., None]
) -> None:
    take(store, [key(0), key(1)], "sleeper")
    age(store, "sleeper", STALE)
    assert take(store, [key(0)], "me") == [key(0)]
    store.heartbeat("sleeper")
    assert take(store, [key(1)], "me") == []
    store.finish("sleeper", [done(key(1))])
    assert [trial.key for trial in store.trials()] == [key(1)]


def test_a_later_process_with_the_same_number_is_another(
    store: Store, key: Key, take: Take, move: Callable[..., None]
) -> None:
    take(store, [key(0)], "reused")
    move(store, "reused", started="another boot 1")
    assert take(store, [key(0)], "me") == [key(0)]


def test_an_owner_name_used_again_inherits_nothing_from_the_dead(
    store: Store, key: Key, take: Take, move: Callable[..., None]
) -> None:
    take(store, [key(0)], "worker")
    move(store, "worker", started="another boot 1")
    assert take(store, [key(0)], "worker") == [key(0)]


def test_threads_never_hold_the_same_trial(store: Store, key: Key, take: Take) -> None:
    keys = [key(seed) for seed in range(200)]
    barrier = threading.Barrier(4)
    taken: dict[str, list[TrialKey]] = {}

    def work(owner: str) -> None:
        order = list(keys)
        random.Random(owner).shuffle(order)
        barrier.wait()
        taken[owner] = [k for first in range(0, 200, 50) for k in take(store, order[first : first + 50], owner)]

    threads = [threading.Thread(target=work, args=(f"thread {index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(k.seed for owned in taken.values() for k in owned) == list(range(200))


# -- round trip ------------------------------------------------------------------------------------------------------

floats = st.floats(allow_nan=True, allow_infinity=True, allow_subnormal=True)
names = st.text(max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
columns = st.integers(0, 4).flatmap(
    lambda n: st.dictionaries(names, st.lists(floats, min_size=n, max_size=n), max_size=3)
)


def bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack(">d", value)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metrics=st.dictionaries(names, floats, max_size=5),
    curves=st.dictionaries(names, columns, max_size=3),
    environment=st.dictionaries(names, json_values, max_size=3),
    seconds=st.floats(0, 1e12),
    peak_memory=st.integers(0, 2**60),
    finished=st.datetimes(
        datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, timezone(timedelta(hours=5.5))])
    ),
)
def test_what_was_stored_comes_back_to_the_last_bit(
    store: Store,
    key: Key,
    take: Take,
    metrics: dict[str, float],
    curves: dict[str, dict[str, list[float]]],
    environment: dict[str, Any],
    seconds: float,
    peak_memory: int,
    finished: datetime,
) -> None:
    store.forget([key(0)])
    take(store, [key(0)], "me")
    stored = StoredTrial(
        key(0), "small", "done", Outcome(metrics, curves), "", seconds, peak_memory, environment, finished
    )
    store.finish("me", [stored])
    back = store.get([key(0)])[key(0)]
    assert back.outcome is not None
    assert list(back.outcome.metrics) == list(metrics)
    assert [bits(v) for v in back.outcome.metrics.values()] == [bits(v) for v in metrics.values()]
    assert {n: {c: [bits(v) for v in vs] for c, vs in cs.items()} for n, cs in back.outcome.curves.items()} == {
        n: {c: [bits(v) for v in vs] for c, vs in cs.items()} for n, cs in curves.items()
    }
    assert replace(back, outcome=stored.outcome) == stored
    assert back.finished is not None
    assert back.finished.utcoffset() == timedelta(0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(error=st.text(st.characters(exclude_categories=()), min_size=1))
@example(error="in file \udcff\x00: no")
def test_any_error_text_is_stored(store: Store, key: Key, failed: Make, take: Take, error: str) -> None:
    take(store, [key(0)], "me")
    store.finish("me", [failed(key(0), error)])
    back = store.get([key(0)])[key(0)].error
    refused = [c for c in error if c == "\0" or 0xD800 <= ord(c) < 0xE000]
    assert back == error if not refused else (back and not any(c in back for c in refused))


def test_numbers_of_numpy_come_back_as_floats(store: Store, key: Key, done: Make, take: Take) -> None:
    take(store, [key(0)], "me")
    outcome = Outcome({"a": np.float32(0.1), "b": np.int64(3)}, {"c": {"x": np.arange(2.0)}})  # type: ignore[dict-item]
    store.finish("me", [done(key(0), outcome=outcome, environment={"cores": np.int64(2), "versions": (1, 2)})])
    back = store.trials()[0]
    assert back.outcome == Outcome({"a": float(np.float32(0.1)), "b": 3.0}, {"c": {"x": [0.0, 1.0]}})
    assert back.environment == {"cores": 2, "versions": [1, 2]}


def test_what_a_reader_does_to_its_copy_stays_there(store: Store, key: Key, done: Make, take: Take) -> None:
    take(store, [key(0)], "me")
    given_in = {"accuracy": 1.0}
    store.finish("me", [done(key(0), outcome=Outcome(given_in))])
    given_in["accuracy"] = 0.0
    store.trials()[0].outcome.metrics["accuracy"] = 0.5  # type: ignore[index, union-attr]
    assert store.trials()[0].outcome == Outcome({"accuracy": 1.0})


@pytest.mark.parametrize(
    "change", [{"study": ""}, {"condition": "a\nb"}, {"config": 5}, {"seed": -1}, {"seed": True}, {"seed": 2**63}]
)
def test_a_key_is_checked(key: Key, change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(ValueError, match=f"the {name} of a trial"):
        replace(key(0), **change)
