r"""Answers in mathematics, compared as what they mean: formulas, lists, sets and intervals, in text or LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Literal, NamedTuple

from unseen.formats.algebra import equal_formulas
from unseen.formats.math_text import LONGEST, Node, UnreadableError, parse, plain
from unseen.formats.math_values import value_at

Kind = Literal["formula", "list", "set", "interval"]

MOST_ITEMS = 200
"""Items of a list or set up to which it is read."""

INFINITY = Node("constant", "inf")
ALL_REALS = re.compile(r"(?:all real numbers|all reals|\\mathbb\s*\{?R\}?|\u211d)", re.IGNORECASE)
_PIECE = re.compile(r"([\[(\]])\s*(.+?)\s*[,;]\s*(.+?)\s*([\])\[])")
_NAME = r"[a-zA-Z](?:_\{?\w+\}?)?"
_SIDES = re.compile(r"(<=|>=|<|>)")


class Piece(NamedTuple):
    """An interval: its ends, and whether they belong to it."""

    low: Node
    low_closed: bool
    high: Node
    high_closed: bool


def read_math(text: Any, kind: Kind = "formula", symbols: Collection[str] | None = None) -> Any:
    r"""What a text states, as a value that `same_math` compares; None if it states nothing of that kind.

    ``x =`` in front of a formula is left out. Lists stand in any brackets or none, sets in braces or none, their
    items between commas, semicolons, "and" or "or". Intervals are written with brackets, joined by ``\cup``, or as
    inequalities.

    Parameters
    ----------
    text : str
        The answer, without the sentence around it.
    kind : {"formula", "list", "set", "interval"}
        What is asked for.
    symbols : collection of str, optional
        Names that may occur, as for `unseen.formats.math_text.parse`.

    Examples
    --------
    >>> len(read_math(r"\{1, \sqrt{2}, 3\}", "set"))
    3
    >>> read_math("1 or 2") is None
    True
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        return None
    cleaned = re.sub(r"[.;]+$", "", plain(text)).strip()
    readers: dict[Kind, Callable[..., Any]] = {
        "formula": _formula,
        "list": _items,
        "set": _items,
        "interval": _intervals,
    }
    if kind not in readers:
        raise ValueError(f"kind must be one of {', '.join(readers)}, not {kind!r}")
    try:
        return readers[kind](cleaned, kind, symbols)
    except (UnreadableError, RecursionError):
        return None


def same_math(answer: Any, truth: Any, kind: Kind = "formula", time_limit: float = 3.0) -> bool:
    r"""Whether two answers, as text or as `read_math` reads them, mean the same; what cannot be decided is not.

    Formulas are compared by `unseen.formats.algebra.equal_formulas`, lists item by item, sets in any order and
    however often an item is named, intervals by their ends after those that touch are joined.

    Parameters
    ----------
    answer, truth : str or as read
        Text, or what `read_math` made of it; an answer that cannot be read is not the same.
    kind : {"formula", "list", "set", "interval"}
        What is asked for.
    time_limit : float
        Seconds that SymPy may take for each pair of formulas.

    Raises
    ------
    ValueError
        If the truth cannot be read.

    Examples
    --------
    >>> same_math(r"\frac{1}{\sqrt{2}}", "sqrt(2)/2", time_limit=0)
    True
    >>> same_math("{2, 1}", "1, 2", "set"), same_math("[2, 1]", "[1, 2]", "list")
    (True, False)
    >>> same_math("x >= 3", r"[3, \infty)", "interval"), same_math("x > 3", r"[3, \infty)", "interval")
    (True, False)
    """
    right = read_math(truth, kind) if isinstance(truth, str) else truth
    if right is None:
        raise ValueError(f"the truth {truth!r:.100} is no {kind}")
    given = answer
    if isinstance(answer, str):
        given = read_math(answer, kind)
    if given is None:
        return False
    if kind == "interval":
        return _same_pieces(given, right)
    if kind == "formula":
        return equal_formulas(given, right, time_limit).equal is True
    alike = lambda a, b: equal_formulas(a, b, time_limit).equal is True  # noqa: E731
    if kind == "list":
        return len(given) == len(right) and all(map(alike, given, right))
    return _covers(given, right, alike) and _covers(right, given, alike)


def _covers(some: Sequence[Node], others: Sequence[Node], alike: Callable[[Node, Node], bool]) -> bool:
    return all(any(alike(one, other) for other in others) for one in some)


def _formula(text: str, kind: Kind, symbols: Collection[str] | None) -> Node:
    side = text.rpartition("=")[2] if re.match(rf"{_NAME}(?:\({_NAME}\))?\s*=[^=]+$", text) else text
    return parse(side, symbols)


def _items(text: str, kind: Kind, symbols: Collection[str] | None) -> tuple[Node, ...]:
    brackets = [("\\{", "\\}"), ("{", "}")] if kind == "set" else [("[", "]"), ("(", ")")]
    if kind == "list":
        brackets += [("\\langle", "\\rangle")]
    for opening, closing in brackets:
        if text.startswith(opening) and text.endswith(closing):
            inside = text[len(opening) : -len(closing)]
            if _closed(inside):
                text = inside
            break
    if not text.strip() or text.strip() in ("\\emptyset", "\\varnothing", "∅"):
        return ()
    parts = _split(text)
    if len(parts) > MOST_ITEMS:
        raise UnreadableError(f"{len(parts)} items are not read")
    return tuple(_formula(part.strip(), "formula", symbols) for part in parts)


def _closed(text: str) -> bool:
    """Whether every bracket is closed in the text itself, so that those around it belong together."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _split(text: str) -> list[str]:
    """The text between commas, semicolons, "and" and "or" that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for found in re.finditer(r"[([{]|[)\]}]|,?\s*\b(?:and|or)\b|[,;]", text):
        if found[0] in "([{":
            depth += 1
        elif found[0] in ")]}":
            depth -= 1
        elif depth == 0:
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _intervals(text: str, kind: Kind, symbols: Collection[str] | None) -> tuple[Piece, ...]:
    for sign, simple in (("\\leq", "<="), ("\\geq", ">="), ("\\le", "<="), ("\\ge", ">="), ("≤", "<="), ("≥", ">=")):
        text = text.replace(sign, simple)
    text = text.replace("\\lt", "<").replace("\\gt", ">").replace("\\in", "in").replace("infty", "infinity ")
    text = text.replace("ininfinity", "infinity").replace("\\infinity", "infinity").replace("∈", "in")
    text = re.sub(rf"^{_NAME}\s+in\b", "", text).strip()
    if ALL_REALS.fullmatch(text):
        return (Piece(Node("neg", parts=(INFINITY,)), False, INFINITY, False),)
    pieces = [_piece(part.strip()) for part in re.split(r"\\cup|\u222a|\bor\b|\bU\b", text)]
    return _joined(pieces)


def _piece(text: str) -> Piece:
    bracketed = _PIECE.fullmatch(text)
    if bracketed:
        opening, low, high, closing = bracketed.groups()
        return _checked(Piece(parse(low, ()), opening == "[", parse(high, ()), closing == "]"))
    sides = [side.strip() for side in _SIDES.split(text)]
    if len(sides) == 3:
        first, sign, second = sides
        if re.fullmatch(_NAME, second):
            first, sign, second = second, {"<": ">", ">": "<", "<=": ">=", ">=": "<="}[sign], first
        if not re.fullmatch(_NAME, first):
            raise UnreadableError(f"{text!r} is no interval")
        end, closed = parse(second, ()), "=" in sign
        if "<" in sign:
            return _checked(Piece(Node("neg", parts=(INFINITY,)), False, end, closed))
        return _checked(Piece(end, closed, INFINITY, False))
    if len(sides) == 5 and re.fullmatch(_NAME, sides[2]) and sides[1][0] == sides[3][0]:
        low, first, _, second, high = sides
        if first[0] == ">":
            low, first, second, high = high, second, first, low
        return _checked(Piece(parse(low, ()), "=" in first, parse(high, ()), "=" in second))
    raise UnreadableError(f"{text!r} is no interval")


def _end(node: Node) -> Any:
    import mpmath

    if node in (INFINITY, Node("neg", parts=(INFINITY,))):
        return mpmath.inf if node == INFINITY else -mpmath.inf
    value = value_at(node, {})
    if value is None or mpmath.im(value) != 0:
        raise UnreadableError("the end of an interval is no real number")
    return mpmath.re(value)


def _checked(piece: Piece) -> Piece:
    low, high = _end(piece.low), _end(piece.high)
    if low > high or (low == high and not (piece.low_closed and piece.high_closed)):
        raise UnreadableError("an interval without numbers")
    return piece


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """The same numbers in as few intervals as there can be, from low to high."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: (_end(one.low), not one.low_closed)):
        last = found[-1] if found else None
        if (
            last is None
            or _end(piece.low) > _end(last.high)
            or (_end(piece.low) == _end(last.high) and not (piece.low_closed or last.high_closed))
        ):
            found.append(piece)
        elif (_end(piece.high), piece.high_closed) > (_end(last.high), last.high_closed):
            found[-1] = last._replace(high=piece.high, high_closed=piece.high_closed)
    return tuple(found)


def _same_pieces(given: Sequence[Piece], right: Sequence[Piece]) -> bool:
    import mpmath

    def alike(a: Node, b: Node) -> bool:
        ends = _end(a), _end(b)
        return bool(ends[0] == ends[1] or mpmath.almosteq(*ends, rel_eps=mpmath.mpf(10) ** -12))

    return len(given) == len(right) and all(
        (a.low_closed, a.high_closed) == (b.low_closed, b.high_closed) and alike(a.low, b.low) and alike(a.high, b.high)
        for a, b in zip(given, right, strict=True)
    )
