"""Data for scripts: exact enough, nothing of it code; the compare page's arithmetic is the library's."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unseen.catalogue import find
from unseen.evaluation.appraisal import appraise
from unseen.evaluation.kept import keep, read_kept
from unseen.registry import problem, study_name
from unseen.report.site.data import quantiles, script, trials_data
from unseen.report.site.evaluations import evaluation_table
from unseen.report.site.evidence import recorded
from unseen.report.site.library import ItemPage
from unseen.report.site.pages import STATIC, compare_view, item_view, render
from unseen.report.site.papers import paper_page
from unseen.report.site.pieces import library_pieces
from unseen.statistics import paired_difference

NODE = shutil.which("node")
EVIL = "</script><script>alert(1)</script>\"'\u2028"


def test_every_value_of_a_record_is_in_its_data() -> None:
    (run,) = recorded({"080"})["080"]
    assert run.record is not None
    (data,) = trials_data([("small", run.record)])["runs"]
    for trial, (condition, seed, values) in zip(run.record.trials.items, data["trials"], strict=True):
        assert (data["conditions"][condition], seed) == (trial.condition, trial.seed)
        for name, value in trial.outcome.metrics.items():
            shown = values[data["metrics"].index(name)]
            assert shown is None if math.isnan(value) else float(shown) == pytest.approx(value, rel=1e-4)
    assert all(len(columns[0]) <= 65 for curve in data["curves"].values() for _, _, columns in curve["series"])


def test_data_end_no_script() -> None:
    text = script(EVIL, {EVIL: EVIL})
    assert "<" not in text
    assert text.isascii()


@pytest.mark.skipif(NODE is None, reason="the arithmetic is tried with Node")
def test_the_difference_is_that_of_the_library() -> None:
    stream = np.random.default_rng(7)
    cases = [[stream.normal(size=n).tolist(), stream.normal(size=n).tolist()] for n in (2, 3, 5, 20)]
    source = (STATIC / "compare.js").read_text(encoding="utf-8")
    ask = f"""
    const found = {json.dumps(cases)}.map(([a, b]) => pairedDifference(a, b, {json.dumps(quantiles())}));
    console.log(JSON.stringify(found.map((one) => [one.estimate, one.low, one.high])));
    """
    done = subprocess.run([str(NODE), "-e", source + ask], capture_output=True, text=True, check=True)
    for (a, b), shown in zip(cases, json.loads(done.stdout), strict=True):
        expected = paired_difference(a, b)
        assert shown == pytest.approx([expected.estimate, expected.low, expected.high], rel=1e-5)


def test_pieces_lead_to_pages_or_sources() -> None:
    found = {piece.label: piece for piece in library_pieces(study_name("080").target)}
    assert found["problem modular-addition"].address == "problems/modular-addition.html"
    sources = [piece for piece in found.values() if piece.path]
    assert sources
    assert all(piece.path and piece.path.is_file() for piece in sources)


def test_evaluations_stand_side_by_side_and_hostile_names_are_text(tmp_path: Path, read: Any) -> None:
    asked = problem("modular-addition", modulus=31)
    for name in ("classical", EVIL, "classical"):
        keep(appraise("classical", asked, name=name, n=50), tmp_path, parameters={"modulus": EVIL})
    table = evaluation_table(read_kept(tmp_path))
    assert table is not None
    assert table.splits == tuple(asked.splits)
    assert sorted(row.label for row in table.rows) == sorted(["classical", "classical (2)", EVIL])
    assert len(table.pairs["rows"]) == 3 * len(asked.splits)
    item = ItemPage("problems", "modular-addition", "problems/modular-addition.html", "", (), "", evaluations=table)
    page = read(render(item_view(item, [])))
    assert not page.of("script")
    assert EVIL.strip("\u2028") in page.words.replace("\u2028", "")
    compare = read(render(compare_view([], [item])))
    assert [option["value"] for option in compare.of("option")] == ["", "problem-modular-addition"]


def test_a_paper_without_runs_has_no_data() -> None:
    page = paper_page(find("080"), study_name("080"), (), {})
    assert page.data is None
    assert page.pieces
