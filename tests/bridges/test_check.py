"""Questions that travel as text are scored as at home."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import unseen as un
from unseen.bridges.check import CheckError, pack, score_answers, score_replies, unpack
from unseen.bridges.rewards import correct
from unseen.bridges.rows import answer_texts, split_rows
from unseen.problems import PROBLEMS


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_problem_travels(name: str) -> None:
    problem = un.problem(name)
    for split, about in problem.splits.items():
        examples = problem.sample(split, 2 if about.size is None else min(2, about.size), 5)
        lines = json.loads(json.dumps(pack(examples, {})))
        assert [unpack(line)[1].inputs.keys() for line in lines] == [examples.inputs.keys()] * len(lines)
        canonical = [problem.canonical(unpack(line)[1])[0] for line in lines]
        assert canonical == list(problem.canonical(examples))
        assert np.allclose(score_answers(lines, answer_texts(problem, examples)), 1)
        for answers in problem.near_misses(examples, 0).values():
            at_home = problem.score(examples, answers)
            away = 1 / (1 + at_home) if problem.scored_by == "error" else at_home
            assert np.allclose(score_answers(lines, list(answers)), away)


def test_the_reward_survives_pickling_and_reads_replies() -> None:
    _, rows = next(split_rows("linear-equation", splits=["iid"], n=3, seed=7))
    reward = pickle.loads(pickle.dumps(correct))
    checks = [row["check"] for row in rows]
    right = [[{"role": "assistant", "content": f"<think>0</think>The answer is {row['answer']}."}] for row in rows]
    assert reward(completions=right, check=checks, prompts=None, anything=1) == [1.0] * 3
    assert reward(["no idea", "", None], checks) == [0.0] * 3
    assert score_replies(checks, [f"Answer: {row['answer']}1" for row in rows]).tolist() == [0.0] * 3


def test_parameters_travel() -> None:
    _, rows = next(split_rows("modular-addition", splits=["iid"], n=5, parameters={"modulus": 11}))
    assert unpack(rows[0]["check"])[0] == un.problem("modular-addition", modulus=11)


@pytest.mark.parametrize(
    "line",
    [
        *("", "{}", "[1]", "null", '{"problem": "chain-sum"}', '{"problem": 3, "parameters": {}, "inputs": {}}'),
        '{"problem": "chain-sum", "parameters": {}, "split": "iid", "seed": 0, "inputs": {}}',
        '{"problem": "chain-sum", "parameters": {"x": 1}, "split": "iid", "seed": 0, "inputs": {}}',
        '{"problem": "none-such", "parameters": {}, "split": "iid", "seed": 0, "inputs": {}}',
        '{"problem": "chain-sum", "parameters": {}, "split": "iid", "seed": 0, "inputs": {"terms": ["|O", [1]]}, "a":}',
    ],
)
def test_what_is_no_question_is_refused_in_one_line(line: str) -> None:
    with pytest.raises(CheckError) as refusal:
        score_answers([line], ["1"])
    assert "\n" not in str(refusal.value)
