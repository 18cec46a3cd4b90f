import pytest

from unseen.problems.puzzles.puzzle import FAMILIES
from unseen.solvers.enumeration.grammar import RULES, evaluate
from unseen.studies.textmath import _puzzle_arms as arms
from unseen.studies.textmath.p118_programming_puzzles import Config, study, trial
from unseen.testing import imagined_trials


def test_exchanged_rules_are_others_with_the_same_types_and_parameters_stay():
    names = arms.exchanged_rules(3)
    assert sorted(names) == list(range(len(RULES)))
    assert names != list(range(len(RULES)))
    for number, other in enumerate(names):
        assert (RULES[number].type, RULES[number].parts) == (RULES[other].type, RULES[other].parts)
        assert RULES[number].value is not None or other == number


def test_controls_keep_the_programs_or_the_predicates():
    solved = [({"Add": place}, (0,)) for place in range(20)]
    shuffled = arms.with_other_predicates(0)(solved)
    assert [expression for _, expression in shuffled] == [expression for _, expression in solved]
    assert shuffled != solved
    assert sorted(parts["Add"] for parts, _ in shuffled) == list(range(20))
    assert [parts for parts, _ in arms.with_other_rules(0)(solved)] == [parts for parts, _ in solved]


def test_what_counts_as_a_rule_is_run_on_other_instances():
    asked = arms.puzzles(("sum_to",), "transformed:families", 3, 0)
    family = FAMILIES["sum_to"]
    solver = arms.solver_of("uniform", 0, candidates=3000, rounds=1, trees=3, training=[])
    found = solver.find_all(asked)
    assert arms._rules(asked, found, 5, 0) == 1
    for (_, parameters), each in zip(asked, found, strict=True):
        assert evaluate(each.expression, family.types[1:], parameters) == each.answer


def test_a_trial_repeats_and_more_candidates_solve_no_fewer():
    few, many = (Config(candidates=count, rounds=1, instances=1, fresh=1, trees=3, families=6) for count in (20, 200))
    assert trial("bigram", 4, many) == trial("bigram", 4, many)
    assert trial("uniform", 4, few).metrics["held_out"] <= trial("uniform", 4, many).metrics["held_out"]


def imagined(share, uniform=0.5):
    """The trained arms solve so many, and the more, the fewer candidates they need."""
    shares = {"uniform": uniform, "bigram": share, "forest": share, "forest-shuffled": 0.5, "bigram-renamed": 0.4}
    results = {
        condition: {"held_out": value, "iid": value, "log_candidates": 7 - 4 * value, "rules": share}
        for condition, value in shares.items()
    }
    return imagined_trials(study, results)


@pytest.mark.parametrize(("share", "status"), [(0.9, "holds"), (0.4, "fails")])
def test_claims_follow_the_numbers(share, status):
    assert {str(finding.verdict) for finding in study.judge(imagined(share)).findings} == {status}


def test_without_room_nothing_is_claimed():
    assert {str(finding.verdict) for finding in study.judge(imagined(0.99, uniform=0.95)).findings} == {"inconclusive"}


def test_the_broken_experiment_does_not_hold():
    broken = imagined(0.9).reading(study.broken)
    assert str(study.judge(broken).verdict) == "fails"
