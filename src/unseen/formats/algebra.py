"""Whether two formulas are equal: exactly, at random points, and by SymPy in a process that can be killed."""

from __future__ import annotations

import atexit
import json
import queue
import subprocess
import sys
import threading
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from unseen.contracts.problem import random_stream
from unseen.formats.math_text import Node, names
from unseen.formats.math_values import exact_value, value_at

POINTS = 6
"""Points at which both formulas have values before they count as equal without a proof."""

MOST_POINTS = 40
"""Points that are tried."""

NEAR = 50
"""Decimal digits to which values must agree."""

START_LIMIT = 60.0
"""Seconds that SymPy may take to be imported."""

How = Literal["numbers", "points", "proof", "undecided"]


class Equality(NamedTuple):
    """Whether two formulas are equal, and how that was found.

    Parameters
    ----------
    equal : bool or None
        None if it could not be decided.
    how : {"numbers", "points", "proof", "undecided"}
        Exact arithmetic; values at random points; SymPy.
    """

    equal: bool | None
    how: How


def equal_formulas(first: Node, second: Node, time_limit: float = 3.0) -> Equality:
    """Decide whether two formulas are equal as functions of real symbols.

    Rational numbers are compared exactly. Others are evaluated at up to `MOST_POINTS` random points to a hundred
    digits; one at which both are real and differ refutes. Where no point gives real values, complex ones are
    compared. Those that agree are given to SymPy: a proof, or its refutation, decides. If it has neither within the
    time limit, formulas that agree at `POINTS` points to fifty digits count as equal; fewer points decide nothing.

    Parameters
    ----------
    first, second : Node
        What `unseen.formats.math_text.parse` reads.
    time_limit : float
        Seconds that SymPy may take; 0 leaves it out.

    Examples
    --------
    >>> from unseen.formats.math_text import parse
    >>> equal_formulas(parse("(x+1)^2"), parse("x^2 + 2x + 2")).equal
    False
    >>> equal_formulas(parse("sqrt(8)"), parse("2 sqrt 2"), time_limit=0)
    Equality(equal=True, how='points')
    """
    exact = exact_value(first), exact_value(second)
    if exact[0] is not None and exact[1] is not None:
        return Equality(exact[0] == exact[1], "numbers")
    if first == second:
        return Equality(True, "proof")
    agreed = _at_points(first, second)
    if agreed is None:
        return Equality(False, "points")
    proved = _WORKER.ask(first, second, time_limit) if time_limit > 0 else None
    if proved is not None:
        return Equality(proved, "proof")
    return Equality(True, "points") if agreed >= POINTS else Equality(None, "undecided")


def _at_points(first: Node, second: Node) -> int | None:
    """At how many points both have the same value; None if they differ at one."""
    symbols = sorted(names(first) | names(second))
    stream = random_stream("equal formulas", *symbols)
    real: list[bool] = []
    mixed: list[bool] = []
    for _ in range(MOST_POINTS if symbols else 1):
        # Denominators that are prime keep the points off the zeros and poles of textbook formulas.
        point = {name: Fraction(int(stream.integers(-3 * 10_007, 3 * 10_007)), 10_007) for name in symbols}
        values = value_at(first, point), value_at(second, point)
        if values[0] is None or values[1] is None:
            continue
        (real if all(_is_real(value) for value in values) else mixed).append(_near(*values))
        if False in real:
            return None
        if len(real) >= POINTS:
            return len(real)
    if not real and False in mixed:
        return None
    if not symbols:  # constants have one value, which no further point would confirm
        return POINTS if real or mixed else 0
    return len(real) or len(mixed)


def _is_real(value: Any) -> bool:
    import mpmath

    return bool(abs(mpmath.im(value)) <= mpmath.mpf(10) ** -NEAR * max(1, abs(value)))


def _near(first: Any, second: Any) -> bool:
    import mpmath

    with mpmath.workdps(2 * NEAR):
        return bool(abs(first - second) <= mpmath.mpf(10) ** -NEAR * max(1, abs(first), abs(second)))


class _Worker:
    """SymPy's process, started when first needed and again after it was killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def ask(self, first: Node, second: Node, time_limit: float) -> bool | None:
        with self._lock:
            if self._process is None and not self._start():
                return None
            assert self._process is not None
            assert self._process.stdin is not None
            try:
                self._process.stdin.write(json.dumps([_tree(first), _tree(second)]) + "\n")
                self._process.stdin.flush()
                found = json.loads(self._lines.get(timeout=time_limit))
            except (queue.Empty, OSError, ValueError):
                self._kill()
                return None
            return found if isinstance(found, bool) else None

    def _start(self) -> bool:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "unseen.formats.algebra_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._lines = queue.Queue()
        threading.Thread(target=_pump, args=(self._process, self._lines), daemon=True).start()
        try:
            ready = self._lines.get(timeout=START_LIMIT).strip() == "ready"
        except queue.Empty:
            ready = False
        if not ready:
            self._kill()
        return ready

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        with self._lock:
            self._kill()


def _pump(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("null" if process.poll() is None else "")  # a process that ended answers nothing more


def _tree(node: Node) -> list[Any]:
    return [node.kind, str(node.value), [_tree(part) for part in node.parts]]


_WORKER = _Worker()
atexit.register(_WORKER.close)
