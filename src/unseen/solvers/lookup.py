"""The pure memoriser: a table of questions seen and the answers given to them."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any, Self

from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unsolved

NEVER_SEEN = Unsolved("never seen")


class LookupTable:
    """Memorises the training data and knows nothing else: the lower end of every comparison.

    Answers a question seen in training with the target given then (the last one, if several) and any other with
    ``Unsolved("never seen")``.

    Examples
    --------
    >>> import unseen as un
    >>> problem = un.problem("modular-addition", modulus=7)
    >>> memoriser = un.solver("lookup-table").fit(problem.sample("train", seed=5))
    >>> scores = un.evaluate(memoriser, problem, seeds=(5,))
    >>> [round(scores.interval(split).estimate, 2) for split in ("train", "iid")]
    [1.0, 0.0]
    """

    def __init__(self) -> None:
        self._answers: dict[Hashable, Any] = {}

    def fit(self, examples: Examples) -> Self:
        """Memorise every question with its target, and forget what was memorised before.

        Raises
        ------
        ValueError
            If the examples have no targets.
        """
        if examples.targets is None:
            raise ValueError("a lookup table needs examples with targets")
        self._answers = dict(zip(_questions(examples), examples.targets, strict=True))
        return self

    def solve(self, examples: Examples) -> list[Any]:
        """The memorised targets, `Unsolved` where there is none."""
        return [self._answers.get(question, NEVER_SEEN) for question in _questions(examples)]


def _questions(examples: Examples) -> Iterator[Hashable]:
    columns = [examples.inputs[name] for name in sorted(examples.inputs)]
    for row in zip(*columns, strict=True):
        yield tuple(value.tobytes() if hasattr(value, "tobytes") else value for value in row)
