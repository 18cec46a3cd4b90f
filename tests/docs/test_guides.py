"""What the tutorial and the guides tell a reader to type works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from unseen.cli import app
from unseen.engine.recording import judge_record
from unseen.records import read_record, record_files

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted([*DOCS.glob("*.md"), *DOCS.glob("guides/*.md"), DOCS.parent / "README.md"])
WHOLE_PROGRAMS = ["test-my-model", "test-my-optimizer", "add-a-problem"]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands_in(page: Path) -> list[list[str]]:
    """Every ``unseen ...`` of a page, in blocks or in running text, as words without comments."""
    lines = [line.partition("#")[0] for block in blocks(page, "sh") for line in block.splitlines()]
    typed = [match for line in lines for match in re.findall(r"(?:^|bin/|&& )unseen ([a-z][^&|]*)", line)]
    named = re.findall(r"`unseen ([a-z][^`]*)`", page.read_text(encoding="utf-8"))
    return [command.split() for command in (*typed, *named)]


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "UNSEEN_STORE": f"sqlite:///{folder / 'trials.db'}", "XDG_DATA_HOME": str(folder)}
    environment |= {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=environment, cwd=folder, check=False
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_options_exist(page):
    for name, *words in commands_in(page):
        assert name in COMMANDS, (page.name, name)
        known = {option for parameter in COMMANDS[name].params for option in (*parameter.opts, "--help")}
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= known, (page.name, name, used - known)


def test_pages_do_name_commands():
    assert sum(len(commands_in(page)) for page in PAGES) > 30


@pytest.mark.parametrize("name", WHOLE_PROGRAMS)
def test_python_of_a_guide_runs(name, tmp_path):
    program = tmp_path / "guide.py"
    program.write_text("\n".join(blocks(DOCS / "guides" / f"{name}.md", "python")))
    done = run(str(program), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    said = {"test-my-model": "train", "test-my-optimizer": "[", "add-a-problem": "false_accept=0.0"}
    assert said[name] in done.stdout


def test_the_tutorials_study_runs_and_keeps_the_laws(tmp_path):
    solver, study, laws = blocks(DOCS / "tutorial.md", "python")
    (points,) = blocks(DOCS / "tutorial.md", "toml")
    (tmp_path / "mine.py").write_text(solver)
    (tmp_path / "weight_decay.py").write_text(study)
    (tmp_path / "test_weight_decay.py").write_text(laws)
    facts = tmp_path / "my_studies-0.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: my-studies\nVersion: 0.1\n")
    (facts / "entry_points.txt").write_text(
        points[points.index("[project.entry") :].replace("project.entry-points.", "").replace('"', "")
    )

    done = run("-m", "unseen", "run", "weight-decay", "--workers", "1", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert [claim["verdict"] for claim in row["claims"]] == ["holds", "holds"]

    done = run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path), folder=tmp_path
    )
    assert done.returncode == 0, done.stdout

    done = run("-m", "unseen", "evaluate", "mine:add", "modular-addition", "-n", "50", "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("study", ["080", "148"])
def test_the_page_on_verdicts_quotes_the_records(study):
    page = " ".join((DOCS / "verdict.md").read_text(encoding="utf-8").split())
    (central,) = [f for f in judge_record(read_record(record_files()[study, "small"])).findings if f.claim.central]
    assert f"Study {study}, central claim: *{central.claim.text}*" in page
    assert f"Region: {central.claim.region}." in page
    assert f": {central.interval}" in page
    assert {"080": "holds", "148": "inconclusive"}[study] == str(central.verdict)
