"""Evaluations come back as they were kept, and are compared on the questions that both were asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import unseen as un
from unseen.evaluation.appraisal import Appraisal, appraise
from unseen.evaluation.comparison import compare_solvers
from unseen.evaluation.kept import compare_kept, keep, read_kept


def kept(
    tmp_path: Path, name: str, n: int = 200, seeds: tuple[int, ...] = (0, 1), fitted: bool = False, **parameters: int
) -> Appraisal:
    found = appraise(name, un.problem("modular-addition", **parameters), n=n, seeds=seeds)
    keep(found, tmp_path, parameters=parameters, fitted=fitted)
    return found


def test_an_evaluation_comes_back_as_it_was(tmp_path: Path) -> None:
    found = kept(tmp_path, "lookup-table", modulus=31)
    (again,) = read_kept(tmp_path)
    assert again.appraisal.as_json() == found.as_json()
    assert again.appraisal.scores.complete == found.scores.complete
    for cell, values in found.scores.values.items():
        np.testing.assert_array_equal(again.appraisal.scores.values[cell], values)
    assert (again.parameters, again.seeds, again.questions) == ({"modulus": "31"}, (0, 1), 200)


def test_other_files_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"no archive")
    np.savez(tmp_path / "b.npz", about=np.frombuffer(b"[]", dtype=np.uint8))
    np.savez(tmp_path / "c.npz", about=np.array([{"solver": "pickled"}], dtype=object))
    assert read_kept(tmp_path) == []
    assert read_kept(tmp_path / "nowhere") == []


def test_the_comparison_is_that_of_the_evaluations_themselves(tmp_path: Path) -> None:
    a = kept(tmp_path, "lookup-table", fitted=True, modulus=31)
    b = kept(tmp_path, "classical", modulus=31)
    first, second = sorted(read_kept(tmp_path), key=lambda one: one.appraisal.solver, reverse=True)
    assert [one.as_json() for one in compare_kept(first, second)] == [
        one.as_json() for one in compare_solvers([a], [b], fitted=True)
    ]


def test_fewer_questions_are_the_first_of_more(tmp_path: Path) -> None:
    kept(tmp_path, "lookup-table", n=50, modulus=31)
    kept(tmp_path, "classical", n=200, seeds=(0,), modulus=31)
    same = compare_solvers(
        *([appraise(name, un.problem("modular-addition", modulus=31), n=50)] for name in ("classical", "lookup-table")),
        fitted=False,
    )
    one, other = sorted(read_kept(tmp_path), key=lambda found: found.appraisal.solver)
    assert [c.as_json() for c in compare_kept(one, other)] == [c.as_json() for c in same]


def test_other_questions_are_not_compared(tmp_path: Path) -> None:
    kept(tmp_path, "classical", modulus=31)
    kept(tmp_path, "classical", modulus=37)
    with pytest.raises(ValueError, match="do not ask the same"):
        compare_kept(*read_kept(tmp_path))
