"""Test classes to inherit: supply one fixture, and every law becomes a test.

These classes do not need pytest to be imported, only to be run::

    import pytest
    from unseen.testing import ProblemLaws
    from my_package import DigitReversal


    class TestDigitReversal(ProblemLaws):
        @pytest.fixture
        def problem(self):
            return DigitReversal()

A law is left out by name and with a reason: ``skip: ClassVar = {"text_is_of_the_question": "images have no text"}`` in
the class.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar
from unittest import SkipTest

from unseen.contracts.measure import Measure
from unseen.contracts.problem import Problem
from unseen.contracts.solver import Solver
from unseen.contracts.study import Study
from unseen.testing.measure import MEASURE_LAWS
from unseen.testing.problem import PROBLEM_LAWS
from unseen.testing.problem_case import ProblemCase
from unseen.testing.solver import SOLVER_LAWS, SolverCase
from unseen.testing.study import STUDY_LAWS
from unseen.testing.study_case import StudyCase


class Laws:
    """What the test classes share."""

    skip: ClassVar[Mapping[str, str]] = {}
    """Laws left out, by name, each with the reason."""


class ProblemLaws(Laws):
    """The laws of a problem. Supply the fixture ``problem``."""


class SolverLaws(Laws):
    """The laws of a solver. Supply the fixtures ``solver`` and ``problem``."""


class MeasureLaws(Laws):
    """The laws of a measure. Supply the fixture ``measure``."""


class StudyLaws(Laws):
    """The laws of a study. Supply the fixture ``study``; its smoke trials are run once and shared."""


def _check(law: Callable[[Any], None], skip: Mapping[str, str], case: Any) -> None:
    if reason := skip.get(law.__name__):
        raise SkipTest(reason)
    law(case)


def _add_problem_test(law: Callable[[ProblemCase], None]) -> None:
    def test(self: ProblemLaws, problem: Problem) -> None:
        _check(law, self.skip, ProblemCase(problem))

    _add(ProblemLaws, law, test)


def _add_solver_test(law: Callable[[SolverCase], None]) -> None:
    def test(self: SolverLaws, solver: Solver, problem: Problem) -> None:
        _check(law, self.skip, SolverCase(solver, problem))

    _add(SolverLaws, law, test)


def _add_measure_test(law: Callable[[Measure[..., Any]], None]) -> None:
    def test(self: MeasureLaws, measure: Measure[..., Any]) -> None:
        _check(law, self.skip, measure)

    _add(MeasureLaws, law, test)


def _add_study_test(law: Callable[[StudyCase], None]) -> None:
    def test(self: StudyLaws, study: Study) -> None:
        # Kept by identity, because studies hold mappings and have no hash; the case keeps its study alive.
        case = _CASES.setdefault(id(study), StudyCase(study))
        _check(law, self.skip, case)

    _add(StudyLaws, law, test)


def _add(laws: type[Laws], law: Callable[..., None], test: Callable[..., None]) -> None:
    test.__name__ = f"test_{law.__name__}"
    test.__qualname__ = f"{laws.__name__}.{test.__name__}"
    test.__doc__ = inspect.getdoc(law)
    setattr(laws, test.__name__, test)


_CASES: dict[int, StudyCase] = {}

for _problem_law in PROBLEM_LAWS:
    _add_problem_test(_problem_law)
for _solver_law in SOLVER_LAWS:
    _add_solver_test(_solver_law)
for _measure_law in MEASURE_LAWS:
    _add_measure_test(_measure_law)
for _study_law in STUDY_LAWS:
    _add_study_test(_study_law)
