"""What a measure is: a number computed from model, data or training, meant to explain or predict generalization."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Measure(Generic[P, R]):
    """A function with what a reader must know about its values. Call it like the function itself.

    Parameters
    ----------
    function : callable
        The computation. Its docstring carries a runnable example.
    low, high : float
        Range of the values; infinite where unbounded.
    paper : str
        Catalogue id of the paper that it comes from; empty for common property.
    """

    function: Callable[P, R]
    low: float = -math.inf
    high: float = math.inf
    paper: str = ""

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the measure."""
        return self.function(*args, **kwargs)

    @property
    def name(self) -> str:
        """The registered name: the function's, with hyphens."""
        return self.function.__name__.replace("_", "-")

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """The function's docstring."""
        return self.function.__doc__ or ""


def measure(
    *, low: float = -math.inf, high: float = math.inf, paper: str = ""
) -> Callable[[Callable[P, R]], Measure[P, R]]:
    """Declare a function as a measure.

    Examples
    --------
    >>> @measure(low=0, high=1)
    ... def agreement(a: list[int], b: list[int]) -> float:
    ...     return sum(x == y for x, y in zip(a, b)) / len(a)
    >>> agreement([1, 2], [1, 3]), agreement.name
    (0.5, 'agreement')
    """
    return lambda function: Measure(function, low, high, paper)
