"""The laws of measures. What a measure is called with is taken from its own example."""

from __future__ import annotations

import doctest
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from unseen.contracts.measure import Measure
from unseen.testing.laws import NONE_SKIPPED, check_laws, require


def docstring_says_what_it_is(measure: Measure[..., Any]) -> None:
    """The docstring has a summary and says what is returned."""
    page = inspect.cleandoc(measure.__doc__)
    require(page.strip(), "there is no docstring")
    require("\nReturns\n" in page, "the docstring does not say what is returned")


def example_runs(measure: Measure[..., Any]) -> None:
    """The docstring's example calls the measure and prints what it says it prints."""
    values, failures = _run_example(measure)
    require(not failures, f"the example does not print what it says: {failures}")
    require(values, "there is no example that calls the measure")


def values_lie_in_the_range(measure: Measure[..., Any]) -> None:
    """All values of the example lie within [low, high]; ``nan`` only where the docstring speaks of it."""
    require(measure.low < measure.high, f"the range [{measure.low}, {measure.high}] is empty")
    for value in _run_example(measure)[0]:
        found = np.asarray(value, dtype=np.float64)
        numbers = found[~np.isnan(found)]
        # A sum in floating point may end a rounding beyond a bound that holds exactly.
        slack = 1e-12 * max((abs(end) for end in (measure.low, measure.high) if math.isfinite(end)), default=0.0)
        inside = (numbers >= measure.low - slack) & (numbers <= measure.high + slack)
        require(inside.all(), f"{numbers[~inside]} outside [{measure.low}, {measure.high}]")
        require(len(numbers) == found.size or "nan" in measure.__doc__, "a value is nan and the docstring is silent")


def same_arguments_same_value(measure: Measure[..., Any]) -> None:
    """The example run twice gives the same values, bit for bit."""
    first, second = ([np.asarray(value).tobytes() for value in _run_example(measure)[0]] for _ in range(2))
    require(first == second, "the example gave other values the second time")


def paper_is_in_the_catalogue(measure: Measure[..., Any]) -> None:
    """The paper that it comes from, if any, is in the catalogue."""
    from unseen.catalogue import load

    known = {paper.id for paper in load()}
    require(not measure.paper or measure.paper in known, f"no paper {measure.paper!r} in the catalogue")


MEASURE_LAWS: tuple[Callable[[Measure[..., Any]], None], ...] = (
    docstring_says_what_it_is,
    example_runs,
    values_lie_in_the_range,
    same_arguments_same_value,
    paper_is_in_the_catalogue,
)


def check_measure(measure: Measure[..., Any], *, skip: Mapping[str, str] = NONE_SKIPPED) -> None:
    """Check that a measure obeys its laws.

    Parameters
    ----------
    measure : Measure
        The measure; its docstring's example is what it is called with.
    skip : mapping of str to str
        Laws left out, by name, each with the reason.

    Raises
    ------
    LawsBroken
        With every broken law and what was found.

    Examples
    --------
    >>> import unseen as un
    >>> check_measure(un.measure("unit-periodicity"))
    """
    check_laws(measure.name, measure, MEASURE_LAWS, skip)


def _run_example(measure: Measure[..., Any]) -> tuple[list[Any], str]:
    """Values that the measure returned during its example, and what the example printed wrongly."""
    # Doctests of the library itself run with what their module imports; so do these.
    names = dict(vars(sys.modules[measure.function.__module__]))
    example = doctest.DocTestParser().get_doctest(measure.__doc__, names, measure.name, None, 0)
    complaints: list[str] = []
    with _recorded(measure) as values:
        doctest.DocTestRunner(verbose=False).run(example, out=complaints.append)
    return values, "".join(complaints)


@contextmanager
def _recorded(measure: Measure[..., Any]) -> Iterator[list[Any]]:
    """Within the block every value that the measure returns is kept, by whatever name it is called."""
    values: list[Any] = []
    function = measure.function

    @wraps(function)
    def recording(*args: Any, **kwargs: Any) -> Any:
        value = function(*args, **kwargs)
        values.append(value)
        return value

    object.__setattr__(measure, "function", recording)
    try:
        yield values
    finally:
        object.__setattr__(measure, "function", function)
