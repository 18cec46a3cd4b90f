"""What a programming puzzle is: a predicate on a typed answer and parameters that can be drawn anew."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeGuard

import numpy as np

Type = Literal["int", "str", "list"]
"""Types of answers and parameters; lists are lists of whole numbers."""

Draw = Callable[[np.random.Generator, int], tuple[Any, ...]]
"""``draw(generator, size)``: parameters; size 1 is the usual, larger sizes give larger numbers and longer texts."""


@dataclass(frozen=True)
class Puzzle:
    """A family of puzzles that differ in their parameters.

    Parameters
    ----------
    sat : callable
        ``sat(answer, *parameters)`` is True where the answer solves the puzzle. Its annotations give the types.
    draw : callable
        Draws parameters.
    solution : callable
        ``solution(*parameters)``: an answer.
    """

    sat: Callable[..., bool]
    draw: Draw
    solution: Callable[..., Any]

    @property
    def name(self) -> str:
        """The predicate's name."""
        return self.sat.__name__.strip("_")

    @cached_property
    def types(self) -> tuple[Type, ...]:
        """Types of the answer and of each parameter."""
        named: dict[str, Type] = {"int": "int", "str": "str", "list[int]": "list"}
        written = [str(each.annotation) for each in inspect.signature(self.sat).parameters.values()]
        return tuple(named[text] for text in written)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the answer and of each parameter."""
        return tuple(inspect.signature(self.sat).parameters)

    @cached_property
    def source(self) -> str:
        """The predicate as Python."""
        lines = textwrap.dedent(inspect.getsource(self.sat)).splitlines()
        start = next(number for number, line in enumerate(lines) if line.startswith("def "))
        return "\n".join(lines[start:]).replace(f"def {self.sat.__name__}", "def sat")

    @cached_property
    def parts(self) -> Counter[str]:
        """How often each kind of syntax and each function occurs in the predicate: what is known without running it."""
        found: Counter[str] = Counter()
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, (ast.operator, ast.cmpop, ast.unaryop, ast.boolop, ast.Subscript, ast.Slice)):
                found[type(node).__name__] += 1
            elif isinstance(node, ast.Constant):
                found[repr(node.value)[:8]] += 1
            elif isinstance(node, ast.Call):
                found[getattr(node.func, "id", getattr(node.func, "attr", "call"))] += 1
        return found

    def holds(self, answer: Any, parameters: tuple[Any, ...]) -> bool:
        """Whether an answer of exactly the right type makes the predicate return True itself; an exception is no."""
        if not is_typed(answer, self.types[0]):
            return False
        try:
            return self.sat(answer, *parameters) is True
        except Exception:  # whatever an answer does to a predicate
            return False


def is_typed(value: Any, kind: Type) -> TypeGuard[Any]:
    """Whether a value has exactly a type: True is no whole number, and a tuple no list.

    Examples
    --------
    >>> is_typed(1, "int"), is_typed(True, "int"), is_typed([1, 2], "list"), is_typed([1.0], "list")
    (True, False, True, False)
    """
    if kind == "list":
        return type(value) is list and all(type(part) is int for part in value)
    return type(value) is (int if kind == "int" else str)


FAMILIES: dict[str, Puzzle] = {}
"""Every family by its name, in the order of definition."""


def puzzle(draw: Draw, solution: Callable[..., Any]) -> Callable[[Callable[..., bool]], Puzzle]:
    """Make a predicate a family of puzzles and add it to `FAMILIES`.

    Raises
    ------
    ValueError
        If the name is taken.
    """

    def made(sat: Callable[..., bool]) -> Puzzle:
        family = Puzzle(sat, draw, solution)
        if family.name in FAMILIES:
            raise ValueError(f"there is a puzzle {family.name} already")
        FAMILIES[family.name] = family
        return family

    return made


# -- parameters -----------------------------------------------------------------------------------------------------


def whole(generator: np.random.Generator, low: int, high: int) -> int:
    """A whole number from `low` up to `high`, both included."""
    return int(generator.integers(low, high + 1))


def word(generator: np.random.Generator, shortest: int, longest: int, letters: str = "bcdefghij") -> str:
    """A text of letters."""
    return "".join(letters[i] for i in generator.integers(len(letters), size=whole(generator, shortest, longest)))


def several(generator: np.random.Generator, shortest: int, longest: int, low: int = 1, high: int = 60) -> list[int]:
    """A list of whole numbers."""
    return [int(v) for v in generator.integers(low, high + 1, size=whole(generator, shortest, longest))]


def distinct(generator: np.random.Generator, shortest: int, longest: int, high: int = 60) -> list[int]:
    """A list of different whole numbers from 1 up."""
    return [int(v) + 1 for v in generator.choice(high, size=whole(generator, shortest, longest), replace=False)]
