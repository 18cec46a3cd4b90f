"""Records: made from runs of one commit, read back without loss, judged anew, and found out when they do not fit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unseen import records
from unseen.catalogue import load as papers
from unseen.engine import recording
from unseen.engine.plan import plan
from unseen.engine.recording import StaleRecord, forget_other_commits, judge_record, make_record, require_recordable
from unseen.engine.runner import RunResult, run
from unseen.engine.store import StoredTrial
from unseen.engine.store.memory import MemoryStore
from unseen.errors import UsageError
from unseen.records import Record, read_record, write_record
from unseen.registry import study_name, study_names

Command = Callable[..., Any]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of records in place of the project's."""
    place = tmp_path / "records"
    place.mkdir()
    monkeypatch.setattr(records, "records_folder", lambda: place)
    records.record_files.cache_clear()
    yield place
    records.record_files.cache_clear()


def result(study: str = "toy") -> RunResult:
    return run(plan(study_name(study), scale="smoke"), MemoryStore())


@pytest.fixture
def record(toys: Path, folder: Path) -> Record:
    return make_record(result())


# -- round trip ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("study", ["toy", "toynonfinite"])
def test_a_record_comes_back_from_its_file_as_it_was(study: str, toys: Path, folder: Path) -> None:
    made = make_record(result(study))
    path = write_record(made)
    back = read_record(path)
    assert path == folder / f"{study}-{study}.smoke.json"
    assert records.record_files() == {(study, "smoke"): path}
    blank = replace(made.trials, items=())
    rounded = {condition: round(value, 2) for condition, value in made.seconds.items()}
    assert replace(back, trials=blank) == replace(made, trials=blank, seconds=rounded)
    for trial, read in zip(made.trials.items, back.trials.items, strict=True):
        assert (read.condition, read.seed) == (trial.condition, trial.seed)
        assert dict(read.outcome.metrics) == pytest.approx(dict(trial.outcome.metrics), rel=0, abs=0, nan_ok=True)
        for name, values in trial.outcome.curves["loss"].items():
            assert read.outcome.curves["loss"][name] == pytest.approx(values, rel=1e-4, nan_ok=True)
    assert list(folder.iterdir()) == [path]  # nothing half-written
    json.loads(path.read_text(), parse_constant=pytest.fail)


def test_a_record_is_judged_as_the_run_was(record: Record) -> None:
    judged = judge_record(read_record(write_record(record)))
    assert judged.verdict.status == "holds"
    assert judged.findings == result().judgement.findings


def test_two_runs_of_one_commit_give_records_that_differ_in_times_alone(record: Record) -> None:
    assert make_record(result()).trials == record.trials


# -- what is not recorded -----------------------------------------------------------------------------------------


def test_a_run_with_missing_trials_or_several_environments_is_not_recorded(toys: Path) -> None:
    complete = result()
    with pytest.raises(UsageError, match="study toy is not recorded: 1 of 16 trials have no result"):
        make_record(replace(complete, finished=complete.finished[1:]))
    first = complete.finished[0]
    other = replace(first, environment={**first.environment, "torch": "0.1"})
    with pytest.raises(UsageError, match=r"ran in 2 environments; run it with --fresh"):
        make_record(replace(complete, finished=(other, *complete.finished[1:])))
    fewer_threads = replace(first, environment={**first.environment, "threads": 77})
    make_record(replace(complete, finished=(fewer_threads, *complete.finished[1:])))


@pytest.mark.parametrize(
    ("state", "complaint"),
    [(("", False), "needs unseen to run from a git checkout"), (("abc", True), "committed source")],
)
def test_without_a_clean_checkout_nothing_is_recorded(
    state: tuple[str, bool], complaint: str, home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "source_state", lambda: state)
    with pytest.raises(UsageError, match=complaint):
        require_recordable([plan(study_name("080"))])
    assert complaint in unseen("run", "080", "--record").complaint


def test_trials_of_other_commits_and_of_changed_sources_are_forgotten(
    toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "source_state", lambda: ("now", False))
    planned, store = plan(study_name("toy"), seeds=(0, 1)), MemoryStore()
    origins: list[tuple[str, bool]] = [("now", False), ("now", True), ("before", False), ("", False)]
    store.claim(planned.keys, "me", scale="small", config=planned.config)
    finished = run(planned, MemoryStore()).finished
    store.finish("me", [_from(trial, *origin) for trial, origin in zip(finished, origins, strict=True)])
    forget_other_commits(store, planned.keys)
    assert list(store.get(planned.keys)) == [planned.keys[0]]


def _from(trial: StoredTrial, commit: str, modified: bool) -> StoredTrial:
    return replace(trial, environment={**trial.environment, "commit": commit, "modified": modified})


# -- records that do not fit --------------------------------------------------------------------------------------


def test_a_record_of_another_study_than_todays_is_stale(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    import toy_studies

    study = toy_studies.steady
    changes = {
        "revision 1, the study 2": replace(study, revision=2),
        "was made with another configuration": replace(
            study, scales={"smoke": toy_studies.Config(width=4), "small": toy_studies.Config()}
        ),
        r"has seeds \[0, 1, 2, 3, 4, 5, 6, 7\], the study \[0, 1\]": replace(study, seeds=(0, 1)),
        "lacks 8 trials and has 0 too many": replace(study, conditions={**study.conditions, "c": "a new arm"}),
        "lacks 0 trials and has 8 too many": replace(study, conditions={"a": "one arm"}),
        "lacks what the claims need: condition 'a' has no metric 'score'; it has value": replace(
            study, claims=(replace(study.claims[0], estimate=lambda trials: trials.values("a", "score")),)
        ),
    }
    for complaint, changed in changes.items():
        monkeypatch.setattr(toy_studies, "steady", changed)
        with pytest.raises(StaleRecord, match=complaint):
            judge_record(record)
    monkeypatch.setattr(toy_studies, "steady", study)
    with pytest.raises(StaleRecord, match="the study has no such scale"):
        judge_record(replace(record, scale="full"))
    with pytest.raises(StaleRecord, match="no study named 'gone'"):
        judge_record(replace(record, study="gone"))


def damage_not_json(text: str) -> str:
    return text[: len(text) // 2]


def damage_number(text: str) -> str:
    return text.replace('"value": 0.', '"value": 1.', 1)


DAMAGES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "cut off": (damage_not_json, "is damaged: not valid JSON"),
    "edited": (damage_number, "is damaged or was edited: its digest does not match"),
    "empty": (lambda text: "", "is damaged: not valid JSON"),
    "something else": (lambda text: "[1, 2]", "is damaged: it is not a record of Unseen"),
    "not text": (lambda text: b"\xff\xfe\x00", "is damaged: not valid JSON"),
    "newer": (lambda text: text.replace('"format": 1', '"format": 2'), "has format 2, newer than 1: upgrade unseen"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_named_in_one_line(damage: str, record: Record, unseen: Command) -> None:
    change, complaint = DAMAGES[damage]
    path = write_record(replace(record, study="080", key="corrupted-labels"))
    changed = change(path.read_text())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    for command in (["papers"], ["papers", "--json"], ["show", "080", "--scale", "smoke"]):
        said = unseen(*command).complaint
        assert said.startswith(f"record {path} ")
        assert complaint in said
    printed = unseen("verify")
    assert printed.code == 2
    assert printed.err == ""
    assert printed.out == f"! 080 smoke: {said}\n"
    (row,) = json.loads(unseen("verify", "--json").out)
    assert (row["verdict"], row["problem"]) == (None, said)


def test_verify_tells_sound_stale_and_damaged_records_apart(
    record: Record, unseen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toy_studies

    path = write_record(record)
    printed = unseen("verify")
    assert (printed.code, printed.out) == (0, "✔ toy smoke: holds (claims: holds, fails)\n")
    assert unseen("verify", "toy").code == 0
    (row,) = json.loads(unseen("verify", "--json").out)
    assert (row["id"], row["scale"], row["record"], row["problem"]) == ("toy", "smoke", path.name, "")
    assert (row["verdict"], len(row["claims"])) == ("holds", 2)

    monkeypatch.setattr(toy_studies, "steady", replace(toy_studies.steady, revision=2))
    printed = unseen("verify")
    assert printed.code == 1
    assert printed.out.startswith("! toy smoke: record of study toy at scale smoke has revision 1, the study 2; run:")
    assert "has revision 1" in unseen("show", "toy", "--scale", "smoke").complaint

    write_record(replace(record, study="gone", key="gone"))
    assert unseen("verify").code == 1
    path.write_text("")
    assert unseen("verify").code == 2


def test_a_record_is_shown_without_any_store(
    record: Record, unseen: Command, toys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_record(record)
    toys.unlink()
    monkeypatch.setenv("UNSEEN_STORE", "mysql://not/there")
    printed = unseen("show", "toy", "--scale", "smoke")
    assert printed.code == 0
    assert f"from the record {path.name}, run on {record.date[:10]}" in printed.out
    assert "toy toy, scale smoke: ✔ holds" in printed.out
    assert not toys.exists()


# -- the whole way ------------------------------------------------------------------------------------------------


def test_from_a_commit_to_a_record_and_from_the_next_commit_to_the_next(toys: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(ROOT / "src", checkout / "src", ignore=shutil.ignore_patterns("__pycache__", "p[0-9]*.py"))
    (checkout / "pyproject.toml").touch()
    (checkout / "records").mkdir()
    (checkout / ".gitignore").write_text("__pycache__/\n")
    paper = next(paper for paper in papers() if paper.id not in {study.id for study in study_names()})
    area = checkout / "src" / "unseen" / "studies" / "dynamics"
    study = area / f"p{paper.id}_{paper.key.replace('-', '_')}.py"
    study.write_text('"""A toy."""\n\nfrom toy_studies import steady as study  # noqa: F401\n')
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout / "src"), os.environ["PYTHONPATH"]])}

    def git(*arguments: str) -> str:
        author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", *author, "-C", str(checkout), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "unseen", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)

    def starts() -> int:
        return len(toys.read_text().splitlines()) if toys.exists() else 0

    run_and_record = ("run", paper.id, "--scale", "smoke", "--record", "--workers", "2")
    refused = call(*run_and_record)
    assert (refused.returncode, refused.stderr.count("\n"), starts()) == (2, 1, 0)
    assert "git checkout" in refused.stderr
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    ran = call(*run_and_record)
    assert (ran.returncode, starts()) == (0, 16), ran.stderr
    path = checkout / "records" / f"{paper.id}-{paper.key}.smoke.json"
    assert f"record: {path}\n" in ran.stdout
    first = read_record(path)
    assert (first.commit, first.environment["modified"]) == (git("rev-parse", "HEAD"), False)

    git("add", ".")
    git("commit", "-q", "-m", "the record")
    assert call(*run_and_record).returncode == 0
    assert starts() == 32  # trials of the commit before are not evidence for this one
    second = read_record(path)
    assert second.commit == git("rev-parse", "HEAD") != first.commit
    assert second.trials == first.trials
    verified = call("verify", "--json")
    assert verified.returncode == 0
    assert [row["verdict"] for row in json.loads(verified.stdout)] == ["holds"]

    study.write_text(study.read_text() + "\n")
    refused = call(*run_and_record)
    assert (refused.returncode, starts()) == (2, 32)
    assert "commit the changes under src/unseen" in refused.stderr
