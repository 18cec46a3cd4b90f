from __future__ import annotations

import ast
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from unseen.problems.numbers.exact_answers import as_decimal, exact_fraction
from unseen.problems.numbers.expressions import (
    MOST_DIGITS,
    OTHER_SIGNS,
    Expression,
    ExpressionSource,
    combined,
    parsed,
    token_count,
)
from unseen.problems.numbers.random_calculation import RandomCalculation

OPERATIONS = {
    ast.Add: Fraction.__add__,
    ast.Sub: Fraction.__sub__,
    ast.Mult: Fraction.__mul__,
    ast.Div: Fraction.__truediv__,
}


def by_python(text):
    """The value by Python's own grammar, numbers being exact fractions."""
    text = text.replace("[", "(").replace("]", ")")
    for sign, other in OTHER_SIGNS.items():
        text = text.replace(other, sign)

    def value(node):
        if isinstance(node, ast.Constant):
            return Fraction(node.value)
        if isinstance(node.op, ast.Pow):
            return value(node.left) ** node.right.value
        return OPERATIONS[type(node.op)](value(node.left), value(node.right))

    return value(ast.parse(text.replace("^", "**"), mode="eval").body)


@pytest.mark.parametrize("split", list(RandomCalculation().splits))
def test_answers_are_those_of_python_s_grammar_and_fractions(split):
    examples = RandomCalculation(steps=6).sample(split, 150, seed=4)
    for text, target in zip(examples.inputs["expression"], examples.targets, strict=True):
        assert by_python(text) == Fraction(str(target))


def test_labels_count_operations_nesting_and_tokens():
    examples = RandomCalculation(steps=10).sample("longer:steps", 64, seed=1)
    for row, text in enumerate(examples.inputs["expression"]):
        signs = sum(text.count(f" {sign} ") for sign in "+-*/")
        inside = deepest = 0
        for place, character in enumerate(text):
            inside += (character == "(") - (character == ")")
            if text[place : place + 3] in (" + ", " - ", " * ", " / "):
                deepest = max(deepest, inside + 1)
        assert (examples.labels["steps"][row], examples.labels["depth"][row]) == (signs, deepest)
    assert token_count("(37 + (1/2)) \N{MULTIPLICATION SIGN} 5^2") == 13
    assert set(range(11, 21)) == set(examples.labels["steps"].tolist())


def test_pairs_of_operations_occur_where_they_are_said_to_and_nowhere_else():
    problem = RandomCalculation(steps=4, untrained_pairs=("*-", "++"))
    for split in problem.splits:
        found = [set(parsed(text).pairs()) for text in problem.sample(split, 200, seed=3).inputs["expression"]]
        assert {not {"*-", "++"}.isdisjoint(pairs) for pairs in found} == {split == "composed:operations"}
        assert {"-*", "+-"} <= set.union(*found)
    assert set(parsed("((1 - 2) * (3 + 4)) / 5").pairs()) == {"/*", "*-", "*+"}
    assert "composed:operations" not in RandomCalculation(steps=1).splits
    assert "composed:operations" not in RandomCalculation(operations="+-").splits


def test_perturbed_writing_is_the_same_expression():
    problem = RandomCalculation()
    shapes = {"perturbed:layout": ("[", "]", "  "), "perturbed:signs": ("\N{DIVISION SIGN}",)}
    for split, marks in shapes.items():
        texts = problem.sample(split, 100, seed=3).inputs["expression"].tolist()
        for mark in marks:
            assert any(mark in text for text in texts)
            assert not any(mark in text for text in problem.sample("iid", 100, seed=3).inputs["expression"])
    plain = parsed("(1 + (2/3)) * 4")
    assert plain == parsed("[1 + (2/3)] * 4") == parsed("(1  +  (2/3))  *  4")
    assert plain.written(brackets="[]", blanks="  ") == "[1  +  (2/3)]  *  4"


def test_steps_are_divided_evenly_and_kinds_of_number_are_as_frequent():
    source = ExpressionSource(np.random.default_rng(5))
    left = [source.draw(4).parts[0].steps for _ in range(2000)]
    assert stats.chisquare(np.bincount(left, minlength=4)).pvalue > 1e-4
    atoms = [source.draw(0).text for _ in range(4000)]
    kinds = [("/" in a) + 2 * a.endswith("^2") + 3 * a.endswith("^3") for a in atoms]
    assert stats.chisquare(np.bincount(kinds)).pvalue > 1e-4
    assert {int(a) for a in atoms if a.isdigit()} == set(range(101))


def test_division_by_zero_and_huge_values_are_not_made():
    zero, one = parsed("0"), parsed("1")
    assert combined("/", one, zero) is None
    large = Expression("x", Fraction(10 ** (MOST_DIGITS // 2)))
    assert combined("*", large, large) is None
    assert combined("/", one, Expression("x", Fraction(10 ** (MOST_DIGITS - 1)))) is not None
    only_division = RandomCalculation(steps=3, operations="/").sample("train", 200, seed=2)
    assert all(" / " in text for text in only_division.inputs["expression"])


def test_order_of_summands_and_factors_does_not_matter_and_that_of_others_does():
    assert parsed("(2 * 3) + 7^2").canonical() == parsed("7^2 + (3 * 2)").canonical()
    assert parsed("2 - 3").canonical() != parsed("3 - 2").canonical()
    assert parsed("2 ÷ 3").canonical() == parsed("2 / 3").canonical() != parsed("3 / 2").canonical()
    # A fraction is a number and not an operation.
    assert parsed("(2/3) + 1").canonical() != parsed("(2 / 3) + 1").canonical()


@given(st.integers(0, 2**32), st.integers(0, 8), st.booleans())
def test_what_is_written_is_read_back(seed, steps, printed):
    expression = ExpressionSource(np.random.default_rng(seed), largest=20).draw(steps)
    again = parsed(expression.written(OTHER_SIGNS if printed else None))
    assert (again.value, again.canonical(), again.steps) == (expression.value, expression.canonical(), steps)


@pytest.mark.parametrize(
    "text", ["", "1 +", "1+1", "(1 + 2", "1 + 2)", "1 + 2 + 3", "(1/0)", "1 / 0", ")", "2 ^ 3", "x"]
)
def test_what_is_no_expression_is_refused_by_name(text):
    with pytest.raises(ValueError, match=r"expression|missing|closed|left over|divides"):
        parsed(text)


@given(st.fractions(max_denominator=10**6))
def test_exact_decimals_are_exact_and_every_form_is_read(value):
    decimal = as_decimal(value)
    if decimal is None:
        assert Fraction(float(value)) != value
    else:
        assert Fraction(decimal) == value
        assert exact_fraction(decimal) == value
    for form in (value, str(value), f"+{value}" if value >= 0 else str(value), (value.numerator, value.denominator)):
        assert exact_fraction(form) == value


def test_a_rounded_float_is_not_a_third_and_a_tenth_is():
    assert exact_fraction(1 / 3) != Fraction(1, 3)
    assert exact_fraction(0.1) == exact_fraction(np.float32(0.5)) / 5 == Fraction(1, 10)
    wrong = ["1/0", "1/2/3", "0x10", "½", "1e3", (1, 0), (1, 2, 3), ("1", "2"), np.array([[1, 2]]), True, b"12", None]
    assert [exact_fraction(answer) for answer in wrong] == [None] * len(wrong)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"steps": 0}, "steps"),
        ({"steps": 11}, "11"),
        ({"largest": 5}, "largest"),
        ({"atoms": ()}, "atoms"),
        ({"atoms": ("root",)}, "root"),
        ({"operations": "+%"}, "%"),
        ({"operations": "++"}, "operations"),
        ({"untrained_pairs": ("*",)}, "untrained_pairs"),
        ({"operations": "-", "untrained_pairs": ("--",)}, "on its own result"),
    ],
)
def test_parameters_out_of_range_are_named(options, named):
    with pytest.raises(ValueError, match=named):
        RandomCalculation(**options)
