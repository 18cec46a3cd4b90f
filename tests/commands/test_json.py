"""The output for programs: strict JSON on standard output and nothing else, with the keys that docs/json.md names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unseen.extras import EXTRAS
from unseen.registry import names

Command = Callable[..., Any]

CLAIM = {
    *("text", "central", "estimate", "low", "high", "level", "method", "values", "note", "region", "verdict", "why"),
}
DOCUMENT = (Path(__file__).parents[2] / "docs" / "json.md").read_text()


def strict(printed: Any) -> Any:
    """Read JSON that has no NaN and no Infinity; nothing but progress may be on standard error."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    assert "Traceback" not in printed.err
    return json.loads(printed.out, parse_constant=refuse)


def documented(command: str) -> set[str]:
    """The names that stand in code type in the command's section of docs/json.md."""
    section = re.search(rf"## `unseen {command}.*?`\n(.*?)(\n## |\Z)", DOCUMENT, re.DOTALL)
    assert section
    return set(re.findall(r"`([a-z_]+)`", section[1]))


def test_run(toys: Path, unseen: Command) -> None:
    printed = unseen("run", "toy", "toynonfinite", "--scale", "smoke", "--json")
    assert (printed.code, printed.err) == (0, "")
    first, second = strict(printed)
    assert set(first) == {
        *("id", "key", "scale", "seeds", "verdict", "claims", "trials", "seconds", "figure", "table"),
    }
    assert set(first) <= documented("run")
    assert documented("run") >= CLAIM
    assert (first["id"], first["scale"], first["seeds"]) == ("toy", "smoke", list(range(8)))
    assert first["verdict"] == "holds"
    assert [claim["verdict"] for claim in first["claims"]] == ["holds", "fails"]
    assert all(set(claim) == CLAIM for claim in first["claims"])
    assert first["claims"][0]["low"] < first["claims"][0]["estimate"] < first["claims"][0]["high"]
    assert first["trials"] == {"done": 16, "failed": 0}
    assert Path(first["figure"]).read_bytes().startswith(b"\x89PNG")
    assert Path(first["table"]).read_text().startswith("condition,seed,value\n")
    assert second["id"] == "toynonfinite"


def test_show(toys: Path, unseen: Command) -> None:
    unseen("run", "toynonfinite", "--scale", "smoke")
    shown = strict(unseen("show", "toynonfinite", "--json"))
    assert set(shown) == {"id", "key", "scale", "source", "verdict", "claims", "trials", "figure", "table"}
    assert set(shown) <= documented("show")
    (trial,) = shown["trials"]
    assert trial == {
        "condition": "only",
        "seed": 0,
        "metrics": {"nan": None, "inf": None, "-inf": None, "minus-zero": 0.0, "value": 0.1 + 0.2},
    }


def test_show_of_chosen_seeds(toys: Path, unseen: Command) -> None:
    unseen("run", "toy", "--seeds", "7,9", "--workers", "1")
    shown = strict(unseen("show", "toy", "--seeds", "7,9", "--json"))
    assert {trial["seed"] for trial in shown["trials"]} == {7, 9}
    missing = unseen("show", "toy", "--seeds", "8")
    assert missing.code == 2
    assert missing.err.endswith("unseen run toy --scale small --seeds 8\n")


def test_show_of_a_run_that_is_not_complete(toys: Path, unseen: Command) -> None:
    unseen("run", "toy", "--scale", "smoke", "--seeds", "0-1")
    shown = strict(unseen("show", "toy", "--json"))
    assert (shown["verdict"], shown["figure"], shown["table"]) == ("inconclusive", None, None)
    assert shown["claims"][0]["why"].startswith("trials missing: a seed 2")
    assert shown["claims"][0]["estimate"] is None
    assert len(shown["trials"]) == 4
    assert "12 trials are missing, so no figure is drawn: unseen run toy --scale small" in unseen("show", "toy").out


def test_evaluate(home: Path, unseen: Command) -> None:
    printed = unseen(
        *("evaluate", "lookup-table", "modular-addition", "--against", "classical", "--seeds", "0-1", "--json")
    )
    assert (printed.code, printed.err) == (0, "")
    found = strict(printed)
    assert set(found) == {"evaluations", "comparisons"} <= documented("evaluate")
    for one in found["evaluations"]:
        assert set(one) | set(one["cost"]) | set(one["diagnosis"]) | set(one["splits"][0]) <= documented("evaluate")
    assert [one["diagnosis"]["kind"] for one in found["evaluations"]] == ["memory", "rule"]
    assert set(found["comparisons"][0]) <= documented("evaluate")
    assert [one["difference"] for one in found["comparisons"]] == [0, -1]


def test_evaluate_keeps_what_was_done_before_a_failure(
    home: Path, unseen: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "my_solver.py").write_text("def few(examples):\n    return [0] * (5 if examples.split == 'train' else 3)\n")
    monkeypatch.syspath_prepend(home)
    printed = unseen("evaluate", "my_solver:few", "chain-sum", "-n", 5, "--splits", "train,iid", "--json")
    assert printed.code == 1
    assert printed.err == "unseen: my_solver:few on chain-sum: 5 questions of split 'iid' were given 3 answers\n"
    (found,) = strict(printed)["evaluations"]
    assert [row["split"] for row in found["splits"]] == ["train"]
    table = unseen("evaluate", "my_solver:few", "chain-sum", "-n", 5)
    assert "Cannot tell: cut short" in table.out


def test_papers(home: Path, unseen: Command) -> None:
    rows = strict(unseen("papers", "--json"))
    assert len(rows) > 100
    expected = {"id", "key", "title", "authors", "year", "link", "area", "axes", "claim", "study", "records"}
    assert expected <= documented("papers")
    assert all(set(row) == expected for row in rows)
    by_id = {row["id"]: row for row in rows}
    assert by_id["080"]["study"] is True
    for row in rows:
        for record in row["records"].values():
            assert set(record) == {"verdict", "trials", "seeds", "date", "commit"} <= documented("papers")
    assert [row["id"] for row in strict(unseen("papers", "corrupted-labels", "--json"))] == ["080"]
    assert strict(unseen("papers", "xyzzy-no-such-words", "--json")) == []


def test_problems(home: Path, unseen: Command) -> None:
    rows = strict(unseen("problems", "--json"))
    assert [row["name"] for row in rows] == sorted(names("problems"))
    assert all(set(row) == {"name", "about", "splits"} for row in rows)
    assert all(row["about"].strip() for row in rows)


@pytest.mark.parametrize("name", sorted(names("problems")))
def test_each_problem(name: str, home: Path, unseen: Command) -> None:
    shown = strict(unseen("problems", name, "--json"))
    assert set(shown) == {"name", "about", "parameters", "splits", "scored_by", "classical", "questions", "checker"}
    assert set(shown) <= documented("problems")
    assert set(shown["splits"]) == set(shown["questions"])
    assert all(set(split) == {"axis", "size", "about"} for split in shown["splits"].values())
    assert unseen("problems", name).code == 0


@pytest.mark.parametrize("name", sorted(names("problems")))
def test_instances_of_each_problem(name: str, home: Path, unseen: Command, tmp_path: Path) -> None:
    import pandas as pd

    lines = unseen("sample", name, "-n", 3, "--format", "jsonl").out.splitlines()
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert len(rows) == 3
    assert {"question", "answer", "target"} <= set(rows[0])
    again = unseen("sample", name, "-n", 2, "--format", "jsonl").out.splitlines()
    assert again == lines[:2]
    assert unseen("sample", name, "-n", 0, "--format", "jsonl").out.strip() == ""
    assert unseen("sample", name, "-n", 3).code == 0
    path = tmp_path / "instances.parquet"
    assert unseen("sample", name, "-n", 3, "--format", "parquet", "--out", path).out == ""
    assert list(pd.read_parquet(path).columns) == list(rows[0])


def test_doctor(home: Path, unseen: Command) -> None:
    found = strict(unseen("doctor", "--json"))
    assert {"commit", "device", "records", "store", "store_reachable", "extras"} <= set(found)
    assert found["store_reachable"] is True
    assert set(found["extras"]) == set(EXTRAS)
    assert found["extras"]["parquet"] is True
    refused = unseen("doctor", "--json", "--store", "mysql://host/db")
    assert refused.code == 2
    assert strict(refused)["store_reachable"] is False
    assert "extra parquet" in unseen("doctor").out


def test_verify(home: Path, unseen: Command) -> None:
    printed = unseen("verify", "--json")
    for row in strict(printed):
        assert set(row) == {"id", "scale", "record", "verdict", "claims", "problem"} <= documented("verify")
