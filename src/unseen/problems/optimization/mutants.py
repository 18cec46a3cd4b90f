"""Mistakes that a modeller makes, as operators on models, and rewritings that change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from unseen.problems.optimization.model import AT_MOST, EQUAL, LinearModel

Operator = Callable[[LinearModel], LinearModel]


def _last_group(model: LinearModel) -> NDArray[np.bool_]:
    return np.array([name == model.groups[-1] for name in model.groups])


def keep_rows(model: LinearModel, kept: NDArray[np.bool_]) -> LinearModel:
    """The model with some of its constraints, chosen by a mask of shape (m,)."""
    return replace(
        model,
        matrix=model.matrix[kept],
        relation=model.relation[kept],
        right=model.right[kept],
        groups=tuple(name for name, keep in zip(model.groups, kept, strict=True) if keep),
    )


def relax_integrality(model: LinearModel) -> LinearModel:
    """All variables continuous."""
    return replace(model, whole=np.zeros_like(model.whole))


def drop_last_group(model: LinearModel) -> LinearModel:
    """Forget the constraint that the text states last, all rows of it."""
    return keep_rows(model, ~_last_group(model))


def drop_last_row(model: LinearModel) -> LinearModel:
    """An index that ends one too early: the last row is forgotten."""
    return keep_rows(model, np.arange(len(model.right)) < len(model.right) - 1)


def drop_upper_bounds(model: LinearModel) -> LinearModel:
    """Forget the upper bounds of all variables."""
    return replace(model, upper=np.full_like(model.upper, np.inf))


def inequality_to_equality(model: LinearModel) -> LinearModel:
    """The inequalities of the last group that has any become equalities."""
    named = [name for name, kind in zip(model.groups, model.relation, strict=True) if kind != EQUAL]
    chosen = np.array([bool(named) and name == named[-1] for name in model.groups])
    return replace(model, relation=np.where(chosen, EQUAL, model.relation))


def off_by_one(model: LinearModel) -> LinearModel:
    """A strict inequality in whole numbers: right sides of the last group with inequalities are tighter by one."""
    named = [name for name, kind in zip(model.groups, model.relation, strict=True) if kind != EQUAL]
    chosen = np.array([bool(named) and name == named[-1] for name in model.groups])
    return replace(model, right=model.right + np.where(chosen, model.relation, 0))


def flip_sense(model: LinearModel) -> LinearModel:
    """Maximise for minimise, or the reverse."""
    return replace(model, maximise=not model.maximise)


def perturb_coefficient(model: LinearModel) -> LinearModel:
    """The first coefficient of the objective is one too large: a number misread."""
    cost = model.cost.copy()
    cost[0] += 1
    return replace(model, cost=cost)


def swap_coefficients(model: LinearModel) -> LinearModel:
    """The first two coefficients of the first constraint change places."""
    matrix = model.matrix.copy()
    matrix[0, [0, 1]] = matrix[0, [1, 0]]
    return replace(model, matrix=matrix)


MUTATIONS: Mapping[str, Operator] = {
    "relax-integrality": relax_integrality,
    "drop-constraint": drop_last_group,
    "drop-row": drop_last_row,
    "drop-bounds": drop_upper_bounds,
    "inequality-to-equality": inequality_to_equality,
    "off-by-one": off_by_one,
    "flip-sense": flip_sense,
    "perturb-coefficient": perturb_coefficient,
    "swap-coefficients": swap_coefficients,
}
"""Mistakes by name. On some families one changes nothing, or nothing that matters: such a mutant is equivalent."""


def rescale_rows(model: LinearModel) -> LinearModel:
    """Every constraint times its number: the same model."""
    factors = np.arange(2.0, 2.0 + len(model.right))
    return replace(model, matrix=model.matrix * factors[:, None], right=model.right * factors)


def reorder(model: LinearModel) -> LinearModel:
    """Variables and constraints from last to first: the same model."""
    return replace(
        model,
        cost=model.cost[::-1],
        matrix=model.matrix[::-1, ::-1],
        relation=model.relation[::-1],
        right=model.right[::-1],
        lower=model.lower[::-1],
        upper=model.upper[::-1],
        whole=model.whole[::-1],
        groups=model.groups[::-1],
    )


def turn_inequalities(model: LinearModel) -> LinearModel:
    """Every constraint times -1: at most becomes at least, the model stays the same."""
    return replace(model, matrix=-model.matrix, relation=-model.relation, right=-model.right)


def split_equalities(model: LinearModel) -> LinearModel:
    """Every equality as two inequalities: the same model."""
    equal = model.relation == EQUAL
    return replace(
        model,
        matrix=np.concatenate([model.matrix, model.matrix[equal]]),
        relation=np.concatenate([np.where(equal, AT_MOST, model.relation), np.ones(int(equal.sum()), dtype=np.int64)]),
        right=np.concatenate([model.right, model.right[equal]]),
        groups=(*model.groups, *(name for name, is_equal in zip(model.groups, equal, strict=True) if is_equal)),
    )


REWRITINGS: Mapping[str, Operator] = {
    "rescale-rows": rescale_rows,
    "reorder": reorder,
    "turn-inequalities": turn_inequalities,
    "split-equalities": split_equalities,
}
"""Other ways to write the same model; a check that rejects one is wrong."""
