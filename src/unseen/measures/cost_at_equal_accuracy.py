"""What a method costs beside the cheapest classical way to be as accurate, and after how many solves it pays."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unseen.contracts.measure import measure


@dataclass(frozen=True)
class Rung:
    """One way to solve questions of a kind: how wrong it is, and what it costs.

    Parameters
    ----------
    error : float
        At least 0; infinite for one that fails.
    cost : float
        Of one solve, above 0: seconds, products, evaluations.
    """

    error: float
    cost: float

    def __post_init__(self) -> None:
        if not (self.error >= 0 and self.cost > 0):
            raise ValueError(f"an error is at least 0 and a cost above 0, not {self.error!r} and {self.cost!r}")


@measure(low=0)
def cost_at_equal_accuracy(method: Rung, ladder: Sequence[Rung]) -> float:
    """Cost of a method over that of the cheapest classical rung that is at least as accurate.

    A ladder is one classical method at several sizes or tolerances, or several of them: comparing with its most
    accurate rung alone flatters whatever is less accurate and cheap.

    Parameters
    ----------
    method : Rung
    ladder : sequence of Rung
        At least one, measured in the same run and units as the method; see `timed_in_turn`.

    Returns
    -------
    float
        Below 1 where the method is cheaper; 0 if no rung is as accurate.

    Raises
    ------
    ValueError
        If the ladder is empty or the method's error is not finite.

    Examples
    --------
    >>> ladder = [Rung(error=1e-2, cost=1.0), Rung(error=1e-4, cost=4.0), Rung(error=1e-8, cost=20.0)]
    >>> cost_at_equal_accuracy(Rung(error=1e-3, cost=2.0), ladder)
    0.5
    """
    if not ladder:
        raise ValueError("a ladder has at least one rung")
    if not math.isfinite(method.error):
        raise ValueError("the method's error is not finite: it has no accuracy to be equal to")
    return method.cost / min((rung.cost for rung in ladder if rung.error <= method.error), default=math.inf)


@measure(low=0)
def break_even_solves(training: float, cost: float, peer_cost: float, *, peer_training: float = 0.0) -> float:
    """Number of solves from which a method that must be trained costs less in all than its peer.

    Parameters
    ----------
    training, cost : float
        Of the method: once, at least 0, and per solve, above 0.
    peer_cost, peer_training : float
        The same of the peer.

    Returns
    -------
    float
        ``(training - peer_training) / (peer_cost - cost)``, at least 0; infinite where the method never pays.

    Raises
    ------
    ValueError
        If a cost is out of range or not finite.

    Examples
    --------
    >>> break_even_solves(training=60.0, cost=0.25, peer_cost=0.75), break_even_solves(60.0, 0.5, 0.4)
    (120.0, inf)
    """
    for name, value in (("training", training), ("peer_training", peer_training)):
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be at least 0 and finite, not {value!r}")
    for name, value in (("cost", cost), ("peer_cost", peer_cost)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be above 0 and finite, not {value!r}")
    more = training - peer_training
    if cost < peer_cost:
        return max(0.0, more / (peer_cost - cost))
    # Dearer per solve, it is ahead from the first one or never; equally dear, by what was spent before.
    return 0.0 if more < 0 and cost == peer_cost else math.inf


def timed_in_turn(
    ways: Mapping[str, Callable[[Any], Any]],
    questions: Sequence[Any],
    error: Callable[[Any, Any], float],
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Rung]:
    """Rungs of several ways to answer the same questions, in one run: medians of errors and seconds.

    The ways take turns question by question, so that a busy moment of the machine meets all of them. Each answers the
    first question once before, uncounted, for what only a first call has to do.

    Parameters
    ----------
    ways : mapping of str to callable
        ``way(question) -> answer``.
    questions : sequence
        At least one.
    error : callable
        ``error(question, answer)``, at least 0.
    clock : callable
        Seconds.

    Raises
    ------
    ValueError
        If there are no questions.

    Examples
    --------
    >>> ways = {"root": lambda x: x**0.5, "one": lambda x: 1.0}
    >>> found = timed_in_turn(ways, [2.0, 3.0, 4.0], lambda x, y: abs(y * y - x))
    >>> found["root"].error < 1e-9, found["one"].error
    (True, 2.0)
    """
    if not questions:
        raise ValueError("at least one question is needed")
    for way in ways.values():
        way(questions[0])
    errors: dict[str, list[float]] = {name: [] for name in ways}
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for question in questions:
        for name, way in ways.items():
            began = clock()
            answer = way(question)
            seconds[name].append(clock() - began)
            errors[name].append(float(error(question, answer)))
    return {name: Rung(statistics.median(errors[name]), statistics.median(seconds[name])) for name in ways}
