"""Plans: which trials a study consists of, who they are, and seeds as people write them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from unseen.contracts.study import setting
from unseen.engine.plan import MOST_SEEDS, parse_seeds, plan
from unseen.errors import UsageError
from unseen.registry import study_name

MALFORMED = (
    "",
    " ",
    "a",
    "-",
    "3-1",
    "-1",
    "1-",
    "1,,2",
    ",",
    "1,",
    "0-99999999999",
    "1e3",
    "0x10",
    "1.5",
    "+1",
    "1_0",
)
MALFORMED_TOO = ("٣", "²", "0-2-4", "1;2", "9" * 19, f"0-{MOST_SEEDS}", "0-5000,6000-12000", "null", "\n")


@pytest.mark.parametrize("text", [*MALFORMED, *MALFORMED_TOO])
def test_malformed_seeds_are_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_seeds(text)
    assert repr(text) in str(refused.value)
    assert "write seeds as 0-4, 7 or 0-4,7,100-104, at most 10000 of them" in str(refused.value)


@given(some.lists(some.tuples(some.integers(0, 10**17), some.integers(0, 40)), min_size=1, max_size=20))
def test_seeds_are_read_as_written_each_once(ranges: list[tuple[int, int]]) -> None:
    text = ", ".join(f"{first}-{first + more}" if more else f"{first}" for first, more in ranges)
    expected = dict.fromkeys(seed for first, more in ranges for seed in range(first, first + more + 1))
    assert parse_seeds(text) == tuple(expected)


def test_as_many_seeds_as_are_allowed() -> None:
    assert parse_seeds(f"0-{MOST_SEEDS - 1}") == tuple(range(MOST_SEEDS))
    assert len(parse_seeds("0-4999,5000-9999")) == MOST_SEEDS


def test_a_plan_holds_each_condition_with_each_seed_once(toys: Path) -> None:
    planned = plan(study_name("toy"), seeds=(5, 2))
    assert [(key.condition, key.seed) for key in planned.keys] == [("a", 5), ("a", 2), ("b", 5), ("b", 2)]
    assert {key.study for key in planned.keys} == {"toy"}
    assert plan(study_name("toy")).seeds == tuple(range(8))


@pytest.mark.parametrize("seeds", [(), (1, 1), (-1,), (0, -2)])
def test_seeds_of_a_plan_differ_and_are_not_negative(seeds: tuple[int, ...], toys: Path) -> None:
    with pytest.raises(UsageError, match="different whole numbers from 0 up"):
        plan(study_name("toy"), seeds=seeds)


def test_an_unknown_scale_is_refused_with_the_nearest(toys: Path) -> None:
    with pytest.raises(UsageError, match=r"study toy has no scale 'smal'; did you mean small\?"):
        plan(study_name("toy"), scale="smal")


def test_a_study_that_is_batched_gets_a_job_per_condition_any_other_one_per_trial(toys: Path) -> None:
    single, batched = plan(study_name("toy"), seeds=(0, 1)), plan(study_name("toybatched"))
    assert single.groups(single.keys) == [(key,) for key in single.keys]
    groups = batched.groups(batched.keys[1:])  # the first is done already
    assert [len(group) for group in groups[:3]] == [2, 3, 3]
    assert all(len({key.condition for key in group}) == 1 for group in groups)
    assert batched.job(7, groups[0]).seeds == (1, 2)


def test_settings_and_revision_are_part_of_a_trials_identity_resources_are_not(toys: Path) -> None:
    import toy_studies

    planned = plan(study_name("toy"))

    def keys(**changes: object) -> object:
        study = replace(planned.study, **changes)
        return replace(planned, study=study).keys

    assert keys(scales={"small": toy_studies.Config(longest=9.0), "smoke": None}) == planned.keys
    assert not set(keys(scales={"small": toy_studies.Config(width=4), "smoke": None})) & set(planned.keys)  # type: ignore[call-overload]
    assert not set(keys(revision=2)) & set(planned.keys)  # type: ignore[call-overload]


def test_a_field_that_is_declared_neither_way_is_an_error(toys: Path) -> None:
    @dataclass(frozen=True)
    class Careless:
        width: int = setting(3, "declared")
        depth: int = 2

    planned = plan(study_name("toy"))
    careless = replace(planned, study=replace(planned.study, scales={"small": Careless(), "smoke": Careless()}))
    with pytest.raises(TypeError, match=r"Careless\.depth must be declared"):
        _ = careless.config
