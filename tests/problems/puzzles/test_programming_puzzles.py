"""Every family can be solved by what its author knew, at every size, and by nothing of another type."""

from __future__ import annotations

import pytest

from unseen.problems.puzzles.programming_puzzles import LONGEST, ProgrammingPuzzles
from unseen.problems.puzzles.puzzle import FAMILIES, is_typed

PROBLEM = ProgrammingPuzzles()


@pytest.mark.parametrize("name", FAMILIES)
def test_known_solutions_hold_for_fresh_parameters(name):
    family = FAMILIES[name]
    for split in ("train", "longer:parameters"):
        for parameters in PROBLEM.instances(name, split, 60, seed=7):
            answer = family.solution(*parameters)
            assert family.holds(answer, parameters), parameters
            assert max(len(repr(answer)), len(repr(parameters))) <= LONGEST


@pytest.mark.parametrize("name", FAMILIES)
def test_parameters_matter_so_that_no_constant_solves_a_family(name):
    family = FAMILIES[name]
    drawn = PROBLEM.instances(name, "train", 40, seed=3)
    answers = [family.solution(*parameters) for parameters in drawn]
    best = max(sum(family.holds(answer, parameters) for parameters in drawn) for answer in answers)
    assert best < len(drawn) / 2


def test_predicates_are_shown_as_python_that_says_the_same():
    for name, family in FAMILIES.items():
        scope: dict[str, object] = {}
        exec(family.source, scope)
        for parameters in PROBLEM.instances(name, "train", 5, seed=1):
            assert scope["sat"](family.solution(*parameters), *parameters) is True  # type: ignore[operator]


def test_types_are_told_apart_exactly():
    family = FAMILIES["sum_to"]
    assert family.holds(135, (20, 155))
    assert not any(family.holds(answer, (20, 155)) for answer in (135.0, "135", [135], True, None))
    assert is_typed([], "list")
    assert not is_typed((1,), "list")


def test_a_predicate_that_raises_is_not_satisfied_and_truth_alone_counts():
    family = FAMILIES["single"]
    assert not family.holds([], (100,))
    assert family.holds([101], (100,))


def test_families_of_the_splits_do_not_meet():
    for seed in range(5):
        training, held_out = PROBLEM.halves(seed)
        assert set(training).isdisjoint(held_out)
        assert sorted(training + held_out) == sorted(FAMILIES)
        for split, names in (("iid", training), ("longer:parameters", training), ("transformed:families", held_out)):
            assert set(PROBLEM.sample(split, 200, seed).inputs["puzzle"].tolist()) <= set(names)


@pytest.mark.parametrize("families", [-1, 1, 1000, True, "ten"])
def test_nonsense_is_refused(families):
    with pytest.raises(ValueError, match="families must be"):
        ProgrammingPuzzles(families)
