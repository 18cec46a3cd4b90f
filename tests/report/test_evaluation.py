"""An evaluation as files."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd

import unseen as un
from unseen.contracts.problem import Examples
from unseen.contracts.solver import Unanswered
from unseen.evaluation.appraisal import appraise
from unseen.evaluation.comparison import compare_solvers
from unseen.report.evaluation import evaluation_page, write_scores

PROBLEM = un.problem("modular-addition", modulus=31)


class Balanced(HTMLParser):
    """Fails on tags that are not closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_says_what_the_appraisals_say_and_escapes_names() -> None:
    rule, memory = appraise("classical", PROBLEM, name="<script>"), appraise("lookup-table", PROBLEM)
    page = evaluation_page([rule, memory], compare_solvers([rule], [memory], fitted=True), 0.9)
    reader = Balanced()
    reader.feed(page)
    assert reader.open == []
    assert "<script" not in page
    assert "&lt;script&gt; less lookup-table" in page
    assert "Rule: 1.00 on iid." in page
    assert "Memory: 1.00 on train, 0.00 on iid." in page
    assert not re.search(r"https?://|src=", page)


def test_every_question_has_a_row_and_unanswered_ones_no_score(tmp_path: Path) -> None:
    def solver(examples: Examples) -> list[Any]:
        return [Unanswered("time-out"), *PROBLEM.truth(examples).tolist()[1:]]

    found = appraise(solver, PROBLEM, n=5, seeds=(0, 3))
    write_scores(tmp_path / "scores.parquet", [found, appraise("classical", PROBLEM, n=5)])
    table = pd.read_parquet(tmp_path / "scores.parquet")
    assert len(table) == 2 * 2 * 5 + 2 * 5
    mine = table[(table["solver"] == "solver") & (table["split"] == "iid") & (table["seed"] == 3)]
    assert mine["score"].isna().tolist() == [True, False, False, False, False]
    assert mine["classical"].tolist() == [1.0] * 5


def test_the_command_writes_both(home: Path, unseen: Callable[..., Any]) -> None:
    page, scores = home / "page.html", home / "scores.parquet"
    problems = ("modular-addition", "linear-teacher", "-n", 20)
    printed = unseen(
        "evaluate", "lookup-table", *problems, "--against", "classical", "--html", page, "--parquet", scores
    )
    assert printed.code == 0
    assert "lookup-table on linear-teacher" in page.read_text()
    assert set(pd.read_parquet(scores)["problem"]) == {"modular-addition", "linear-teacher"}
