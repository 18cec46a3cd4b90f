"""How much of the wrong training labels was learned by heart."""

from __future__ import annotations

from typing import Any

import numpy as np

from unseen.contracts.measure import measure
from unseen.contracts.problem import Examples


@measure(low=0, high=1, paper="080")
def memorised_fraction(answers: Any, examples: Examples) -> float:
    """Share of the wrongly labelled training examples that are answered with their wrong label.

    The rule gives the right answer instead, so only memory can give the wrong one. (Doshi et al. 2023, section 3.)

    Parameters
    ----------
    answers : array of shape (n,)
        A solver's answers.
    examples : Examples
        Training examples with targets and the label ``corrupted``, true where the target is wrong.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    ValueError
        If no example is corrupted, targets are missing, or there is not one answer per example.

    Examples
    --------
    >>> import unseen as un
    >>> train = un.problem("modular-addition", modulus=11, corrupted=0.5).sample("train", seed=3)
    >>> memorised_fraction(un.solver("lookup-table").fit(train).solve(train), train)
    1.0
    """
    if examples.targets is None or "corrupted" not in examples.labels:
        raise ValueError("memorised_fraction needs examples with targets and the label 'corrupted'")
    wrong = examples.labels["corrupted"]
    if not wrong.any():
        raise ValueError("no example has a wrong label, so there is nothing to memorise")
    given = np.asarray(answers)
    if given.shape != examples.targets.shape:
        raise ValueError(f"answers of shape {given.shape} for targets of shape {examples.targets.shape}")
    return float(np.mean(given[wrong] == examples.targets[wrong]))
