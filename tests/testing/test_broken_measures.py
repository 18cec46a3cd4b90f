"""Measures broken on purpose, one per law: each must make exactly the law it breaks fail."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from unseen.contracts.measure import measure
from unseen.testing import MEASURE_LAWS, LawsBroken, check_measure

CALLS = iter(range(10**9))


@measure(low=0, high=1)
def sound(values: Any) -> float:
    """Share of ones.

    Returns
    -------
    float

    Examples
    --------
    >>> sound([1, 0])
    0.5
    """
    return float(np.mean(values))


@measure(low=0, high=0.4)
def beyond_its_range(values: Any) -> float:
    """Share of ones.

    Returns
    -------
    float

    Examples
    --------
    >>> beyond_its_range([1, 0])
    0.5
    """
    return float(np.mean(values))


@measure()
def example_of_another(values: Any) -> float:
    """Share of ones.

    Returns
    -------
    float

    Examples
    --------
    >>> 1 + 1
    2
    """
    return float(np.mean(values))


@measure()
def wrong_example(values: Any) -> float:
    """Share of ones.

    Returns
    -------
    float

    Examples
    --------
    >>> wrong_example([1, 0])
    0.6
    """
    return float(np.mean(values))


@measure()
def changing() -> int:
    """Number of calls.

    Returns
    -------
    int

    Examples
    --------
    >>> changing() >= 0
    True
    """
    return next(CALLS)


@measure()
def says_nothing(values: Any) -> float:
    """Share of ones.

    >>> says_nothing([1, 0])
    0.5
    """
    return float(np.mean(values))


@measure(paper="999")
def of_an_unknown_paper(values: Any) -> float:
    """Share of ones.

    Returns
    -------
    float

    Examples
    --------
    >>> of_an_unknown_paper([1, 0])
    0.5
    """
    return float(np.mean(values))


@measure()
def silently_undefined(values: Any) -> float:
    """Ratio of the first two.

    Returns
    -------
    float

    Examples
    --------
    >>> bool(silently_undefined([0, 0]) > 0)
    False
    """
    return values[0] / values[1] if values[1] else float("nan")


BROKEN = {
    beyond_its_range: "values_lie_in_the_range",
    silently_undefined: "values_lie_in_the_range",
    example_of_another: "example_runs",
    wrong_example: "example_runs",
    changing: "same_arguments_same_value",
    says_nothing: "docstring_says_what_it_is",
    of_an_unknown_paper: "paper_is_in_the_catalogue",
}


def broken_laws(item) -> set[str]:
    try:
        check_measure(item)
    except LawsBroken as error:
        return set(error.breaches)
    return set()


def test_the_sound_measure_obeys_every_law():
    check_measure(sound)
    assert set(BROKEN.values()) == {law.__name__ for law in MEASURE_LAWS}


@pytest.mark.parametrize("item", BROKEN, ids=lambda item: item.name)
def test_a_broken_measure_breaks_its_law_alone(item):
    assert broken_laws(item) == {BROKEN[item]}


def test_the_measure_is_left_as_it_was():
    before = sound.function
    check_measure(sound)
    assert sound.function is before
