"""Laws of answers: truth, checker, canonical form, text and the classical solver."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Solver, Unsolved
from unseen.testing.checker import CLEARLY_WRONG, checker_quality, is_right
from unseen.testing.examples import garbled
from unseen.testing.laws import LawBroken, require
from unseen.testing.problem_case import ProblemCase, where
from unseen.testing.solver_answers import same_answers

MALFORMED: Mapping[str, Any] = {
    "None": None,
    "an object": object(),
    "empty text": "",
    "words": "I do not know",
    "a null character": "\0",
    "bytes": b"\xff\x00",
    "unsolved": Unsolved("time limit"),
    "nested empty lists": [[[]]],
    "ragged lists": [[1, 2], [3]],
    "a dictionary": {},
    "a set": {1, 2},
    "a whole number of 400 digits": 10**399 + 7,
    "a numeral of 5000 digits": "9" * 5000,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "a complex number": 1 + 2j,
    "an array of no number": np.array([]),
    "an array of texts": np.array(["a", "b"]),
}
"""One answer each, and none a right answer of any problem."""

CLASSICAL_SAMPLE = 400
"""Instances per split and seed on which the classical solver is examined."""


def malformed_arrays(n: int) -> dict[str, NDArray[Any]]:
    """Whole arrays of `n` malformed answers."""
    return {
        "array of nan": np.full(n, np.nan),
        "matrix of nan": np.full((n, n), np.nan),
        "array of empty rows": np.zeros((n, 0)),
        "array of None": np.full(n, None, dtype=object),
        "array of texts": np.full(n, "no idea"),
        "array of complex numbers": np.full(n, 1 + 2j),
        "array of no time": np.full(n, "NaT", dtype="datetime64[s]"),
    }


def truth_comes_from_the_question(case: ProblemCase) -> None:
    """`truth` is the same when targets and labels are hidden or mean nothing."""
    for examples in case.draws():
        truth = np.asarray(case.problem.truth(examples))
        require(len(truth) == len(examples), f"{where(examples)}: {len(truth)} truths for {len(examples)} questions")
        for version, other in {"hidden": examples.questions_only(), "garbled": garbled(examples)}.items():
            found = np.asarray(case.problem.truth(other))
            require(
                found.dtype == truth.dtype and found.tobytes() == truth.tobytes(),
                f"{where(examples)}: the truth changes when targets are {version}",
            )


def targets_are_right_unless_flagged(case: ProblemCase) -> None:
    """Targets are the truth, but for those flagged by the label ``corrupted``, which are wrong.

    Where noise was added to targets, the label ``noiseless`` holds the truth, and the noise is zero on average.
    """
    for examples in case.draws(256):
        if examples.targets is None:
            continue
        if "noiseless" in examples.labels:
            require(
                is_right(case.problem, case.problem.score(examples, examples.labels["noiseless"])).all(),
                f"{where(examples)}: the label noiseless is not the truth",
            )
            noise = np.asarray(examples.targets - examples.labels["noiseless"], dtype=np.float64)
            spread = noise.std() / np.sqrt(len(noise))
            require(abs(noise.mean()) <= 5 * spread, f"{where(examples)}: the noise has mean {noise.mean():.3g}")
            continue
        corrupted = examples.labels.get("corrupted", np.zeros(len(examples), dtype=bool))
        right = is_right(case.problem, case.problem.score(examples, examples.targets))
        require(
            (right != corrupted).all(),
            f"{where(examples)}: {(right == corrupted).sum()} targets are wrong without a flag or flagged though right",
        )


def right_forms_are_accepted(case: ProblemCase) -> None:
    """Every form of the right answer is accepted, on every question."""
    quality = checker_quality(case.problem, n=64, seeds=case.seeds)
    refused = {form: share for form, share in quality.forms.items() if share > 0}
    require(quality.forms, "the problem names no form of the right answer")
    require(not refused, f"right answers are rejected: {refused}")


def near_misses_are_rejected(case: ProblemCase) -> None:
    """Every near miss is rejected, on every question."""
    quality = checker_quality(case.problem, n=64, seeds=case.seeds)
    passed = {mistake: share for mistake, share in quality.misses.items() if share > 0}
    require(quality.misses, "the problem names no near miss")
    require(not passed, f"near misses are accepted: {passed}")


def malformed_answers_are_wrong(case: ProblemCase) -> None:
    """Anything at all may be given as an answer: it is scored as wrong and raises nothing."""
    for split in case.problem.splits:
        examples = case.problem.sample(split, case.size(split, 5), case.seeds[0])
        answers: dict[str, Any] = {name: [answer] * len(examples) for name, answer in MALFORMED.items()}
        answers["all sorts"] = [list(MALFORMED.values())[i] for i in range(len(examples))]
        for name, given in {**answers, **malformed_arrays(len(examples))}.items():
            try:
                scores = case.problem.score(examples, given)
            except Exception as error:
                raise LawBroken(f"{where(examples)}: {name} raises {type(error).__name__}: {error}") from error
            _require_scores(case, examples, scores, name)
            wrong = scores == 0 if case.problem.scored_by == "accuracy" else scores > CLEARLY_WRONG
            require(wrong.all(), f"{where(examples)}: {name} is scored {scores.tolist()}")


def scores_are_one_per_question(case: ProblemCase) -> None:
    """`score` gives one number each, the same in any company, and refuses another number of answers than questions."""
    for examples in case.draws(16):
        truth = case.problem.truth(examples)
        # A mixture of right and wrong answers, so that a score in the wrong place shows.
        answers = [
            answer if index % 3 else None
            for index, answer in enumerate(np.asarray(truth).tolist() if len(examples) else [])
        ]
        scores = case.problem.score(examples, answers)
        _require_scores(case, examples, scores, "a list")
        for index in range(len(examples)):
            alone = case.problem.score(examples[index : index + 1], answers[index : index + 1])
            require(
                np.isclose(alone[0], scores[index], rtol=1e-9, atol=1e-12),
                f"{where(examples)}: answer {index} is scored {scores[index]} in company and {alone[0]} alone",
            )
        try:
            case.problem.score(examples, answers[:-1])
        except ValueError as error:
            require("\n" not in str(error), f"the message is not one line: {error}")
        else:
            raise LawBroken(f"{where(examples)}: {len(examples) - 1} answers for {len(examples)} questions are scored")


def canonical_form_is_of_the_question(case: ProblemCase) -> None:
    """One hashable each, whatever the targets and the company; questions of one wording have one canonical form."""
    worded: dict[tuple[int, str], Hashable] = {}
    for examples in case.draws(256):
        forms = list(case.problem.canonical(examples))
        require(len(forms) == len(examples), f"{where(examples)}: {len(forms)} forms for {len(examples)} questions")
        for version, other in {"hidden": examples.questions_only(), "garbled": garbled(examples)}.items():
            require(
                list(case.problem.canonical(other)) == forms,
                f"{where(examples)}: the canonical form changes when targets are {version}",
            )
        alone = [case.problem.canonical(examples[index : index + 1])[0] for index in range(len(examples))]
        require(alone == forms, f"{where(examples)}: the canonical form depends on the company")
        for text, form in zip(case.problem.text(examples), forms, strict=True):
            known = worded.setdefault((examples.seed, text), form)
            require(hash(known) == hash(form) and known == form, f"one wording, two canonical forms: {text!r}")


def text_is_of_the_question(case: ProblemCase) -> None:
    """One non-empty text each, whatever the targets and the company; different questions are worded differently."""
    for examples in case.draws():
        texts = case.problem.text(examples)
        require(len(texts) == len(examples), f"{where(examples)}: {len(texts)} texts for {len(examples)} questions")
        require(all(isinstance(text, str) and text.strip() for text in texts), f"{where(examples)}: an empty text")
        for version, other in {"hidden": examples.questions_only(), "garbled": garbled(examples)}.items():
            require(
                case.problem.text(other) == texts, f"{where(examples)}: the text changes when targets are {version}"
            )
        alone = [case.problem.text(examples[index : index + 1])[0] for index in range(len(examples))]
        require(alone == texts, f"{where(examples)}: the text depends on the company")
        questions = len(set(case.problem.canonical(examples)))
        require(len(set(texts)) >= questions, f"{where(examples)}: {questions} questions, {len(set(texts))} texts")


def classical_solver_is_as_good_as_stated(case: ProblemCase) -> None:
    """The classical solver reaches `classical_score` on every split, seeing the questions alone."""
    solver, bound = case.problem.classical(), case.problem.classical_score
    require(isinstance(solver, Solver), f"{solver!r} is no solver")
    for examples in case.draws(CLASSICAL_SAMPLE):
        answers = solver.solve(examples.questions_only())
        score = float(case.problem.score(examples, answers).mean())
        good = score >= bound if case.problem.scored_by == "accuracy" else score <= bound
        require(good, f"{where(examples)}: mean {case.problem.scored_by} {score:.4g}, stated {bound:g}")


def classical_solver_ignores_batch_and_order(case: ProblemCase) -> None:
    """The classical solver gives the same answers one by one, seven at a time, all at once and in another order."""
    solver = case.problem.classical()
    for examples in case.draws(50):
        found = same_answers(solver, examples)
        require(not found, f"{where(examples)}: {found}")


ANSWER_LAWS: tuple[Callable[[ProblemCase], None], ...] = (
    truth_comes_from_the_question,
    targets_are_right_unless_flagged,
    right_forms_are_accepted,
    near_misses_are_rejected,
    malformed_answers_are_wrong,
    scores_are_one_per_question,
    canonical_form_is_of_the_question,
    text_is_of_the_question,
    classical_solver_is_as_good_as_stated,
    classical_solver_ignores_batch_and_order,
)


def _require_scores(case: ProblemCase, examples: Examples, scores: Any, given: str) -> None:
    place = f"{where(examples)}, answers {given}"
    require(
        isinstance(scores, np.ndarray) and scores.shape == (len(examples),) and scores.dtype == np.float64,
        f"{place}: scores are no float64 array of shape ({len(examples)},) but {np.shape(scores)} {type(scores)}",
    )
    high = 1.0 if case.problem.scored_by == "accuracy" else np.inf
    require(((scores >= 0) & (scores <= high)).all(), f"{place}: scores outside [0, {high}]: {scores.tolist()}")
