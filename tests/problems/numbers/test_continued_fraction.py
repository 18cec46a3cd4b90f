import mpmath
import numpy as np
import pytest

from unseen.problems.numbers.continued_fraction import ContinuedFractionLimit

KNOWN = {
    "4 / pi": ((2, 1, 1, 0, 0), lambda: 4 / mpmath.pi),
    "1 / (e - 2)": ((1, 1, 0, 1, 0), lambda: 1 / (mpmath.e - 2)),
    "1 / arctan(1/2)": ((4, 2, 1, 0, 0), lambda: 1 / mpmath.atan(mpmath.mpf(1) / 2)),
    "coth 1": ((2, 1, 0, 0, 1), lambda: mpmath.coth(1)),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("digits", [3, 6, 12])
def test_known_constants(name, digits):
    terms, value = KNOWN[name]
    row = [*terms, digits, 0]
    with mpmath.workdps(40):
        expected = int(mpmath.floor(value() * 10**digits))
    problem = ContinuedFractionLimit()
    assert problem.reckoned(row) == expected == problem.solved(np.array([row]))[0]


@pytest.mark.parametrize("split", ["longer:digits", "transformed:quadratic"])
def test_answers_are_those_of_a_long_evaluation(split):
    examples = ContinuedFractionLimit().sample(split, 60, seed=3)
    with mpmath.workdps(40):
        for (u, v, w, x, y), places, target in zip(
            examples.inputs["terms"].tolist(), examples.inputs["digits"].tolist(), examples.targets, strict=True
        ):
            value = mpmath.mpf(u * 300 + v)
            for n in range(300, 0, -1):
                value = u * (n - 1) + v + (w * n * n + x * n + y) / value
            assert int(mpmath.floor(value * 10**places)) == target


def test_fractions_with_a_short_decimal_limit_are_left_out():
    # a(n) = n + 2, b(n) = n + 3 has the limit 3: both sides of 3 = 2 + 4 / (3 + 5 / (4 + ...)).
    rows = np.array([[1, 2, 0, 1, 3, 6, 0]])
    problem = ContinuedFractionLimit()
    assert problem.reckoned(rows[0].tolist()) == 3_000_000
    drawn = problem.sample("train", 4000, seed=0).inputs["terms"].tolist()
    assert [1, 2, 0, 1, 3] not in drawn


def test_text_writes_polynomials_as_usual():
    problem = ContinuedFractionLimit()
    examples = problem.sample("transformed:quadratic", 1)
    examples.inputs["terms"][:] = [[1, 4, 3, 1, 0]]
    assert "a(n) = n + 4 and b(n) = 3*n^2 + n." in problem.text(examples)[0]
