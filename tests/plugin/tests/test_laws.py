"""What the author of a package writes: one fixture per item, and every law becomes a test."""

from typing import ClassVar

import pytest
from unseen_demo.reversal import DigitReversal
from unseen_demo.study import study as demo

from unseen.testing import ProblemLaws, SolverLaws, StudyLaws


class TestDigitReversal(ProblemLaws):
    @pytest.fixture(params=[500, 3])
    def problem(self, request):
        return DigitReversal(request.param)


class TestBackwards(SolverLaws):
    skip: ClassVar = {"fit_returns_the_solver": "reversal is not learned"}

    @pytest.fixture
    def problem(self):
        return DigitReversal()

    @pytest.fixture
    def solver(self, problem):
        return problem.classical()


class TestDemo(StudyLaws):
    @pytest.fixture
    def study(self):
        return demo
