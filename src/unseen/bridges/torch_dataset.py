"""A split as a map-style data set for torch's loaders."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from unseen.contracts.problem import Problem


class TorchDataset(Dataset[dict[str, Any]]):
    """The instances of a split, one dictionary each: the inputs by name, ``target`` and ``index``.

    Numbers become tensors, text stays text, and the default collation of a `torch.utils.data.DataLoader` stacks them.
    ``index`` finds the instance in `examples`, from which a batch of answers is scored.

    Parameters
    ----------
    problem : Problem
        What is asked.
    split : str
        Which split.
    n : int or None
        How many instances; None takes all of a finite split.
    seed : int
        What they are drawn with.

    Raises
    ------
    ValueError
        If there is no such split or not so many instances.

    Examples
    --------
    >>> import unseen as un
    >>> data = TorchDataset(un.problem("modular-addition", modulus=7), "iid", None, seed=0)
    >>> sorted(data[0]), data[0]["left"].dtype
    (['index', 'left', 'right', 'target'], torch.int64)
    """

    def __init__(self, problem: Problem, split: str, n: int | None = None, seed: int = 0) -> None:
        self.problem = problem
        self.examples = problem.sample(split, n, seed)
        targets = self.examples.targets
        self._target = problem.truth(self.examples) if targets is None else targets

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        columns = {**self.examples.inputs, "target": self._target}
        return {name: _item(column[index]) for name, column in columns.items()} | {"index": index % len(self)}


def _item(value: Any) -> Any:
    array = np.asarray(value)
    return torch.from_numpy(array.copy()) if array.dtype.kind in "biufc" else array.tolist()
