"""Removal of hidden units from a trained network."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from unseen.models.quadratic_mlp import QuadraticMLP


def prune_units(model: QuadraticMLP, units: Tensor) -> QuadraticMLP:
    """Copy a network with some hidden units cut off from the output.

    Parameters
    ----------
    model : QuadraticMLP
        The trained network; left as it is.
    units : int64 Tensor, shape (k,)
        Which units, from 0 to the width less 1.

    Returns
    -------
    QuadraticMLP
        A copy in which the outgoing weights of those units are zero.

    Raises
    ------
    IndexError
        If there is no such unit.
    """
    pruned = copy.deepcopy(model)
    with torch.no_grad():
        pruned.W[:, units] = 0
    return pruned
