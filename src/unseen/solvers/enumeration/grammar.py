"""A grammar of typed Python expressions over whole numbers, texts and lists of whole numbers.

Expressions are nested tuples ``(rule, *parts)`` with the rule's place in `RULES`. Every rule is a total function: where
Python would raise, or the value would be larger than `LARGEST_NUMBER` or `LONGEST`, there is no value. Lists are tuples
inside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.problems.puzzles.puzzle import Type

Expression = tuple[Any, ...]
"""``(rule, *parts)``"""

LARGEST_NUMBER = 10**15
LONGEST = 120


@dataclass(frozen=True)
class Rule:
    """One way to make an expression of a type.

    Parameters
    ----------
    type : str
        Type of the value.
    parts : tuple of str
        Types of the parts.
    python : str
        How it is written, with ``{0}``, ``{1}`` for the parts.
    value : callable or None
        Value from the parts' values, None where there is none; None itself for a parameter.
    parameter : int or None
        For a parameter: which of those of its type.
    """

    type: Type
    parts: tuple[Type, ...]
    python: str
    value: Callable[..., Any] | None
    parameter: int | None = None


def _number(value: int) -> int | None:
    return value if -LARGEST_NUMBER <= value <= LARGEST_NUMBER else None


def _short(value: Any) -> Any:
    return value if len(value) <= LONGEST else None


def _times(sequence: Any, n: int) -> Any:
    return sequence * n if len(sequence) * n <= LONGEST else None


def _whole(text: str) -> int | None:
    return int(text) if len(text) <= 15 and text.isascii() and text.isdigit() else None


def _constant(value: Any, kind: Type) -> Rule:
    return Rule(kind, (), repr(list(value)) if kind == "list" else repr(value), lambda: value)


RULES: tuple[Rule, ...] = (
    *(Rule("int", (), "", None, place) for place in range(3)),
    *(Rule("str", (), "", None, place) for place in range(2)),
    *(Rule("list", (), "", None, place) for place in range(2)),
    *(_constant(value, "int") for value in (0, 1, 2, 10)),
    *(_constant(value, "str") for value in (" ", "a")),
    _constant((), "list"),
    Rule("int", ("int", "int"), "({0} + {1})", lambda a, b: _number(a + b)),
    Rule("int", ("int", "int"), "({0} - {1})", lambda a, b: _number(a - b)),
    Rule("int", ("int", "int"), "({0} * {1})", lambda a, b: _number(a * b)),
    Rule("int", ("int", "int"), "({0} // {1})", lambda a, b: a // b if b else None),
    Rule("int", ("int", "int"), "({0} % {1})", lambda a, b: a % b if b else None),
    Rule("int", ("str",), "len({0})", len),
    Rule("int", ("str",), "int({0})", _whole),
    Rule("int", ("list",), "len({0})", len),
    Rule("int", ("list",), "sum({0})", lambda xs: _number(sum(xs))),
    Rule("int", ("list",), "max({0})", lambda xs: max(xs) if xs else None),
    Rule("int", ("list",), "min({0})", lambda xs: min(xs) if xs else None),
    Rule("int", ("list", "int"), "{0}[{1}]", lambda xs, n: xs[n] if -len(xs) <= n < len(xs) else None),
    Rule("str", ("str", "str"), "({0} + {1})", lambda s, t: _short(s + t)),
    Rule("str", ("str", "int"), "({0} * {1})", _times),
    Rule("str", ("str",), "{0}[::-1]", lambda s: s[::-1]),
    Rule("str", ("str", "int"), "{0}[:{1}]", lambda s, n: s[:n]),
    Rule("str", ("str", "int"), "{0}[{1}:]", lambda s, n: s[n:]),
    Rule("str", ("str", "int"), "{0}[{1}]", lambda s, n: s[n] if -len(s) <= n < len(s) else None),
    Rule("str", ("int",), "str({0})", str),
    Rule("str", ("str",), "''.join(sorted({0}))", lambda s: "".join(sorted(s))),
    Rule("list", ("int",), "[{0}]", lambda n: (n,)),
    Rule("list", ("list", "list"), "({0} + {1})", lambda xs, ys: _short(xs + ys)),
    Rule("list", ("list", "int"), "({0} * {1})", _times),
    Rule("list", ("list",), "{0}[::-1]", lambda xs: xs[::-1]),
    Rule("list", ("list",), "sorted({0})", lambda xs: tuple(sorted(xs))),
    Rule("list", ("list", "int"), "{0}[:{1}]", lambda xs, n: xs[:n]),
    Rule("list", ("list", "int"), "{0}[{1}:]", lambda xs, n: xs[n:]),
    Rule("list", ("int",), "list(range({0}))", lambda n: tuple(range(n)) if n <= LONGEST else None),
)
"""All rules; parameters first."""

TYPES: tuple[Type, ...] = ("int", "str", "list")


def applicable(types: Sequence[Type]) -> tuple[bool, ...]:
    """Which rules can be used with parameters of these types: all but those of parameters that are not there."""
    return tuple(rule.parameter is None or types.count(rule.type) > rule.parameter for rule in RULES)


def inner(value: Any) -> Any:
    """A value as expressions hold it: lists as tuples."""
    return tuple(value) if isinstance(value, list) else value


def outer(value: Any) -> Any:
    """A value as predicates take it: tuples as lists."""
    return list(value) if isinstance(value, tuple) else value


def parameter_value(rule: Rule, types: Sequence[Type], parameters: Sequence[Any]) -> Any:
    """What the rule of a parameter stands for."""
    return [inner(value) for kind, value in zip(types, parameters, strict=True) if kind == rule.type][
        rule.parameter or 0
    ]


def evaluate(expression: Expression, types: Sequence[Type], parameters: Sequence[Any]) -> Any:
    """The value of an expression, None if it has none.

    Parameters
    ----------
    expression : tuple
    types, parameters : sequences
        Types and values of the parameters.

    Examples
    --------
    >>> plus = next(i for i, rule in enumerate(RULES) if rule.python == "({0} + {1})")
    >>> evaluate((plus, (0,), (1,)), ("int", "int"), (3, 4))
    7
    """
    return outer(_evaluated(expression, types, parameters))


def _evaluated(expression: Expression, types: Sequence[Type], parameters: Sequence[Any]) -> Any:
    rule = RULES[expression[0]]
    if rule.value is None:
        return parameter_value(rule, types, parameters)
    parts = [_evaluated(part, types, parameters) for part in expression[1:]]
    return None if any(part is None for part in parts) else rule.value(*parts)


def python(expression: Expression, types: Sequence[Type], names: Sequence[str]) -> str:
    """The expression as Python over the parameters' names.

    Examples
    --------
    >>> plus = next(i for i, rule in enumerate(RULES) if rule.python == "({0} + {1})")
    >>> python((plus, (0,), (1,)), ("int", "int"), ("a", "b"))
    '(a + b)'
    """
    rule = RULES[expression[0]]
    if rule.value is None:
        return [name for kind, name in zip(types, names, strict=True) if kind == rule.type][rule.parameter or 0]
    return rule.python.format(*(python(part, types, names) for part in expression[1:]))


def decisions(expression: Expression, parent: int = -1, place: int = 0) -> list[tuple[int, int, int]]:
    """``(parent rule, place among its parts, rule)`` for every node, -1 for no parent."""
    found = [(parent, place, int(expression[0]))]
    for number, part in enumerate(expression[1:]):
        found += decisions(part, expression[0], number)
    return found


def renamed(expression: Expression, names: Sequence[int]) -> Expression:
    """The expression with every rule replaced by ``names[rule]``."""
    return (names[expression[0]], *(renamed(part, names) for part in expression[1:]))
