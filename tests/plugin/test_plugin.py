"""Another package's problem and study, installed as pip would and used from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent


def run(*command, place, folder):
    environment = {
        **os.environ,
        "PYTHONPATH": str(place),
        "UNSEEN_STORE": f"sqlite:///{folder / 'trials.db'}",
        "XDG_DATA_HOME": str(folder),
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, env=environment, cwd=folder, check=False
    )


def install_by_hand(place):
    """Write what pip would write where there is no build backend."""
    (place / "unseen_demo").symlink_to(PACKAGE / "src" / "unseen_demo")
    facts = place / "unseen_demo-0.1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: unseen-demo\nVersion: 0.1.0\n")
    points = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {at}\n" for name, at in named.items()) for group, named in points.items()
    ]
    (facts / "entry_points.txt").write_text("".join(lines))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder on the path with the package as pip installs it, without network."""
    place = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "unseen-demo"
    # Built from a copy, so that no build folder is left in the repository.
    for path in [PACKAGE / "pyproject.toml", *sorted((PACKAGE / "src").rglob("*.py"))]:
        copy = source / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    done = run("pip", "install", *options, "--target", str(place), str(source), place="", folder=source)
    if done.returncode:
        install_by_hand(place)
    return place


def test_written_by_hand_it_is_found_too(tmp_path):
    install_by_hand(tmp_path)
    shown = run("unseen", "problems", "digit-reversal", "--json", place=tmp_path, folder=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["questions"]["iid"].endswith("backwards.")


def test_its_problem_is_listed_and_drawn(installed, tmp_path):
    listed = run("unseen", "problems", "--json", place=installed, folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    found = {row["name"]: row["splits"] for row in json.loads(listed.stdout)}
    assert found["digit-reversal"] == {"train": "train", "iid": "iid", "longer:6-9": "longer"}
    assert "modular-addition" in found
    drawn = run("unseen", "sample", "digit-reversal", "--split", "iid", "-n", "2", place=installed, folder=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout.count("backwards") == 2


def test_its_study_runs_and_is_not_run_twice(installed, tmp_path):
    command = ["unseen", "run", "demo", "--seeds", "0-2", "--workers", "1", "--json", "--out", str(tmp_path / "out")]
    first, again = (run(*command, place=installed, folder=tmp_path) for _ in range(2))
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    (row,) = json.loads(first.stdout)
    assert (row["id"], row["verdict"], row["trials"]) == ("demo", "holds", {"done": 6, "failed": 0})
    assert Path(row["figure"]).stat().st_size > 1000
    assert {name: value for name, value in json.loads(again.stdout)[0].items() if name != "seconds"} == {
        name: value for name, value in row.items() if name != "seconds"
    }


def test_it_inherits_the_laws(installed, tmp_path):
    options = ["-q", "-p", "no:cacheprovider", "--noconftest", "--rootdir", str(tmp_path), "-c", os.devnull]
    done = run("pytest", *options, str(PACKAGE / "tests"), place=installed, folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = done.stdout.strip().splitlines()[-1]
    # 21 laws for each of two parameters, 5 of solvers, 17 of studies; left out: fit, batches, and the record.
    assert "61 passed, 3 skipped" in counted


def test_without_it_the_names_are_unknown(tmp_path):
    done = run("unseen", "run", "demo", "--scale", "smoke", place="", folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("unseen: no study named 'demo'")
