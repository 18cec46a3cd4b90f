"""Solvers by the name that a user types: classical, registered, or a Python callable of the user's own."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unseen.contracts.problem import Problem
from unseen.errors import UsageError
from unseen.registry import load, names, solver, suggest

SAVED = (".pt", ".pth")
"""Endings of files that hold a trained solver."""


@dataclass(frozen=True)
class NamedSolver:
    """A solver for one problem.

    Parameters
    ----------
    solver : Solver or callable
        What `unseen.evaluate` takes.
    fit : bool
        Whether it learns and is to be trained on ``train`` first.
    """

    solver: Any
    fit: bool


def find_solver(name: str, problem: Problem) -> NamedSolver:
    """The solver of that name.

    Parameters
    ----------
    name : str
        ``"classical"`` for the problem's own classical solver, a registered name, or ``package.module:attribute`` of a
        function of examples, an object with ``solve``, or a class of such objects. Modules are also looked for in the
        current folder. What has a method ``fit`` is trained; the classical solver needs none. ``file:PATH``, or a path
        that ends in ``.pt``, is a trained solver as `unseen.solvers.saved.save_solver` writes it, and ``hf:PATH`` a
        local transformers model; neither is trained again.
    problem : Problem
        What it is to answer.

    Raises
    ------
    UsageError
        If there is none, it cannot be imported or made, or is no solver.
    """
    if name == "classical":
        return NamedSolver(problem.classical(), fit=False)
    if name in names("solvers"):
        found = solver(name)
        return NamedSolver(found, fit=hasattr(found, "fit"))
    module, colon, attribute = name.partition(":")
    if module == "file" or name.endswith(SAVED):
        from unseen.solvers.saved import load_solver

        return NamedSolver(load_solver(Path(name.removeprefix("file:"))), fit=False)
    if module == "hf":
        from unseen.solvers.language.answer_log import AnswerLog
        from unseen.solvers.language.language_model import LanguageModel
        from unseen.solvers.language.local_model import LocalModel

        return NamedSolver(LanguageModel(LocalModel(attribute, AnswerLog(None)), problem), fit=False)
    if module == "openai":
        raise UsageError(f"{name}: from Python, wrap an Endpoint in a LanguageModel (docs/evaluate.md shows how)")
    if not (colon and _is_path(module) and _is_path(attribute)):
        raise UsageError(
            f"no solver named {name!r}; a solver is classical, openai:MODEL, hf:PATH, file:PATH, "
            f"package.module:function or a registered name; {suggest(name, names('solvers'))}"
        )
    found = _imported(name)
    if not (callable(found) or hasattr(found, "solve")):
        raise UsageError(f"{name} is neither a function of examples nor has it a method solve(examples): {found!r:.80}")
    return NamedSolver(found, fit=hasattr(found, "fit"))


def _is_path(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _imported(target: str) -> Any:
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)  # at the end, so that no file lying there hides an installed module
    try:
        found = load(target)
        return found() if isinstance(found, type) else found
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # whatever the user's module does when it is imported
        raise UsageError(f"{target} cannot be loaded: {one_line(error)}") from error


def one_line(error: BaseException) -> str:
    """An exception in one line, at most 300 characters: its type and what it says."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:300] if words else type(error).__name__
