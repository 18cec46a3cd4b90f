"""What laws need of examples: their bits as one text, their rows as values, and disturbances on purpose."""

from __future__ import annotations

import hashlib
import random
import sys
import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unseen.contracts.problem import Examples, Problem


def fingerprint(examples: Examples) -> str:
    """A text that differs whenever a bit of the examples does, the same in every process.

    Examples
    --------
    >>> a = Examples({"x": np.array([1, 2])}, None)
    >>> fingerprint(a) == fingerprint(Examples({"x": np.array([1, 2])}, None))
    True
    >>> fingerprint(a) == fingerprint(Examples({"x": np.array([1.0, 2.0])}, None))
    False
    """
    digest = hashlib.blake2b(repr((examples.problem, examples.split, examples.seed)).encode(), digest_size=16)
    for name, column in columns(examples):
        digest.update(repr((name, column.dtype.str, column.shape)).encode())
        # An object's bytes are its address.
        digest.update(repr(column.tolist()).encode() if column.dtype.hasobject else np.ascontiguousarray(column).data)
    return digest.hexdigest()


def columns(examples: Examples) -> list[tuple[str, NDArray[Any]]]:
    """All arrays of the examples with their names."""
    named = [(f"input {name}", column) for name, column in sorted(examples.inputs.items())]
    named += [(f"label {name}", column) for name, column in sorted(examples.labels.items())]
    return named if examples.targets is None else [*named, ("targets", examples.targets)]


def rows(problem: Problem, examples: Examples) -> list[Hashable]:
    """Per instance its canonical question and its target."""
    targets: Iterable[Any] = [None] * len(examples) if examples.targets is None else examples.targets
    answers = [np.asarray(target).tobytes() for target in targets]
    return list(zip(problem.canonical(examples), answers, strict=True))


def garbled(examples: Examples) -> Examples:
    """The same questions with targets and labels that mean nothing."""
    targets = None if examples.targets is None else scribble(examples.targets.copy())
    return replace(
        examples, targets=targets, labels={name: scribble(column.copy()) for name, column in examples.labels.items()}
    )


def scribble(array: NDArray[Any]) -> NDArray[Any]:
    """Overwrite every entry of an array with another value, in place."""
    if array.dtype.kind == "b":
        np.logical_not(array, out=array)
    elif array.dtype.kind in "iufc":
        # Not plus one: where answers are residues, that would be a permutation of right ones.
        array[...] = array * 2 + 3
    elif array.dtype.kind == "O":
        array[...] = None
    else:
        array[...] = np.zeros(1, dtype=array.dtype)[0]
    return array


@contextmanager
def scribbled(arrays: Sequence[NDArray[Any]]) -> Iterator[int]:
    """Within the block all arrays that can be written are overwritten; the value is how many could be."""
    kept = [(array, array.copy()) for array in arrays if array.flags.writeable]
    try:
        for array, _ in kept:
            scribble(array)
        yield len(kept)
    finally:
        for array, before in kept:
            array[...] = before


@contextmanager
def disturbed_global_randomness() -> Iterator[None]:
    """Within the block every random state that nothing may read is another one, never the same twice."""
    torch: Any = sys.modules.get("torch")
    kept = random.getstate(), np.random.get_state(), torch.get_rng_state() if torch else None  # noqa: NPY002
    seed = time.time_ns() % 2**32
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        if torch:
            torch.set_rng_state(kept[2])
