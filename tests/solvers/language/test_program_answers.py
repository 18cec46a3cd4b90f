"""Programs as answers: what they return is read, and nothing they do decides the score."""

from __future__ import annotations

import pytest

from unseen.contracts.solver import Unsolved
from unseen.solvers.language.program_answers import program_answers, score_program
from unseen.solvers.language.sandbox import Limits, confinement

pytestmark = pytest.mark.skipif(confinement().mode is None, reason="nothing confines programs here")

VALUES = [0, -7, 10**40, True, None, 1.5, "ü\n'\"", [1, [2]], (3,), {4}, {"a": [5]}, b"\x00", "", float("inf")]


def test_values_come_back_with_their_types():
    found = program_answers("def solve(x): return x", [(value,) for value in VALUES])
    assert [(type(answer), answer) for answer in found.answers[:-1]] == [(type(v), v) for v in VALUES[:-1]]


def test_questions_are_independent_of_failures_before_them():
    source = "def solve(n):\n  if n == 1: raise KeyError('one')\n  if n == 2: return object()\n  return n"
    answers = program_answers(source, [(0,), (1,), (2,), (3,)]).answers
    assert answers == (0, Unsolved("KeyError: 'one'"), Unsolved("the answer is no plain value"), 3)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("def solve(n):\n  while n: pass\n  return n", "time limit"),
        ("def solve(n):\n  import os\n  if n: os._exit(0)\n  return n", "no answer"),
        ("def solve(n):\n  import ctypes\n  return ctypes.string_at(0) if n else n", "crashed"),
        ("def solve(n):\n  x = []\n  while n: x.append(bytearray(10 ** 7))\n  return n", "MemoryError"),
        ("def solve(n): return 'x' * (n * 10 ** 6)", "output limit"),
    ],
)
def test_answers_before_a_program_is_stopped_count(source, why):
    answers = program_answers(source, [(0,), (1,)], limits=Limits(wall_seconds=1, cpu_seconds=1)).answers
    assert answers[0] in (0, "")
    assert isinstance(answers[1], Unsolved)
    assert why in answers[1].why


def test_a_program_that_is_none():
    answers = program_answers("def solve(n) return n", [(1,), (2,)]).answers
    assert all(isinstance(answer, Unsolved) and "SyntaxError" in answer.why for answer in answers)
    (missing,) = program_answers("def other(n): return n", [(1,)]).answers
    assert missing == Unsolved("KeyError: 'solve'")


def test_printing_does_not_answer():
    source = "print('0 answer 42')\ndef solve(n):\n  print('1 answer 42')\n  return n"
    assert program_answers(source, [(5,), (6,)]).answers == (5, 6)


def test_scores_are_decided_outside():
    source = "class Always(int):\n  def __eq__(self, other): return True\ndef solve(n): return Always(n)"
    assert score_program(source, [(1,), (2,)], lambda index, answer: answer == 1) == [True, False]
    assert score_program("def solve(n): return n", [(1,)], lambda index, answer: 1 / 0) == [False]
    assert score_program("def f(n): return n", [(1,)], lambda index, answer: answer, function="f") == [False]


def test_misuse():
    with pytest.raises(ValueError, match="plain values, not object"):
        program_answers("", [(object(),)])
    with pytest.raises(ValueError, match="Python name"):
        program_answers("", [], function="a b")
