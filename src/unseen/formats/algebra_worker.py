"""The process in which SymPy decides: it reads pairs of formulas as JSON and says for each whether they are equal.

Run as ``python -m unseen.formats.algebra_worker``; `unseen.formats.algebra` starts it, and kills it at its time limit.
"""

from __future__ import annotations

import json
import sys
from typing import Any

MOST_MEMORY = 2 << 30
"""Bytes of address space that the process may use, where the system can limit it."""


def main() -> None:
    """Answer each line of standard input, a pair of formulas, by ``true``, ``false`` or ``null``."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    except (ImportError, ValueError, OSError):
        pass
    import sympy  # noqa: F401 - before it says that it is ready

    print("ready", flush=True)
    for line in sys.stdin:
        try:
            first, second = json.loads(line)
            found = _equal(_expression(first), _expression(second))
        except Exception:  # whatever SymPy cannot do is undecided
            found = None
        print(json.dumps(found), flush=True)


def _expression(tree: Any) -> Any:
    import sympy

    kind, value, parts = tree
    if kind == "number":
        return sympy.Rational(value)
    if kind == "symbol":
        return sympy.Symbol(value, real=True)
    if kind == "constant":
        return {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "inf": sympy.oo}[value]
    made = [_expression(part) for part in parts]
    operations = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "pow": lambda a, b: a**b,
        "neg": lambda a: -a,
        "abs": sympy.Abs,
        "arcsin": sympy.asin,
        "arccos": sympy.acos,
        "arctan": sympy.atan,
    }
    return (operations.get(kind) or getattr(sympy, kind))(*made)


def _equal(first: Any, second: Any) -> bool | None:
    import sympy

    difference = first - second
    if difference.has(sympy.zoo, sympy.nan):
        return None
    for attempt in (sympy.expand, sympy.simplify):
        difference = attempt(difference)
        if difference == 0:
            return True
        if difference.is_number and difference.is_zero is False:
            return False
    return None


if __name__ == "__main__":
    main()
