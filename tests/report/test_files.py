"""A study's results as files."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest

from unseen.contracts.study import Claim, Finding, Judgement, Outcome, Trial, Trials, Verdict, above
from unseen.registry import study_name
from unseen.report.files import draw, results_folder, write_results
from unseen.report.style import COLOURS, figure_style
from unseen.report.summary import MARKS, describe_numbers, finding_json, findings_table, headline
from unseen.statistics.interval import UNDETERMINED, Interval

CLAIM = Claim("It is above zero.", lambda trials: UNDETERMINED, above(0.0), central=True)


def finding(interval: Interval, verdict: Verdict | None = None) -> Finding:
    return Finding(CLAIM, interval, verdict or Verdict("holds", "as it should"))


def printed(renderable: Any, width: int = 100) -> str:
    from rich.console import Console

    console = Console(width=width, markup=False, color_system=None)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_results_are_a_figure_a_table_and_findings(toys: Path, tmp_path: Path) -> None:
    import toy_studies

    trials = Trials(
        tuple(Trial(name, seed, toy_studies.result(name, seed)) for name in ("a", "b") for seed in range(8))
    )
    study = toy_studies.steady
    files = write_results(study_name("toy"), study, "smoke", trials, study.judge(trials), tmp_path / "deep" / "down")
    assert files.figure.read_bytes().startswith(b"\x89PNG")
    pd.testing.assert_frame_equal(pd.read_csv(files.table), trials.table())
    found = json.loads(files.findings.read_text(), parse_constant=pytest.fail)
    assert [claim["verdict"] for claim in found["claims"]] == ["holds", "fails"]
    usual = write_results(study_name("toy"), study, "smoke", trials, study.judge(trials))
    assert usual.table == results_folder() / "toy-toy-smoke" / "trials.csv"
    assert results_folder().is_relative_to(tmp_path)


def test_numbers_survive_the_table(toys: Path, tmp_path: Path) -> None:
    import toy_studies

    values = {"value": 0.1 + 0.2, "tiny": 5e-324, "nan": math.nan, "inf": -math.inf}
    trials = Trials((Trial("a", 0, Outcome(values)), Trial("b", 0, Outcome(values))))
    study = toy_studies.steady
    files = write_results(study_name("toy"), study, "smoke", trials, study.judge(trials), tmp_path)
    with files.table.open(newline="") as lines:
        row = next(csv.DictReader(lines))
    assert {name: float(row[name] or "nan") for name in values} == pytest.approx(values, rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_ending_decides_the_format_and_the_same_trials_give_the_same_bytes(
    ending: str, start: bytes, toys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toy_studies

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")  # the date in svg and pdf
    trials = Trials(tuple(Trial("a", seed, toy_studies.result("a", seed)) for seed in range(2)))
    for number in range(2):
        draw(toy_studies.steady, trials, tmp_path / f"{number}.{ending}")
    first, second = ((tmp_path / f"{number}.{ending}").read_bytes() for number in range(2))
    assert first.startswith(start)
    assert first == second


def test_the_style_holds_within_the_block_only() -> None:
    before = dict(mpl.rcParams)
    with figure_style():
        assert mpl.rcParams["axes.prop_cycle"].by_key()["color"] == list(COLOURS)
    assert dict(mpl.rcParams) == before


def test_verdicts_are_told_apart_without_colour() -> None:
    assert len({mark for mark, _ in MARKS.values()}) == len(MARKS) == 3


def test_a_claim_in_words() -> None:
    words = printed(
        findings_table(Judgement(Verdict("holds", ""), (finding(Interval(0.5, 0.25, 0.75, values=(0.4, 0.6))),)))
    )
    assert "✔ holds  It is above zero." in words
    assert "0.5, 90% interval 0.25 to 0.75; true if above 0" in words
    assert "per seed: 0.4  0.6" in words
    assert "as it should" not in words  # reasons are told where something is open
    unknown = finding(UNDETERMINED, Verdict("inconclusive", "trials missing: a seed 3"))
    words = printed(findings_table(Judgement(unknown.verdict, (unknown,))))
    assert "? inconclusive" in words
    assert "not determined; true if above 0" in words
    assert "trials missing: a seed 3" in words
    assert describe_numbers(unknown) == "not determined; true if above 0"


def test_the_central_claim_stands_first() -> None:
    part = Finding(Claim("A part.", CLAIM.estimate, above(1.0)), UNDETERMINED, Verdict("fails", ""))
    central = finding(Interval(1, 1, 1))
    words = printed(findings_table(Judgement(central.verdict, (part, central))))
    assert words.index("It is above zero.") < words.index("A part.")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_has_not_are_null(value: float) -> None:
    low, high = min(value, 0.0), max(value, 0.0)
    plain = finding_json(finding(Interval(value, low, high, values=(value, 1.0))))
    json.dumps(plain, allow_nan=False)
    assert plain["estimate"] is None
    assert plain["values"] == [None, 1.0]


def test_the_headline_fits_any_name(toys: Path) -> None:
    judgement = Judgement(Verdict("fails", ""), ())
    assert headline(study_name("toy"), judgement, "scale small").plain == "toy toy, scale small: ✘ fails"
