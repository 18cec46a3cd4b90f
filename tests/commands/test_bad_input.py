"""What people get wrong: one line that says what and what is allowed, exit code 2, nothing on standard output."""

from __future__ import annotations

import os
import re
import resource
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]

REFUSED = [
    ("run 08O", r"no study named '08O'; "),
    ("run corupted-labels", r"no study named 'corupted-labels'; did you mean corrupted-labels\?"),
    ("run dynamic", r"no study or area named 'dynamic'; did you mean dynamics\?"),
    ("run toy dynamic", r"no study or area named 'dynamic'"),
    ("run toy --scale smol", r"study toy has no scale 'smol'; did you mean smoke or small\?"),
    ("run toy --scale ''", r"study toy has no scale ''; known: small, smoke"),
    ("run toy --workers 0", r"--workers must be from 1 to 1024, not 0"),
    ("run toy --workers -3", r"--workers must be from 1 to 1024, not -3"),
    ("run toy --workers 100000", r"--workers must be from 1 to 1024, not 100000"),
    ("run toy --device gpu", r"--device must be cpu or cuda, not 'gpu'"),
    ("run toy --seeds a", r"seeds 'a' are malformed: write seeds as 0-4"),
    ("run toy --seeds 3-1", r"seeds '3-1' are malformed"),
    ("run toy --seeds -1", r"seeds '-1' are malformed"),
    ("run toy --seeds ''", r"seeds '' are malformed"),
    ("run toy --seeds 1,,2", r"seeds '1,,2' are malformed"),
    ("run toy --seeds ٣", r"seeds '٣' are malformed"),
    ("run toy --seeds 0-99999999999", r"at most 10000 of them"),
    ("run toy --record", r"study toy is not recorded: it is another package's"),
    ("run 080 --record --seeds 7", r"study 080 is recorded with the seeds it declares: 0, 1"),
    ("run toy --store here.db", r"the store's URL is malformed: .*for a file say sqlite:///here.db"),
    ("run toy --store mysql://me@host/db", r"a store cannot be in mysql://: allowed are sqlite"),
    ("run toy --store sqlite:////no/such/folder/a.db", r"make the folder /no/such/folder first"),
    ("run toy --store postgresql://me:secret@127.0.0.1:1/db", r"server cannot be reached"),
    ("show toy", r"study toy has no finished trial at scale small in .*: unseen run toy --scale small"),
    ("show toy --scale large", r"study toy has no scale 'large'"),
    ("show nothing-like-it", r"no study named 'nothing-like-it'"),
    ("verify toy", r"no record of study toy"),
    ("papers --area dynamcs", r"dynamics"),
    ("problems modular-adition", r"no problem named 'modular-adition'; did you mean modular-addition"),
    ("sample modular-adition", r"did you mean modular-addition"),
    ("sample modular-addition --split longest", r"has no split 'longest'; it has train"),
    ("sample modular-addition -n -1", r"-n must be from 0 to 10,000,000, not -1"),
    ("sample modular-addition -n 99999999999999", r"-n must be from 0 to 10,000,000, not 99999999999999"),
    ("sample modular-addition -n 9999999", r"9999999"),
    ("sample modular-addition --seed -1", r"a seed is a whole number from 0 up, not -1"),
    ("sample modular-addition --set modulus", r"--set takes name=value, as in --set modulus=59; got 'modulus'"),
    ("sample modular-addition --set =5", r"--set takes name=value"),
    ("sample modular-addition --set modulus=0", r"modulus"),
    ("sample modular-addition --set modulus=many", r"modulus"),
    ("sample modular-addition --set size=5", r"size"),
    ("sample modular-addition --format parquet", r"say where to with --out FILE"),
    ("sample modular-addition --out /no/such/folder/a.txt", r"the folder /no/such/folder does not exist"),
    ("sample modular-addition --out /", r"Is a directory"),
    ("sample modular-addition --format parquet --out /", r"Is a directory"),
    ("evaluate no-such modular-addition", r"no solver named 'no-such'; a solver is classical, "),
    ("evaluate classical modular-adition", r"did you mean modular-addition"),
    ("evaluate classical modular-addition --splits iid,longest", r"has no split 'longest'; it has train"),
    ("evaluate classical modular-addition -n 0", r"-n must be from 1 to 1,000,000, not 0"),
    ("evaluate classical modular-addition --seeds x", r"seeds 'x' are malformed"),
    ("evaluate classical modular-addition --level 1", r"--level must lie between 0 and 1, not 1"),
    ("evaluate classical modular-addition chain-sum --set modulus=7", r"--set needs a single problem"),
    ("evaluate classical chain-sum chain-sum", r"a problem is named twice"),
    ("evaluate classical chain-sum --against nobody", r"no solver named 'nobody'"),
    ("evaluate classical chain-sum --against classical", r"a solver cannot be compared with itself"),
    ("evaluate classical chain-sum --html /no/such/folder/a.html", r"the folder /no/such/folder does not exist"),
    ("evaluate classical chain-sum --parquet /", r"--parquet /: this is a folder"),
    ("cite 999", r"no paper '999'"),
    ("cite corupted-labels", r"did you mean corrupted-labels"),
]


@pytest.mark.parametrize(("command", "expected"), REFUSED, ids=[command for command, _ in REFUSED])
def test_a_mistake_gets_one_line(command: str, expected: str, toys: Path, unseen: Command) -> None:
    import shlex

    complaint = unseen(*shlex.split(command)).complaint
    assert re.search(expected, complaint), complaint
    assert "secret" not in complaint
    assert len(complaint) < 400
    assert not toys.exists(), "trials were started"


@pytest.mark.parametrize(
    "command", ["run", "run toy --workers two", "sample modular-addition -n x", "nonsense", "run --x"]
)
def test_what_is_no_command_line_at_all_gets_the_usage(command: str, home: Path, unseen: Command) -> None:
    printed = unseen(*command.split())
    assert printed.code == 2
    assert printed.out == ""
    assert "Error: " in printed.err or "Usage: " in printed.err
    assert "Traceback" not in printed.err


def test_a_device_that_is_not_there(home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert unseen("run", "080", "--device", "cuda").complaint == (
        "--device cuda: this machine has no CUDA accelerator that torch can use; use --device cpu"
    )


# -- stores -------------------------------------------------------------------------------------------------------


def test_a_store_that_is_something_else(toys: Path, unseen: Command) -> None:
    path = toys.with_name("letter.db")
    path.write_text("Dear reader, " * 500)
    assert "is not an SQLite database" in unseen("run", "toy", "--store", f"sqlite:///{path}").complaint
    assert "cannot be opened" in unseen("run", "toy", "--store", f"sqlite:///{toys.parent}").complaint


def test_a_store_of_a_newer_version(toys: Path, unseen: Command) -> None:
    path = toys.with_name("newer.db")
    assert unseen("run", "toy", "--scale", "smoke", "--seeds", "0", "--store", f"sqlite:///{path}").code == 0
    with sqlite3.connect(path) as database:
        database.execute("UPDATE unseen_schema SET version_num = '9999'")
    database.close()
    assert "was written by a newer Unseen" in unseen("run", "toy", "--store", f"sqlite:///{path}").complaint


def test_a_store_that_may_not_be_written(toys: Path, unseen: Command) -> None:
    path = toys.with_name("kept.db")
    path.touch()
    path.chmod(0o444)
    if os.access(path, os.W_OK):  # as root: nothing under /proc can be made by anyone
        path = Path("/proc/unseen.db")
    assert re.search("writable|read-only", unseen("run", "toy", "--store", f"sqlite:///{path}").complaint)


def test_the_store_of_the_environment_is_refused_alike(
    toys: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNSEEN_STORE", "mysql://host/db")
    for command in (("run", "toy"), ("show", "toy")):
        assert "a store cannot be in mysql://" in unseen(*command).complaint


def test_a_disk_that_fills_up_ends_the_run_with_one_line_and_keeps_what_was_stored(
    toys: Path, spawn: Callable[..., subprocess.Popen[str]], unseen: Command
) -> None:
    from unseen.engine.store import open_store

    url = f"sqlite:///{toys.with_name('small.db')}"

    def finished() -> int:
        with open_store(url) as store:
            return len(store.trials())

    with open_store(url) as _:
        pass
    limit = toys.with_name("small.db").stat().st_size + 40_000
    command = ("run", "toymany", "--seeds", "0-999", "--workers", 1, "--store", url)
    process = spawn(*command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, ""), err
    assert err.count("\n") == 1
    assert re.match(r"unseen: the store sqlite:.*small.db failed: .*(full|does not read or write)", err)
    kept = finished()
    assert 0 < kept < 1000
    assert unseen("run", "toymany", "--seeds", f"0-{kept + 2}", "--workers", 1, "--store", url).code == 0
    assert finished() >= kept + 3


# -- folders ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run toy", "show 080"])
def test_a_folder_for_results_that_cannot_be_made_is_found_before_anything_runs(
    command: str, toys: Path, unseen: Command
) -> None:
    file = toys.with_name("file")
    file.touch()
    for out in (file, file / "below", Path("/proc/here")):
        if command == "show 080" and not _on_record("080"):
            pytest.skip("study 080 has no record yet")
        assert f"no results can be written to {out}: " in unseen(*command.split(), "--out", out).complaint
    assert not toys.exists()


def _on_record(study: str) -> bool:
    from unseen.records import record_files

    return (study, "small") in record_files()


# -- damaged files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", ["papers", "papers --json", "cite 080", "run no-such-study", "papers labels"], ids=str
)
@pytest.mark.parametrize(
    "damage", [b"", b"[[paper]]\nid = ", b"\xff\xfe", b'[[paper]]\nid = "080"\n', b"x" * 100], ids=repr
)
def test_a_damaged_catalogue(
    command: str, damage: bytes, home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unseen.catalogue import reader

    file = home / "papers.toml"
    file.write_bytes(damage)
    monkeypatch.setattr(reader, "FILE", file)
    reader.load.cache_clear()
    try:
        assert unseen(*command.split()).complaint.startswith("papers.toml: ")
    finally:
        reader.load.cache_clear()
