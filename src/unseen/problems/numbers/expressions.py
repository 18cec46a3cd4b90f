"""Nested expressions over integers, fractions and powers: drawn step by step, written, read back, computed exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

AtomKind = Literal["integer", "fraction", "square", "cube"]

ATOM_KINDS: tuple[AtomKind, ...] = ("integer", "fraction", "square", "cube")

MOST_DIGITS = 40
"""Digits above and below the fraction bar up to which values are let in; 20 random steps rarely need more."""

TOO_LARGE = 10**MOST_DIGITS

COMPUTE: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}

OTHER_SIGNS = {"-": "\N{MINUS SIGN}", "*": "\N{MULTIPLICATION SIGN}", "/": "\N{DIVISION SIGN}"}
"""The same operations in printed signs."""

_ROUND = str.maketrans("[]", "()")
_SAME = {other: sign for sign, other in OTHER_SIGNS.items()}
_SIGNS = "".join(re.escape(sign) for sign in (*COMPUTE, *_SAME))
_TOKEN = re.compile(rf"\((\d+)/(\d+)\)|(\d+)\^([23])|(\d+)| ([{_SIGNS}]) |([()])")
_NUMERALS_AND_SIGNS = re.compile(r"\d+|[^\d\s]")


@dataclass(frozen=True)
class Expression:
    """A number or an operation on two expressions.

    Parameters
    ----------
    text : str
        The number as written (``"7"``, ``"(3/4)"``, ``"5^2"``), or the operation's sign.
    value : Fraction
        What it comes to.
    parts : tuple
        Empty, or the left and the right operand.
    """

    text: str
    value: Fraction
    parts: tuple[Expression, ...] = ()

    @property
    def steps(self) -> int:
        """Number of operations; fractions and powers written as numbers are none."""
        return sum(part.steps for part in self.parts) + bool(self.parts)

    @property
    def depth(self) -> int:
        """Most operations one inside the other."""
        return max(part.depth for part in self.parts) + 1 if self.parts else 0

    def written(self, signs: dict[str, str] | None = None, *, brackets: str = "()", blanks: str = " ") -> str:
        """The expression with each inner operation in brackets, so that no rule of precedence is needed.

        Parameters
        ----------
        signs : dict of str to str, optional
            Replacements of signs.
        brackets : str
            An opening and a closing one; those of fractions stay round.
        blanks : str
            What stands before and behind each sign, one or two blanks.
        """
        if not self.parts:
            return self.text
        left, right = (
            f"{brackets[0]}{part.written(signs, brackets=brackets, blanks=blanks)}{brackets[1]}"
            if part.parts
            else part.text
            for part in self.parts
        )
        return f"{left}{blanks}{(signs or {}).get(self.text, self.text)}{blanks}{right}"

    def pairs(self) -> Iterator[str]:
        """The sign of each operation with that of each operation directly inside it: ``"*-"`` for ``2 * (3 - 1)``."""
        for part in self.parts:
            if part.parts:
                yield self.text + part.text
                yield from part.pairs()

    def canonical(self) -> str:
        """Text that is the same for expressions that differ in the order of summands or factors alone."""
        if not self.parts:
            return self.text
        parts = [part.canonical() for part in self.parts]
        return f"({f' {self.text} '.join(sorted(parts) if self.text in '+*' else parts)})"


def combined(sign: str, left: Expression, right: Expression) -> Expression | None:
    """The operation on two expressions; None if it divides by zero or its value has too many digits."""
    if sign == "/" and right.value == 0:
        return None
    value = COMPUTE[sign](left.value, right.value)
    if abs(value.numerator) >= TOO_LARGE or value.denominator >= TOO_LARGE:
        return None
    return Expression(sign, value, (left, right))


@dataclass(frozen=True)
class ExpressionSource:
    """Random expressions of a kind.

    The steps left after the outermost operation are divided between its sides evenly at random, as in algorithm 1 of Wu
    et al. (2025), whose pools of ready expressions are replaced by fresh ones. Where an operation is not defined or its
    value has too many digits, another is tried, and where none can be had, other operands.

    Parameters
    ----------
    generator : numpy.random.Generator
    smallest, largest : int
        Range of the integers that everything is made of; denominators are at least 1.
    atoms : sequence of {"integer", "fraction", "square", "cube"}
        Kinds of number, each as likely.
    operations : str
        Signs, each as likely.
    avoided : set of str
        Pairs of signs, outer and inner, that no expression has; see `Expression.pairs`.

    Examples
    --------
    >>> found = ExpressionSource(np.random.default_rng(1)).draw(2)
    >>> found.steps, parsed(found.written()).value == found.value
    (2, True)
    """

    generator: np.random.Generator
    smallest: int = 0
    largest: int = 100
    atoms: Sequence[AtomKind] = ATOM_KINDS
    operations: str = "+-*/"
    avoided: Set[str] = frozenset()
    _drawn: list[float] = field(default_factory=list, repr=False)

    def below(self, bound: int) -> int:
        """A whole number from 0 to `bound` less 1; random numbers are fetched in bulk, since one alone is dear."""
        if not self._drawn:
            self._drawn.extend(self.generator.random(256).tolist())
        return int(self._drawn.pop() * bound)

    def draw(self, steps: int) -> Expression:
        """Draw an expression of exactly `steps` operations, at least 0."""
        if steps == 0:
            return self._atom()
        while True:
            inside = self.below(steps)
            left, right = self.draw(inside), self.draw(steps - 1 - inside)
            signs = list(self.operations)
            if self.avoided:
                for part in (left, right):
                    if part.parts:
                        signs = [sign for sign in signs if sign + part.text not in self.avoided]
            while signs:
                if (found := combined(signs.pop(self.below(len(signs))), left, right)) is not None:
                    return found

    def _atom(self) -> Expression:
        kind = self.atoms[self.below(len(self.atoms))]
        number = self.smallest + self.below(self.largest + 1 - self.smallest)
        if kind == "fraction":
            least = max(1, self.smallest)
            below = least + self.below(self.largest + 1 - least)
            return Expression(f"({number}/{below})", Fraction(number, below))
        if kind == "integer":
            return Expression(str(number), Fraction(number))
        power = 2 if kind == "square" else 3
        return Expression(f"{number}^{power}", Fraction(number**power))


def parsed(text: str) -> Expression:
    """Read an expression as `Expression.written` writes it, in either kind of signs, of brackets and of spacing.

    Raises
    ------
    ValueError
        If it is not such a text, divides by zero, or a value has too many digits.
    """
    plain = text.translate(_ROUND).replace("  ", " ")
    tokens = list(_TOKEN.finditer(plain))
    if not tokens or "".join(token.group() for token in tokens) != plain:
        raise ValueError(f"no expression of bracketed operations: {text!r}")
    position = 0

    def operand() -> Expression:
        nonlocal position
        if position == len(tokens):
            raise ValueError(f"{text!r} ends where an operand is missing")
        above, below, base, power, integer, _, bracket = tokens[position].groups()
        position += 1
        written = tokens[position - 1].group()
        if integer:
            return Expression(written, Fraction(int(integer)))
        if base:
            return Expression(written, Fraction(int(base) ** int(power)))
        if above and int(below):
            return Expression(written, Fraction(int(above), int(below)))
        if bracket != "(":
            raise ValueError(f"{written!r} stands in {text!r} where an operand is missing")
        inner = operation()
        if position == len(tokens) or tokens[position].group() != ")":
            raise ValueError(f"a bracket is not closed in {text!r}")
        position += 1
        return inner

    def operation() -> Expression:
        nonlocal position
        left = operand()
        if position == len(tokens) or tokens[position].group(6) is None:
            return left
        sign = tokens[position].group(6)
        position += 1
        found = combined(_SAME.get(sign, sign), left, operand())
        if found is None:
            raise ValueError(f"{text!r} divides by zero or has values of more than {MOST_DIGITS} digits")
        return found

    whole = operation()
    if position < len(tokens):
        raise ValueError(f"{tokens[position].group()!r} is left over in {text!r}")
    return whole


def token_count(text: str) -> int:
    """Numerals, signs and brackets of a text."""
    return len(_NUMERALS_AND_SIGNS.findall(text))
