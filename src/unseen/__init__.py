"""Did it learn the rule, or memorise the data?

>>> import unseen as un
>>> problem = un.problem("modular-addition", modulus=31)
>>> scores = un.evaluate(problem.classical(), problem, seeds=(3,))
>>> scores.interval("iid").estimate
1.0
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unseen.api import StudyHandle as StudyHandle
    from unseen.api import study as study
    from unseen.contracts.problem import AXES as AXES
    from unseen.contracts.problem import Examples as Examples
    from unseen.contracts.problem import Problem as Problem
    from unseen.contracts.problem import Split as Split
    from unseen.contracts.solver import Solver as Solver
    from unseen.contracts.solver import Unsolved as Unsolved
    from unseen.evaluation import Scores as Scores
    from unseen.evaluation import evaluate as evaluate
    from unseen.evaluation.appraisal import Appraisal as Appraisal
    from unseen.evaluation.appraisal import appraise as appraise
    from unseen.learning_curves import LearningCurves as LearningCurves
    from unseen.learning_curves import learning_curve as learning_curve
    from unseen.registry import measure as measure
    from unseen.registry import problem as problem
    from unseen.registry import solver as solver

_HOMES = {
    "AXES": "unseen.contracts.problem",
    "Appraisal": "unseen.evaluation.appraisal",
    "Examples": "unseen.contracts.problem",
    "LearningCurves": "unseen.learning_curves",
    "Problem": "unseen.contracts.problem",
    "Scores": "unseen.evaluation",
    "Solver": "unseen.contracts.solver",
    "Split": "unseen.contracts.problem",
    "StudyHandle": "unseen.api",
    "Unsolved": "unseen.contracts.solver",
    "appraise": "unseen.evaluation.appraisal",
    "evaluate": "unseen.evaluation",
    "learning_curve": "unseen.learning_curves",
    "measure": "unseen.registry",
    "problem": "unseen.registry",
    "solver": "unseen.registry",
    "study": "unseen.api",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("unseen")
    raise AttributeError(f"module 'unseen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
