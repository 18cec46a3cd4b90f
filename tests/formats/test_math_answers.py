"""Answers in mathematics: tables of tricky right forms and near misses."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from unseen.formats.algebra import equal_formulas
from unseen.formats.math_answers import Kind, read_math, same_math
from unseen.formats.math_text import UnreadableError, parse
from unseen.formats.math_values import exact_value

TABLE = Path(__file__).with_name("math_answers.txt").read_text(encoding="utf-8")


def rows(sign: str) -> list[tuple[str, str, Kind]]:
    """Answer, truth and kind of the rows that begin with a sign."""
    found: list[tuple[str, str, Kind]] = []
    kind, truth = "", ""
    for line in TABLE.splitlines():
        if line[:1] in ("=", "!"):
            if line[0] == sign:
                found.append((line[2:], truth, cast(Kind, kind)))
        elif line and line[0] != "#":
            kind, _, truth = line.partition(": ")
    return found


def test_right_forms_are_accepted() -> None:
    assert [row for row in rows("=") if not same_math(*row)] == []
    assert len(rows("=")) >= 150


def test_near_misses_are_rejected() -> None:
    assert [row for row in rows("!") if same_math(*row)] == []
    assert len(rows("!")) >= 150


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.integers(-9, 9), st.integers(1, 9))
@settings(max_examples=60)
def test_expanded_products_are_equal_and_changed_ones_are_not(roots: list[int], shift: int, scale: int) -> None:
    x = sympy.Symbol("x")
    factored = sympy.Integer(scale)
    for root in roots:
        factored *= x - root
    expanded = str(sympy.expand(factored))
    truth = f"{scale}" + "".join(f"(x-({root}))" for root in roots)
    assert equal_formulas(parse(expanded), parse(truth), time_limit=0).equal is True
    assert equal_formulas(parse(f"{expanded} + ({shift})"), parse(truth), time_limit=0).equal is (shift == 0)


@given(st.fractions(max_denominator=10**6), st.fractions(max_denominator=10**6))
def test_rational_arithmetic_is_exact(a: Fraction, b: Fraction) -> None:
    text = f"({a}) * ({b}) - ({b}) + ({a})^2"
    assert exact_value(parse(text)) == a * b - b + a**2


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    for kind in ("formula", "set", "list", "interval"):
        read_math(text, kind)  # type: ignore[arg-type]


def test_sympy_proves_what_points_cannot_decide() -> None:
    # Both have values at a single point alone, so that no six points confirm.
    found = equal_formulas(parse("sqrt(2) sqrt(3)"), parse("sqrt(6)"))
    assert found == (True, "proof")


def test_a_proof_that_takes_too_long_is_given_up_and_the_next_one_is_made() -> None:
    slow = parse("1000000! - 1000000! + x")
    started = time.perf_counter()
    assert equal_formulas(slow, parse("x"), time_limit=0.3).equal is None
    assert time.perf_counter() - started < 60
    assert equal_formulas(parse("sqrt(2) sqrt(3)"), parse("sqrt(6)"), time_limit=30).how == "proof"


@pytest.mark.parametrize(
    "text", ["9^9^9^9", "(9^9)!", "2^{10^{10}}", "1e99999", "(" * 500 + ")" * 500, "x" * 5000, "^" * 50]
)
def test_monsters_are_harmless(text: str) -> None:
    assert not same_math(text, "3", time_limit=0.2)


def test_a_truth_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ValueError, match="the truth 'one half' is no formula"):
        same_math("1/2", "one half")
    with pytest.raises(UnreadableError, match="'y' is none of the symbols x"):
        parse("x + y", {"x"})
    with pytest.raises(ValueError, match="kind must be one of"):
        read_math("1", "matrix")  # type: ignore[arg-type]
