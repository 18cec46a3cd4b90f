"""Trained solvers as files: numbers and plain settings alone, so that a file can hold no code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from unseen.errors import UsageError

FORMAT = 1
"""Version of the files' layout."""

SAVEABLE: Mapping[str, str] = {"addition-decoder": "unseen.solvers.neural.addition_decoder:AdditionDecoder"}
"""Kinds of solvers that can be saved, by the names that they are registered under."""


@runtime_checkable
class Saveable(Protocol):
    """A solver that can be taken apart into settings and tensors, and put together again."""

    def saved(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Plain settings, and the tensors of the trained network by name.

        Raises
        ------
        ValueError
            If it was not trained, or has parts that settings cannot describe.
        """
        ...

    @classmethod
    def restored(cls, settings: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """The trained solver again; `ValueError` or `TypeError` if the parts do not fit."""
        ...


def save_solver(path: Path, solver: Saveable) -> None:
    """Write a trained solver to a file that `load_solver` reads, and ``unseen evaluate file:PATH`` too.

    Parameters
    ----------
    path : path
        The file; overwritten.
    solver : Saveable
        Of one of the kinds in `SAVEABLE`.

    Raises
    ------
    UsageError
        If it is of another kind, or was not trained.

    Examples
    --------
    >>> import tempfile
    >>> from unseen.problems.numbers.addition import WholeNumberAddition
    >>> from unseen.solvers.neural.addition_decoder import AdditionDecoder
    >>> train = WholeNumberAddition(digits=1, train_size=20).sample("train")
    >>> trained = AdditionDecoder("plain", steps=5).fit(train)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_solver(Path(folder) / "adder.pt", trained)
    ...     load_solver(Path(folder) / "adder.pt").solve(train) == trained.solve(train)
    True
    """
    import torch

    kind = next((name for name in SAVEABLE if type(solver) is _class(name)), None)
    if kind is None:
        raise UsageError(f"{type(solver).__name__} cannot be saved; kinds that can: {', '.join(SAVEABLE)}")
    try:
        settings, state = solver.saved()
    except ValueError as error:
        raise UsageError(f"{kind} cannot be saved: {error}") from error
    torch.save({"unseen": FORMAT, "kind": kind, "settings": dict(settings), "state": dict(state)}, path)


def load_solver(path: Path) -> Saveable:
    """Read a trained solver; code in the file is never run.

    Raises
    ------
    UsageError
        If the file cannot be read, or holds anything else.
    """
    import torch

    try:
        held = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # no such file, or pickled objects that weights_only refuses
        raise UsageError(f"{path} is no file of save_solver, or holds code, which is not loaded") from error
    if not isinstance(held, dict) or "unseen" not in held:
        raise UsageError(f"{path} is no file of save_solver")
    if held["unseen"] != FORMAT:
        raise UsageError(f"{path} has layout {held['unseen']!r}; this version of unseen reads {FORMAT}")
    if held.get("kind") not in SAVEABLE:
        raise UsageError(f"{path} holds {held.get('kind')!r:.60}; kinds: {', '.join(SAVEABLE)}")
    try:
        found: Saveable = _class(held["kind"]).restored(held["settings"], held["state"])
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        raise UsageError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from error
    return found


def _class(kind: str) -> Any:
    from unseen.registry import load

    return load(SAVEABLE[kind])
