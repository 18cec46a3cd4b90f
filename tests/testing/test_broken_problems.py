"""Problems broken on purpose, one per law: each must make exactly the law it breaks fail.

Without these the test matrix could go blind unnoticed. `Doubling` obeys everything; each variant breaks one thing.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import pytest

from unseen.contracts.problem import Examples, Problem, Split, draw_in_blocks, random_stream
from unseen.testing import PROBLEM_LAWS, LawsBroken, check_problem, checker_quality
from unseen.testing.spawned import Draw, fingerprints_elsewhere

SHARED = np.arange(5000)


@dataclass(frozen=True)
class Doubling(Problem):
    """Double a whole number: of two digits in training, of six or seven elsewhere."""

    @property
    def name(self) -> str:
        return "doubling"

    @property
    def splits(self):
        return {
            "train": Split(None, "two digits", 90),
            "iid": Split("iid", "up to nine", 10),
            "longer": Split("longer", "six or seven digits"),
        }

    def stream(self, split, seed):
        return (self.name, split, seed)

    def sample(self, split, n=None, seed=0):
        n, seed = self.checked_size(split, n, seed), int(seed)
        if split == "longer":
            drawn = draw_in_blocks(n, self.draw, *self.stream(split, seed))["number"]
        else:
            first = {"train": 10, "iid": 0}[split]
            size = self.splits[split].size
            drawn = first + random_stream(*self.stream(split, seed)).permutation(size)[:n]
        return Examples({"number": drawn}, 2 * drawn, problem=self.name, split=split, seed=seed)

    def draw(self, generator, count):
        return {"number": generator.integers(100_000, 10_000_000, size=count)}

    def truth(self, examples):
        return 2 * examples.inputs["number"]

    def score(self, examples, answers):
        if len(answers) != len(examples):
            raise ValueError(f"{len(answers)} answers for {len(examples)} questions")
        given = zip(answers, self.truth(examples).tolist(), strict=True)
        return np.array([self.accepts(answer, right) for answer, right in given], dtype=np.float64)

    def accepts(self, answer, right):
        if isinstance(answer, str):
            return answer.strip() == str(right)
        return isinstance(answer, (int, np.integer)) and int(answer) == right

    def canonical(self, examples) -> list[Hashable]:
        return examples.inputs["number"].tolist()

    def text(self, examples):
        return [f"Twice {number}?" for number in examples.inputs["number"]]

    def right_forms(self, examples):
        truth = self.truth(examples)
        return {"numbers": truth, "numerals": [f"{t} " for t in truth]}

    def near_misses(self, examples, seed):
        truth = self.truth(examples)
        return {"one more": truth + 1, "digits with a sign": [f"-{t}" for t in truth + 1]}

    def classical(self):
        return Doubler()


class Doubler:
    def solve(self, examples):
        return (2 * examples.inputs["number"]).tolist()


class OverlappingSplits(Doubling):
    def canonical(self, examples):
        # As if 5 and 15 were one question.
        return [number % 10 if number < 20 else number for number in examples.inputs["number"].tolist()]


class AddedSeeds(Doubling):
    def sample(self, split, n=None, seed=0):
        examples = super().sample(split, n, seed)
        if split != "longer":
            return examples
        seeds = range(int(seed), int(seed) + len(examples))
        numbers = np.array([random.Random(s).randrange(100_000, 10_000_000) for s in seeds], dtype=np.int64)
        return dataclasses.replace(examples, inputs={"number": numbers}, targets=2 * numbers)


class ForgottenBlock(Doubling):
    def sample(self, split, n=None, seed=0):
        examples = super().sample(split, n, seed)
        if split != "longer":
            return examples
        numbers = np.resize(super().sample(split, 4096, seed).inputs["number"], len(examples))
        return dataclasses.replace(examples, inputs={"number": numbers}, targets=2 * numbers)


class DrawnByLength(Doubling):
    def sample(self, split, n=None, seed=0):
        n = self.checked_size(split, n, seed)
        if split != "longer":
            return super().sample(split, n, seed)
        numbers = random_stream(n, int(seed)).integers(100_000, 10_000_000, size=n)
        return Examples({"number": numbers}, 2 * numbers, problem=self.name, split=split, seed=int(seed))


class GlobalRandomness(Doubling):
    def sample(self, split, n=None, seed=0):
        examples = super().sample(split, n, seed)
        state = np.random.get_state()[1][0]  # noqa: NPY002
        return dataclasses.replace(examples, labels={"state": np.full(len(examples), state)})


class HashedStrings(Doubling):
    def stream(self, split, seed):
        return (hash(self.name), split, seed)


class WrongSize(Doubling):
    @property
    def splits(self):
        return {**super().splits, "iid": Split("iid", "up to nine", 11)}

    def sample(self, split, n=None, seed=0):
        return super().sample(split, n, seed) if split != "iid" else Doubling().sample("iid", n and min(n, 10), seed)


class OddAxis(Doubling):
    @property
    def splits(self):
        return {**super().splits, "longer": Split("shifted", "six or seven digits")}


class SilentMisuse(Doubling):
    def checked_size(self, split, n, seed):
        return super().checked_size(
            split, n, abs(seed) if isinstance(seed, int) and not isinstance(seed, bool) else seed
        )


class SharedState(Doubling):
    def sample(self, split, n=None, seed=0):
        examples = super().sample(split, n, seed)
        return dataclasses.replace(examples, labels={"shared": SHARED[: len(examples)]})


class NamelessExamples(Doubling):
    def sample(self, split, n=None, seed=0):
        return dataclasses.replace(super().sample(split, n, seed), problem="")


class TruthFromTargets(Doubling):
    def truth(self, examples):
        return super().truth(examples) if examples.targets is None else examples.targets


class UnflaggedWrongTargets(Doubling):
    def sample(self, split, n=None, seed=0):
        examples = super().sample(split, n, seed)
        return dataclasses.replace(examples, targets=np.where(examples.targets == 20, 21, examples.targets))


class AcceptsNearMiss(Doubling):
    def accepts(self, answer, right):
        return super().accepts(answer, right) or (isinstance(answer, np.integer) and answer == right + 1)


class RejectsRightForm(Doubling):
    def accepts(self, answer, right):
        return super().accepts(answer, right) and answer != f"{right} "


class RaisesOnMalformed(Doubling):
    def accepts(self, answer, right):
        return answer.strip() == str(right) if hasattr(answer, "strip") else int(answer or 0) == right


class ScoresByCompany(Doubling):
    def score(self, examples, answers):
        scores = super().score(examples, answers)
        return np.where(scores > 0, scores.max(initial=0), 0) if scores.all() else scores * (len(scores) == 1)


class CanonicalFromTargets(Doubling):
    def canonical(self, examples):
        return [0 if examples.targets is None else number for number in super().canonical(examples)]


class NumberedText(Doubling):
    def text(self, examples):
        return [f"{place}. {text}" for place, text in enumerate(super().text(examples))]


class WeakClassicalSolver(Doubling):
    def classical(self):
        return WrongDoubler()


class WrongDoubler:
    def solve(self, examples):
        return (2 * examples.inputs["number"] + (examples.inputs["number"] > 9_000_000)).tolist()


class BatchedClassicalSolver(Doubling):
    classical_score = 0.0

    def classical(self):
        return Averager()


class Averager:
    def solve(self, examples):
        return [float(examples.inputs["number"].mean())] * len(examples)


BROKEN_PROBLEMS = {
    OverlappingSplits: "splits_are_disjoint",
    AddedSeeds: "neighbouring_seeds_share_no_stream",
    ForgottenBlock: "instances_are_not_repeated_in_runs",
    DrawnByLength: "asking_for_more_only_appends",
    GlobalRandomness: "draws_the_same_bits_again",
    HashedStrings: "draws_the_same_bits_in_another_process",
    WrongSize: "sizes_are_honest",
    OddAxis: "splits_are_declared",
    SilentMisuse: "misuse_is_named",
    SharedState: "returned_arrays_are_not_shared_state",
    NamelessExamples: "examples_name_their_origin",
    TruthFromTargets: "truth_comes_from_the_question",
    UnflaggedWrongTargets: "targets_are_right_unless_flagged",
    AcceptsNearMiss: "near_misses_are_rejected",
    RejectsRightForm: "right_forms_are_accepted",
    RaisesOnMalformed: "malformed_answers_are_wrong",
    ScoresByCompany: "scores_are_one_per_question",
    CanonicalFromTargets: "canonical_form_is_of_the_question",
    NumberedText: "text_is_of_the_question",
    WeakClassicalSolver: "classical_solver_is_as_good_as_stated",
    BatchedClassicalSolver: "classical_solver_ignores_batch_and_order",
}
IN_ANOTHER_PROCESS = {"draws_the_same_bits_in_another_process": "a process each would take long; one item tests it"}


def broken_laws(problem, skip) -> set[str]:
    try:
        check_problem(problem, skip=skip)
    except LawsBroken as error:
        return set(error.breaches)
    return set()


def test_the_sound_problem_obeys_every_law():
    check_problem(Doubling())
    assert checker_quality(Doubling()).false_accept == checker_quality(Doubling()).false_reject == 0


def test_every_problem_law_has_an_item_that_breaks_it():
    assert set(BROKEN_PROBLEMS.values()) == {law.__name__ for law in PROBLEM_LAWS}


@pytest.mark.parametrize("problem", BROKEN_PROBLEMS, ids=lambda problem: problem.__name__)
def test_a_broken_problem_breaks_its_law_alone(problem):
    law = BROKEN_PROBLEMS[problem]
    skip = {} if law in IN_ANOTHER_PROCESS else IN_ANOTHER_PROCESS
    assert broken_laws(problem(), skip) == {law}


def test_checker_quality_counts_what_is_wrongly_accepted_and_rejected():
    lenient, strict = checker_quality(AcceptsNearMiss(), n=10), checker_quality(RejectsRightForm(), n=10)
    assert (lenient.misses, lenient.false_accept) == ({"one more": 1.0, "digits with a sign": 0.0}, 0.5)
    assert (strict.forms, strict.false_reject) == ({"numbers": 0.0, "numerals": 1.0}, 0.5)
    assert lenient.false_reject == strict.false_accept == 0


def test_another_process_is_really_asked():
    draw = Draw("longer", 3, 1)
    one, two = (fingerprints_elsewhere(HashedStrings(), [draw], hash_seed=seed) for seed in (1, 2))
    assert one != two
    assert one == fingerprints_elsewhere(HashedStrings(), [draw], hash_seed=1)


def test_laws_left_out_must_exist_and_have_a_reason():
    with pytest.raises(ValueError, match="no law is named 'splits'"):
        check_problem(Doubling(), skip={"splits": "why not"})
    with pytest.raises(ValueError, match="without a reason"):
        check_problem(Doubling(), skip={"splits_are_disjoint": ""})
