"""Every law on everything registered. A new file is examined here before its author writes a test.

Names are found by walking the registry when tests are collected. `NOT_FOR` is the one place where a law may be left
out for an item, with the reason.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

import pytest

import unseen.measures
import unseen.problems
from unseen import registry
from unseen.contracts.measure import Measure
from unseen.contracts.problem import Problem
from unseen.contracts.solver import Solver
from unseen.records import read_record, record_files
from unseen.testing import (
    MEASURE_LAWS,
    PROBLEM_LAWS,
    RECORD_LAWS,
    SOLVER_LAWS,
    STUDY_LAWS,
    ProblemCase,
    RecordCase,
    SolverCase,
    StudyCase,
)

NOT_FOR: dict[tuple[str, str], str] = {}
"""(law, item) -> why the law is not for the item. Empty is best."""

LEARNED_FROM_NUMBERS = {
    "modular-addition",
    "digits",
    "slab-mixture",
    "linear-teacher",
    "relu-teacher",
    "smooth-teacher",
    "noisy-teacher-classes",
}

ONLY_FOR = {
    "addition-decoder": ({"whole-number-addition"}, "writes down sums of two whole numbers"),
    "additive-completion": (
        {"whole-number-addition", "modular-addition"},
        "completes tables whose entries are a function of the row plus one of the column",
    ),
    "kernel-ridge": (LEARNED_FROM_NUMBERS, "reads numbers and answers numbers, classes or distributions"),
    "gradient-boosting": (LEARNED_FROM_NUMBERS, "reads numbers and answers numbers, classes or distributions"),
    "enumerator": ({"programming-puzzles"}, "searches for expressions that satisfy a predicate"),
    "windowed-adder": ({"whole-number-addition"}, "adds decimal numbers, a few places at a time"),
    "infinite-mlp": ({"binary-permutation"}, "reads bits and needs training questions that differ in direction"),
    "minimum-degree": ({"frozen-conjunction", "binary-permutation"}, "fits polynomials in bits"),
    "wide-networks": ({"binary-permutation"}, "reads bits and needs training questions that differ in direction"),
}
"""Solver -> the problems that it is for, and why no others; solvers not named here answer every problem."""

SETTINGS: dict[str, dict[str, int]] = {"addition-decoder": {"steps": 10}, "enumerator": {"candidates": 200}}
"""Solver -> settings with which its laws are quick to check; they hold whatever it has learned."""

PROBLEMS = sorted(registry.names("problems"))
SOLVERS = sorted(registry.names("solvers"))
TEXTS = {"random-calculation", "number-arithmetic", "number-comparison", "number-digits", "number-conversion"}
TEXTS |= {"programming-puzzles"}
ONLY_FOR["nearest-neighbour"] = (set(PROBLEMS) - TEXTS, "measures distances, and these are texts")
MEASURES = sorted(registry.names("measures"))
STUDIES = [found.id for found in registry.study_names()]
RECORDS = [path.name for path in record_files().values()]


def by_name(laws):
    return pytest.mark.parametrize("law", laws, ids=lambda law: law.__name__)


def obey(law, item, case):
    if reason := NOT_FOR.get((law.__name__, item)):
        pytest.skip(reason)
    law(case)


@cache
def study_case(name: str) -> StudyCase:
    found = registry.study_name(name)
    recorded = {scale: read_record(path).trials for (study, scale), path in record_files().items() if study == found.id}
    return StudyCase(registry.load(found.target), registry.study_page(found), recorded)


@cache
def solver_case(solver: str, problem: str) -> SolverCase:
    return SolverCase(registry.solver(solver, **SETTINGS.get(solver, {})), registry.problem(problem))


@pytest.mark.parametrize("name", PROBLEMS)
@by_name(PROBLEM_LAWS)
def test_problem(law, name):
    obey(law, name, ProblemCase(registry.problem(name)))


def pairs():
    """Every solver with every problem that it is for."""
    return [(s, p) for s in SOLVERS for p in PROBLEMS if s not in ONLY_FOR or p in ONLY_FOR[s][0]]


@pytest.mark.parametrize(("name", "problem"), pairs())
@by_name(SOLVER_LAWS)
def test_solver(law, name, problem):
    obey(law, name, solver_case(name, problem))


@pytest.mark.parametrize("name", MEASURES)
@by_name(MEASURE_LAWS)
def test_measure(law, name):
    obey(law, name, registry.measure(name))


@pytest.mark.parametrize("name", STUDIES)
@by_name(STUDY_LAWS)
def test_study(law, name):
    obey(law, name, study_case(name))


@pytest.mark.parametrize("name", RECORDS)
@by_name(RECORD_LAWS)
def test_record(law, name):
    obey(law, name, RecordCase(next(path for path in record_files().values() if path.name == name)))


def test_names_are_those_of_the_items():
    assert [registry.problem(name).name for name in PROBLEMS] == PROBLEMS
    assert [registry.measure(name).name for name in MEASURES] == MEASURES
    for name in registry.study_names():
        if name.area != "other":
            assert registry.load(name.target).paper == name.id


def test_opt_outs_name_laws_and_items():
    laws = {law.__name__ for law in (*PROBLEM_LAWS, *SOLVER_LAWS, *MEASURE_LAWS, *STUDY_LAWS, *RECORD_LAWS)}
    items = {*PROBLEMS, *SOLVERS, *MEASURES, *STUDIES, *RECORDS}
    for (law, item), reason in NOT_FOR.items():
        assert law in laws
        assert item in items
        assert reason
    for solver, (problems, reason) in ONLY_FOR.items():
        assert solver in SOLVERS
        assert problems
        assert problems < set(PROBLEMS)
        assert reason


def walk(package):
    """All modules below a package."""
    return [
        importlib.import_module(found.name) for found in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    ]


def test_every_problem_written_is_registered():
    registered = {type(registry.problem(name)) for name in PROBLEMS}
    written = {
        item
        for module in walk(unseen.problems)
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Problem) and item.__module__ == module.__name__
        if not item.__abstractmethods__
    }
    assert {item.__name__ for item in written - registered} == set()


def test_every_measure_written_is_registered():
    registered = {registry.measure(name).function for name in MEASURES}
    written = {
        item.function
        for module in walk(unseen.measures)
        for item in vars(module).values()
        if isinstance(item, Measure) and item.function.__module__ == module.__name__
    }
    assert {function.__name__ for function in written - registered} == set()


def test_every_study_file_is_a_registered_study():
    folder = Path(registry.__file__).parent / "studies"
    files = {file for file in folder.glob("*/*.py") if not file.name.startswith("_")}
    modules = {name.target.partition(":")[0].rpartition(".")[2] for name in registry.study_names()}
    assert {file.name for file in files if file.stem not in modules} == set()


@pytest.mark.parametrize("name", [name for name in registry.study_names() if name.area != "other"], ids=lambda n: n.id)
def test_every_study_of_the_library_is_on_record(name):
    missing = f"study {name.id} has no record: commit it, then run unseen run {name.id} --record"
    assert (name.id, "small") in record_files(), missing


def test_registered_solvers_are_solvers():
    assert all(isinstance(registry.solver(name), Solver) for name in SOLVERS)
