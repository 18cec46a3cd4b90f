"""When do two models count as the same? Equal optima, the published rule, canonical forms, a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import isclose

import numpy as np
from numpy.typing import NDArray

from unseen.problems.optimization.model import AT_MOST, EQUAL, LinearModel, Optimum, solve

LOOSE = 0.05
"""Relative tolerance of the published evaluator."""


def equal_optima(first: Optimum, second: Optimum, rtol: float = 1e-6) -> bool:
    """Whether two solved models have the same verdict and, if optimal, values within `rtol` (and 1e-6 about 0).

    A model that the solver gave up on equals none.
    """
    if first.status != second.status or first.status == "undecided":
        return False
    return first.status != "optimal" or isclose(first.value, second.value, rel_tol=rtol, abs_tol=1e-6)


def same_optimum(
    first: Callable[[int], LinearModel], second: Callable[[int], LinearModel], instances: int, rtol: float = 1e-6
) -> bool:
    """Whether two models agree on every one of so many data sets.

    Parameters
    ----------
    first, second : callable
        ``first(i)`` is the model filled with the data of instance i.
    instances : int
        How many data sets are compared, 1 or more.
    rtol : float
        Relative tolerance of the values.

    Raises
    ------
    ValueError
        If there is no instance to compare.
    """
    if instances < 1:
        raise ValueError(f"at least one instance is compared, not {instances}")
    return all(equal_optima(solve(first(i)), solve(second(i)), rtol) for i in range(instances))


def rounded_agreement(truth: Optimum, found: Optimum) -> bool:
    """The published rule: optimal values, rounded to whole numbers, within 5 % of the true one.

    No best solution on both sides counts as agreement, whether infeasible or unbounded.

    References
    ----------
    optsuite/OptMATH, ``eval/executor.py``, ``ResultEvaluator``.

    Examples
    --------
    >>> rounded_agreement(Optimum("optimal", 7.4), Optimum("optimal", 6.6))
    True
    """
    if "optimal" not in (truth.status, found.status):
        return "undecided" not in (truth.status, found.status)
    if truth.status != found.status:
        return False
    true, value = round(truth.value), round(found.value)
    return abs(value - true) <= LOOSE * (abs(true) or 1)


def conversions(model: LinearModel) -> Iterable[LinearModel]:
    """The programs that the published evaluator tries after a wrong value, each a change of the original.

    Continuous variables become integers; integers that are no 0-1 variables become continuous (binary ones have a
    type of their own there); the sense is changed. Strict inequalities are rewritten too, which solvers never see.

    References
    ----------
    optsuite/OptMATH, ``eval/executor.py``, ``execute_with_fallback``.
    """
    binary = model.whole & (model.lower == 0) & (model.upper == 1)
    if not model.whole.all():
        yield replace(model, whole=np.ones_like(model.whole))
    if (model.whole & ~binary).any():
        yield replace(model, whole=binary)
    yield replace(model, maximise=not model.maximise)


def agreement_with_fallback(truth: Optimum, model: LinearModel, found: Optimum | None = None) -> bool:
    """`rounded_agreement` of the model or of any of its `conversions`: the published evaluator as it comes."""
    return rounded_agreement(truth, found or solve(model)) or any(
        rounded_agreement(truth, solve(other)) for other in conversions(model)
    )


def distinguish(
    first: Callable[[int], LinearModel | Optimum],
    second: Callable[[int], LinearModel | Optimum],
    budget: int,
    rtol: float = 1e-6,
) -> int | None:
    """The first instance of so many on which two models have different optima; None if all agree.

    Each gives the model of an instance, or its optimum where that is known already.

    None is no proof of equivalence: with `budget` instances that agree, a difference on a share p of all instances
    has been missed with probability (1 - p)^budget.
    """

    def optimum(found: LinearModel | Optimum) -> Optimum:
        return found if isinstance(found, Optimum) else solve(found)

    pairs = ((i, optimum(first(i)), optimum(second(i))) for i in range(budget))
    return next((i for i, one, other in pairs if not equal_optima(one, other, rtol)), None)


def canonical_rows(model: LinearModel) -> NDArray[np.float64]:
    """A form of the model that is the same for every order and scale of its constraints, of either direction.

    Equalities count as two inequalities, all rows are read as at most, scaled to a largest entry of 1 and sorted.
    The objective, bounds and kinds of the variables follow; maximising counts as minimising the negative. Variables
    keep their order.

    Returns
    -------
    array, shape (rows + 4, n + 1)
    """
    signs = np.where(model.relation == AT_MOST, 1.0, -1.0)
    both = model.relation == EQUAL
    rows = np.concatenate([model.matrix, model.right[:, None]], axis=1)
    rows = np.concatenate([rows * signs[:, None], rows[both]])
    scale = np.abs(rows[:, :-1]).max(axis=1, initial=0, keepdims=True)
    rows = np.unique(np.round(rows / np.where(scale == 0, 1, scale), 9) + 0.0, axis=0)
    sense = -1.0 if model.maximise else 1.0
    about = np.stack([sense * model.cost + 0.0, model.lower, model.upper, model.whole.astype(np.float64)])
    return np.concatenate([rows, np.pad(about, ((0, 0), (0, 1)))])


def equivalent_in_form(first: LinearModel, second: LinearModel) -> bool:
    """Whether two models are the same up to order of variables and order, scale, direction, repetition of constraints.

    Variables are sorted by what their columns hold. Where two hold the same they keep the order given, so that models
    of much symmetry may be missed: True is a proof, False is none.
    """
    if first.cost.shape != second.cost.shape:
        return False
    forms = [canonical_rows(_with_ordered_variables(model)) for model in (first, second)]
    return forms[0].shape == forms[1].shape and bool((forms[0] == forms[1]).all())


def _with_ordered_variables(model: LinearModel) -> LinearModel:
    form = canonical_rows(model)
    rows, about = form[:-4], form[-4:]
    # What a column holds does not depend on the order of rows once it is sorted; right sides go with the entries.
    keys = []
    for column in range(len(model.cost)):
        entries = sorted(zip(rows[:, column].tolist(), rows[:, -1].tolist(), strict=True))
        keys.append((about[:, column].tolist(), entries))
    order = np.array(sorted(range(len(keys)), key=keys.__getitem__))
    return replace(
        model,
        cost=model.cost[order],
        matrix=model.matrix[:, order],
        lower=model.lower[order],
        upper=model.upper[order],
        whole=model.whole[order],
    )
