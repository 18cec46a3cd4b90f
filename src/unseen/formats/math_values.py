"""Values of formulas: exact where they are rational, else to a hundred digits at a point."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from unseen.formats.math_text import Node

DIGITS = 100
"""Decimal digits that `value_at` computes with."""

MOST_BITS = 100_000
"""Bits above or below the bar up to which `exact_value` goes."""

LARGEST = 10**6
"""Arguments of powers, exponentials and circular functions up to which `value_at` goes."""

MOST_FACTORIAL = 5000
"""The largest number whose factorial is taken."""


def exact_value(node: Node) -> Fraction | None:
    """The value of a formula of rational numbers; None if it has none, or too many digits.

    Examples
    --------
    >>> from unseen.formats.math_text import parse
    >>> [str(exact_value(parse(text))) for text in ("3/4 + 2^{-2}", "1/0", "9^9^9", "x")]
    ['1', 'None', 'None', 'None']
    """
    if node.kind == "number":
        return Fraction(node.value)
    parts = [exact_value(part) for part in node.parts]
    values = [value for value in parts if value is not None]
    if not values or len(values) < len(parts):
        return None
    found = _EXACT[node.kind](*values) if node.kind in _EXACT else None
    return None if found is None or _bits(found) > MOST_BITS else found


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1 or (not base and exponent <= 0):
        return None
    # Bits of the result are bounded before it is computed.
    if _bits(base) * min(abs(exponent.numerator), 2 * LARGEST) > MOST_BITS:
        return None if abs(base) != 1 else base ** int(exponent % 2)
    return base ** int(exponent)


def _factorial(value: Fraction) -> Fraction | None:
    from math import factorial

    whole = value.denominator == 1 and 0 <= value <= MOST_FACTORIAL
    return Fraction(factorial(int(value))) if whole else None


_EXACT: Mapping[str, Callable[..., Fraction | None]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b if b else None,
    "neg": lambda a: -a,
    "abs": abs,
    "pow": _power,
    "factorial": _factorial,
}


def value_at(node: Node, point: Mapping[str, Fraction]) -> Any:
    """The value of a formula at a point, as an mpmath number of `DIGITS` digits; None where it has none.

    Powers, roots and logarithms take their principal values, so that results may be complex.

    Parameters
    ----------
    node : Node
        What `unseen.formats.math_text.parse` reads.
    point : mapping of str to Fraction
        A value for each symbol.
    """
    import mpmath

    with mpmath.workdps(DIGITS):
        try:
            found = _value(node, point)
        except (ArithmeticError, ValueError, TypeError):
            return None
        return found if found is not None and mpmath.isfinite(found) else None


def _value(node: Node, point: Mapping[str, Fraction]) -> Any:
    import mpmath

    if node.kind in ("number", "symbol"):
        exact = Fraction(node.value) if node.kind == "number" else point[str(node.value)]
        return mpmath.mpf(exact.numerator) / exact.denominator
    if node.kind == "constant":
        return {"pi": +mpmath.pi, "e": +mpmath.e, "i": mpmath.mpc(0, 1), "inf": mpmath.inf}[str(node.value)]
    values = [_value(part, point) for part in node.parts]
    if node.kind in _OPERATIONS:
        return _OPERATIONS[node.kind](*values)
    if node.kind == "factorial":
        whole = exact_value(node)
        if whole is None:
            raise ValueError("no factorial")
        return mpmath.mpf(whole.numerator)
    if node.kind in ("pow", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh") and abs(values[-1]) > LARGEST:
        raise ValueError("too large")
    if node.kind == "pow":
        return mpmath.power(*values)
    named = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "log": "log"}
    return getattr(mpmath, named.get(node.kind, node.kind))(*values)


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": abs,
}
