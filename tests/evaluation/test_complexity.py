"""Scores against complexity: every point is what counting gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unanswered
from unseen.evaluation.complexity import MOST_POINTS, complexity_curves
from unseen.evaluation.scores import Scores
from unseen.report.complexity import curve_figure
from unseen.statistics import wilson


def short_sums(examples: Examples) -> Any:
    """Right where there are at most three terms, so that accuracy falls with the number of steps."""
    terms = examples.inputs["terms"]
    return np.where((terms != 0).sum(axis=1) <= 3, terms.sum(axis=1), 10**6)


def test_each_point_is_counted() -> None:
    problem = un.problem("chain-sum")
    scores = un.evaluate(short_sums, problem, splits=["iid"], n=500, seeds=(0, 1))
    curves = complexity_curves(scores, un.evaluate(problem.classical(), problem, splits=["iid"], n=500, seeds=(0, 1)))
    steps = next(curve for curve in curves if curve.label == "steps")
    labels = np.concatenate([problem.sample("iid", 500, seed).labels["steps"] for seed in (0, 1)])
    values = np.concatenate([scores.values["iid", seed] for seed in (0, 1)])
    assert sum(point.questions for point in steps.points) == 1000
    for point in steps.points:
        chosen = values[labels == point.low]
        assert point.low == point.high
        assert point.questions == len(chosen)
        assert point.score == wilson(int(chosen.sum()), len(chosen), level=0.9)
        assert point.classical == 1.0
    assert steps.points[0].score.estimate > steps.points[-1].score.estimate


def test_many_values_are_put_together_evenly() -> None:
    column = np.random.default_rng(3).permutation(np.repeat(np.arange(300), 4))
    values = {("iid", 0): (column < 150).astype(float)}
    scores = Scores("toy", "accuracy", {"iid": "iid"}, values, labels={("iid", 0): {"size": column}})
    (curve,) = complexity_curves(scores, scores)
    assert len(curve.points) == MOST_POINTS
    assert [point.questions for point in curve.points] == [100] * MOST_POINTS
    assert (curve.points[0].low, curve.points[-1].high) == (0, 299)
    assert [point.score.estimate for point in curve.points] == [1.0] * 6 + [0.0] * 6


def test_unanswered_questions_are_left_out() -> None:
    problem = un.problem("chain-sum")
    solver = lambda examples: [Unanswered("no")] * 50 + problem.truth(examples[50:]).tolist()  # noqa: E731
    scores = un.evaluate(solver, problem, splits=["iid"], n=200)
    classical = un.evaluate(problem.classical(), problem, splits=["iid"], n=200)
    for curve in complexity_curves(scores, classical):
        assert sum(point.questions for point in curve.points) == 150
        assert all(point.score.estimate == 1.0 for point in curve.points)


def test_one_value_makes_no_curve() -> None:
    scores = Scores(
        "toy", "accuracy", {"iid": "iid"}, {("iid", 0): np.ones(5)}, labels={("iid", 0): {"a": np.ones(5, int)}}
    )
    assert complexity_curves(scores, scores) == []


def test_table_page_and_json(unseen: Callable[..., Any], home: Path) -> None:
    common = ("evaluate", "classical", "chain-sum", "--splits", "iid", "-n", "100")
    printed = unseen(*common, "--complexity", "--html", home / "page.html")
    assert printed.code == 0
    assert any(line.split()[:3] == ["iid", "steps", "1"] for line in printed.out.splitlines())
    page = (home / "page.html").read_text()
    assert page.count("<svg") == 2
    assert 'aria-label="accuracy on iid against steps"' in page
    (found,) = json.loads(unseen(*common, "--json").out)["evaluations"]
    assert {curve["label"] for curve in found["complexity"]} == {"steps", "digits"}
    assert {"from", "to", "questions", "estimate", "lower", "upper", "classical"} == set(
        found["complexity"][0]["points"][0]
    )
    plain = unseen("evaluate", "classical", "modular-addition", "--splits", "iid", "-n", "20", "--complexity")
    assert "no label of these questions takes several values" in plain.out


@pytest.mark.parametrize("scored_by", ["accuracy", "error"])
def test_the_figure_is_drawn_to_scale(scored_by: str) -> None:
    point = {"questions": 1, "lower": 0.25, "upper": 0.75, "classical": 1.0}
    points = [
        {**point, "from": 1, "to": 2, "estimate": 0.5},
        {**point, "from": 3, "to": 3, "estimate": 0.0, "lower": None},
    ]
    figure = curve_figure({"split": "a<b", "label": "steps", "points": points}, scored_by)
    root = ElementTree.fromstring(figure)
    (line,) = (shape for shape in root if shape.get("class") == "line")
    (top,) = (shape for shape in root if shape.get("class") == "classical")
    heights = [float(pair.split(",")[1]) for pair in str(line.get("points")).split()]
    ceiling = float(str(top.get("points")).split()[0].split(",")[1])
    assert heights[0] == pytest.approx((heights[1] + ceiling) / 2)
    assert curve_figure({"split": "a", "label": "b", "points": [{**points[0], "estimate": None}]}, scored_by) == ""
