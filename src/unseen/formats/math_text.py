r"""Mathematics written as plain text or LaTeX, read into a small tree without running any of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

LONGEST = 1000
"""Characters up to which text is read."""

DEEPEST = 60
"""Nested brackets, roots and powers up to which text is read."""

_FUNCTIONS = "sqrt sin cos tan cot sec csc sinh cosh tanh exp log ln abs arcsin arccos arctan asin acos atan"
FUNCTIONS = frozenset(_FUNCTIONS.split())
CONSTANTS = {"pi": "pi", "e": "e", "i": "i", "infty": "inf", "inf": "inf", "infinity": "inf", "oo": "inf"}
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega"
)
GREEK = frozenset(_GREEK.split())
WORDS = frozenset({"or", "is", "no", "if", "to", "of", "at", "by", "in", "so", "it", "we", "up"})
"""Words of two letters, which are no products."""

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")

_PLAIN = (
    *((sign, " ") for sign in ("\\left", "\\right", "\\displaystyle", "\\,", "\\;", "\\!", "\\:", "\\ ", "~", "$")),
    *((sign, " ") for sign in ("\\(", "\\)", "\\qquad", "\\quad", "&", "^\\circ", "^{\\circ}", "°")),
    *((sign, "*") for sign in ("\\cdot", "\\times", "·", "\N{MULTIPLICATION SIGN}", "⋅", "\N{ASTERISK OPERATOR}")),
    *((sign, "/") for sign in ("\\div", "÷", "\N{FRACTION SLASH}")),
    *((sign, "-") for sign in ("\N{MINUS SIGN}", "\N{EN DASH}")),
    *((sign, "\\frac") for sign in ("\\dfrac", "\\tfrac", "\\cfrac")),
    *(("**", "^"), ("π", "\\pi "), ("∞", "\\infty "), ("√", "\\sqrt "), ("θ", "\\theta "), ("\\lvert", "|")),
    *(("\\rvert", "|"), ("{,}", ""), ("\\lbrace", "\\{"), ("\\rbrace", "\\}")),
)
_TEXT = re.compile(r"\\(?:text|textbf|mathrm|mathbf|operatorname|mbox)\s*\{([^{}]*)\}")
_RAISED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+(?![a-zA-Z\d]))?)"
    r"|(?P<command>\\[a-zA-Z]+|\\[{}])|(?P<word>[a-zA-Z]+)|(?P<sign>[-+*/^_!()\[\]{}|]))"
)
_INTEGER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Node:
    """A number, symbol or constant (`value`), or an operation on `parts`.

    Parameters
    ----------
    kind : str
        ``number``, ``symbol``, ``constant``, ``add``, ``mul``, ``div``, ``pow``, ``neg``, ``factorial``, or the name
        of a function.
    value : Fraction or str
        Of a number, symbol or constant.
    parts : tuple of Node
        What an operation is applied to.
    """

    kind: str
    value: Fraction | str = ""
    parts: tuple[Node, ...] = ()


class UnreadableError(ValueError):
    """Text that states no formula."""


def parse(text: str, symbols: Collection[str] | None = None) -> Node:
    r"""Read a formula.

    Understood are numbers (decimals, commas between thousands, ``1.5e3``), ``+ - * / ^``, factorials, brackets,
    absolute values, roots, elementary functions, ``\frac``, powers as superscripts, products without a sign, mixed
    numbers (``3\frac{1}{2}`` and ``3 1/2`` are 7/2) and pi, e, i and infinity. ``1/2x`` is ``(1/2) x``.

    Parameters
    ----------
    text : str
        At most `LONGEST` characters.
    symbols : collection of str, optional
        Names that may occur; by default any single letter or Greek letter, with or without index.

    Raises
    ------
    UnreadableError
        If it is no formula, is too long or too deep, or holds another name.

    Examples
    --------
    >>> parse("3/4") == parse(r"\frac{3}{4}") == parse("$\\dfrac34$")
    True
    >>> sorted(names(parse("2x^2 + \\sin y_1")))
    ['x', 'y_1']
    """
    if len(text) > LONGEST:
        raise UnreadableError(f"text of {len(text)} characters is not read")
    reader = _Reader(_tokens(plain(text)), symbols)
    found = reader.sum()
    if reader.left():
        raise UnreadableError(f"{reader.peek()!r} is out of place in {text!r}")
    return found


def names(node: Node) -> frozenset[str]:
    """The symbols of a formula."""
    if node.kind == "symbol":
        return frozenset((str(node.value),))
    return frozenset().union(*(names(part) for part in node.parts))


def plain(text: str) -> str:
    """LaTeX's spaces, dollars and spellings, and typographic signs, as plain signs."""
    text = _TEXT.sub(r" \1 ", text)
    for sign, simple in _PLAIN:
        text = text.replace(sign, simple)
    return _RAISED.sub(lambda raised: "^{" + raised[0].translate(SUPERSCRIPTS) + "}", text).strip()


def _tokens(text: str) -> list[tuple[str, str, bool]]:
    """Kind, text, and whether a blank stands in front."""
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None or token.lastgroup is None:
            raise UnreadableError(f"{text[place:].strip()[:20]!r} is no part of a formula")
        found.append((token.lastgroup, token[token.lastgroup], token[0][:1].isspace()))
        place = token.end()
    return found


class _Reader:
    """Recursive descent: sum, product, sign, power, atom."""

    def __init__(self, tokens: list[tuple[str, str, bool]], symbols: Collection[str] | None) -> None:
        self.tokens, self.place, self.depth, self.bars = tokens, 0, 0, 0
        self.symbols = symbols

    def left(self) -> bool:
        return self.place < len(self.tokens)

    def peek(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place][1] if place < len(self.tokens) else ""

    def kind(self, ahead: int = 0) -> str:
        place = self.place + ahead
        return self.tokens[place][0] if place < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        if not self.left() or (expected and self.peek() != expected):
            raise UnreadableError(f"{expected or 'something'!r} is missing")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError("too deep")
        found = self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            term = self.product()
            found = Node("add", parts=(found, term if sign == "+" else Node("neg", parts=(term,))))
        self.depth -= 1
        return found

    def product(self) -> Node:
        found = self.signed()
        while self.left():
            if self.peek() in ("*", "/"):
                kind = "mul" if self.take() == "*" else "div"
                found = Node(kind, parts=(found, self.signed()))
            elif self.starts_atom():
                if self.kind() == "number" and self.tokens[self.place - 1][0] == "number":
                    raise UnreadableError("two numbers side by side")
                found = Node("mul", parts=(found, self.power()))
            else:
                break
        return found

    def signed(self) -> Node:
        minus = False
        while self.peek() in ("+", "-"):
            minus ^= self.take() == "-"
        found = self.mixed() or self.power()
        return Node("neg", parts=(found,)) if minus else found

    def mixed(self) -> Node | None:
        """A whole number followed by a fraction of two whole numbers."""
        whole, below = self.peek(), self.tokens[self.place + 1 : self.place + 4]
        if not _INTEGER.fullmatch(whole):
            return None
        if (
            [kind for kind, _, _ in below] == ["number", "sign", "number"]
            and (below[0][2], below[1][1]) == (True, "/")
            and self.peek(4) != "^"
        ):
            _, above, _, under = (self.take() for _ in range(4))
            return Node("number", Fraction(whole) + _fraction(above, under))
        if self.peek(1) != "\\frac":
            return None
        start = self.place
        self.take()
        fraction = self.power()
        values = [part.value for part in fraction.parts if part.kind == "number"]
        if fraction.kind == "div" and len(values) == 2:
            return Node("number", Fraction(whole) + _fraction(str(values[0]), str(values[1])))
        self.place = start
        return None

    def starts_atom(self) -> bool:
        if self.kind() in ("number", "word"):
            return True
        if self.kind() == "command":
            return self.peek() not in ("\\}", "\\cup", "\\pm")
        return self.peek() in ("(", "[", "{") or (self.peek() == "|" and not self.bars)

    def power(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise UnreadableError("too deep")
        base = self.atom()
        while self.peek() == "!":
            self.take()
            base = Node("factorial", parts=(base,))
        if self.peek() == "^":
            self.take()
            base = Node("pow", parts=(base, self.exponent()))
        self.depth -= 1
        return base

    def exponent(self) -> Node:
        if self.peek() in ("+", "-"):
            sign = self.take()
            found = self.exponent()
            return Node("neg", parts=(found,)) if sign == "-" else found
        return self.power()

    def atom(self) -> Node:
        kind, text = self.kind(), self.peek()
        if kind == "number":
            return Node("number", _number(self.take()))
        if kind == "word":
            return self.word()
        if kind == "command":
            return self.command()
        for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
            if text == opening:
                return self.bracketed(opening, closing)
        if text == "|":
            self.take()
            self.bars += 1
            inside = self.sum()
            self.bars -= 1
            self.take("|")
            return Node("abs", parts=(inside,))
        raise UnreadableError(f"{text!r} is out of place")

    def bracketed(self, opening: str, closing: str) -> Node:
        self.take(opening)
        bars, self.bars = self.bars, 0
        inside = self.sum()
        self.bars = bars
        self.take(closing)
        return inside

    def argument(self) -> Node:
        r"""What stands in braces, or one digit or letter as in ``\frac34``."""
        if self.peek() == "{":
            return self.bracketed("{", "}")
        kind, text, blank = self.tokens[self.place] if self.left() else ("", "", False)
        if kind in ("number", "word") and len(text) > 1 and text[0].isalnum():
            self.tokens[self.place : self.place + 1] = [(kind, text[0], blank), (_kind(text[1:]), text[1:], False)]
        return self.atom()

    def command(self) -> Node:
        name = self.take()[1:]
        if name == "frac":
            above = self.argument()
            return Node("div", parts=(above, self.argument()))
        if name == "sqrt" and self.peek() == "[":
            degree = self.bracketed("[", "]")
            one = Node("number", Fraction(1))
            return Node("pow", parts=(self.argument(), Node("div", parts=(one, degree))))
        if name == "sqrt":
            return Node("sqrt", parts=(self.argument(),))
        if name in FUNCTIONS:
            return self.function(name)
        if name in CONSTANTS:
            return Node("constant", CONSTANTS[name])
        if name in GREEK:
            return self.symbol(name)
        raise UnreadableError(f"\\{name} is not understood")

    def function(self, name: str) -> Node:
        raised = None
        base = None
        if name == "log" and self.peek() == "_":
            self.take()
            base = self.argument()
        if self.peek() == "^":
            self.take()
            raised = self.exponent()
        short = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "ln": "log"}
        found = Node(short.get(name, name), parts=(self.power(),))
        if base is not None:
            found = Node("div", parts=(found, Node("log", parts=(base,))))
        return found if raised is None else Node("pow", parts=(found, raised))

    def word(self) -> Node:
        word = self.take()
        if word in FUNCTIONS:
            return self.function(word)
        if word.lower() in CONSTANTS and len(word) > 1:
            return Node("constant", CONSTANTS[word.lower()])
        if word in GREEK or (self.symbols is not None and word in self.symbols):
            return self.symbol(word)
        if len(word) == 1:
            chosen = self.symbols is not None and word in self.symbols
            return self.symbol(word) if chosen or word not in CONSTANTS else Node("constant", CONSTANTS[word])
        if self.symbols is None and (len(word) > 2 or word.lower() in WORDS):
            raise UnreadableError(f"{word!r} is a word")
        # Letters side by side are a product.
        place = self.place
        self.tokens[place:place] = [("word", letter, False) for letter in word[1:]]
        self.tokens[place - 1] = ("word", word[0], self.tokens[place - 1][2])
        self.place -= 1
        return self.word()

    def symbol(self, name: str) -> Node:
        if self.peek() == "_":
            self.take()
            if self.peek() == "{":
                self.take()
                index = self.take()
                self.take("}")
            else:
                index = self.take()
            name = f"{name}_{index}"
        if self.symbols is not None and name not in self.symbols:
            raise UnreadableError(f"{name!r} is none of the symbols {', '.join(sorted(self.symbols)) or '(none)'}")
        return Node("symbol", name)


def _kind(text: str) -> str:
    return "number" if text[0].isdigit() or text[0] == "." else "word"


def _number(text: str) -> Fraction:
    digits, _, exponent = text.replace(",", "").lower().partition("e")
    if len(exponent) > 4:
        raise UnreadableError(f"{text!r} is too large")
    return Fraction(digits) * Fraction(10) ** int(exponent or 0)


def _fraction(above: str, under: str) -> Fraction:
    if not Fraction(under):
        raise UnreadableError("division by zero")
    return Fraction(above) / Fraction(under)
