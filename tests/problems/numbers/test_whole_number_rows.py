from __future__ import annotations

import ast
import math
import re

import numpy as np
import pytest

import unseen as un
from unseen.problems.numbers.chain_product import ChainProduct
from unseen.problems.numbers.chain_sum import ChainSum
from unseen.problems.numbers.common_divisor import GreatestCommonDivisor
from unseen.problems.numbers.linear_equation import LETTERS, LinearEquation
from unseen.problems.numbers.whole_number_rows import digit_counts

WORDS = {"plus": "+", "minus": "-", "times": "*"}


def asked(problem, n=200, seed=50):
    """Every split with its questions."""
    for split in problem.splits:
        examples = problem.sample(split, n, seed)
        yield split, examples, problem.text(examples)


def by_python(expression):
    """The value by Python's own parser."""
    for word, sign in WORDS.items():
        expression = expression.replace(word, sign)
    allowed = (ast.Expression, ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
    tree = ast.parse(expression, mode="eval")
    assert all(isinstance(node, allowed) for node in ast.walk(tree))
    return eval(compile(tree, "question", "eval"), {})


@pytest.mark.parametrize("problem", [ChainSum(), ChainSum(terms=20, digits=7), ChainProduct(), ChainProduct(3, 4)])
def test_sums_and_products_as_they_are_asked_are_what_python_makes_of_the_text(problem):
    for _, examples, texts in asked(problem):
        expressions = [re.fullmatch(r"What is (.*)\?", text)[1] for text in texts]
        assert [by_python(expression) for expression in expressions] == examples.targets.tolist()


def test_chains_have_the_terms_digits_and_signs_of_their_split():
    problem = ChainSum(terms=5, digits=3)
    for split, examples, texts in asked(problem, 500):
        numbers = [re.findall(r"\d+", text) for text in texts]
        assert [len(row) - 1 for row in numbers] == examples.labels["steps"].tolist()
        assert all({len(n) for n in row} == {d} for row, d in zip(numbers, examples.labels["digits"], strict=True))
        lengths = {len(row) for row in numbers}
        fewest, most = {"longer:terms": (6, 10), "composed:subtractions": (3, 5)}.get(split, (2, 5))
        assert lengths == set(range(fewest, most + 1))
        assert set(examples.labels["digits"]) == ({4, 5, 6} if split == "longer:digits" else {1, 2, 3})
        signs = [re.sub(r"[^-+]", "", text.replace("plus", "+").replace("minus", "-")) for text in texts]
        assert {"--" in row for row in signs} == {split == "composed:subtractions"}
        assert ("plus" in "".join(texts)) == (split == "perturbed:words")


def test_products_of_digits_are_counted():
    examples = ChainProduct(3, 4).sample("iid", 300, seed=51)
    for factors, steps in zip(examples.inputs["factors"].tolist(), examples.labels["steps"], strict=True):
        count, product = 0, factors[0]
        for factor in [factor for factor in factors[1:] if factor]:
            count += len(str(product)) * len(str(factor))
            product *= factor
        assert count == steps


def test_negative_factors_are_in_their_split_alone():
    for split, examples, _ in asked(ChainProduct()):
        assert ((examples.inputs["factors"] < 0).any(axis=1) == (split == "shifted:negative")).all()


@pytest.mark.parametrize("problem", [GreatestCommonDivisor(), GreatestCommonDivisor(largest=10**7, count=4)])
def test_common_divisors_are_those_of_the_numbers_named(problem):
    for split, examples, texts in asked(problem):
        numbers = [[int(n) for n in re.findall(r"\d+", text)] for text in texts]
        assert [math.gcd(*row) for row in numbers] == examples.targets.tolist()
        assert [len(row) for row in numbers] == examples.labels["numbers"].tolist()
        for row, steps in zip(numbers, examples.labels["steps"], strict=True):
            count, found = 0, row[0]
            for number in row[1:]:
                a, b = max(found, number), min(found, number)
                while b:
                    a, b, count = b, a % b, count + 1
                found = a
            assert count == steps
        low = problem.largest + 1 if split == "longer:digits" else 1
        assert min(map(min, numbers)) >= low
        assert (split == "longer:numbers") == (max(map(len, numbers)) > problem.count)
        assert ("factor" in texts[0]) == (split == "perturbed:words")


def test_numbers_with_a_common_divisor_are_as_frequent_as_after_three_tries():
    targets = GreatestCommonDivisor().sample("iid", 20_000, seed=52).targets
    # Two random numbers have none with probability 6 / pi^2.
    assert abs((targets == 1).mean() - (6 / math.pi**2) ** 3) < 0.02


def test_equations_hold_at_the_solution_and_nowhere_else():
    for split, examples, texts in asked(LinearEquation()):
        for text, target in zip(texts, examples.targets.tolist(), strict=True):
            letter, left, right = re.fullmatch(r"Solve for (\w): (.*) = (.*)", text).groups()
            assert (letter in LETTERS[1]) == (split == "perturbed:letters")
            sides = [
                [by_python(side.replace(letter, f"({x})")) for side in (left, right)] for x in (target, target + 1)
            ]
            assert sides[0][0] == sides[0][1]
            assert sides[1][0] != sides[1][1]
            assert (letter in right) == (split == "composed:both-sides")
            assert (target < 0) == (split == "shifted:negative")
        assert set(examples.labels["steps"].tolist()) == {3 if split == "composed:both-sides" else 2}


def test_a_right_side_without_summand_is_written_so():
    problem = LinearEquation()
    examples = problem.sample("composed:both-sides", 1, seed=1)
    row = np.array([[3, -6, 1, 0]])
    rebuilt = type(examples)({"equation": row, "letter": np.array([0])}, None, problem=problem.name)
    assert problem.text(rebuilt) == ["Solve for a: 3*a - 6 = 1*a"]
    assert problem.truth(rebuilt).tolist() == [3]


def test_shares_of_training_follow_the_statement():
    problem = ChainProduct()
    assert len({str(row) for row in np.sort(problem.sample("train", 3000).inputs["factors"])[:, -2:]}) > 2000
    assert digit_counts(np.array([0, 9, 10, -100, 10**18])).tolist() == [1, 1, 2, 3, 19]


@pytest.mark.parametrize("text", ["", " ", "the sum is 5", "5 5", "5,", "--5", "5 apples", None, [], {}])
def test_stray_text_and_empty_answers_score_0(text):
    for name in ("chain-sum", "chain-product", "greatest-common-divisor", "linear-equation"):
        problem = un.problem(name)
        assert problem.score(problem.sample("iid", 3), [text] * 3).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("make", "options", "named"),
    [
        (ChainSum, {"terms": 2}, "terms"),
        (ChainSum, {"digits": 8}, "8"),
        (ChainProduct, {"factors": 4, "digits": 5}, "18 digits"),
        (ChainProduct, {"factors": True}, "True"),
        (GreatestCommonDivisor, {"largest": 10}, "largest"),
        (LinearEquation, {"largest": "9"}, "'9'"),
    ],
)
def test_parameters_out_of_range_are_named(make, options, named):
    with pytest.raises(ValueError, match=named):
        make(**options)
