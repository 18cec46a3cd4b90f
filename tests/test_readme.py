"""What the README says of results is what the records say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unseen.engine.recording import judge_record
from unseen.records import read_record, record_files

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \[(\d{3})\]\((\S+)\) \|[^|]*\| (\w+), (\d+) of (\d+) claims hold \|$", README, re.MULTILINE)


def test_every_recorded_study_has_its_row():
    assert [row[0] for row in ROWS] == sorted(study for study, scale in record_files() if scale == "small")


@pytest.mark.parametrize(("study", "file", "verdict", "holding", "claims"), ROWS)
def test_verdicts_are_those_of_the_records(study, file, verdict, holding, claims):
    assert (ROOT / file).is_file()
    judgement = judge_record(read_record(record_files()[study, "small"]))
    assert str(judgement.verdict) == verdict
    assert len(judgement.findings) == int(claims)
    assert sum(str(finding.verdict) == "holds" for finding in judgement.findings) == int(holding)


def test_linked_files_and_figures_exist():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert len(links) > 8
    assert [link for link in links if not (ROOT / link).exists()] == []
