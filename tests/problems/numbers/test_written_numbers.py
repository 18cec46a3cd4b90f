from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from unseen.formats.number_forms import FORMS, OTHER_DIGITS, NumberForm
from unseen.problems.numbers.number_arithmetic import SIGNS, WHOLE_ONLY, NumberArithmetic
from unseen.problems.numbers.number_comparison import NumberComparison
from unseen.problems.numbers.number_conversion import TARGETS, NumberConversion
from unseen.problems.numbers.number_digits import BY_PLACE, QUESTIONS, NumberDigits

ARITHMETIC = [
    NumberArithmetic(form, operation, digits)
    for form in FORMS
    for operation in SIGNS
    for digits in ((9,) if form == "fraction" else (4, 30))
    if form == "integer" or operation not in WHOLE_ONLY
]
COMPARISON = [
    NumberComparison(form, wanted, 4 + 5 * (form != "decimal")) for form in FORMS for wanted in ("larger", "smaller")
]
DIGITS = [
    NumberDigits(form, task, digits) for form in ("integer", "decimal") for task in QUESTIONS for digits in (4, 25)
]
CONVERSION = [NumberConversion(form, target) for form in TARGETS for target in TARGETS[form]]

ASCII = str.maketrans(OTHER_DIGITS, "0123456789", ",")


def plain(text):
    """A number as Python reads it: by `Fraction`'s own parser, with no help of ours."""
    return Fraction(text.translate(ASCII))


def compute(operation, a, b):
    if operation == "floor-divide":
        return Fraction(math.floor(a / b))
    if operation == "remainder":
        return a - b * math.floor(a / b)
    return {"add": a + b, "subtract": a - b, "multiply": a * b, "divide": a / b}[operation]


@pytest.mark.parametrize("problem", ARITHMETIC, ids=str)
def test_both_ways_of_computing_agree_with_python_s_fractions(problem):
    for split in problem.splits:
        examples = problem.sample(split, 60, seed=50)
        pairs = zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        expected = [compute(problem.operation, plain(a), plain(b)) for a, b in pairs]
        assert [Fraction(t) for t in examples.targets.tolist()] == expected
        # Targets come from rows of digits, the truth from the written question; both are written alike.
        assert problem.truth(examples).tolist() == examples.targets.tolist()
        if split != "shifted:negative":
            assert all(value >= 0 for value in expected)


def test_sums_of_sixty_digits_are_exact():
    problem = NumberArithmetic("integer", "multiply", digits=50)
    examples = problem.sample("longer:digits", 50, seed=51)
    left, right = ([int(text) for text in examples.inputs[name]] for name in ("left", "right"))
    assert [int(text) for text in examples.targets] == [a * b for a, b in zip(left, right, strict=True)]
    assert max(map(len, examples.targets.tolist())) > 150
    assert problem.score(examples, [a * b + 1 for a, b in zip(left, right, strict=True)]).max() == 0


@pytest.mark.parametrize("form", FORMS)
def test_lengths_and_digits_are_those_that_are_written(form):
    problem = NumberArithmetic(form, "add", digits=5)
    for split, (low, high) in {"iid": (1, 5), "longer:digits": (6, 10)}.items():
        examples = problem.sample(split, 400, seed=52)
        seen = []
        for row in zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True):
            mantissas = [part for text in row for part in text.partition("e")[0].split("/")]
            if form == "scientific":
                mantissas = [re.sub(r"\.0$", "", part) for part in mantissas]
            digits = [re.sub(r"^0+", "", part.replace(".", "")) for part in mantissas]
            seen.append(max(map(len, digits)))
        assert seen == examples.labels["digits"].tolist()
        assert set(seen) == set(range(low, high + 1))


def test_carries_and_steps_of_sums_and_products():
    examples = NumberArithmetic("integer", "add", digits=6).sample("iid", 200, seed=53)
    numbers = (examples.inputs[name].tolist() for name in ("left", "right"))
    for a, b, carries, steps in zip(*numbers, examples.labels["carries"], examples.labels["steps"], strict=True):
        digit_sums = sum(map(int, a)) + sum(map(int, b)) - sum(map(int, str(int(a) + int(b))))
        assert carries == digit_sums // 9
        assert steps == max(len(a), len(b))
    examples = NumberArithmetic("decimal", "multiply", digits=6).sample("iid", 50, seed=53)
    counted = [
        len(a.replace(".", "").lstrip("0")) * len(b.replace(".", "").lstrip("0"))
        for a, b in zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
    ]
    assert examples.labels["steps"].tolist() == counted


def test_perturbed_splits_show_the_writing_that_they_name():
    problem = NumberArithmetic("integer", "subtract", digits=7)
    questions = {split: problem.text(problem.sample(split, 100, seed=54)) for split in problem.splits}
    assert all(re.fullmatch(r"What is [0-9]+ - [0-9]+\?", text) for text in questions["iid"])
    assert all(re.fullmatch(r"What is 00[0-9]+ - 00[0-9]+\?", text) for text in questions["perturbed:zeros"])
    assert all("," in text for text in questions["perturbed:separators"])
    assert all(re.search(f"[{OTHER_DIGITS}]", text) for text in questions["perturbed:alphabet"])
    assert all(" minus " in text for text in questions["perturbed:words"])
    assert all("-" in re.sub(r" - ", "", text) for text in questions["shifted:negative"])


@pytest.mark.parametrize("problem", COMPARISON, ids=str)
def test_comparisons_are_those_of_fractions(problem):
    choose = max if problem.wanted == "larger" else min
    for split in problem.splits:
        examples = problem.sample(split, 100, seed=55)
        pairs = [
            (plain(a), plain(b))
            for a, b in zip(examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), strict=True)
        ]
        assert all(a != b for a, b in pairs)
        assert [Fraction(t) for t in examples.targets.tolist()] == [choose(pair) for pair in pairs]
        if "steps" in examples.labels and split != "shifted:negative":
            assert ((examples.labels["steps"] > problem.digits // 2) == (split == "longer:steps")).all()


def test_places_compared_are_counted_from_the_first_of_the_larger():
    problem = NumberComparison("integer", digits=8)
    examples = problem.sample("longer:steps", 200, seed=56)
    rows = zip(*(examples.inputs[name].tolist() for name in ("left", "right")), examples.labels["steps"], strict=True)
    for a, b, steps in rows:
        width = max(len(a), len(b))
        shared = [x == y for x, y in zip(a.zfill(width), b.zfill(width), strict=True)]
        assert steps == shared.index(False) + 1
    assert set(examples.labels["steps"].tolist()) == {5, 6, 7, 8}


def by_hand(task, number, right):
    """The answer to a digit question, from the characters of plain texts."""
    digits = number.replace(".", "")
    if task == "digit":
        return digits[int(right) - 1]
    if task == "count":
        return str(digits.count(right))
    return str(sum(map(int, digits)) if task == "sum" else len(digits))


def holds_place_by_place(task, numbers, made):
    scale = 10 ** max(len(text.partition(".")[2]) for text in numbers)
    a, b, c = (str(int(Fraction(text) * scale))[::-1].ljust(120, "0") for text in (*numbers, made))
    rule = max if task == "larger-digits" else lambda x, y: (x + y) % 10
    return all(int(z) == rule(int(x), int(y)) for x, y, z in zip(a, b, c, strict=True))


@pytest.mark.parametrize("problem", DIGITS, ids=str)
def test_digit_questions_are_answered_from_the_text(problem):
    for split in problem.splits:
        examples = problem.sample(split, 80, seed=57)
        columns = (examples.inputs["left"].tolist(), examples.inputs["right"].tolist(), examples.targets.tolist())
        for left, right, target in zip(*columns, strict=True):
            number = left.translate(ASCII)
            if problem.task in BY_PLACE:
                assert holds_place_by_place(problem.task, (number, right.translate(ASCII)), target)
                continue
            assert target == by_hand(problem.task, number, right)
            digits = number.replace(".", "").lstrip("0")
            assert (len(digits) >= 4 and len(set(digits)) <= 2) == (split == "shifted:repeated")


@pytest.mark.parametrize("problem", CONVERSION, ids=str)
def test_conversions_keep_the_value_and_change_the_form(problem):
    for split in problem.splits:
        examples = problem.sample(split, 80, seed=58)
        questions, answers = examples.inputs["left"].tolist(), examples.targets.tolist()
        assert [plain(text) for text in questions] == [Fraction(text) for text in answers]
        assert problem.score(examples, answers).min() == 1
        assert problem.score(examples, questions).max() == 0
        # The value alone, or the form alone, is not enough.
        assert problem.score(examples, [plain(text) for text in questions]).max() == 0
        wrong = [NumberForm(problem.target).write(Fraction(text) * 10) for text in answers]
        assert problem.score(examples, wrong).max() == 0


def test_points_of_scientific_notation_and_lowest_terms():
    problem = NumberConversion("decimal", "scientific")
    asked = problem.sample("iid", 1)
    one = type(asked)({"left": np.array(["48.2"]), "right": np.array([""])}, None, problem=problem.name)
    accepted = ["4.82e1", "4.82E+1", "4.820 x 10^1", "+4.82*10^1", "4.82e01"]
    rejected = ["48.2", "48.2e0", "0.482e2", "4.82", "4.82e2", "4.82e1 m", "", None, 48.2, "482/10"]
    assert [problem.score(one, [answer])[0] for answer in accepted] == [1.0] * len(accepted)
    assert [problem.score(one, [answer])[0] for answer in rejected] == [0.0] * len(rejected)
    problem = NumberConversion("decimal", "fraction")
    accepted, rejected = ["241/5", "241 / 5", "+241/5"], ["482/10", "48 1/5", "48.2", "241/-5", "-241/5", "241"]
    assert [problem.score(one, [answer])[0] for answer in accepted] == [1.0] * len(accepted)
    assert [problem.score(one, [answer])[0] for answer in rejected] == [0.0] * len(rejected)


def test_any_notation_of_the_value_is_right_and_stray_text_is_not():
    problem = NumberComparison("decimal")
    one = type(problem.sample("iid", 1))({"left": np.array(["9.11"]), "right": np.array(["9.8"])}, None)
    accepted = ["9.8", "9.80", "98/10", "9.8e0", "009.8", 9.8, Decimal("9.80"), (49, 5), Fraction(49, 5), " +9.8\n"]
    rejected = [
        "9.11",
        "9,8",
        "9.8.",
        "9.8 > 9.11",
        "The answer is 9.8",
        "",
        " ",
        "9.8%",
        None,
        [],
        {},
        9.800001,
        Decimal("nan"),
        Decimal("1e999999"),
        "98",
        "-9.8",
    ]
    assert [problem.score(one, [answer])[0] for answer in accepted] == [1.0] * len(accepted)
    assert [problem.score(one, [answer])[0] for answer in rejected] == [0.0] * len(rejected)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: NumberArithmetic("roman"), "roman"),
        (lambda: NumberArithmetic("decimal", "remainder"), "remainder is for integers"),
        (lambda: NumberArithmetic(operation="power"), "power"),
        (lambda: NumberArithmetic("fraction", digits=10), "10"),
        (lambda: NumberArithmetic(digits=True), "True"),
        (lambda: NumberComparison(wanted="closer"), "closer"),
        (lambda: NumberDigits("fraction"), "fraction"),
        (lambda: NumberDigits(task="reverse"), "reverse"),
        (lambda: NumberDigits(digits=3), "3"),
        (lambda: NumberConversion("fraction"), "fraction"),
        (lambda: NumberConversion("integer", "fraction"), "fraction"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(make, named):
    with pytest.raises(ValueError, match=named):
        make()
