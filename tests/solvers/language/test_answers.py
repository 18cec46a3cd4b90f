"""Reading final answers: right forms that must be read, and near misses that must not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import unseen as un
from unseen.contracts.solver import Unsolved
from unseen.formats.math_answers import read_math, same_math
from unseen.problems import PROBLEMS
from unseen.problems.whole_numbers import bits_of, whole_number, whole_numbers
from unseen.solvers.language.answers import final_answer

NUMBERS: Any = un.problem("number-arithmetic", representation="fraction")

RIGHT_21 = [
    "21",
    " 21\n",
    "21.",
    "+21",
    "021",
    "21.0",
    "**21**",
    "`21`",
    "$21$",
    "Answer: 21",
    "answer:21",
    "Answer = 21",
    "**Answer:** 21",
    "**Answer: 21**",
    "Final answer: 21",
    "ANSWER:\n21",
    "Answer:\n\n**21**",
    "The answer is 21.",
    "The answer is: 21",
    "The final answer is **21**!",
    "So the answer is $21$.",
    "The answer is \\(21\\).",
    "The answer is $\\boxed{21}$.",
    "\\boxed{21}",
    "\\boxed{\\text{21}}",
    "\\fbox{21}",
    "$$\\boxed{ 21 }$$",
    "First \\boxed{20}, no: \\boxed{21}",
    "The answer is 20. Wait. The answer is 21.",
    "\\boxed{20} was wrong. The answer is 21.",
    "The answer is 20? No: \\boxed{21}",
    "The answer is not 20. The answer is 21.",
    "Answer: 17 + 4 = 21",
    "Answer: x = 21",
    "Answer: 21 (mod 59)",
    "Answer: 21 \\pmod{59}",
    "\\boxed{21 \\pmod{59}}",
    "Answer: 21 modulo 59",
    "Answer: 21 apples",
    "The answer is 21, since 80 - 59 is 21.",
    "The answer is 21 because 80 leaves 21.",
    "The answer is 21. Check: 59 + 21 = 80.",
    "80 = 59 + 21, so it is 21",
    "80 modulo 59 is 21.",
    "17 + 4 = 21",
    "17 + 4 gives\n21",
    "It must be 21 modulo 59.",
    "<think>maybe 20, the answer is 20</think>21",
    "<think>the answer is 20</think>\nAnswer: 21",
    "the answer is 20</think>Answer: 21",
    "Answer: 21\n",
    "Answer: 21;",
    "Answer: (21)",
    "#### 21",
    "17 + 4 = 21\n#### 21",
    "<answer>21</answer>",
    "<answer> 21 </answer> I am sure.",
    "<think>20</think><answer>21</answer>",
    "The answer is 20. <answer>21</answer>",
    "\\boxed{20}\n#### 21",
    "<answer>20</answer> No. <answer>\n21\n</answer>",
    "<answer>\\boxed{21}</answer>",
    "Answer: 2.1 \\times 10^{1}",
    "Answer: 210 x 10^-1",
    "Answer: \\left(21\\right)",
]

NOT_21 = [
    "",
    "   ",
    "I do not know.",
    "Answer:",
    "The answer is",
    "Answer: twenty-one",
    "Answer: 21 or 22",
    "Answer: 21, 22",
    "The answer is 2 1.",
    "The answer is 22.",
    "21? No, the answer is 22.",
    "\\boxed{22}, not 21",
    "\\boxed{}",
    "\\boxed{21",
    "\\boxed{21, 22}",
    "Answer: 210",
    "Answer: 2100/100",
    "Answer: 21.5",
    "Answer: 21e2",
    "Answer: -21",
    "Answer: \N{MINUS SIGN}21",
    "Answer: 21/2",
    "Answer: a21",
    "Answer: 21a",
    "Answer: 1,21",
    "Answer: 2,1",
    "21.21",
    "21 22",
    "<think>21",
    "<think>The answer is 21.",
    "<think>The answer is 21.</think>",
    "<think>21</think> <think>22",
    "Answer: 21 < x < 30",
    "Answer: 21%",
    "21 %",
    "Answer: 2**1",
    "Answer: 21**2",
    "21 21",
    "#### 22",
    "21\n####",
    "<answer>22</answer>",
    "<answer>21 or 22</answer>",
    "<answer></answer> 21",
    "The answer is 21. <answer>22</answer>",
    "#### 21\nNo: \\boxed{22}",
    "Answer: 2\\frac{1}{1}",
    "Answer: \\frac{21}{2}",
    "Answer: 21 \\times 10^{1}",
    "Answer: 20 1/21",
]


@pytest.mark.parametrize("text", RIGHT_21)
def test_right_forms_of_a_whole_number(text: str) -> None:
    found = final_answer(text, whole_number)
    assert found is not None
    assert whole_number(found) == 21


@pytest.mark.parametrize("text", NOT_21)
def test_near_misses_of_a_whole_number(text: str) -> None:
    found = final_answer(text, whole_number)
    assert found is None or whole_number(found) != 21


@pytest.mark.parametrize(
    ("text", "read", "expected"),
    [
        ("Answer: -1,234,567", whole_number, -1234567),
        ("Answer: 1{,}234", whole_number, 1234),
        ("Answer: 1,234.00", whole_number, 1234),
        ("\\boxed{-\\frac{3}{4}}", NUMBERS.read, Fraction(-3, 4)),
        ("The answer is \\(\\dfrac{3}{4}\\).", NUMBERS.read, Fraction(3, 4)),
        ("Answer: 0.75", NUMBERS.read, Fraction(3, 4)),
        ("Answer: \\frac34", NUMBERS.read, Fraction(3, 4)),
        ("\\boxed{2\\frac{3}{4}}", NUMBERS.read, Fraction(11, 4)),
        ("Answer: -2 3/4", NUMBERS.read, Fraction(-11, 4)),
        ("\\boxed{1.5 \\times 10^{-2}}", NUMBERS.read, Fraction(3, 200)),
        ("\\boxed{\\{3, 4, 5\\}}", whole_numbers, [3, 4, 5]),
        ("Answer: $\\left[3, 4, 5\\right]$", whole_numbers, [3, 4, 5]),
        ("Answer: 3/4", NUMBERS.read, Fraction(3, 4)),
        ("Answer: 0 1 1 0", bits_of, [0, 1, 1, 0]),
        ("Answer: [0, 1, 1, 0]", bits_of, [0, 1, 1, 0]),
        ("The marks are\n0 1 1 0", bits_of, [0, 1, 1, 0]),
        ("Sorted: 3, 4, 5", whole_numbers, [3, 4, 5]),
        ("\\boxed{[3, 4, 5]}", whole_numbers, [3, 4, 5]),
    ],
)
def test_other_kinds_of_answers(text: str, read: Any, expected: Any) -> None:
    found = final_answer(text, read)
    assert found is not None
    assert read(found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Answer: 3 4 5", "3 4 5"),
        ("Answer: 7/9", "7/9"),
        ("Answer: yes", "yes"),
        ("The answer is (b).", "(b)"),
        ("[[1.5, 2], [3, 4]]", "[[1.5, 2], [3, 4]]"),
        ("no idea", None),
    ],
)
def test_problems_without_a_reading_function(text: str, expected: str | None) -> None:
    assert final_answer(text) == expected


FORMULAS = [
    ("x^2 + 1", "Expanding gives x^2 + 2.\nAnswer: $1 + x^2$", True),
    ("x^2 + 1", "\\boxed{f(x) = x^{2}+1}", True),
    ("x^2 + 1", "The answer is $\\boxed{x^2 - 1}$, not x^2 + 1", False),
    ("\\frac{\\sqrt{3}}{2}", "So the answer is $\\frac{\\sqrt{3}}{2}$.", True),
    ("\\frac{\\sqrt{3}}{2}", "<answer>sqrt(3)/2</answer>", True),
    ("\\frac{\\sqrt{3}}{2}", "<answer>0.8660254</answer>", False),
    ("x^{1/2}", "Answer: $x^\\frac{1}{2}$", True),
    ("3x/2", "Answer: $\\frac{3}{2}x$", True),
]


@pytest.mark.parametrize(("truth", "text", "right"), FORMULAS)
def test_formulas_within_a_reply(truth: str, text: str, right: bool) -> None:
    found = final_answer(text, read_math)
    assert same_math(found, truth, time_limit=0) is right


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    found = final_answer(text, whole_number)
    assert found is None or whole_number(found) is not None
    final_answer(text)


@given(st.integers(), st.sampled_from(["Answer: {}", "the answer is {}.", "\\boxed{{{}}}", "**Answer:** {}", "{}"]))
def test_every_number_is_read_back(number: int, form: str) -> None:
    before = "I thought of 5, then of 7/3. "
    text = form.format(number)
    for written in (text, *([before + text] if form != "{}" else [])):
        assert whole_number(final_answer(written, whole_number)) == number


@given(st.integers(min_value=0, max_value=10**12))
def test_thousands_are_read_back(number: int) -> None:
    assert whole_number(final_answer(f"Answer: {number:,}", whole_number)) == number


SENTENCES = ("Answer: {}", "{}", "I think.\n**Answer:** {}.", "\\boxed{{{}}}", "So the answer is ${}$.")


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_every_problems_right_forms_and_near_misses_within_a_reply(name: str) -> None:
    problem = un.problem(name)
    examples = problem.sample("iid" if "iid" in problem.splits else "train", 3, 3)
    read = getattr(problem, "read", None)

    def scored(answers: list[str], sentence: str) -> list[float]:
        found = [final_answer(sentence.format(answer), read) for answer in answers]
        unsolved = Unsolved("no answer")
        return list(problem.score(examples, [unsolved if text is None else text for text in found]))

    right = [form for form in problem.right_forms(examples).values() if all(isinstance(one, str) for one in form)]
    perfect = 1.0 if problem.scored_by == "accuracy" else 0.0
    for form in right:
        for sentence in SENTENCES:
            assert scored(form, sentence) == pytest.approx([perfect] * 3, abs=1e-6), (form, sentence)
    for miss, answers in problem.near_misses(examples, 0).items():
        # A reply may be a sentence and may give a unit, which are no near misses here.
        if miss not in ("a sentence", "a unit behind") and all(isinstance(one, str) for one in answers):
            for sentence in SENTENCES[:2]:
                assert perfect not in scored(answers, sentence), (miss, answers, sentence)


def test_long_replies_are_read_quickly() -> None:
    import time

    started = time.perf_counter()
    for text in ("{" * 200_000, "\\boxed{" * 20_000, "1," * 100_000, "answer is " * 20_000, "(" * 50_000 + "mod"):
        final_answer(text, whole_number)
        final_answer(text)
    assert time.perf_counter() - started < 20


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"mean": [1, 2]}', '{"mean": [1, 2]}'),
        ('First 3, then 4.\nThe answer is {"mean": [1.5], "of": {"x": 2}}.', '{"mean": [1.5], "of": {"x": 2}}'),
        ('\\boxed{{"mean": [1]}}', '{"mean": [1]}'),
        ("Answer: {3}", "3"),
        ('Answer: {"mean": 1} or {"mean": 2}', None),
    ],
)
def test_an_object_is_taken_whole(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer
