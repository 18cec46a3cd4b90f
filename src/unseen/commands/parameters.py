"""``--set name=value``: parameters of a problem."""

from __future__ import annotations

from typing import Any


def read_parameters(given: list[str]) -> dict[str, Any]:
    """Parameters by name; a value that is no Python literal is text.

    Raises
    ------
    UsageError
        If one is not of the form ``name=value``.

    Examples
    --------
    >>> read_parameters(["modulus=59", "operation=multiply"])
    {'modulus': 59, 'operation': 'multiply'}
    """
    import ast

    from unseen.errors import UsageError

    chosen: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"--set takes name=value, as in --set modulus=59; got {text!r}")
        try:
            chosen[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            chosen[name] = value
    return chosen
